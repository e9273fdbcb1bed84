"""The level of stalls on a day, as parts of queries."""

from datetime import date

from sqlalchemy import ColumnElement, ScalarSelect, case, func, select

from market.domain.levels import LADDER
from market.models.coverage import TenancyLevel
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.services import coverage


def rank_on(day: date) -> ColumnElement[int]:
    """The rank of each stall's level: of its tenancies the highest, 0 without any."""
    highest: ScalarSelect[int] = (
        select(func.max(rank_of_row()))
        .join(Tenancy, Tenancy.id == TenancyLevel.tenancy_id)
        .where(Tenancy.stall_id == Stall.id, coverage.holds_level(day))
        .correlate(Stall)
        .scalar_subquery()
    )
    return func.coalesce(highest, 0)


def rank_of_tenancy(day: date) -> ScalarSelect[int]:
    """The rank of each tenancy's level; nothing before its first one."""
    return (
        select(rank_of_row())
        .where(TenancyLevel.tenancy_id == Tenancy.id, TenancyLevel.day <= day)
        .order_by(TenancyLevel.day.desc())
        .limit(1)
        .correlate(Tenancy)
        .scalar_subquery()
    )


def rank_of_row() -> ColumnElement[int]:
    """The rank of a row of `tenancy_levels`."""
    return case(*((TenancyLevel.level == level, level.rank) for level in LADDER), else_=0)
