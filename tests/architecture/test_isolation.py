"""The tests' own fences hold: no other host, no context around a client."""

import os
import socket

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.isolation import NetworkClosed


@pytest.mark.parametrize("host", ["example.org", "192.0.2.1", "2001:db8::1"])
def test_other_hosts_cannot_be_reached(host: str) -> None:
    with pytest.raises(NetworkClosed):
        socket.create_connection((host, 80), timeout=1)


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname(), timeout=1).close()


def test_settings_of_the_outer_environment_do_not_leak_in() -> None:
    assert [name for name in os.environ if name.startswith("CHO_") or name == "PORT"] == []


def test_a_client_refuses_to_work_inside_an_app_context(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), pytest.raises(AssertionError, match="app contexts"):
        client.get("/")
