"""A frozen report beside today's view of the same day: what was adjusted since it was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

from sqlalchemy import select

from market.domain.coverage import NOTHING, Counts, Coverage, Denominator
from market.domain.shares import FILE_PLACES, change_in_points
from market.extensions import db
from market.models.frozen_report import FrozenReport, FrozenRow
from market.models.market import Market
from market.services import frozen_scope, market_lines
from market.services.access import Actor
from market.services.frozen_figures import counts_of
from market.services.frozen_scope import OpenedReport
from market.services.market_lines import MarketChoice


@dataclass(frozen=True, slots=True)
class Comparison:
    """The counts as they were reported, and as they are counted today for the same day.

    What is missing on one of the sides counts as nothing.
    """

    denominator: Denominator
    then: Counts
    now: Counts

    @property
    def reported(self) -> Coverage:
        """What was sent."""
        return self.then.of(self.denominator)

    @property
    def counted(self) -> int:
        """How many households more are counted now."""
        return self._now.merchants.counted - self.reported.merchants.counted

    @property
    def accepting(self) -> int:
        """How many households more accept now."""
        return self._now.merchants.accepting - self.reported.merchants.accepting

    @property
    def stalls(self) -> int:
        """How many stalls more accept now."""
        return self._now.stalls.accepting - self.reported.stalls.accepting

    @property
    def share(self) -> Decimal | None:
        """How many points of per cent the share of households is higher now."""
        now, then = self._now.merchants.share(), self.reported.merchants.share()
        return change_in_points(now, then, FILE_PLACES)

    @property
    def differs(self) -> bool:
        """Whether any of these is counted otherwise now."""
        return any((self.counted, self.accepting, self.stalls))

    @property
    def _now(self) -> Coverage:
        return self.now.of(self.denominator)


@dataclass(frozen=True, slots=True)
class ComparedMarket:
    """A market under its name in the report; without a row where it was not reported."""

    code: str
    name: str
    row: FrozenRow | None
    comparison: Comparison
    is_counted_now: bool


@dataclass(frozen=True, slots=True)
class ComparedReport:
    """The markets of a report that exist for somebody, as sent, then those added since."""

    markets: Sequence[ComparedMarket]
    total: Comparison

    @property
    def changed(self) -> list[ComparedMarket]:
        """Those whose figures differ."""
        return [each for each in self.markets if each.comparison.differs]


def compare(opened: OpenedReport, *, actor: Actor) -> ComparedReport:
    """The report beside today's view, as far as both are the actor's; two queries."""
    report = opened.report
    choice = MarketChoice(province_code=report.province_code)
    now = {line.id: line for line in market_lines.list_lines(actor, report.as_of, choice=choice)}
    markets = []
    for row in list_rows(report, actor=actor):
        line = now.pop(row.market_id, None)
        comparison = Comparison(
            report.denominator,
            counts_of(row.figures) or NOTHING,
            (line.counts if line else None) or NOTHING,
        )
        is_counted = line is not None
        markets.append(
            ComparedMarket(row.market_code, row.market_name, row, comparison, is_counted)
        )
    for line in now.values():
        comparison = Comparison(report.denominator, NOTHING, line.counts or NOTHING)
        markets.append(ComparedMarket(line.code, line.name, None, comparison, True))
    return ComparedReport(markets, total_of(report, markets))


def list_rows(report: FrozenReport, *, actor: Actor) -> Sequence[FrozenRow]:
    """The rows of the report that exist for the actor, in its order."""
    return db.session.scalars(
        select(FrozenRow)
        .join(FrozenReport, FrozenReport.id == FrozenRow.report_id)
        .join(Market, Market.id == FrozenRow.market_id)
        .where(FrozenRow.report_id == report.id, frozen_scope.rows_in_sight(actor))
        .order_by(FrozenRow.place)
    ).all()


def total_of(report: FrozenReport, markets: Sequence[ComparedMarket]) -> Comparison:
    """The sums over some markets of the report."""
    comparisons = [each.comparison for each in markets]
    return Comparison(
        report.denominator,
        reduce(Counts.__add__, (each.then for each in comparisons), NOTHING),
        reduce(Counts.__add__, (each.now for each in comparisons), NOTHING),
    )
