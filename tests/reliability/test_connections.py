"""Every pooled connection has the settings that durability and waiting in line rest on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from market.extensions import db, reads_only
from market.models.job import Counter

Transaction = Callable[[], AbstractContextManager[Session]]
FULL = 2
PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": FULL,
    "foreign_keys": 1,
    "recursive_triggers": 1,
}


@pytest.fixture
def engine(app: Flask) -> Engine:
    """The app's own engine."""
    with app.app_context():
        return db.engine


@pytest.fixture
def connections(engine: Engine) -> Iterator[list[Connection]]:
    """As many connections as the pool gives, overflow included, all open at once."""
    pool: Any = engine.pool
    token = reads_only.set(True)
    with ExitStack() as stack:
        yield [
            stack.enter_context(engine.connect()) for _ in range(pool.size() + pool._max_overflow)
        ]
    reads_only.reset(token)


@pytest.mark.parametrize(("pragma", "value"), PRAGMAS.items())
def test_every_pooled_connection_has_the_setting(
    connections: list[Connection], pragma: str, value: object
) -> None:
    found = [each.exec_driver_sql(f"PRAGMA {pragma}").scalar() for each in connections]

    assert found == [value] * len(connections)
    assert len(connections) > 1


def test_every_pooled_connection_waits_five_seconds_or_more_for_a_lock(
    connections: list[Connection],
) -> None:
    found = [each.exec_driver_sql("PRAGMA busy_timeout").scalar_one() for each in connections]

    assert min(found) >= 5_000


def test_a_connection_that_went_through_the_pool_keeps_its_settings(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))

    with engine.connect() as again:
        assert again.exec_driver_sql("PRAGMA synchronous").scalar() == FULL


@pytest.mark.only_postgresql
def test_no_pooled_connection_to_postgresql_compiles_queries(connections: list[Connection]) -> None:
    found = [each.exec_driver_sql("SHOW jit").scalar() for each in connections]

    assert found == ["off"] * len(connections)
    assert len(connections) > 1


def test_a_writing_transaction_holds_the_write_lock_from_its_first_moment(engine: Engine) -> None:
    with engine.connect() as writer, engine.connect() as other:
        writer.execute(text("SELECT 1"))
        driver: Any = other.connection.dbapi_connection
        driver.execute("PRAGMA busy_timeout=0")

        with pytest.raises(driver.OperationalError, match="locked"):
            driver.execute("BEGIN IMMEDIATE")
        driver.execute("PRAGMA busy_timeout=30000")


def test_readers_neither_wait_for_nor_see_an_open_write(
    engine: Engine, transaction: Transaction
) -> None:
    with transaction() as session:
        session.add(Counter(name="seen", value=1))

    with engine.connect() as writer:
        writer.execute(text("UPDATE counters SET value = 2"))
        token = reads_only.set(True)
        with engine.connect() as reader:
            value = reader.execute(text("SELECT value FROM counters")).scalar()
        reads_only.reset(token)

    assert value == 1
