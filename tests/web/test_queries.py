"""No page asks the database more than 15 times, however much there is to show."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from market.extensions import db
from market.services.stall_reports import MARKETS_AT_ONCE
from tests import running, worlds
from tests.databases import SQLITE, Databases
from tests.worlds import ROLES

MOST_QUERIES = 15
CROWD = 60
# The stalls of many markets are read a few markets at a time, so that memory does not grow.
STALLS_OF_MANY = {"reports.commune_stalls", "reports.operator_stalls", "reports.province_stalls"}


@pytest.fixture(scope="module")
def served(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app on the two operators' markets, one of them with many more stalls."""
    with databases.migrated(SQLITE) as address:
        settings = running.make_settings(address, tmp_path_factory.mktemp("queries"))
        with running.running(settings) as app:
            with running.writing(app) as session:
                app.extensions["world"] = worlds.build(crowd=CROWD)
                session.commit()
            yield app


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements sent to the database within the block."""
    with app.app_context():
        engine: Engine = db.engine
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("principal", [*ROLES])
def test_a_page_takes_fifteen_queries_at_most(served: Flask, principal: str) -> None:
    world = served.extensions["world"]
    client = worlds.sign_in(served, world, principal)

    too_many = {}
    for rule, path in worlds.addresses(served, world.east):
        with counted(served) as statements:
            client.get(path, buffered=True)
        asked = [each for each in statements if not each.startswith(("BEGIN", "PRAGMA"))]
        more = -(-CROWD // MARKETS_AT_ONCE) if rule.endpoint in STALLS_OF_MANY else 0
        if len(asked) > MOST_QUERIES + more:
            too_many[path] = len(asked)

    assert too_many == {}
