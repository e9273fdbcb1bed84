"""Several imports of one market at once: one effect, equal answers, nobody waits for ever."""

import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.domain.markets import MarketClass
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.base import Base
from market.models.import_batch import ImportBatch
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.services import audit, import_runs, imports
from market.services.access import Actor
from market.services.import_reading import Directories, WantedList, read_wanted
from market.services.import_runs import Outcome
from tests.factories import make_market
from tests.importing import LAN, changed, csv_of

Transaction = Callable[[], AbstractContextManager[Session]]
CODE = "QN-DAMHA"
ENTITIES: tuple[type[Base], ...] = (Stall, StallStateSpan, Merchant, Tenancy, PaymentAccount)
ROWS = [
    changed(LAN, stall=f"A{n}", name=f"Nguyễn Thị Lan {n}", phone=f"0900000{n}", account=f"88{n}")
    for n in range(100, 160)
]


@pytest.fixture
def place(app: Flask, transaction: Transaction) -> Flask:
    """An app with an empty market."""
    with transaction():
        make_market(CODE, market_class=MarketClass.UNCLASSIFIED)
    return app


def market() -> Market:
    """The market, in this thread's session."""
    return db.session.scalars(select(Market).where(Market.code == CODE)).one()


def read(data: bytes) -> WantedList:
    """The list, read and checked."""
    return read_wanted(data, "a.csv", mapping={}, directories=Directories.load())


def at_once(app: Flask, acts: list[Callable[[Callable[[], object]], Outcome]]) -> list[Outcome]:
    """What each of the acts gave; each gets what lets all go on together."""
    start = threading.Barrier(len(acts), timeout=60)
    outcomes: list[Outcome] = []

    def run(act: Callable[[Callable[[], object]], Outcome]) -> None:
        with app.app_context():
            outcomes.append(act(start.wait))

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def importing(data: bytes) -> Callable[[Callable[[], object]], Outcome]:
    """Reads the list, waits for the others, applies it."""

    def act(ready: Callable[[], object]) -> Outcome:
        since, wanted = import_runs.last_batch_id(market()), read(data)
        db.session.rollback()
        ready()
        outcome = import_runs.apply_file(
            wanted,
            ("a.csv", data),
            market=market(),
            skip_bad_rows=False,
            since=since,
            actor=Actor.system(datetime.now(UTC)),
        )
        db.session.commit()
        return outcome

    return act


def totals(transaction: Transaction) -> dict[str, int]:
    """How many rows each table of the register has."""
    with transaction() as session:
        return {
            entity.__tablename__: session.scalar(select(func.count()).select_from(entity)) or 0
            for entity in ENTITIES
        }


def test_the_same_file_fifty_times_at_once_has_one_effect_and_equal_answers(
    place: Flask, transaction: Transaction
) -> None:
    outcomes = at_once(place, [importing(csv_of(*ROWS))] * 50)

    assert len(outcomes) == 50
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert outcomes[0].counts["new"] == len(ROWS)
    assert set(totals(transaction).values()) == {len(ROWS)}


def test_the_same_rows_in_other_orders_at_once_come_in_once(
    place: Flask, transaction: Transaction
) -> None:
    shuffled = [random.Random(seed).sample(ROWS, len(ROWS)) for seed in range(4)]

    outcomes = at_once(place, [importing(csv_of(*rows)) for rows in shuffled])

    assert sorted(outcome.counts["new"] for outcome in outcomes) == [0, 0, 0, len(ROWS)]
    assert sorted(outcome.counts["same"] for outcome in outcomes) == [0, *[len(ROWS)] * 3]
    assert set(totals(transaction).values()) == {len(ROWS)}
    with transaction():
        assert audit.verify().broken is None


def test_one_preview_applied_from_several_places_at_once_has_one_effect(
    place: Flask, transaction: Transaction
) -> None:
    with transaction():
        actor = Actor.system(datetime.now(UTC))
        batch = imports.upload(market(), "a.csv", csv_of(*ROWS), actor=actor)
        imports.preview_batch(batch, market=market(), actor=actor)
        batch_id = batch.id

    def act(ready: Callable[[], object]) -> Outcome:
        ready()
        actor = Actor.system(datetime.now(UTC))
        applied = import_runs.apply_batch(
            batch_id, market=market(), skip_bad_rows=False, actor=actor
        )
        outcome = Outcome.of_batch(applied)
        db.session.commit()
        return outcome

    outcomes = at_once(place, [act] * 8)

    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert set(totals(transaction).values()) == {len(ROWS)}
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(ImportBatch)) == 1
