"""What the pages on shares show: of a market, a province, or all provinces, on any day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from sqlalchemy import ColumnElement, and_

from market.domain.calendar import check_as_of, month_ends, previous_period_end
from market.domain.coverage import Denominator, Ladder, Unit
from market.domain.labels import LabelledEnum
from market.domain.roles import Permission
from market.domain.shares import SCREEN_PLACES, Mean, Share, change_in_points
from market.domain.text import sort_key
from market.models.market import Market
from market.services import coverage, coverage_ladders, market_lines, recorded_days
from market.services.access import Actor, market_condition
from market.services.market_lines import MarketChoice, MarketLine

TREND_MONTHS = 24
# Thousands of markets lie in hundreds of communes.
_key_of_commune = lru_cache(maxsize=4096)(sort_key)


@dataclass(frozen=True, slots=True)
class Question:
    """Of which day, in which denominator, counted in what."""

    as_of: date
    denominator: Denominator = Denominator.A
    unit: Unit = Unit.MERCHANTS

    @property
    def month_before(self) -> date:
        """The end of the month before, with which the day is compared."""
        return previous_period_end(self.as_of.replace(day=1))


@dataclass(frozen=True, slots=True)
class TrendDay:
    """The ladder at the end of a month, or on the day asked about."""

    day: date
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class MarketCoverage:
    """A market on a day: its ladder, the one of the month before, and two years of it."""

    question: Question
    ladder: Ladder
    before: Ladder
    trend: Sequence[TrendDay]

    @property
    def change(self) -> Decimal | None:
        """In points of per cent since the end of the month before."""
        return change_in_points(self.ladder.share(), self.before.share())


@dataclass(frozen=True, slots=True)
class AreaCoverage:
    """An area on a day; `lines` are the chosen markets, `all_lines` those to choose from.

    `is_filtered` says that the page's filters left out some of the area.
    """

    question: Question
    is_filtered: bool
    all_lines: Sequence[MarketLine]
    lines: Sequence[MarketLine]
    ladder: Ladder
    before: Ladder
    mean: Mean
    trend: Sequence[TrendDay]

    @property
    def running(self) -> Sequence[MarketLine]:
        """The chosen markets that run the programme."""
        return [line for line in self.lines if line.is_running]

    @property
    def passed(self) -> int:
        """How many of the chosen markets have passed."""
        on, denominator = self.question.as_of, self.question.denominator
        return sum(line.has_passed(on, denominator) for line in self.lines)

    @property
    def running_share(self) -> Share:
        """The share of the running markets alone."""
        question = self.question
        return market_lines.pooled_share(self.running, question.denominator, question.unit)

    @property
    def change(self) -> Decimal | None:
        """In points of per cent since the end of the month before."""
        return change_in_points(self.ladder.share(), self.before.share())


class Order(LabelledEnum):
    """By what the table of markets can be ordered."""

    NAME = "name", "Chợ"
    COMMUNE = "commune", "Xã, phường"
    COUNTED = "counted", "Tổng số"
    SHARE = "share", "Tỷ lệ"
    GAP = "gap", "Chưa chấp nhận"
    CHANGE = "change", "So tháng trước"


def of_market(market: Market, *, question: Question, actor: Actor) -> MarketCoverage | None:
    """A market on the day; None where nothing was ever counted.

    Raises Invalid for a day to come or before the first record.
    """
    if check_market_day(market, question=question, actor=actor) is None:
        return None
    days = [*_month_ends(question), question.as_of]
    trend = _trend(days, question, Market.id == market.id)
    return MarketCoverage(
        question=question,
        ladder=trend[-1].ladder,
        before=trend[-2].ladder,
        trend=trend,
    )


def check_market_day(market: Market, *, question: Question, actor: Actor) -> date | None:
    """The day of the market's first record; None where nothing was ever counted.

    Raises Invalid where the day asked about is to come or before the first record.
    """
    first = coverage.find_first_day(Market.id == market.id)
    check_as_of(question.as_of, today=actor.today, first=first)
    return first


def of_area(
    area: MarketChoice,
    *,
    question: Question,
    choice: MarketChoice,
    actor: Actor,
    is_compared: bool = False,
) -> AreaCoverage:
    """The chosen markets of an area on the day, as far as the actor may read their reports.

    The trend follows the markets that are chosen on the day. Only if they are to be compared
    do the lines say what they counted at the end of the month before; of those of a page,
    `market_lines.compared` tells it later. Raises Invalid for a day to come or before the
    first record.
    """
    own = own_markets(area, actor)
    recorded_days.check_day(own, question.as_of, today=actor.today)
    all_lines = market_lines.list_lines(
        actor,
        question.as_of,
        choice=area,
        before=question.month_before if is_compared else None,
        only=question.denominator,
    )
    lines = [line for line in all_lines if choice.takes(line)] if choice != area else all_lines
    is_part = choice.is_narrowed or choice != area
    chosen = Market.id.in_([line.id for line in lines]) if is_part else own
    ladder = coverage_ladders.pooled(
        line.ladder(question.denominator, question.unit) for line in lines
    )
    before = _trend(_month_ends(question), question, chosen)
    return AreaCoverage(
        question=question,
        is_filtered=choice != area,
        all_lines=all_lines,
        lines=lines,
        ladder=ladder,
        before=before[-1].ladder,
        mean=market_lines.mean_share(
            lines, question.denominator, question.unit, places=SCREEN_PLACES
        ),
        trend=[*before, TrendDay(question.as_of, ladder)],
    )


def own_markets(area: MarketChoice, actor: Actor) -> ColumnElement[bool]:
    """The markets of the area whose reports the actor may read."""
    return and_(area.area(), market_condition(actor, Permission.READ_REPORTS))


def ordered(
    lines: Iterable[MarketLine], order: Order, *, downwards: bool, question: Question
) -> list[MarketLine]:
    """The markets in that order; those without a figure come last either way."""
    by_name = sorted(lines, key=lambda line: line.sort_key)
    valued = [(_value(line, order, question), line) for line in by_name]
    known = [(value, line) for value, line in valued if value is not None]
    known.sort(key=lambda pair: pair[0], reverse=downwards)
    return [line for _value, line in known] + [line for value, line in valued if value is None]


def _value(line: MarketLine, order: Order, question: Question) -> Decimal | int | str | None:
    ladder = line.ladder(question.denominator, question.unit)
    match order:
        case Order.NAME:
            return line.sort_key
        case Order.COMMUNE:
            return _key_of_commune(line.commune)
        case Order.COUNTED:
            return ladder.counted
        case Order.GAP:
            return ladder.counted - ladder.accepting if ladder.counted else None
        case Order.SHARE:
            return ladder.share().rank
        case Order.CHANGE:
            return line.change(question.denominator, question.unit)


def _month_ends(question: Question) -> list[date]:
    """The ends of the months before the day."""
    first = question.as_of.replace(day=1)
    for _ in range(TREND_MONTHS - 1):
        first = previous_period_end(first).replace(day=1)
    return month_ends(first, question.as_of - timedelta(days=1))


def _trend(
    days: Sequence[date], question: Question, markets: ColumnElement[bool]
) -> list[TrendDay]:
    ladders = coverage.ladders_of_days(days, question.denominator, question.unit, markets=markets)
    return [TrendDay(day, ladders[day]) for day in days]
