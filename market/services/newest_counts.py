"""The counts of markets that hold on a day, joined to a query as one row a market."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import aliased

from market.extensions import db
from market.models.coverage import CoverageDay
from market.models.market import Market


@dataclass(frozen=True, slots=True)
class Newest:
    """What to join, with the figures as attributes, and on which condition."""

    row: Any
    condition: ColumnElement[bool]


def newest_counts(on: date | ColumnElement[date]) -> Newest:
    """The last row of each market on or before the day; the query must name Market first."""
    if db.session().get_bind().dialect.name == "sqlite":
        return Newest(CoverageDay, and_(CoverageDay.market_id == Market.id, _is_last(on)))
    # One descent of the index a market, where looking the day up first takes two.
    last = (
        select(CoverageDay)
        .where(CoverageDay.market_id == Market.id, CoverageDay.day <= on)
        .order_by(CoverageDay.day.desc())
        .limit(1)
        .correlate_except(CoverageDay)
        .lateral("newest")
    )
    return Newest(aliased(CoverageDay, last), true())


def _is_last(on: date | ColumnElement[date]) -> ColumnElement[bool]:
    other = aliased(CoverageDay)
    newest = (
        select(func.max(other.day))
        .where(other.market_id == Market.id, other.day <= on)
        .correlate_except(other)
        .scalar_subquery()
    )
    return CoverageDay.day == newest
