"""What a transaction owes before it commits, and what it owes when it is given up."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

import pytest
from flask import Flask
from sqlalchemy import Executable, delete, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from market.domain.errors import Conflict
from market.extensions import WroteWhileReading, db
from market.models.audit import AuditEntry
from market.models.coverage import CoverageDay
from market.models.job import Counter
from market.services import audit, coverage
from market.services.access import Actor
from market.services.reading import reading
from market.services.uniqueness import unique_or
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


def test_a_failed_part_of_a_transaction_leaves_the_entries_before_it(session: Session) -> None:
    note("before")
    with suppress(RuntimeError), session.begin_nested():
        raise RuntimeError
    session.commit()

    assert noted(session) == ["before"]


def test_a_failed_part_of_a_transaction_leaves_the_counts_before_it_due(session: Session) -> None:
    market = make_market()
    make_stall(market)
    coverage.touch(market.id)
    with suppress(RuntimeError), session.begin_nested():
        raise RuntimeError
    session.commit()

    assert session.scalars(select(CoverageDay.market_id)).first() == market.id


def test_a_failed_part_of_a_transaction_drops_its_own_entries(session: Session) -> None:
    note("before")
    with suppress(RuntimeError), session.begin_nested():
        note("within")
        raise RuntimeError
    session.commit()

    assert noted(session) == ["before"]


def test_a_name_taken_by_somebody_else_leaves_the_entries_before_it(session: Session) -> None:
    note("taken")
    session.flush()
    session.expunge_all()
    with suppress(Conflict), unique_or(Conflict("Tên này có rồi.")):
        session.add(Counter(name="taken", value=2))
    session.commit()

    assert noted(session) == ["taken"]


@pytest.mark.parametrize(
    "statement",
    [
        text("UPDATE counters SET value = 2"),
        update(Counter).values(value=2),
        delete(Counter),
    ],
    ids=["raw", "update", "delete"],
)
def test_a_statement_that_writes_while_reading_is_refused(
    app: Flask, transaction: Transaction, statement: Executable
) -> None:
    with transaction() as session:
        session.add(Counter(name="one", value=1))

    with app.app_context(), reading(), pytest.raises((WroteWhileReading, DBAPIError)):
        db.session.execute(statement)
