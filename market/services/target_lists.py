"""Targets of a province with how far they are, and the markets that lag behind theirs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from market.domain.coverage import Denominator
from market.domain.labels import LabelledEnum
from market.domain.roles import Permission
from market.domain.targets import PACE_DAYS, Aim, Place, PlaceKind, Standing, TargetBook
from market.domain.text import sort_key
from market.extensions import db
from market.models.area import Commune, Province
from market.models.market import Market
from market.models.target import Target
from market.services import access, market_lines, recorded_days, target_scope, targets
from market.services.access import Actor, market_condition
from market.services.market_lines import MarketChoice, MarketLine
from market.services.target_book import aim_of

# What targets are measured in; other denominators can be asked for where figures are shown.
DENOMINATOR = Denominator.A
area_of_commune, area_of_market = aliased(Commune), aliased(Commune)


class TargetState(LabelledEnum):
    """Whether a target decides on the day."""

    IN_FORCE = "in_force", "Đang áp dụng"
    COMING = "coming", "Chưa bắt đầu"
    PAST = "past", "Không còn áp dụng"


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A target with its place in words; `standing` where it is in force and may be told."""

    target: Target
    aim: Aim
    code: str
    name: str
    sort_key: str
    state: TargetState
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class ProvinceTargets:
    """Targets in a province on a day; `lines` are the markets of the actor's."""

    on: date
    rows: Sequence[TargetRow]
    lines: Sequence[MarketLine]

    @property
    def measured(self) -> list[MarketLine]:
        """The markets for which a target holds and something is counted."""
        return [line for line in self.lines if self._has_gap(line)]

    def behind(self, choice: MarketChoice) -> list[MarketLine]:
        """The chosen markets below the line of the day, the farthest below first."""
        found = [
            (standing.gap, line.sort_key, line)
            for line in self.lines
            if choice.takes(line)
            and (standing := line.standing(self.on, DENOMINATOR)) is not None
            and standing.gap is not None
            and not standing.is_reached
        ]
        return [line for _gap, _name, line in sorted(found, key=lambda each: (-each[0], each[1]))]

    def _has_gap(self, line: MarketLine) -> bool:
        standing = line.standing(self.on, DENOMINATOR)
        return standing is not None and standing.gap is not None


def of_province(province_code: str, *, on: date, actor: Actor) -> ProvinceTargets:
    """Every target in the province that the actor reads, by place; at most eight queries.

    The gain of the last weeks is taken over markets open on both days. Raises Invalid for
    a day to come or before the first record.
    """
    _check_day(MarketChoice(province_code=province_code), on, actor)
    return _of_province(province_code, on, actor)


def list_everywhere(*, on: date, actor: Actor) -> list[TargetRow]:
    """Every target that the actor reads, province by province.

    Raises Invalid for a day to come or before the first record of all of them.
    """
    _check_day(MarketChoice(), on, actor)
    return [row for code in _province_codes(actor) for row in _of_province(code, on, actor).rows]


def _check_day(area: MarketChoice, on: date, actor: Actor) -> None:
    own = and_(area.area(), market_condition(actor, Permission.READ_REPORTS))
    recorded_days.check_day(own, on, today=actor.today)


def _of_province(province_code: str, on: date, actor: Actor) -> ProvinceTargets:
    lines = market_lines.list_lines(
        actor,
        on,
        choice=MarketChoice(province_code=province_code),
        before=on - timedelta(days=PACE_DAYS),
    )
    found = _found(province_code, actor)
    book = TargetBook(row.aim for row in found)
    is_whole = access.covers_province(
        province_code, actor=actor, permission=Permission.READ_REPORTS
    )
    rows = [
        replace(row, state=state, standing=_standing(row.aim, lines, on, is_whole=is_whole))
        if (state := _state(row.aim, book, on)) is TargetState.IN_FORCE
        else replace(row, state=state)
        for row in found
    ]
    return ProvinceTargets(on, sorted(rows, key=_order), lines)


def get_row(target: Target, *, on: date, actor: Actor) -> TargetRow:
    """One target as the list of its province shows it; its place must be loaded."""
    found = of_province(targets.province_of(target), on=on, actor=actor)
    return next(row for row in found.rows if row.target.id == target.id)


def _province_codes(actor: Actor) -> list[str]:
    """Of the provinces with targets that the actor reads."""
    lies_in = func.coalesce(
        Target.province_code, area_of_commune.province_code, area_of_market.province_code
    )
    codes = db.session.scalars(
        select(lies_in)
        .select_from(Target)
        .outerjoin(area_of_commune, area_of_commune.code == Target.commune_code)
        .outerjoin(Market, Market.id == Target.market_id)
        .outerjoin(area_of_market, area_of_market.code == Market.commune_code)
        .where(target_scope.in_sight(actor))
        .distinct()
    )
    return sorted(codes)


def chosen(
    rows: Iterable[TargetRow], *, kind: PlaceKind | None, state: TargetState | None
) -> list[TargetRow]:
    """The rows of a kind of place and a state; those that are past only where asked for."""
    return [
        row
        for row in rows
        if (kind is None or row.aim.place.kind is kind)
        and (row.state is state if state else row.state is not TargetState.PAST)
    ]


def _found(province_code: str, actor: Actor) -> list[TargetRow]:
    rows = db.session.execute(
        select(
            Target,
            Market.code.label("market_code"),
            Market.name.label("market"),
            Commune.name.label("commune"),
            Province.name.label("province"),
        )
        .outerjoin(Market, Market.id == Target.market_id)
        .outerjoin(Commune, Commune.code == Target.commune_code)
        .outerjoin(Province, Province.code == Target.province_code)
        .where(target_scope.in_province(province_code), target_scope.in_sight(actor))
        .order_by(Target.from_day.desc(), Target.id.desc())
    )
    return [_row(row) for row in rows]


def _row(row: Any) -> TargetRow:
    target: Target = row.Target
    name = row.market or row.commune or row.province
    code = row.market_code or target.commune_code or target.province_code or ""
    return TargetRow(target, aim_of(target), code, name, sort_key(name), TargetState.PAST, None)


def _state(aim: Aim, book: TargetBook, on: date) -> TargetState:
    if aim.has_ever_held and aim.line.from_day > on:
        return TargetState.COMING
    in_force = book.find([aim.place], on)
    is_in_force = in_force is not None and in_force.id == aim.id
    return TargetState.IN_FORCE if is_in_force else TargetState.PAST


def _standing(
    aim: Aim, lines: Sequence[MarketLine], on: date, *, is_whole: bool
) -> Standing | None:
    """Of a market, or of an area whose markets are all the actor's to read."""
    if aim.place.kind is not PlaceKind.MARKET and not is_whole:
        return None
    own = [line for line in lines if _lies_in(line, aim.place)]
    now = market_lines.pooled_share(own, DENOMINATOR, aim.unit)
    before = sum(line.ladder_before(DENOMINATOR, aim.unit).accepting for line in own)
    return Standing(aim, on, now, now.numerator - before)


def _lies_in(line: MarketLine, place: Place) -> bool:
    match place.kind:
        case PlaceKind.MARKET:
            return str(line.id) == place.key
        case PlaceKind.COMMUNE:
            return line.commune_code == place.key
        case PlaceKind.PROVINCE:
            return line.province_code == place.key


def _order(row: TargetRow) -> tuple[int, str, str]:
    """Wider places first, then by name; a place's newest target stays first."""
    return list(PlaceKind).index(row.aim.place.kind), row.sort_key, row.code
