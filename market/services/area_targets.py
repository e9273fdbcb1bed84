"""The target of exactly those markets that a page or a report shows, and how they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import aliased

from market.domain.coverage import Denominator, Unit
from market.domain.roles import Permission
from market.domain.shares import Share
from market.domain.targets import PACE_DAYS, Aim, Place, PlaceKind, Standing, TargetBook
from market.extensions import db
from market.models.area import Commune
from market.models.coverage import CoverageDay
from market.models.market import Market
from market.models.target import Target
from market.services import access, coverage, target_book
from market.services.access import Actor
from market.services.area_coverage import AreaCoverage, MarketCoverage
from market.services.market_lines import MarketChoice, MarketLine

UNITS = tuple(Unit)


@dataclass(frozen=True, slots=True)
class Aimed:
    """How some markets stand on a day, and what their target was on any other."""

    standing: Standing | None
    book: TargetBook
    places: Sequence[Place]

    def percents_on(self, days: Sequence[date]) -> Mapping[date, Fraction]:
        """The target of each day that had one, counted as that of the last day is."""
        unit = None if self.standing is None else self.standing.aim.unit
        aims = {day: self.book.find(self.places, day) for day in days}
        return {
            day: percent
            for day, aim in aims.items()
            if aim is not None and aim.unit is unit and (percent := aim.percent_on(day)) is not None
        }


def percents_of(
    aimed: Aimed | None, found: AreaCoverage | MarketCoverage
) -> Mapping[date, Fraction]:
    """The target of each day of a trend, where the trend counts what the target counts."""
    standing = None if aimed is None else aimed.standing
    if aimed is None or standing is None or standing.aim.unit is not found.question.unit:
        return {}
    return aimed.percents_on([each.day for each in found.trend])


def of_market(market: Market, on: date, denominator: Denominator = Denominator.A) -> Aimed:
    """A market against its target, else its commune's or province's.

    One query where the market's commune is loaded, else two.
    """
    commune = db.session.get_one(Commune, market.commune_code)
    places = target_book.places_of_market(market.id, commune.code, commune.province_code)
    now, before = aliased(CoverageDay), aliased(CoverageDay)
    rows = db.session.execute(
        select(
            Target,
            _is_open(market, on),
            *_figures(now, denominator),
            *_figures(before, denominator),
        )
        .select_from(Target)
        .outerjoin(now, _is_row_of(now, market, on))
        .outerjoin(before, _is_row_of(before, market, on - timedelta(days=PACE_DAYS)))
        .where(target_book.of_places(places), Target.from_day <= on)
    ).all()
    book = TargetBook(target_book.aim_of(row[0]) for row in rows)
    aim = book.find(places, on)
    # Every row carries the same facts of the market beside its target.
    if aim is None or not rows[0][1]:
        return Aimed(None, book, places)
    figures = [figure or 0 for figure in rows[0][2:]]
    at = 2 * UNITS.index(aim.unit)
    accepting, counted, accepted = figures[at], figures[at + 1], figures[at + 2 * len(UNITS)]
    return Aimed(Standing(aim, on, Share(accepting, counted), accepting - accepted), book, places)


def _figures(table: type[CoverageDay], denominator: Denominator) -> list[Any]:
    """How many accept and how many are counted, for each unit in turn."""
    prefix = denominator.value.lower()
    return [
        getattr(table, f"{prefix}_{unit}_{name}")
        for unit in UNITS
        for name in ("accepting", "counted")
    ]


def _is_row_of(table: type[CoverageDay], market: Market, on: date) -> ColumnElement[bool]:
    """That a row holds the market's figures of the day, if the market is there on it."""
    other = aliased(CoverageDay)
    newest = select(func.max(other.day)).where(other.market_id == market.id, other.day <= on)
    is_newest = table.day == newest.scalar_subquery()
    return and_(table.market_id == market.id, is_newest, _is_open(market, on))


def _is_open(market: Market, on: date) -> ColumnElement[bool]:
    return exists().where(Market.id == market.id, coverage.is_open(on))


def of_choice(
    choice: MarketChoice,
    lines: Sequence[MarketLine],
    on: date,
    denominator: Denominator = Denominator.A,
    *,
    actor: Actor,
) -> Aimed | None:
    """The chosen markets against the target of the area they make up; two queries.

    None for markets that are only some of an area, or of several provinces: no target was
    set for these.
    """
    places = _places(choice, lines, actor)
    return _aimed(places, choice.area(), on, denominator) if places else None


def find_aim(
    choice: MarketChoice, lines: Sequence[MarketLine], on: date, *, actor: Actor
) -> Aim | None:
    """The target alone that `of_choice` measures the markets by; one query."""
    places = _places(choice, lines, actor)
    return target_book.load_places(places, until=on).find(places, on) if places else None


def _aimed(
    places: Sequence[Place], markets: ColumnElement[bool], on: date, denominator: Denominator
) -> Aimed:
    book = target_book.load_places(places, until=on)
    aim = book.find(places, on)
    if aim is None:
        return Aimed(None, book, places)
    days = [on - timedelta(days=PACE_DAYS), on]
    ladders = coverage.ladders_of_days(days, denominator, aim.unit, markets=markets)
    before, now = (ladders[day] for day in days)
    return Aimed(Standing(aim, on, now.share(), now.accepting - before.accepting), book, places)


def _places(choice: MarketChoice, lines: Sequence[MarketLine], actor: Actor) -> tuple[Place, ...]:
    area = MarketChoice(choice.province_code, choice.commune_code, choice.market_code)
    provinces = {line.province_code for line in lines}
    if choice != area or len(provinces) != 1:
        return ()
    line = lines[0]
    if choice.market_code is not None:
        return target_book.places_of_market(line.id, line.commune_code, line.province_code)
    if not access.covers_province(
        line.province_code, actor=actor, permission=Permission.READ_REPORTS
    ):
        return ()
    if choice.commune_code is not None:
        return target_book.places_of_commune(line.commune_code, line.province_code)
    return (Place(PlaceKind.PROVINCE, line.province_code),)
