"""Every answer carries the headers: pages, redirects, errors, files."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from market.config import Settings
from market.http.security import public
from tests import running, worlds
from tests.worlds import Transaction, World

EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TOO_LARGE = 22 * 1024 * 1024
ANSWERS = [
    ("GET", "/sign-in", 200),
    ("GET", "/healthz", 200),
    ("GET", "/static/css/app.css", 200),
    ("GET", "/", 302),
    ("GET", "/language/en", 302),
    ("OPTIONS", "/sign-in", 200),
    ("GET", "/khong-co", 404),
    ("GET", "/static/khong-co.css", 404),
    ("GET", "/static/../wsgi.py", 404),
    ("POST", "/healthz", 405),
    ("POST", "/sign-in", 400),
    ("GET", "/breaks", 500),
]


@public()
def breaks() -> str:
    """A view with a fault in it."""
    raise RuntimeError("số 88001234567 của Nguyễn Thị Mẫu")


@pytest.fixture
def app(app: Flask) -> Flask:
    """The app with a page that fails."""
    app.add_url_rule("/breaks", "breaks", breaks)
    return app


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_an_answer_carries_the_headers(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    answer = client.open(path, method=method, buffered=True)

    assert answer.status_code == status
    assert_guarded(answer)


def test_a_host_that_is_not_served_gets_the_headers_and_nothing_else(client: FlaskClient) -> None:
    answer = client.get("/sign-in", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert_guarded(answer)
    assert "csrf_token" not in answer.text


def test_a_body_too_large_gets_the_headers(client: FlaskClient) -> None:
    answer = client.post("/sign-in", content_length=TOO_LARGE)

    assert answer.status_code == 413
    assert_guarded(answer)


def test_every_page_and_file_carries_the_headers(app: Flask, transaction: Transaction) -> None:
    world = made(transaction)
    client = worlds.sign_in(app, world, "manager")

    for rule, path in worlds.addresses(app, world.east):
        answer = client.get(path, buffered=True)
        assert_guarded(answer)
        if rule.endpoint != "static":
            assert answer.headers["Cache-Control"] == "no-store", path


def test_the_content_policy_allows_no_inline_code_and_no_other_host(client: FlaskClient) -> None:
    policy = client.get("/sign-in").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy


def test_over_https_browsers_are_told_to_stay_there(database_url: str, tmp_path: Path) -> None:
    settings = Settings(
        database_url=database_url,
        secret_key="a secret for tests only",
        data_key=b"a data key of 32 bytes for tests",
        instance=tmp_path,
        production=True,
        hosts=("cho.example.vn",),
    )
    with running.running(settings) as app:
        answer = app.test_client().get("/language/en", base_url="https://cho.example.vn")

    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def made(transaction: Transaction) -> World:
    """The world, committed."""
    with transaction():
        return worlds.build()


def assert_guarded(answer: TestResponse) -> None:
    """The answer has every header; names the missing one."""
    where = f"{answer.request.method} {answer.request.path}"
    assert {name: answer.headers.get(name) for name in EXPECTED} == EXPECTED, where
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"], where
    assert "camera=(self)" in answer.headers["Permissions-Policy"], where
