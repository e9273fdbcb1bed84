"""Looking at pages changes nothing, whoever looks."""

import sqlite3
from collections.abc import Iterator

import pytest
from flask import Flask

from market.config import Settings
from tests import worlds
from tests.worlds import ROLES, Transaction

LOOKERS = ("anonymous", *ROLES)
# A look that is an entry in the audit log, or that is counted, says so with `writes=True`.
LOOKED = frozenset({"audit_entries", "audit_head", "throttles"})


@pytest.mark.parametrize(
    ("principal", "method"), [*((name, "GET") for name in LOOKERS), ("manager", "HEAD")]
)
def test_looking_changes_nothing(
    app: Flask, settings: Settings, transaction: Transaction, principal: str, method: str
) -> None:
    with transaction():
        world = worlds.build()
    client = worlds.sign_in(app, world, principal)
    before = dict(contents(settings))

    for rule, path in worlds.addresses(app, world.east):
        client.open(path, method=method, buffered=True)
        after = dict(contents(settings))
        view = app.view_functions[rule.endpoint]
        allowed = LOOKED if getattr(view, "writes", False) else frozenset()
        changed = {table for table in after if after[table] != before[table]}
        assert changed <= allowed, path
        before = after


def contents(settings: Settings) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """(table, its rows) for everything in the database."""
    path = settings.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            yield name, connection.execute(f'SELECT * FROM "{name}"').fetchall()
    connection.close()
