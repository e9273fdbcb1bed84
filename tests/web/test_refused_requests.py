"""What no form of ours sends is refused in one Vietnamese sentence, and nothing breaks."""

from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from market.app import MAX_FORM_PARTS, MAX_UPLOAD
from tests import worlds
from tests.web.test_cross_site_requests import token_of
from tests.worlds import Transaction

TOO_LARGE = "20 MB"
HOSTS = [
    "evil.example",
    "localhost.evil.example",
    "evil.example:8000",
    "127.0.0.1.evil.example",
    "localhost@evil.example",
    "[::1]",
    "",
    "chợ.vn",
    "a b",
]
STRANGE_PATHS = [
    "/%00",
    "/markets/%00",
    "/markets/%ff%fe",
    "/markets/" + "a" * 4000,
    "/markets/..%2f..%2fetc%2fpasswd",
    "/static/%2e%2e/%2e%2e/wsgi.py",
    "/static/..%2fmarket%2fconfig.py",
    "/markets/QN-HOANGOANH/stalls/99999999999999999999999",
    "/markets/QN-HOANGOANH/stalls/-1",
    "/markets/' OR 1=1 --",
    "/jobs/0",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_not_served_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/sign-in", environ_overrides={"HTTP_HOST": host})

    assert answer.status_code == 400
    assert not host or host not in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "localhost:8000"])
def test_a_host_that_is_served_is_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/sign-in", headers={"Host": host}).status_code == 200


def test_a_host_in_a_forwarded_header_is_not_believed(client: FlaskClient) -> None:
    answer = client.get("/", headers={"X-Forwarded-Host": "evil.example"})

    assert answer.headers["Location"].startswith("/sign-in")


def test_a_file_too_large_is_refused_with_the_limit(client: FlaskClient) -> None:
    answer = client.post("/sign-in", content_length=MAX_UPLOAD + 1)

    assert answer.status_code == 413
    assert TOO_LARGE in answer.text


def test_a_field_too_large_is_refused(client: FlaskClient) -> None:
    answer = post_parts(client, {"email": "a" * 600_000})

    assert answer.status_code == 413
    assert TOO_LARGE in answer.text


def test_too_many_fields_are_refused(client: FlaskClient) -> None:
    answer = post_parts(client, {f"f{number}": "1" for number in range(MAX_FORM_PARTS + 1)})

    assert answer.status_code == 413


def test_as_many_fields_as_a_page_may_have_are_read(client: FlaskClient) -> None:
    answer = post_parts(client, {f"f{number}": "1" for number in range(MAX_FORM_PARTS)})

    assert answer.status_code == 400


def test_a_file_whose_size_nobody_says_is_refused_once_it_is_too_large(live_server: str) -> None:
    connection = HTTPConnection(urlsplit(live_server).netloc, timeout=120)
    block = b"x" * 1024 * 1024
    try:
        connection.request("POST", "/sign-in", body=(block for _ in range(30)))
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        status = 413  # refused while it was still being sent
    connection.close()

    assert status == 413


@pytest.mark.parametrize("language", ["fr", "VI", "../vi", "%00", "vi%0d%0aX: y"])
def test_a_language_that_does_not_exist_is_not_found(client: FlaskClient, language: str) -> None:
    assert client.get(f"/language/{language}").status_code == 404


def test_a_language_cookie_from_elsewhere_changes_nothing(client: FlaskClient) -> None:
    client.set_cookie("language", "fr-xx'><script>")

    page = client.get("/sign-in")

    assert '<html lang="vi">' in page.text
    assert "<script>" not in page.text


@pytest.mark.parametrize("path", STRANGE_PATHS)
def test_a_strange_address_is_not_found(app: Flask, transaction: Transaction, path: str) -> None:
    with transaction():
        world = worlds.build()

    answer = worlds.sign_in(app, world, "manager").get(path)

    assert answer.status_code == 404


def test_a_form_that_is_no_text_is_refused(client: FlaskClient) -> None:
    form = {"csrf_token": token_of(client), "email": b"\xff\xfe\x00", "password": b"\xc3\x28"}

    assert client.post("/sign-in", data=form).status_code == 422


def test_an_unknown_field_is_refused(client: FlaskClient) -> None:
    form = {"csrf_token": token_of(client), "email": "a@b.vn", "password": "x", "is_admin": "1"}

    assert client.post("/sign-in", data=form).status_code == 422


def post_parts(client: FlaskClient, form: dict[str, str]) -> TestResponse:
    """Post the form the way files are sent."""
    parts = (
        f'--part\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.items()
    )
    body = f"{''.join(parts)}--part--\r\n".encode()
    return client.post("/sign-in", data=body, content_type="multipart/form-data; boundary=part")
