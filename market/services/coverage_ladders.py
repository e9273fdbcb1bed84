"""Pooled ladders of many markets at many month ends, added up from the changes of each month."""

from collections.abc import Iterable, Sequence
from datetime import date
from operator import add
from typing import Any

from sqlalchemy import ColumnElement, func, select

from market.domain.coverage import LADDER_NAMES, Denominator, Ladder, Unit
from market.extensions import db
from market.models.coverage import CoverageMonth
from market.models.market import Market

NOBODY = Ladder(0, 0, 0, 0, 0, 0)


def sums(table: Any, denominator: Denominator, unit: Unit) -> list[ColumnElement[Any]]:
    """The sums of a ladder's figures in a table of counts, in the order of Ladder."""
    prefix = f"{denominator.value.lower()}_{unit.value}"
    return [func.sum(getattr(table, f"{prefix}_{name}")) for name in LADDER_NAMES]


def plus(one: Ladder, other: Ladder) -> Ladder:
    """Both pooled."""
    return Ladder(*map(add, one, other))


def pooled(ladders: Iterable[Ladder]) -> Ladder:
    """All of them pooled; nobody where there are none."""
    return Ladder(*map(sum, zip(NOBODY, *ladders, strict=True)))


def at_month_ends(
    ends: Sequence[date], denominator: Denominator, unit: Unit, *, markets: ColumnElement[bool]
) -> dict[date, Ladder]:
    """The ladder of these markets at the end of each of the months, open or not; one query."""
    if not ends:
        return {}
    rows = db.session.execute(
        select(CoverageMonth.month, *sums(CoverageMonth, denominator, unit))
        .join(Market, Market.id == CoverageMonth.market_id)
        .where(markets, CoverageMonth.month <= max(ends))
        .group_by(CoverageMonth.month)
        .order_by(CoverageMonth.month)
    )
    moved = [(month, Ladder(*map(int, figures))) for month, *figures in rows]
    found, standing, at = {}, NOBODY, 0
    for end in sorted(ends):
        while at < len(moved) and moved[at][0] <= end:
            standing = plus(standing, moved[at][1])
            at += 1
        found[end] = standing
    return found
