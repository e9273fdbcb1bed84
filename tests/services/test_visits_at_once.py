"""Several people visit one market at once: every visit is kept, and the counts are right."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import uuid4

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.domain.coverage import Denominator
from market.domain.levels import Level
from market.domain.visits import VisitResult
from market.extensions import db
from market.models.stall import Stall
from market.models.visit import Visit
from market.services import coverage, coverage_checks, visits
from market.services.access import Actor
from market.services.visits import VisitValues
from tests.factories import NOW, TODAY, make_market
from tests.ladders import make_at

Transaction = Callable[[], AbstractContextManager[Session]]
STALLS = 8


def start(transaction: Transaction) -> tuple[int, list[int]]:
    """A counted market of equipped stalls: its id, and theirs."""
    with transaction():
        market = make_market()
        tenancies = [
            make_at(market, Level.EQUIPPED, since=TODAY - timedelta(days=9)) for _ in range(STALLS)
        ]
        coverage.recompute_market(market.id)
        return market.id, [tenancy.stall_id for tenancy in tenancies]


def visit_at_once(app: Flask, wanted: list[tuple[int, str]]) -> list[str]:
    """Record (stall, uuid) in a thread each, all beginning together; what went wrong."""
    ready = threading.Barrier(len(wanted))
    errors: list[str] = []

    def visit(stall_id: int, uuid: str) -> None:
        try:
            with app.app_context():
                ready.wait(timeout=30)
                values = VisitValues(uuid, NOW, result=VisitResult.MATCH, accepts=True)
                stall = db.session.get_one(Stall, stall_id)
                visits.record_visit(stall, values=values, actor=Actor.system(NOW))
                db.session.commit()
        except Exception as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=visit, args=each) for each in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_visits_at_once_are_all_counted(app: Flask, transaction: Transaction) -> None:
    market_id, stall_ids = start(transaction)

    errors = visit_at_once(app, [(stall_id, str(uuid4())) for stall_id in stall_ids])

    assert errors == []
    with transaction():
        counts = coverage.counts_of_market(market_id, TODAY)
        assert counts is not None
        assert counts.of(Denominator.A).stalls.accepting == STALLS
        assert coverage_checks.first_wrong_day(market_id) is None


def test_one_visit_sent_by_several_at_once_is_kept_once(
    app: Flask, transaction: Transaction
) -> None:
    _market_id, stall_ids = start(transaction)
    uuid = str(uuid4())

    errors = visit_at_once(app, [(stall_ids[0], uuid)] * 4)

    assert errors == []
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(Visit)) == 1
