"""Whether the stored counts are those that the facts give, and making them so again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.counts import DayCounts
from market.extensions import db, rules
from market.models.job import Counter
from market.models.market import Market
from market.services import coverage_counting, coverage_rows

# Under this name stands the setting that the stored figures were counted with.
STALE_DAYS = "coverage:stale_days"


@dataclass(frozen=True, slots=True)
class Deviation:
    """A market whose stored counts are wrong, and the first day on which they are."""

    market_code: str
    day: date


def list_market_ids() -> list[int]:
    """All markets, open or closed, in a fixed order."""
    return list(db.session.scalars(select(Market.id).order_by(Market.code)))


def is_setting_changed() -> bool:
    """Whether the stored figures were counted with another `stale_days`, or nobody knows."""
    counted_with = db.session.get(Counter, STALE_DAYS)
    return counted_with is None or counted_with.value != rules().stale_days


def note_setting() -> None:
    """Note that all markets are counted with the setting of today."""
    db.session.merge(Counter(name=STALE_DAYS, value=rules().stale_days))


def deviations() -> Iterator[Deviation]:
    """Each market of which stored counts or levels differ from a recount, by code."""
    markets = db.session.execute(select(Market.id, Market.code).order_by(Market.code)).all()
    for market_id, code in markets:
        day = first_wrong_day(market_id)
        if day is not None:
            yield Deviation(code, day)


def first_wrong_day(market_id: int) -> date | None:
    """The first day on which what is stored of a market differs from a recount.

    Levels and counts say which; a change by month that alone differs, the first of its month.
    """
    session = db.session()
    tenancies, days = coverage_counting.count_market(session, market_id)
    levels = {(each.tenancy.id, day): level for each in tenancies for day, level in each.steps}
    counts = {entry.day: entry.counts.figures for entry in days}
    stored_levels = coverage_rows.levels_of(session, market_id)
    stored_counts = coverage_rows.days_of(session, market_id)
    wrong = {day for (_tenancy, day), _level in levels.items() ^ stored_levels.items()}
    wrong |= {day for day, _figures in counts.items() ^ stored_counts.items()}
    first = min(wrong, default=date.max)
    months = _wrong_months(session, market_id, days)
    # A wrong day makes its month wrong: the month then says nothing that is new.
    first = min((month for month in months if month < first.replace(day=1)), default=first)
    return None if first == date.max else first


def _wrong_months(session: Session, market_id: int, days: Sequence[DayCounts]) -> set[date]:
    """The months whose stored change is another than that of the days, by their first day."""
    counted = coverage_rows.months_of(days)
    stored = {
        month: figures
        for month, figures in coverage_rows.stored_months(session, market_id).items()
        if any(figures)
    }
    return {month for month, _figures in counted.items() ^ stored.items()}
