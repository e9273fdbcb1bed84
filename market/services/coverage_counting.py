"""Counting markets from their facts: a whole one, or what a few stalls changed in it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from market.domain.counts import DayCounts, Tally, TenancyLevels, count_days
from market.domain.levels import Level, Tenancy, steps
from market.extensions import rules
from market.models.coverage import TenancyLevel
from market.models.merchant import Tenancy as TenancyRow
from market.models.stall import Stall
from market.services import coverage_facts
from market.services.coverage_facts import Stalls
from market.services.plain_rows import plain_rows

_here = aliased(TenancyRow)
_STORED_LEVELS = (
    select(*coverage_facts.OF_TENANCY, TenancyLevel.day, TenancyLevel.level)
    .join(Stall, Stall.id == TenancyRow.stall_id)
    .outerjoin(TenancyLevel, TenancyLevel.tenancy_id == TenancyRow.id)
    .where(
        Stall.market_id == bindparam("market_id"),
        TenancyRow.merchant_id.in_(
            select(_here.merchant_id).where(
                _here.stall_id.in_(bindparam("stall_ids", expanding=True))
            )
        ),
    )
    .order_by(TenancyRow.id, TenancyLevel.day)
)


def count_market(session: Session, market_id: int) -> tuple[list[TenancyLevels], list[DayCounts]]:
    """Levels and counts of a market on every day, from its facts alone."""
    everywhere = Stalls(market_id)
    stalls = coverage_facts.stalls_of(session, everywhere)
    tenancies = count_levels(
        session, coverage_facts.list_tenancies(session, everywhere), everywhere
    )
    return tenancies, count_days(stalls, tenancies)


def count_levels(
    session: Session, tenancies: Sequence[Tenancy], stalls: Stalls
) -> list[TenancyLevels]:
    """Levels of these tenancies, all at these stalls, from their facts alone."""
    stale_days = rules().stale_days
    return [
        TenancyLevels(facts.tenancy, steps(facts, stale_days=stale_days))
        for facts in coverage_facts.facts_of(session, tenancies, stalls)
    ]


def stored_levels(session: Session, stalls: Stalls) -> dict[int, TenancyLevels]:
    """What is stored of the tenancies at some stalls, and of those merchants' other ones."""
    tenancies: dict[int, Tenancy] = {}
    steps_of: defaultdict[int, list[tuple[date, Level]]] = defaultdict(list)
    asked = {"market_id": stalls.market_id, "stall_ids": stalls.ids}
    for row in plain_rows(session, _STORED_LEVELS, asked):
        if row.id not in tenancies:
            tenancies[row.id] = coverage_facts.as_tenancy(row)
        if row.day is not None:
            steps_of[row.id].append((row.day, row.level))
    return {
        tenancy_id: TenancyLevels(tenancy, tuple(steps_of[tenancy_id]))
        for tenancy_id, tenancy in tenancies.items()
    }


def difference(
    session: Session,
    market_id: int,
    before: Sequence[TenancyLevels],
    after: Sequence[TenancyLevels],
) -> list[DayCounts]:
    """What a market counts more or less, where the levels of these tenancies are its only change.

    All tenancies of a changed one's stall and merchant must be among them, in one order.
    """
    changed = [
        now.tenancy for was, now in zip(before, after, strict=True) if was.steps != now.steps
    ]
    places = Stalls(market_id, sorted({each.tenancy.stall_id for each in before}))
    stalls = {each.id: each for each in coverage_facts.stalls_of(session, places)}
    tally = Tally()
    for sign, levels in ((-1, before), (1, after)):
        for stall_id in {tenancy.stall_id for tenancy in changed}:
            here = [each for each in levels if each.tenancy.stall_id == stall_id]
            tally.add_stall(stalls[stall_id], here, sign=sign)
        for merchant_id in {tenancy.merchant_id for tenancy in changed}:
            own = [each for each in levels if each.tenancy.merchant_id == merchant_id]
            tally.add_merchant(own, stalls, sign=sign)
    return tally.list_days()
