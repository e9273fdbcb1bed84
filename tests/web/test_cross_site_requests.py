"""Another site cannot make a browser act here, nor send it on from here."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from market.config import Settings
from tests import running, worlds
from tests.factories import PASSWORD
from tests.worlds import Transaction, World

CHANGING = ("POST", "PUT", "PATCH", "DELETE")
FORM_EXPIRED = "Biểu mẫu đã hết hạn"
ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "////evil.example/a",
    "https://evil.example/",
    "https:evil.example",
    "http:///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "/%5cevil.example\\",
    "//evil.example\\@localhost/",
    "/\r\nSet-Cookie: a=b",
]


@pytest.fixture
def world(transaction: Transaction) -> World:
    """Two operators' markets."""
    with transaction():
        return worlds.build()


def changing(app: Flask, world: World) -> list[tuple[str, Rule, str]]:
    """Everything that changes something: method, rule and address."""
    return [
        (method, rule, path)
        for method in CHANGING
        for rule, path in worlds.addresses(app, world.east, method=method)
    ]


@pytest.mark.parametrize("principal", ["anonymous", "manager", "officer", "volunteer"])
def test_nothing_is_changed_without_the_token_of_the_form(
    app: Flask, world: World, principal: str
) -> None:
    client = worlds.sign_in(app, world, principal)

    answers = {
        f"{method} {path}": client.open(path, method=method, data={"password": PASSWORD})
        for method, _, path in changing(app, world)
    }

    assert answers
    assert {path for path, answer in answers.items() if answer.status_code != 400} == set()
    assert all(FORM_EXPIRED in answer.text for answer in answers.values())


def test_the_token_of_another_browser_is_refused(app: Flask, world: World) -> None:
    stolen = token_of(app.test_client())
    client = worlds.sign_in(app, world, "manager")

    answers = {
        path: client.open(path, method=method, data={"csrf_token": stolen}).status_code
        for method, _, path in changing(app, world)
    }

    assert set(answers.values()) == {400}


def test_the_token_of_the_own_form_is_taken(client: FlaskClient) -> None:
    token = token_of(client)

    answer = client.post("/sign-in", data={"csrf_token": token, "email": "", "password": ""})

    assert answer.status_code == 422


def test_the_cookie_stays_with_this_site_and_out_of_scripts(client: FlaskClient) -> None:
    cookie = client.get("/sign-in").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_in_production_the_cookie_belongs_to_this_host_alone(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings(
        database_url=database_url,
        secret_key="a secret for tests only",
        data_key=b"a data key of 32 bytes for tests",
        instance=tmp_path,
        production=True,
        hosts=("cho.example.vn",),
    )
    with running.running(settings) as app:
        answer = app.test_client().get("/sign-in", base_url="https://cho.example.vn")

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie


def test_the_language_switch_leads_nowhere_else(client: FlaskClient) -> None:
    for target in ELSEWHERE:
        assert_stays(client.get("/language/vi", query_string={"next": target}), target)


def test_signing_in_leads_nowhere_else(app: Flask, world: World) -> None:
    for target in ELSEWHERE:
        client = app.test_client()
        form = {"csrf_token": token_of(client), "email": "manager@example.vn", "next": target}
        assert_stays(client.post("/sign-in", data={**form, "password": PASSWORD}), target)


def test_confirming_the_password_leads_nowhere_else(app: Flask, world: World) -> None:
    client = worlds.sign_in(app, world, "manager")
    form = {"csrf_token": token_of(client, "/confirm-password"), "password": PASSWORD}

    for target in ELSEWHERE:
        assert_stays(client.post("/confirm-password", data={**form, "next": target}), target)


def test_a_path_with_two_slashes_leads_nowhere_else(client: FlaskClient) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": "//evil.example/x"})

    assert "evil.example" not in answer.headers.get("Location", "").split("?")[0]


def token_of(client: FlaskClient, path: str = "/sign-in") -> str:
    """The token in the form of a page."""
    return client.get(path).text.split('name="csrf_token" value="')[1].split('"')[0]


def assert_stays(answer: TestResponse, target: str) -> None:
    """The answer leads to a path of our own."""
    assert answer.status_code == 302, repr(target)
    location = answer.headers["Location"]
    assert location.startswith("/"), repr(target)
    assert not location.startswith(("//", "/\\")), repr(target)
    assert "evil.example" not in location, repr(target)
    assert "Set-Cookie" not in location
