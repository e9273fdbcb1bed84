"""The share of stalls and households that accept electronic payment, on any day.

Counts follow the facts: whoever changes one calls `touch`, and before the transaction
commits the market is counted anew and what differs is written.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import (
    ColumnElement,
    Subquery,
    and_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from market.domain.calendar import month_end
from market.domain.coverage import Counts, Denominator, Ladder, Unit
from market.domain.levels import Level
from market.extensions import db
from market.models.area import Commune
from market.models.coverage import CoverageDay, TenancyLevel
from market.models.market import Market, MarketClosure
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.services import coverage_counting, coverage_ladders, coverage_rows
from market.services.coverage_facts import Stalls
from market.services.coverage_rows import figures_of
from market.services.dated_facts import holds_on, lasts_beyond
from market.services.newest_counts import newest_counts

TOUCHED = "coverage_touched"
# Past so many stalls, counting the whole market is the quicker way.
MOST_STALLS_APART = 40
NOBODY = coverage_ladders.NOBODY
TAKE_TURNS = (
    select(exists().where(CoverageDay.market_id == Market.id))
    .where(Market.id == bindparam("market_id"))
    .with_for_update(key_share=True, of=Market)
)


@dataclass(slots=True)
class Touched:
    """What waits to be counted: whole markets, and single stalls of others."""

    markets: set[int] = field(default_factory=set)
    stalls: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))


def touch(market_id: int) -> None:
    """Note that a fact of this market changed; its counts follow before the commit."""
    _touched(db.session()).markets.add(market_id)


def touch_stall(market_id: int, stall_id: int) -> None:
    """Note that the level of a tenancy at this stall may have changed, and nothing else.

    Much quicker than `touch`: enough for visits, stickers and codes, not for the states
    of stalls, nor for tenancies that begin or end.
    """
    _touched(db.session()).stalls[market_id].add(stall_id)


def touch_merchant(merchant_id: int) -> None:
    """Note that levels of this merchant may have changed, wherever they ever traded."""
    for market_id, stall_id in db.session.execute(
        select(Stall.market_id, Stall.id)
        .join(Tenancy, Tenancy.stall_id == Stall.id)
        .where(Tenancy.merchant_id == merchant_id)
        .distinct()
    ):
        touch_stall(market_id, stall_id)


def forget_touched(session: Session) -> None:
    """Drop what waits; called after a rollback."""
    session.info.pop(TOUCHED, None)


def recompute_touched(session: Session) -> None:
    """Recount the markets and stalls whose facts changed in this transaction."""
    touched: Touched | None = session.info.pop(TOUCHED, None)
    if touched is None:
        return
    session.flush()
    for market_id in sorted({*touched.markets, *touched.stalls}):
        stall_ids = touched.stalls.get(market_id, set())
        if market_id in touched.markets or len(stall_ids) > MOST_STALLS_APART:
            recompute_market(market_id, session=session)
        else:
            recompute_stalls(market_id, stall_ids, session=session)


def recompute_market(market_id: int, *, session: Session | None = None) -> None:
    """Count a market from its facts, for every day, and write what differs."""
    session = session or db.session()
    _take_turns(session, market_id)
    tenancies, days = coverage_counting.count_market(session, market_id)
    coverage_rows.write_levels(session, market_id, tenancies)
    coverage_rows.write_days(session, market_id, days)


def recompute_stalls(
    market_id: int, stall_ids: Collection[int], *, session: Session | None = None
) -> None:
    """Count some stalls of a market again and carry what changed into its stored counts.

    Only levels may have changed, as `touch_stall` says; a market that was never counted
    is counted whole.
    """
    session = session or db.session()
    if not _take_turns(session, market_id):
        recompute_market(market_id, session=session)
        return
    here = Stalls(market_id, sorted(stall_ids))
    stored = coverage_counting.stored_levels(session, here)
    at_stalls = [each.tenancy for each in stored.values() if each.tenancy.stall_id in stall_ids]
    counted = coverage_counting.count_levels(session, at_stalls, here)
    changed = {
        each.tenancy.id: each for each in counted if each.steps != stored[each.tenancy.id].steps
    }
    if not changed:
        return
    before = list(stored.values())
    after = [changed.get(each.tenancy.id, each) for each in before]
    differences = coverage_counting.difference(session, market_id, before, after)
    until_now = {tenancy_id: stored[tenancy_id].steps for tenancy_id in changed}
    coverage_rows.replace_steps(session, market_id, until_now, changed.values())
    coverage_rows.carry(session, market_id, differences)


def counts_of_market(market_id: int, on: date) -> Counts | None:
    """The figures of a market on a day; None before anything is on record."""
    row = db.session.scalar(
        select(CoverageDay)
        .where(CoverageDay.market_id == market_id, CoverageDay.day <= on)
        .order_by(CoverageDay.day.desc())
        .limit(1)
    )
    return None if row is None else Counts(figures_of(row))


def ladders_of_days(
    days: Sequence[date], denominator: Denominator, unit: Unit, *, markets: ColumnElement[bool]
) -> dict[date, Ladder]:
    """The pooled ladder of the markets open on each of some days, for a trend; two queries.

    Month ends are added up from the changes of each month. Other days are looked up market
    by market, and so are all days of markets that were not open throughout.
    """
    if not days:
        return {}
    ends = [day for day in days if day == month_end(day)]
    others = [day for day in days if day != month_end(day)]
    throughout = _is_open_throughout(min(days), max(days))
    ladders = dict.fromkeys(days, NOBODY) | coverage_ladders.at_month_ends(
        ends, denominator, unit, markets=and_(markets, throughout)
    )
    looked_up = [
        select(asked.c.day, *coverage_ladders.sums(newest.row, denominator, unit))
        .select_from(asked)
        .join(Market, is_open(asked.c.day))
        .join(newest.row, newest.condition)
        .where(of_these)
        .group_by(asked.c.day)
        for asked, of_these in (
            (_asked(ends), and_(markets, not_(throughout))),
            (_asked(others), markets),
        )
        if asked is not None and (newest := newest_counts(asked.c.day))
    ]
    for day, *figures in db.session.execute(union_all(*looked_up)):
        ladders[day] = coverage_ladders.plus(ladders[day], Ladder(*map(int, figures)))
    return ladders


def _asked(days: Sequence[date]) -> Subquery | None:
    if not days:
        return None
    return union_all(*(select(literal(day).label("day")) for day in days)).subquery("asked")


def find_first_day(markets: ColumnElement[bool], *, by: date | None = None) -> date | None:
    """The day of the first record of these markets; None where nothing was ever counted.

    Who only asks whether anything is on record `by` a day is given any record's day up to it.
    """
    if by is not None and (found := _find_day(markets, by)) is not None:
        return found
    first = (
        select(func.min(CoverageDay.day))
        .where(CoverageDay.market_id == Market.id)
        .correlate(Market)
        .scalar_subquery()
    )
    return db.session.scalar(select(func.min(first)).select_from(Market).where(markets))


def _find_day(markets: ColumnElement[bool], by: date) -> date | None:
    own = (CoverageDay.market_id == Market.id, CoverageDay.day <= by)
    any_day = select(CoverageDay.day).where(*own).limit(1).correlate(Market).scalar_subquery()
    return db.session.scalar(
        select(any_day)
        .select_from(Market)
        .where(markets, exists().where(*own).correlate(Market))
        .limit(1)
    )


def is_open(on: date | ColumnElement[date]) -> ColumnElement[bool]:
    """Markets that exist on the day."""
    return and_(_has_opened(on), ~_is_closed(holds_on(MarketClosure, on)))


def _is_open_throughout(first: date, last: date) -> ColumnElement[bool]:
    closed_meanwhile = and_(MarketClosure.from_day <= last, lasts_beyond(MarketClosure, first))
    return and_(_has_opened(first), ~_is_closed(closed_meanwhile))


def _has_opened(by: date | ColumnElement[date]) -> ColumnElement[bool]:
    return or_(Market.opened_on.is_(None), Market.opened_on <= by)


def _is_closed(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """That a market has a closure of the kind."""
    found = exists().where(MarketClosure.market_id == Market.id, condition)
    return found.correlate_except(MarketClosure)


def in_province(code: str) -> ColumnElement[bool]:
    """Markets of a province."""
    return Market.commune_code.in_(select(Commune.code).where(Commune.province_code == code))


def levels_of_stalls(stall_ids: Sequence[int], on: date) -> dict[int, Level]:
    """The level of each stall on a day: the highest of its tenancies; `none` without any."""
    rows = db.session.execute(
        select(Tenancy.stall_id, TenancyLevel.level)
        .join(TenancyLevel, TenancyLevel.tenancy_id == Tenancy.id)
        .where(Tenancy.stall_id.in_(stall_ids), holds_level(on))
    )
    levels = dict.fromkeys(stall_ids, Level.NONE)
    for stall_id, level in rows:
        levels[stall_id] = max(levels[stall_id], level, key=lambda each: each.rank)
    return levels


def holds_level(on: date) -> ColumnElement[bool]:
    """That a row of `tenancy_levels` is the one in force on the day."""
    later = aliased(TenancyLevel)
    newest = (
        select(func.max(later.day))
        .where(later.tenancy_id == TenancyLevel.tenancy_id, later.day <= on)
        .correlate(TenancyLevel)
        .scalar_subquery()
    )
    return TenancyLevel.day == newest


def _touched(session: Session) -> Touched:
    found: Touched = session.info.setdefault(TOUCHED, Touched())
    return found


def _take_turns(session: Session, market_id: int) -> bool:
    """Two transactions that count one market at once would each miss the other's facts.

    Tells whether the market was ever counted.
    """
    session.flush()
    return bool(session.connection().scalar(TAKE_TURNS, {"market_id": market_id}))
