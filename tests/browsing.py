"""A signed-in browser for tests of pages, and how many questions a page asks the database."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event
from werkzeug.test import TestResponse

from tests.factories import PASSWORD
from tests.markup import Markup

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
MOST_QUERIES = 15


class SignedIn:
    """The browser of a user; forms carry the token that pages give."""

    def __init__(self, app: Flask, email: str, password: str = PASSWORD) -> None:
        self._client = app.test_client()
        self._client.get("/sign-in")
        answer = self.post("/sign-in", {"email": email, "password": password}, page="/sign-in")
        assert answer.status_code == 302, "could not sign in"

    @classmethod
    def stranger(cls, app: Flask) -> "SignedIn":
        """A browser that nobody signed in with yet."""
        browser = cls.__new__(cls)
        browser._client = app.test_client()
        return browser

    def cookie(self) -> str:
        """The value of the session's cookie."""
        found = self._client.get_cookie("cho")
        assert found is not None
        return found.value

    def get(self, path: str, **known: Any) -> TestResponse:
        """Ask for a page."""
        return self._client.get(path, **known)

    def page(self, path: str) -> Markup:
        """A page that must be there, as its elements."""
        answer = self.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return Markup(answer.text)

    def post(
        self, path: str, fields: dict[str, Any] | None = None, *, page: str = "/me"
    ) -> TestResponse:
        """Send a form with a token taken from `page`."""
        found = TOKEN.search(self._client.get(page).text)
        assert found is not None, f"{page} has no form"
        return self._client.post(path, data={"csrf_token": found[1], **(fields or {})})


@contextmanager
def counting_queries() -> Iterator[list[str]]:
    """What is asked of the database while this lasts."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)
