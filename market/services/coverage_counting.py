"""Counting markets from their facts: a whole one, or what a few stalls changed in it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, aliased

from market.domain.counts import DayCounts, Tally, TenancyLevels, count_days
from market.domain.levels import Level, steps
from market.extensions import rules
from market.models.coverage import TenancyLevel
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.services import coverage_facts


def count_market(session: Session, market_id: int) -> tuple[list[TenancyLevels], list[DayCounts]]:
    """Levels and counts of a market on every day, from its facts alone."""
    stalls = coverage_facts.stalls_of(session, Stall.market_id == market_id)
    tenancies = _count_levels(session, Stall.market_id == market_id)
    return tenancies, count_days(stalls, tenancies)


def count_stalls(
    session: Session, market_id: int, stall_ids: Collection[int]
) -> list[TenancyLevels]:
    """Levels of the tenancies at some stalls of a market, from their facts alone."""
    return _count_levels(session, and_(Stall.market_id == market_id, Stall.id.in_(stall_ids)))


def stored_levels(
    session: Session, market_id: int, stall_ids: Collection[int]
) -> dict[int, TenancyLevels]:
    """What is stored of the tenancies at some stalls, and of those merchants' other ones."""
    here = aliased(Tenancy)
    merchants = select(here.merchant_id).where(here.stall_id.in_(stall_ids))
    rows = session.execute(
        select(Tenancy.id, Tenancy.stall_id, Tenancy.merchant_id, Tenancy.from_day, Tenancy.to_day)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(
            Stall.market_id == market_id,
            Tenancy.stall_id.in_(stall_ids) | Tenancy.merchant_id.in_(merchants),
        )
        .order_by(Tenancy.id)
    ).all()
    steps_of: defaultdict[int, list[tuple[date, Level]]] = defaultdict(list)
    for tenancy_id, day, level in session.execute(
        select(TenancyLevel.tenancy_id, TenancyLevel.day, TenancyLevel.level)
        .where(TenancyLevel.tenancy_id.in_([row.id for row in rows]))
        .order_by(TenancyLevel.tenancy_id, TenancyLevel.day)
    ):
        steps_of[tenancy_id].append((day, level))
    return {
        row.id: TenancyLevels(coverage_facts.as_tenancy(row), tuple(steps_of[row.id]))
        for row in rows
    }


def difference(
    session: Session, before: Sequence[TenancyLevels], after: Sequence[TenancyLevels]
) -> list[DayCounts]:
    """What a market counts more or less, where the levels of these tenancies are its only change.

    All tenancies of a changed one's stall and merchant must be among them, in one order.
    """
    changed = [
        now.tenancy for was, now in zip(before, after, strict=True) if was.steps != now.steps
    ]
    ids = {each.tenancy.stall_id for each in before}
    stalls = {each.id: each for each in coverage_facts.stalls_of(session, Stall.id.in_(ids))}
    tally = Tally()
    for sign, levels in ((-1, before), (1, after)):
        for stall_id in {tenancy.stall_id for tenancy in changed}:
            here = [each for each in levels if each.tenancy.stall_id == stall_id]
            tally.add_stall(stalls[stall_id], here, sign=sign)
        for merchant_id in {tenancy.merchant_id for tenancy in changed}:
            own = [each for each in levels if each.tenancy.merchant_id == merchant_id]
            tally.add_merchant(own, stalls, sign=sign)
    return tally.list_days()


def _count_levels(session: Session, stalls: ColumnElement[bool]) -> list[TenancyLevels]:
    stale_days = rules().stale_days
    return [
        TenancyLevels(facts.tenancy, steps(facts, stale_days=stale_days))
        for facts in coverage_facts.tenancies_of(session, stalls)
    ]
