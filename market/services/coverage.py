"""The share of stalls and households that accept electronic payment, on any day.

Counts follow the facts: whoever changes one calls `touch`, and before the transaction
commits the market is counted anew and what differs is written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, true
from sqlalchemy.orm import Session, aliased

from market.domain.counts import TenancyLevels, count_days
from market.domain.coverage import FIGURE_NAMES, NOTHING, Counts
from market.domain.levels import Level, steps
from market.domain.roles import Permission
from market.extensions import db, rules
from market.models.area import Commune
from market.models.coverage import CoverageDay, TenancyLevel
from market.models.market import Market
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.services import coverage_facts
from market.services.access import Actor, market_condition

TOUCHED = "coverage_touched"
_figures_of = attrgetter(*FIGURE_NAMES)


@dataclass(frozen=True, slots=True)
class MarketCounts:
    """A market with its figures on a day; None where nothing is on record by then."""

    market: Market
    counts: Counts | None


def touch(market_id: int) -> None:
    """Note that a fact of this market changed; its counts follow before the commit."""
    db.session().info.setdefault(TOUCHED, set()).add(market_id)


def touch_merchant(merchant_id: int) -> None:
    """Note that a fact of this merchant changed, for every market it ever traded in."""
    for market_id in db.session.scalars(
        select(Stall.market_id)
        .join(Tenancy, Tenancy.stall_id == Stall.id)
        .where(Tenancy.merchant_id == merchant_id)
        .distinct()
    ):
        touch(market_id)


def forget_touched(session: Session) -> None:
    """Drop what waits; called after a rollback."""
    session.info.pop(TOUCHED, None)


def recompute_touched(session: Session) -> None:
    """Recount the markets whose facts changed in this transaction."""
    touched: set[int] = session.info.pop(TOUCHED, set())
    if not touched:
        return
    session.flush()
    for market_id in sorted(touched):
        recompute_market(market_id, session=session)


def recompute_market(market_id: int, *, session: Session | None = None) -> None:
    """Count a market from its facts, for every day, and write what differs."""
    session = session or db.session()
    stale_days = rules().stale_days
    stalls = coverage_facts.stalls_of(session, market_id)
    tenancies = [
        TenancyLevels(facts.tenancy, steps(facts, stale_days=stale_days))
        for facts in coverage_facts.tenancies_of(session, market_id)
    ]
    _write_levels(session, market_id, tenancies)
    days = {entry.day: entry.counts.figures for entry in count_days(stalls, tenancies)}
    _write_days(session, market_id, days)


def counts_of_market(market_id: int, on: date) -> Counts | None:
    """The figures of a market on a day; None before anything is on record."""
    row = db.session.scalar(
        select(CoverageDay)
        .where(CoverageDay.market_id == market_id, CoverageDay.day <= on)
        .order_by(CoverageDay.day.desc())
        .limit(1)
    )
    return None if row is None else Counts(_figures_of(row))


def counts_of_days(market_ids: Iterable[int], days: Sequence[date]) -> dict[date, Counts]:
    """The pooled figures of markets on each of some days, for a trend."""
    ids = list(market_ids)
    found: dict[date, Counts] = {}
    for day in days:
        sums = db.session.execute(
            select(
                *(func.coalesce(func.sum(getattr(CoverageDay, name)), 0) for name in FIGURE_NAMES)
            )
            .select_from(Market)
            .join(CoverageDay, and_(CoverageDay.market_id == Market.id, _last_day(day)))
            .where(Market.id.in_(ids), is_open(day))
        ).one()
        found[day] = Counts(tuple(map(int, sums)))
    return found


def list_counts(
    actor: Actor,
    on: date,
    *,
    permission: Permission = Permission.READ_REPORTS,
    condition: ColumnElement[bool] | None = None,
) -> list[MarketCounts]:
    """Every open market in the actor's scope (and condition) with its figures on the day."""
    rows = db.session.execute(
        select(Market, CoverageDay)
        .outerjoin(CoverageDay, and_(CoverageDay.market_id == Market.id, _last_day(on)))
        .where(
            market_condition(actor, permission),
            is_open(on),
            true() if condition is None else condition,
        )
        .order_by(Market.search, Market.id)
    )
    return [
        MarketCounts(market, None if day is None else Counts(_figures_of(day)))
        for market, day in rows
    ]


def pool(markets: Iterable[MarketCounts]) -> Counts:
    """The sum over markets: shares of areas are of sums, never means of shares."""
    total = NOTHING
    for each in markets:
        if each.counts is not None:
            total = total + each.counts
    return total


def is_open(on: date) -> ColumnElement[bool]:
    """Markets that exist on the day."""
    return and_(
        or_(Market.closed_on.is_(None), Market.closed_on > on),
        or_(Market.opened_on.is_(None), Market.opened_on <= on),
    )


def is_running(market: Market, on: date) -> bool:
    """Whether the programme had started there by the day and the market is open."""
    has_started = market.programme_start is not None and market.programme_start <= on
    return has_started and (market.closed_on is None or market.closed_on > on)


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


def _last_day(on: date) -> ColumnElement[bool]:
    other = aliased(CoverageDay)
    newest = (
        select(func.max(other.day))
        .where(other.market_id == Market.id, other.day <= on)
        .correlate(Market)
        .scalar_subquery()
    )
    return CoverageDay.day == newest


def _write_levels(session: Session, market_id: int, tenancies: Iterable[TenancyLevels]) -> None:
    wanted = {(each.tenancy.id, day): level for each in tenancies for day, level in each.steps}
    stored = {
        (tenancy_id, day): level
        for tenancy_id, day, level in session.execute(
            select(TenancyLevel.tenancy_id, TenancyLevel.day, TenancyLevel.level).where(
                TenancyLevel.market_id == market_id
            )
        )
    }
    gone = [key for key, level in stored.items() if wanted.get(key) is not level]
    for tenancy_id, day in gone:
        session.execute(
            delete(TenancyLevel).where(
                TenancyLevel.tenancy_id == tenancy_id, TenancyLevel.day == day
            )
        )
    rows = [
        {"tenancy_id": key[0], "day": key[1], "market_id": market_id, "level": level}
        for key, level in wanted.items()
        if stored.get(key) is not level
    ]
    _insert(session, TenancyLevel, rows)


def _write_days(session: Session, market_id: int, wanted: Mapping[date, tuple[int, ...]]) -> None:
    stored = {
        row.day: _figures_of(row)
        for row in session.execute(
            select(CoverageDay.__table__).where(CoverageDay.market_id == market_id)
        )
    }
    gone = [day for day, figures in stored.items() if wanted.get(day) != figures]
    if gone:
        session.execute(
            delete(CoverageDay).where(CoverageDay.market_id == market_id, CoverageDay.day.in_(gone))
        )
    rows = [
        {"market_id": market_id, "day": day, **dict(zip(FIGURE_NAMES, figures, strict=True))}
        for day, figures in wanted.items()
        if stored.get(day) != figures
    ]
    _insert(session, CoverageDay, rows)


def _insert(session: Session, entity: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(entity), rows)
