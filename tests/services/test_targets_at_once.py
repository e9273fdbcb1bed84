"""Several officers who set or end targets of one place at the same moment."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.errors import Conflict, DomainError, Invalid
from market.domain.targets import PlaceKind
from market.extensions import db, reads_only
from market.models.target import Target
from market.services import target_scope, targets
from market.services.access import Actor
from market.services.targets import TargetValues
from tests.factories import make_province, make_target

Transaction = Callable[[], AbstractContextManager[Session]]
PEOPLE = 3
pytestmark = pytest.mark.both_databases


def all_at_once(app: Flask, act: Callable[[Actor, int], object]) -> list[str]:
    """Let everybody act at the same moment; what became of each."""
    together = threading.Barrier(PEOPLE)
    results: list[str] = []

    def run(number: int) -> None:
        reads_only.set(False)
        with app.app_context():
            actor = Actor.system(datetime.now(UTC))
            together.wait()
            try:
                act(actor, number)
                db.session.commit()
                results.append("done")
            except DomainError as refused:
                db.session.rollback()
                results.append(type(refused).__name__)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def test_of_overlapping_targets_set_at_once_one_is(app: Flask, transaction: Transaction) -> None:
    with transaction():
        make_province()

    def act(actor: Actor, number: int) -> None:
        first = date(2026, 1, 1) + timedelta(days=number)
        values = TargetValues(first, Decimal(80), date(2026, 12, 31), Decimal(90))
        place = target_scope.get_place(PlaceKind.PROVINCE, "22", actor=actor)
        targets.set_target(place, values, actor=actor)

    assert all_at_once(app, act) == sorted([Invalid.__name__] * (PEOPLE - 1) + ["done"])
    with transaction() as session:
        assert len(session.scalars(select(Target)).all()) == 1


def test_of_those_who_end_one_target_at_once_one_does(app: Flask, transaction: Transaction) -> None:
    with transaction():
        target_id = make_target().id

    def act(actor: Actor, _number: int) -> None:
        target = targets.get_target(target_id, actor=actor, to_set=True)
        targets.end_target(target, on=date(2026, 9, 30), version=1, actor=actor)

    assert all_at_once(app, act) == sorted([Conflict.__name__] * (PEOPLE - 1) + ["done"])
