"""What the pages on shares show: of a market, a province, or all provinces, on any day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import ColumnElement, and_, case, func, select

from market.domain.calendar import check_as_of, month_ends, previous_period_end
from market.domain.coverage import LADDER_NAMES, Denominator, Ladder, Unit
from market.domain.errors import NotFound
from market.domain.labels import LabelledEnum
from market.domain.roles import Permission, ScopeKind
from market.domain.shares import SCREEN_PLACES, Mean, Share, change_in_points
from market.domain.text import fold
from market.extensions import db
from market.models.area import Commune, Province
from market.models.coverage import CoverageDay
from market.models.market import Market
from market.services import coverage, market_lines
from market.services.access import Actor, market_condition
from market.services.market_lines import MarketChoice, MarketLine

TREND_MONTHS = 24


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
    """A province on a day; `lines` are the chosen markets, `all_lines` those to choose from."""

    province: Province
    question: Question
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
    def running_share(self) -> Share:
        """The share of the running markets alone."""
        question = self.question
        return market_lines.pooled_share(self.running, question.denominator, question.unit)

    @property
    def change(self) -> Decimal | None:
        """In points of per cent since the end of the month before."""
        return change_in_points(self.ladder.share(), self.before.share())


@dataclass(frozen=True, slots=True)
class ProvinceLine:
    """A province with its open markets on a day."""

    code: str
    name: str
    markets: int
    running: int
    ladder: Ladder


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
    own = Market.id == market.id
    first = coverage.find_first_day(own)
    if first is None:
        return None
    check_as_of(question.as_of, today=actor.today, first=first)
    trend = _trend(question, own)
    return MarketCoverage(
        question=question,
        ladder=trend[-1].ladder,
        before=trend[-2].ladder,
        trend=trend,
    )


def of_province(
    province_code: str, *, question: Question, choice: MarketChoice, actor: Actor
) -> AreaCoverage:
    """A province on the day, as far as the actor may read its reports.

    Raises NotFound where none of it is the actor's, Invalid for a day to come or before
    the first record.
    """
    province = get_province(province_code, actor=actor)
    own = and_(
        MarketChoice(province_code=province_code).area(),
        market_condition(actor, Permission.READ_REPORTS),
    )
    check_as_of(question.as_of, today=actor.today, first=coverage.find_first_day(own))
    all_lines = market_lines.list_lines(
        actor,
        question.as_of,
        choice=MarketChoice(province_code=province_code),
        before=question.month_before,
    )
    lines = [line for line in all_lines if choice.takes(line)]
    chosen = Market.id.in_([line.id for line in lines]) if choice.is_narrowed else own
    trend = _trend(question, chosen)
    return AreaCoverage(
        province=province,
        question=question,
        all_lines=all_lines,
        lines=lines,
        ladder=trend[-1].ladder,
        before=trend[-2].ladder,
        mean=market_lines.mean_share(
            lines, question.denominator, question.unit, places=SCREEN_PLACES
        ),
        trend=trend,
    )


def list_provinces(actor: Actor, *, question: Question) -> list[ProvinceLine]:
    """Every province with markets of the actor's, by name; one query.

    Raises Invalid for a day to come or before the first record.
    """
    own = market_condition(actor, Permission.READ_REPORTS)
    check_as_of(question.as_of, today=actor.today, first=coverage.find_first_day(own))
    day = question.as_of
    prefix = f"{question.denominator.value.lower()}_{question.unit.value}"
    sums = (
        func.coalesce(func.sum(getattr(CoverageDay, f"{prefix}_{name}")), 0)
        for name in LADDER_NAMES
    )
    is_running = case((Market.programme_start <= day, 1), else_=0)
    rows = db.session.execute(
        select(Province.code, Province.name, func.count(), func.sum(is_running), *sums)
        .select_from(Market)
        .join(Commune, Commune.code == Market.commune_code)
        .join(Province, Province.code == Commune.province_code)
        .outerjoin(CoverageDay, and_(CoverageDay.market_id == Market.id, coverage.last_row(day)))
        .where(own, coverage.is_open(day))
        .group_by(Province.code, Province.name, Province.search)
        .order_by(Province.search, Province.code)
    )
    return [
        ProvinceLine(code, name, markets, int(running), Ladder(*map(int, figures)))
        for code, name, markets, running, *figures in rows
    ]


def get_province(code: str, *, actor: Actor) -> Province:
    """The province, where any of it is the actor's to read reports of; else NotFound."""
    province = db.session.get(Province, code)
    if province is None or not _may_read(province, actor):
        raise NotFound("Không tìm thấy tỉnh này.")
    return province


def covers_whole(province_code: str, *, actor: Actor) -> bool:
    """Whether the actor may read the reports of every market of the province."""
    return actor.is_system or any(
        grant.scope is ScopeKind.COUNTRY
        or (grant.scope is ScopeKind.PROVINCE and grant.province_code == province_code)
        for grant in actor.grants_for(Permission.READ_REPORTS)
    )


def ordered(
    lines: Iterable[MarketLine], order: Order, *, downwards: bool, question: Question
) -> list[MarketLine]:
    """The markets in that order; those without a figure come last either way."""
    by_name = sorted(lines, key=lambda line: line.search)
    valued = [(_value(line, order, question), line) for line in by_name]
    known = [(value, line) for value, line in valued if value is not None]
    known.sort(key=lambda pair: pair[0], reverse=downwards)
    return [line for _value, line in known] + [line for value, line in valued if value is None]


def _value(line: MarketLine, order: Order, question: Question) -> Fraction | str | None:
    ladder = line.ladder(question.denominator, question.unit)
    share = ladder.share()
    match order:
        case Order.NAME:
            return line.search
        case Order.COMMUNE:
            return fold(line.commune)
        case Order.COUNTED:
            return Fraction(ladder.counted)
        case Order.GAP:
            return Fraction(ladder.counted - ladder.accepting)
        case Order.SHARE:
            return Fraction(share.numerator, share.denominator) if share.denominator else None
        case Order.CHANGE:
            change = line.change(question.denominator, question.unit)
            return None if change is None else Fraction(change)


def _trend(question: Question, markets: ColumnElement[bool]) -> list[TrendDay]:
    """The ends of the months before, and the day itself."""
    first = question.as_of.replace(day=1)
    for _ in range(TREND_MONTHS - 1):
        first = previous_period_end(first).replace(day=1)
    days = [*month_ends(first, question.as_of - timedelta(days=1)), question.as_of]
    ladders = coverage.ladders_of_days(days, question.denominator, question.unit, markets=markets)
    return [TrendDay(day, ladders[day]) for day in days]


def _may_read(province: Province, actor: Actor) -> bool:
    if covers_whole(province.code, actor=actor):
        return True
    own = select(Market.id).where(
        coverage.in_province(province.code), market_condition(actor, Permission.READ_REPORTS)
    )
    return db.session.scalar(own.limit(1)) is not None
