"""Figures of markets, provinces and the country, beside what the database alone needs for them.

`make bench` measures a smaller register of its own on PostgreSQL; on one loaded by
`flask demo load --scale nation` with `bench_coverage.py postgresql+psycopg://…` (and CHO_DATA_KEY
as it was then). Milliseconds are the middle of some runs. Limits hold for the country, on two
idle cores. Nothing that is measured stays in the register.
"""

import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1]))

from registers import register, size
from sqlalchemy import select, true
from sqlalchemy.orm import joinedload

from market.domain.calendar import month_ends
from market.domain.coverage import Denominator, Unit
from market.extensions import db
from market.models.market import Market
from market.models.sticker import Sticker
from market.services import (
    area_coverage,
    area_totals,
    coverage,
    report_files,
    reports,
    transaction,
    visits,
)
from market.services.access import Actor
from market.services.area_coverage import Question
from market.services.market_lines import MarketChoice
from market.services.report_files import FileFormat, Form
from market.services.visits import VisitValues
from tests import running

RUNS = 7
# Visits to stalls of several markets, each so many stickers from the one before.
VISITS, APART = 60, 50
QUANG_NINH = MarketChoice(province_code="22")
COUNTRY = MarketChoice()


@dataclass(frozen=True, slots=True)
class Measured:
    """Something asked for, its milliseconds, and at most how many it may take in a country."""

    what: str
    milliseconds: float
    limit: float | None = None


def middle(act: Callable[[], object]) -> float:
    """The middle of some runs, in milliseconds; the first one warms up and is left out."""
    act()
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


def figures(actor: Actor, on: date) -> Iterator[Measured]:
    """The figures of areas on a day: what pages and `flask coverage` ask for."""
    question = Question(on)
    market = db.session.scalars(select(Market).order_by(Market.programme_start).limit(1)).one()
    asked: tuple[tuple[str, Callable[[], object], float | None], ...] = (
        ("market, its day", lambda: coverage.counts_of_market(market.id, on), 10),
        (
            "market, its page with 24 months",
            lambda: area_coverage.of_market(market, question=question, actor=actor),
            None,
        ),
        ("province, its day", lambda: area_totals.of_area(actor, on, choice=QUANG_NINH), 30),
        (
            "province, its page with 24 months",
            lambda: area_coverage.of_area(
                QUANG_NINH, question=question, choice=QUANG_NINH, actor=actor
            ),
            None,
        ),
        ("country, its day", lambda: area_totals.of_area(actor, on, choice=COUNTRY), 150),
        ("country, trend of 24 months", lambda: trend(on), 500),
        (
            "country, its page with 24 months",
            lambda: area_coverage.of_area(COUNTRY, question=question, choice=COUNTRY, actor=actor),
            None,
        ),
    )
    for what, act, limit in asked:
        yield Measured(what, middle(act), limit)


def trend(on: date) -> object:
    """The ladder of the country at the month ends of two years and on the day."""
    days = [*month_ends(on - timedelta(days=700), on - timedelta(days=1)), on]
    return coverage.ladders_of_days(days, Denominator.A, Unit.MERCHANTS, markets=true())


def recorded_visits(actor: Actor) -> Iterator[Measured]:
    """A code that hangs is seen: the visit, what follows from it, the recount, the audit log.

    All that a transaction does but for the commit's own wait for the disk; beside it what
    counting the same markets from all their facts takes.
    """
    stickers = db.session.scalars(
        select(Sticker)
        .where(Sticker.hung_at.is_not(None), Sticker.void_at.is_(None))
        .options(joinedload(Sticker.stall))
        .limit(VISITS * APART)
    ).all()[::APART]
    taken, anew = [], []
    for serial, stall in [(sticker.serial, sticker.stall) for sticker in stickers]:
        seen = VisitValues(str(uuid4()), actor.at, scanned=serial, accepts=True, use_shown=True)
        start = time.perf_counter()
        visits.record_visit(stall, values=seen, actor=actor)
        transaction.keep_promises(db.session())
        taken.append(time.perf_counter() - start)
        db.session.rollback()
        start = time.perf_counter()
        coverage.recompute_market(stall.market_id)
        anew.append(time.perf_counter() - start)
        db.session.rollback()
    yield Measured("visit recorded and counted", statistics.median(taken) * 1000, 20)
    yield Measured("its market counted anew", statistics.median(anew) * 1000)


def reports_of_markets(actor: Actor) -> Iterator[str]:
    """The report with a row for each market, as CSV."""
    for what, choice in (("province", QUANG_NINH), ("country", COUNTRY)):
        period = reports.usual_period(actor.today)
        stream = BytesIO()
        start = time.perf_counter()
        table = report_files.market_table(actor, period, choice=choice)
        read = time.perf_counter() - start
        rows = report_files.write(stream, table, Form(FileFormat.CSV), actor=actor)
        seconds = time.perf_counter() - start
        written = stream.tell() / 1e6
        yield (
            f"report of {what}: {rows} rows, {written:.2f} MB in {seconds:.2f} s; "
            f"writing alone {written / (seconds - read):.1f} MB/s"
        )


def main() -> None:
    """Print the tables."""
    with (
        register() as settings,
        running.running(settings) as app,
        running.writing(app),
    ):
        # As wsgi.py does once the service has started.
        gc.collect()
        gc.freeze()
        actor = Actor.system(datetime.now(UTC))
        on = actor.today - timedelta(days=40)
        print(f"\nFigures of {size()}")
        print(f"  {'milliseconds':<34}{'here':>8}{'limit in a country':>20}")
        for each in (*figures(actor, on), *recorded_visits(actor)):
            limit = "" if each.limit is None else f"{each.limit:.0f}"
            print(f"  {each.what:<34}{each.milliseconds:8.1f}{limit:>20}")
        for line in reports_of_markets(actor):
            print(f"  {line}")


if __name__ == "__main__":
    main()
