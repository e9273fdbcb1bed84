"""The provincial report: one row a market, the period against the period before."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from operator import add

from sqlalchemy import ColumnElement, Select, and_, func, literal, not_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from market.documents.tables import Cell, Row
from market.domain.calendar import (
    ICT,
    check_period,
    period_code,
    period_label,
    previous_period_end,
)
from market.domain.coverage import NOTHING, Counts, Denominator, Ladder, Unit
from market.domain.labels import LabelledEnum, worded
from market.domain.roles import Permission
from market.domain.shares import FILE_PLACES, change_in_points
from market.domain.targets import Aim, Standing
from market.extensions import db
from market.models.market import Market
from market.models.stall import Stall
from market.models.sticker import Sticker
from market.models.visit import Incident
from market.services import area_targets, coverage, frozen_figures, market_lines, recorded_days
from market.services.access import Actor, market_condition
from market.services.frozen_figures import FrozenDay
from market.services.market_lines import MarketChoice, MarketLine


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to `as_of`, both included; compared with the day before `since`."""

    since: date
    as_of: date

    @property
    def before(self) -> date:
        """The day with which the end of the period is compared."""
        return previous_period_end(self.since)

    @property
    def starts_at(self) -> datetime:
        """The first moment of the period."""
        return datetime.combine(self.since, time(), ICT)

    @property
    def ends_at(self) -> datetime:
        """The first moment after the period."""
        return datetime.combine(self.as_of + timedelta(days=1), time(), ICT)

    @property
    def name(self) -> LabelledEnum:
        """The period in words for people, as an interval for programs."""
        return worded(period_code(self.since, self.as_of), period_label(self.since, self.as_of))


def usual_period(as_of: date, since: date | None = None) -> Period:
    """The period up to a day: from the first of its month unless said otherwise.

    Raises Invalid where it ends before it begins.
    """
    period = Period(since or as_of.replace(day=1), as_of)
    check_period(period.since, period.as_of)
    return period


@dataclass(frozen=True, slots=True)
class Activity:
    """What happened in a market within the period."""

    printed: int = 0
    void: int = 0
    incidents: int = 0

    def __add__(self, other: "Activity") -> "Activity":
        return Activity(
            self.printed + other.printed, self.void + other.void, self.incidents + other.incidents
        )


NOTHING_HAPPENED = Activity()


@dataclass(frozen=True, slots=True)
class MarketReport:
    """The figures of a report; rows in the order of MARKET_COLUMNS.

    `before` are the frozen reports that the change is taken against, where there are any.
    """

    period: Period
    denominator: Denominator
    lines: Sequence[MarketLine]
    activity: dict[int, Activity]
    area_before: Ladder
    before: FrozenDay = field(default_factory=FrozenDay)
    area_aim: Aim | None = None

    def rows(self) -> Iterator[Row]:
        """One row a market, by name."""
        name = self.period.name
        for line in self.lines:
            place = (
                name,
                self.period.as_of,
                line.province_code,
                line.province,
                line.commune_code,
                line.commune,
                line.code,
                line.name,
                line.market_class,
                line.trade,
                line.operator_kind,
                line.operator,
                line.programme_start,
            )
            before = line.ladder_before(self.denominator, Unit.MERCHANTS)
            figures = self._figures(line.counts or NOTHING, before, line.has_cashless_fees)
            aimed = self._aimed(line.standing(self.period.as_of, self.denominator))
            happened = self._happened(self.activity.get(line.id, NOTHING_HAPPENED))
            yield (*place, *figures, *aimed, *happened)

    def total_row(self) -> Row:
        """The sums, and the pooled shares: never sums or means of shares."""
        counts = market_lines.pool(self.lines)
        activity = sum(
            (self.activity.get(line.id, NOTHING_HAPPENED) for line in self.lines), NOTHING_HAPPENED
        )
        place: tuple[Cell, ...] = (None,) * 13
        figures = self._figures(counts, self.area_before, None)
        aimed = self._aimed(self._area_standing(counts))
        return (*place, *figures, *aimed, *self._happened(activity))

    def _area_standing(self, counts: Counts) -> Standing | None:
        if self.area_aim is None:
            return None
        share = counts.of(self.denominator).ladder(self.area_aim.unit).share()
        return Standing(self.area_aim, self.period.as_of, share)

    @staticmethod
    def _aimed(standing: Standing | None) -> tuple[Cell, ...]:
        """The target of the day, and the households missing to it: stalls are none of these."""
        if standing is None:
            return None, None
        is_of_merchants = standing.aim.unit is Unit.MERCHANTS
        missing = standing.behind if is_of_merchants else None
        return standing.target_percent(FILE_PLACES), missing

    def _figures(self, counts: Counts, before: Ladder, fees: bool | None) -> tuple[Cell, ...]:
        points, of = counts.points, counts.of(self.denominator)
        merchants, stalls = of.merchants, of.stalls
        return (
            points.total,
            points.trading,
            points.resting,
            points.vacant,
            points.mobile,
            merchants.counted,
            merchants.account,
            merchants.equipped,
            merchants.displayed,
            merchants.accepting,
            merchants.share().percent(FILE_PLACES),
            stalls.accepting,
            stalls.share().percent(FILE_PLACES),
            merchants.in_use,
            change_in_points(merchants.share(), before.share(), FILE_PLACES),
            fees,
        )

    @staticmethod
    def _happened(activity: Activity) -> tuple[Cell, ...]:
        return activity.printed, activity.void, activity.incidents


def market_report(
    actor: Actor,
    period: Period,
    *,
    choice: MarketChoice,
    denominator: Denominator = Denominator.A,
) -> MarketReport:
    """The report on the chosen markets that are the actor's; nine queries.

    What was frozen for the day before the period is what the period is compared with, also
    where today's view of that day differs.

    Raises Invalid for a day to come or before the first record.
    """
    own = and_(choice.area(), market_condition(actor, Permission.READ_REPORTS))
    recorded_days.check_day(own, period.as_of, today=actor.today)
    lines = market_lines.list_lines(actor, period.as_of, choice=choice, before=period.before)
    lines = [line for line in lines if choice.takes(line)]
    chosen = Market.id.in_([line.id for line in lines]) if choice.is_narrowed else own
    frozen = frozen_figures.find_day(period.before, denominator, markets=chosen)
    return MarketReport(
        period=period,
        denominator=denominator,
        lines=[line._replace(before=frozen.figures.get(line.id, line.before)) for line in lines],
        activity=_activity(period, own),
        area_before=_area_before(period.before, denominator, frozen, markets=chosen),
        before=frozen,
        area_aim=area_targets.find_aim(choice, lines, period.as_of, actor=actor),
    )


def _area_before(
    day: date, denominator: Denominator, frozen: FrozenDay, *, markets: ColumnElement[bool]
) -> Ladder:
    """What was reported of provinces with a frozen report, and today's view of the others."""
    counted_now = and_(markets, *(not_(coverage.in_province(code)) for code in frozen.reports))
    now = coverage.ladders_of_days([day], denominator, Unit.MERCHANTS, markets=counted_now)[day]
    then = frozen.total.of(denominator).merchants
    return Ladder(*map(add, now, then))


def _activity(period: Period, markets: ColumnElement[bool]) -> dict[int, Activity]:
    """What happened in each market; one query."""
    happened = union_all(
        _happened_to("printed", Sticker, _of_stickers(Sticker.printed_at, period), markets),
        _happened_to("void", Sticker, _of_stickers(Sticker.void_at, period), markets),
        _happened_to(
            "incidents", Incident, Incident.opened_on.between(period.since, period.as_of), markets
        ),
    ).subquery("happened")
    counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for market_id, name, number in db.session.execute(
        select(happened.c.market_id, happened.c.name, func.count()).group_by(
            happened.c.market_id, happened.c.name
        )
    ):
        counts[market_id][name] = number
    return {market_id: Activity(**each) for market_id, each in counts.items()}


def _of_stickers(
    moment: InstrumentedAttribute[datetime | None], period: Period
) -> ColumnElement[bool]:
    """Stickers that reached paper, of which that moment fell into the period."""
    return and_(
        Sticker.printed_at.is_not(None), moment >= period.starts_at, moment < period.ends_at
    )


def _happened_to(
    name: str,
    entity: type[Sticker] | type[Incident],
    condition: ColumnElement[bool],
    markets: ColumnElement[bool],
) -> Select[tuple[int, str]]:
    return (
        select(Stall.market_id, literal(name).label("name"))
        .select_from(entity)
        .join(Stall, Stall.id == entity.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(markets, condition)
    )
