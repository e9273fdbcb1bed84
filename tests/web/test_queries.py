"""No page asks the database more than 15 times, however much there is to show."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from market.extensions import db
from tests import running, worlds
from tests.databases import SQLITE, Databases
from tests.worlds import ROLES

MOST_QUERIES = 15


@pytest.fixture(scope="module")
def served(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app on the two operators' markets, one of them with many more stalls."""
    with databases.migrated(SQLITE) as address:
        settings = running.make_settings(address, tmp_path_factory.mktemp("queries"))
        with running.running(settings) as app:
            with running.writing(app) as session:
                app.extensions["world"] = worlds.build(crowd=60)
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
    for _, path in worlds.addresses(served, world.east):
        with counted(served) as statements:
            client.get(path, buffered=True)
        asked = [each for each in statements if not each.startswith(("BEGIN", "PRAGMA"))]
        if len(asked) > MOST_QUERIES:
            too_many[path] = len(asked)

    assert too_many == {}
