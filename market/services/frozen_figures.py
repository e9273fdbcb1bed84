"""What frozen reports say of a day: the figures that a later period is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import reduce

from sqlalchemy import ColumnElement, func, select

from market.domain.coverage import NOTHING, Counts, Denominator
from market.extensions import db
from market.models.frozen_report import FrozenReport, FrozenRow
from market.models.market import Market


@dataclass(frozen=True, slots=True)
class FrozenDay:
    """The last reports frozen for a day, by province, and their figures by market.

    A market that had nothing on record then has None.
    """

    reports: Mapping[str, "FrozenName"] = field(default_factory=dict)
    figures: Mapping[int, Counts | None] = field(default_factory=dict)

    @property
    def total(self) -> Counts:
        """The sum of all figures."""
        return reduce(Counts.__add__, (each for each in self.figures.values() if each), NOTHING)


@dataclass(frozen=True, slots=True)
class FrozenName:
    """A frozen report by its key and its number."""

    id: int
    number: str


def find_day(day: date, denominator: Denominator, *, markets: ColumnElement[bool]) -> FrozenDay:
    """What was reported of these markets for the day; of several reports the last holds."""
    newest = (
        select(func.max(FrozenReport.id))
        .where(FrozenReport.as_of == day, FrozenReport.denominator == denominator)
        .group_by(FrozenReport.province_code)
    )
    rows = db.session.execute(
        select(
            FrozenReport.id,
            FrozenReport.number,
            FrozenReport.province_code,
            FrozenRow.market_id,
            FrozenRow.figures,
        )
        .join(FrozenRow, FrozenRow.report_id == FrozenReport.id)
        .join(Market, Market.id == FrozenRow.market_id)
        .where(FrozenReport.id.in_(newest), markets)
    ).all()
    return FrozenDay(
        {row.province_code: FrozenName(row.id, row.number) for row in rows},
        {row.market_id: counts_of(row.figures) for row in rows},
    )


def counts_of(kept: list[int] | None) -> Counts | None:
    """The figures as they are kept."""
    return None if kept is None else Counts(tuple(kept))
