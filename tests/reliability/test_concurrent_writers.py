"""Several processes and threads on one database: nothing is lost, nobody is turned away."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import count

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.config import Settings
from market.extensions import db
from market.models.job import Counter
from market.services import audit
from market.services.reading import reading
from tests import contention
from tests.contention import COUNTER

Transaction = Callable[[], AbstractContextManager[Session]]
READERS = 2
READS = 150
PATIENCE_SECONDS = 120


@pytest.fixture(autouse=True)
def _counter(transaction: Transaction) -> None:
    with transaction() as session:
        session.add(Counter(name=COUNTER, value=0))


def counted(transaction: Transaction) -> int:
    """How far the counter came."""
    with transaction() as session:
        return session.scalars(select(Counter.value).where(Counter.name == COUNTER)).one()


def broken_link(transaction: Transaction) -> tuple[int, audit.ChainBreak | None]:
    """The length of the audit chain and where it is broken."""
    with transaction():
        report = audit.verify()
        return report.count, report.broken


def test_four_processes_of_two_threads_lose_no_write(
    settings: Settings, transaction: Transaction
) -> None:
    outcome = contention.write_in_processes(settings, processes=4, threads=2, rounds=60)

    assert outcome.errors == []
    assert (outcome.written, counted(transaction)) == (480, 480)


def test_the_audit_chain_of_many_processes_is_whole(
    settings: Settings, transaction: Transaction
) -> None:
    contention.write_in_processes(settings, processes=2, threads=3, rounds=10)

    assert broken_link(transaction) == (60, None)


@pytest.mark.only_postgresql
def test_threads_on_postgresql_lose_no_write_and_keep_the_chain_whole(
    app: Flask, transaction: Transaction
) -> None:
    outcome = contention.write_in_threads(app, threads=8, rounds=15)

    assert outcome.errors == []
    assert counted(transaction) == 120
    assert broken_link(transaction) == (120, None)


def test_readers_beside_continuous_writers_get_answers_that_never_go_back(
    app: Flask, settings: Settings
) -> None:
    def read(_: int) -> list[int]:
        return list(seen(app))

    with (
        contention.continuous_writers(settings, processes=2) as writers,
        ThreadPoolExecutor(READERS) as pool,
    ):
        seen_by_each = list(pool.map(read, range(READERS)))

    assert writers.errors == []
    assert min(len(values) for values in seen_by_each) >= READS
    assert all(values == sorted(values) for values in seen_by_each)
    assert all(values[0] < values[-1] for values in seen_by_each)


def seen(app: Flask) -> Iterator[int]:
    """What the counter stands at, again and again, each time in a transaction that only reads.

    Reads on until it has seen the counter move: writers may be late to start.
    """
    values: set[int] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    for read in count(1):
        with app.app_context(), reading():
            value = db.session.scalars(select(Counter.value).where(Counter.name == COUNTER)).one()
        values.add(value)
        yield value
        if (read >= READS and len(values) > 1) or time.monotonic() > deadline:
            return
