"""Markets of an area with their figures on a day and on an earlier one: what tables show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, select, true

from market.domain.coverage import (
    FIGURE_NAMES,
    NOTHING,
    Counts,
    Denominator,
    Ladder,
    Unit,
    names_of,
)
from market.domain.markets import MarketClass, MarketTrade, OperatorKind
from market.domain.roles import Permission
from market.domain.shares import Mean, Share, change_in_points, mean_of_markets, pooled
from market.domain.targets import Aim, Standing
from market.domain.text import fold
from market.extensions import db
from market.models.area import Commune, Province
from market.models.market import Market, MarketOperator, Operator
from market.services import coverage, target_book
from market.services.access import Actor, market_condition
from market.services.dated_facts import holds_on
from market.services.newest_counts import newest_counts
from market.services.plain_rows import plain_rows
from market.services.target_book import AimsOfMarkets


@dataclass(frozen=True, slots=True)
class ShareBelow:
    """Markets whose share has not come to so many per cent; not those without anybody to count."""

    percent: int
    denominator: Denominator = Denominator.A
    unit: Unit = Unit.MERCHANTS

    def takes(self, line: "MarketLine") -> bool:
        """Compares exactly."""
        share = line.ladder(self.denominator, self.unit).share()
        return share.denominator > 0 and not share.is_at_least(Decimal(self.percent))


@dataclass(frozen=True, slots=True)
class MarketChoice:
    """Which markets are asked for; the area is in force for every day, the rest on the day."""

    province_code: str | None = None
    commune_code: str | None = None
    market_code: str | None = None
    market_class: MarketClass | None = None
    operator_id: int | None = None
    is_running: bool | None = None
    trade: MarketTrade | None = None
    below: ShareBelow | None = None
    text: str | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether more than an area is asked for."""
        return self != MarketChoice(self.province_code, self.commune_code, self.market_code)

    def area(self) -> ColumnElement[bool]:
        """The markets of the area."""
        conditions: list[ColumnElement[bool]] = []
        if self.province_code is not None:
            conditions.append(coverage.in_province(self.province_code))
        if self.commune_code is not None:
            conditions.append(Market.commune_code == self.commune_code)
        if self.market_code is not None:
            conditions.append(Market.code == self.market_code)
        return and_(true(), *conditions)

    def takes(self, line: "MarketLine") -> bool:
        """Whether a market of the area is among those asked for."""
        wanted = (
            (self.province_code, line.province_code),
            (self.commune_code, line.commune_code),
            (self.market_class, line.market_class),
            (self.trade, line.trade),
            (self.operator_id, line.operator_id),
            (self.is_running, line.is_running),
        )
        return (
            all(asked is None or asked == found for asked, found in wanted)
            and (self.below is None or self.below.takes(line))
            and (self.text is None or line.holds(self.text))
        )


class MarketLine(NamedTuple):
    """A market on a day: where it is, who runs it, what it counts, what it counted before.

    The counts are None where nothing was on record by then, and `before` where nobody asked
    for it; `aim` where no target held.
    """

    id: int
    code: str
    name: str
    search: str
    sort_key: str
    province_code: str
    province: str
    commune_code: str
    commune: str
    market_class: MarketClass
    trade: MarketTrade
    programme_start: date | None
    has_cashless_fees: bool
    is_running: bool
    operator_id: int | None
    operator: str | None
    operator_kind: OperatorKind | None
    counts: Counts | None
    before: Counts | None = None
    aim: Aim | None = None

    def holds(self, written: str) -> bool:
        """Whether every word begins one of the name, the commune or the code, accents or not."""
        code = fold(self.code)
        names = f" {self.search} {fold(self.commune)} {code} {code.replace('-', ' ')}"
        return all(f" {word}" in names for word in fold(written).split())

    def ladder(self, denominator: Denominator, unit: Unit) -> Ladder:
        """How many are counted and have reached each level; nobody where nothing is on record."""
        return (self.counts or NOTHING).ladder(denominator, unit)

    def ladder_before(self, denominator: Denominator, unit: Unit) -> Ladder:
        """The same on the earlier day."""
        return (self.before or NOTHING).ladder(denominator, unit)

    def change(self, denominator: Denominator, unit: Unit) -> Decimal | None:
        """In points of per cent since the earlier day; None where one of the two is empty."""
        now = self.ladder(denominator, unit).share()
        return change_in_points(now, self.ladder_before(denominator, unit).share())

    def standing(self, on: date, denominator: Denominator) -> Standing | None:
        """How it stands on the day against its target; what was gained, since the earlier day."""
        if self.aim is None:
            return None
        now = self.ladder(denominator, self.aim.unit)
        before = self.ladder_before(denominator, self.aim.unit)
        return Standing(self.aim, on, now.share(), now.accepting - before.accepting)

    def has_passed(self, on: date, denominator: Denominator) -> bool:
        """Whether it runs, takes fees without cash and has come to the target of the day."""
        if not (self.is_running and self.has_cashless_fees):
            return False
        standing = self.standing(on, denominator)
        return standing is not None and standing.is_reached


def list_lines(
    actor: Actor,
    on: date,
    *,
    choice: MarketChoice,
    before: date | None = None,
    permission: Permission = Permission.READ_REPORTS,
    only: Denominator | None = None,
) -> list[MarketLine]:
    """The open markets of the area that are the actor's, by name; a query a day, one for targets.

    `choice.takes` narrows them further: a page shows what else there is to choose. Figures
    of `only` one denominator are read in half the time.
    """
    rows = plain_rows(db.session(), _query(actor, on, choice, permission, only))
    # An operator's markets are few: those of the area need not all be counted.
    few = choice.operator_id is not None
    own = (
        Market.id.in_([row.id for row in rows])
        if few
        else and_(choice.area(), market_condition(actor, permission))
    )
    earlier = {} if before is None else _counts_on(before, own, only)
    book = target_book.load(and_(choice.area(), market_condition(actor, permission)), until=on)
    aims = AimsOfMarkets(book, on)
    return [_line(row, on, earlier, aims, only) for row in rows]


def compared(lines: Sequence[MarketLine], before: date) -> list[MarketLine]:
    """These lines, each with what it counted on an earlier day; one query."""
    counts = _counts_on(before, Market.id.in_([line.id for line in lines]), None)
    return [line._replace(before=counts.get(line.id)) for line in lines]


def pool(lines: Iterable[MarketLine]) -> Counts:
    """The sum over markets: shares of areas are of sums, never means of shares."""
    return sum((line.counts for line in lines if line.counts is not None), NOTHING)


def pooled_share(lines: Iterable[MarketLine], denominator: Denominator, unit: Unit) -> Share:
    """The share of an area."""
    return pooled(line.ladder(denominator, unit).share() for line in lines)


def mean_share(
    lines: Iterable[MarketLine], denominator: Denominator, unit: Unit, *, places: int
) -> Mean:
    """The plain mean of the markets' shares."""
    return mean_of_markets((line.ladder(denominator, unit).share() for line in lines), places)


def _query(
    actor: Actor,
    on: date,
    choice: MarketChoice,
    permission: Permission,
    only: Denominator | None,
) -> Select[Any]:
    runs_it = and_(MarketOperator.market_id == Market.id, holds_on(MarketOperator, on))
    newest = newest_counts(on)
    runs_asked = true() if choice.operator_id is None else Operator.id == choice.operator_id
    return (
        select(
            # Columns, not entities: of a country there are thousands.
            Market.id,
            Market.code,
            Market.name,
            Market.search,
            Market.sort_key,
            Market.commune_code,
            Market.market_class,
            Market.trade,
            Market.programme_start,
            Market.cashless_fees_since,
            Commune.name.label("commune"),
            Province.code.label("province_code"),
            Province.name.label("province"),
            Operator.id.label("operator_id"),
            Operator.name.label("operator"),
            Operator.kind.label("operator_kind"),
            newest.row.day.label("counted_on"),
            *_figures_in(newest.row, only),
        )
        .join(Commune, Commune.code == Market.commune_code)
        .join(Province, Province.code == Commune.province_code)
        .outerjoin(MarketOperator, runs_it)
        .outerjoin(Operator, Operator.id == MarketOperator.operator_id)
        .outerjoin(newest.row, newest.condition)
        .where(choice.area(), market_condition(actor, permission), coverage.is_open(on), runs_asked)
        .order_by(Market.sort_key, Market.id)
    )


def _figures_in(row: Any, only: Denominator | None) -> list[ColumnElement[int]]:
    """The figures of a joined row of counts, in the order of Counts."""
    return [getattr(row, name) for name in (names_of(only) if only else FIGURE_NAMES)]


def _counts_on(
    on: date, markets: ColumnElement[bool], only: Denominator | None
) -> dict[int, Counts]:
    newest = newest_counts(on)
    query = (
        select(Market.id, *_figures_in(newest.row, only))
        .join(newest.row, newest.condition)
        .where(markets, coverage.is_open(on))
    )
    return {row[0]: Counts(tuple(row[1:]), only) for row in plain_rows(db.session(), query)}


def _line(
    row: Any, on: date, earlier: Mapping[int, Counts], aims: AimsOfMarkets, only: Denominator | None
) -> MarketLine:
    """The line of a row of `_query`: of open markets, so those that began are running."""
    # By place, not by name: there are thousands of rows, and each name is looked up.
    id, code, name, search, key, commune_code, market_class, trade, since, fees_since = row[:10]
    commune, province_code, province, operator_id, operator, operator_kind, counted_on = row[10:17]
    return MarketLine(
        id=id,
        code=code,
        name=name,
        search=search,
        sort_key=key,
        province_code=province_code,
        province=province,
        commune_code=commune_code,
        commune=commune,
        market_class=market_class,
        trade=trade,
        programme_start=since,
        has_cashless_fees=fees_since is not None and fees_since <= on,
        is_running=since is not None and since <= on,
        operator_id=operator_id,
        operator=operator,
        operator_kind=operator_kind,
        counts=None if counted_on is None else Counts(row[17:], only),
        before=earlier.get(id),
        aim=aims.find(id, commune_code, province_code),
    )
