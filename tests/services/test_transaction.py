"""What a transaction owes before it commits, and what it owes when it is given up."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.extensions import WroteWhileReading, db, reads_only
from market.models.audit import AuditEntry
from market.models.coverage import CoverageDay
from market.models.job import Counter
from market.services import audit, coverage
from market.services.access import Actor
from market.services.reading import reading
from tests.factories import NOW, make_market, make_stall

Transaction = Callable[[], AbstractContextManager[Session]]
SYSTEM = Actor.system(NOW)


def note(name: str) -> Counter:
    """A new counter and its audit entry."""
    row = Counter(name=name, value=1)
    db.session.add(row)
    audit.record(SYSTEM, "count", row, new={"value": 1})
    return row


def noted(session: Session) -> list[str | None]:
    """What the chain says was counted."""
    query = select(AuditEntry.entity_id).where(AuditEntry.action == "count").order_by(AuditEntry.id)
    return list(session.scalars(query))


def test_a_commit_chains_the_entries_that_waited(session: Session) -> None:
    note("one")
    note("two")
    session.commit()

    assert noted(session) == ["one", "two"]


def test_a_rollback_drops_the_entries_that_waited(session: Session) -> None:
    note("given up")
    session.rollback()
    note("kept")
    session.commit()

    assert noted(session) == ["kept"]


def test_a_rollback_drops_the_markets_that_waited_for_a_count(session: Session) -> None:
    market = make_market()
    session.commit()
    make_stall(market)
    coverage.touch(market.id)
    session.rollback()
    make_stall(market)
    session.commit()

    assert session.scalars(select(CoverageDay.market_id)).all() == []


def test_an_entity_changed_while_reading_is_refused(app: Flask, transaction: Transaction) -> None:
    with transaction() as session:
        session.add(Counter(name="one", value=1))

    with app.app_context(), reading():
        db.session.get_one(Counter, "one").value = 2
        with pytest.raises(WroteWhileReading):
            db.session.flush()


def test_a_connection_that_read_can_write_afterwards(app: Flask, transaction: Transaction) -> None:
    with app.app_context(), reading():
        db.session.execute(select(Counter))
    assert not reads_only.get()

    with transaction() as session:
        session.add(Counter(name="one", value=1))
    with transaction() as session:
        assert session.get_one(Counter, "one").value == 1
