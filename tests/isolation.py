"""Keeps the tests to this machine: no settings from outside, no other host, no skipping."""

import ipaddress
import os
import socket
from typing import Any

import pytest

LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain"})
FOREIGN_SETTINGS = ("CHO_", "FLASK_", "GUNICORN_", "PG")
FOREIGN_NAMES = frozenset({"PORT", "DATABASE_URL", "WEB_CONCURRENCY", "TZ", "LANGUAGE"})


class NetworkClosed(RuntimeError):
    """A test tried to reach a host other than this one."""


def forget_outer_settings() -> None:
    """Take out of the environment what would make the service behave otherwise here."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_SETTINGS) or name in FOREIGN_NAMES:
            del os.environ[name]


def close_network() -> None:
    """From now on, Python sockets of this process connect to this machine only."""
    connect, connect_ex, resolve = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse_foreign(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_foreign(address)
        return connect_ex(self, address)

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse_foreign((host,))
        return resolve(host, *args, **kwargs)

    socket.socket.connect = guarded_connect  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = guarded_resolve


def _refuse_foreign(address: Any) -> None:
    if not isinstance(address, tuple):  # the path of a Unix socket
        return
    host = address[0]
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host is None or host in LOCAL_NAMES:
        return
    try:
        if ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise NetworkClosed(f"{host} is not this machine")


def fail_instead_of_skipping(report: pytest.TestReport | pytest.CollectReport) -> None:
    """A test that does not run proves nothing, so skipping counts as failing."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failing: {reason}"
