"""Targets: set, changed and ended by the province; what was in force stays on record."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market.domain.calendar import format_day
from market.domain.coverage import Unit
from market.domain.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from market.domain.roles import Permission
from market.domain.shares import TargetLine
from market.domain.targets import HOW_PERCENTS_LOOK, Aim, Place, PlaceKind
from market.domain.text import clean
from market.extensions import db
from market.models.area import Commune, Province
from market.models.market import Market
from market.models.target import Target
from market.services import access, audit, target_scope
from market.services.access import Actor
from market.services.target_book import aim_of, is_of, place_of
from market.services.uniqueness import unique_or
from market.services.versions import check_version

LONGEST_DECISION = 100
NO_TARGET = "Không tìm thấy chỉ tiêu này."
HAS_ENDED = "Chỉ tiêu này đã kết thúc. Hãy đặt chỉ tiêu mới."


@dataclass(frozen=True, slots=True)
class TargetValues:
    """What is entered of a target; `decision` is the document that gave it."""

    from_day: date
    from_percent: Decimal
    to_day: date
    to_percent: Decimal
    unit: Unit = Unit.MERCHANTS
    decision: str | None = None


def get_target(
    target_id: int, *, actor: Actor, to_set: bool = False, place: Place | None = None
) -> Target:
    """A target that the actor reads, or sets; of that place, where one is given.

    Raises NotFound where it does not exist for the actor, Forbidden where it is only theirs
    to read.
    """
    target = db.session.scalar(
        select(Target)
        .where(Target.id == target_id, target_scope.in_sight(actor))
        .options(
            joinedload(Target.province),
            joinedload(Target.commune).joinedload(Commune.province),
            joinedload(Target.market).joinedload(Market.commune).joinedload(Commune.province),
        )
    )
    if target is None or place not in (None, place_of(target)):
        raise NotFound(NO_TARGET)
    if to_set and not may_set(target, actor=actor):
        raise Forbidden(target_scope.NOT_YOURS)
    return target


def may_set(target: Target, *, actor: Actor) -> bool:
    """Whether the actor changes and ends this target; its place must be loaded."""
    return access.covers_province(
        province_of(target), actor=actor, permission=Permission.SET_TARGETS
    )


def province_of(target: Target) -> str:
    """The code of the province in which its place lies; the place must be loaded."""
    if target.market is not None:
        return target.market.commune.province_code
    if target.commune is not None:
        return target.commune.province_code
    return target.province_code or ""


def set_target(place: Place, values: TargetValues, *, actor: Actor) -> Target:
    """Set a target for a place that `target_scope.get_place` gave.

    Raises Invalid where something does not fit, or another target of the place runs on a
    day with it.
    """
    values = _checked(values)
    _lock(place)
    _check_overlaps(_aim(place, values), _list_aims(place))
    return _add(place, values, actor)


def change_target(
    target: Target, values: TargetValues, *, version: int | None, actor: Actor
) -> Target:
    """Put another target in its place from `values.from_day` on; gives the new one.

    What held before that day stays on record and is what figures of those days are
    measured on. Raises Conflict where it was ended, or changed meanwhile.
    """
    values = _checked(values)
    place = place_of(target)
    _lock(place)
    _check_open(target, version)
    ended_on = max(values.from_day, target.from_day)
    others = [aim for aim in _list_aims(place) if aim.id != target.id]
    _check_overlaps(_aim(place, values), [*others, replace(aim_of(target), ended_on=ended_on)])
    target.ended_on = ended_on
    db.session.flush()
    new = _add(place, values, actor, replaces=target)
    _record_end(target, actor, replaced_by=new.id)
    return new


def end_target(target: Target, *, on: date, version: int | None, actor: Actor) -> None:
    """From that day on the target no longer holds; on its first day, it never did.

    Raises Invalid for a day before it began, Conflict where it was ended, or changed
    meanwhile.
    """
    if on < target.from_day:
        message = f"Chỉ tiêu bắt đầu ngày {format_day(target.from_day)}: hãy chọn từ ngày đó."
        raise Invalid(message, (Problem(message, field="ended_on"),))
    _lock(place_of(target))
    _check_open(target, version)
    target.ended_on = on
    db.session.flush()
    _record_end(target, actor)


def _add(
    place: Place, values: TargetValues, actor: Actor, *, replaces: Target | None = None
) -> Target:
    target = Target(**_columns(place), **_facts(values), set_at=actor.at, set_by_id=actor.user_id)
    with unique_or(_overlapping(values.from_day, values.to_day)):
        db.session.add(target)
    told = {**_columns(place), **_facts(values)}
    if replaces is not None:
        told["replaces"] = replaces.id
    audit.record(actor, "create", target, market_id=target.market_id, new=told)
    return target


def _check_open(target: Target, version: int | None) -> None:
    db.session.refresh(target, ["version", "ended_on"])
    check_version(target, version)
    if target.ended_on is not None:
        raise Conflict(HAS_ENDED)


def _record_end(target: Target, actor: Actor, *, replaced_by: int | None = None) -> None:
    told: dict[str, Any] = {"ended_on": target.ended_on}
    if replaced_by is not None:
        told["replaced_by"] = replaced_by
    audit.record(actor, "end", target, market_id=target.market_id, old={"ended_on": None}, new=told)


def _checked(values: TargetValues) -> TargetValues:
    problems = [
        Problem(HOW_PERCENTS_LOOK, field=name)
        for name in ("from_percent", "to_percent")
        if not 0 <= (percent := getattr(values, name)) <= 100 or round(percent, 2) != percent
    ]
    if values.from_day > values.to_day:
        message = "Ngày phải đạt đứng trước ngày bắt đầu. Hãy sửa một trong hai ngày."
        problems.append(Problem(message, field="to_day"))
    if values.from_day == values.to_day and values.from_percent != values.to_percent:
        message = (
            "Ngày bắt đầu cũng là ngày phải đạt nên hai tỷ lệ phải bằng nhau. "
            "Hãy sửa tỷ lệ, hoặc chọn ngày phải đạt muộn hơn."
        )
        problems.append(Problem(message, field="to_percent"))
    decision = clean(values.decision or "") or None
    if decision and len(decision) > LONGEST_DECISION:
        problems.append(Problem(f"Nhiều nhất {LONGEST_DECISION} ký tự.", field="decision"))
    if problems:
        raise Invalid(" ".join(problem.message for problem in problems), tuple(problems))
    return replace(values, decision=decision)


def _list_aims(place: Place) -> list[Aim]:
    return list(map(aim_of, db.session.scalars(select(Target).where(is_of(place)))))


def _aim(place: Place, values: TargetValues) -> Aim:
    line = TargetLine(values.from_day, values.from_percent, values.to_day, values.to_percent)
    return Aim(place, values.unit, line)


def _check_overlaps(aim: Aim, others: Iterable[Aim]) -> None:
    found = next((other for other in others if other.overlaps(aim)), None)
    if found is not None:
        raise _overlapping(found.line.from_day, found.line.to_day)


def _overlapping(from_day: date, to_day: date) -> Invalid:
    message = (
        f"Nơi này đã có chỉ tiêu từ {format_day(from_day)} đến {format_day(to_day)}. "
        "Hãy sửa hoặc kết thúc chỉ tiêu đó, hoặc chọn ngày không trùng."
    )
    return Invalid(message, (Problem(message, "overlap", field="from_day"),))


_COLUMNS = {
    PlaceKind.MARKET: "market_id",
    PlaceKind.COMMUNE: "commune_code",
    PlaceKind.PROVINCE: "province_code",
}
_ROWS = {
    PlaceKind.MARKET: Market.id,
    PlaceKind.COMMUNE: Commune.code,
    PlaceKind.PROVINCE: Province.code,
}


def _key(place: Place) -> int | str:
    return int(place.key) if place.kind is PlaceKind.MARKET else place.key


def _columns(place: Place) -> dict[str, Any]:
    return {_COLUMNS[place.kind]: _key(place)}


def _facts(values: TargetValues) -> dict[str, Any]:
    return {name: getattr(values, name) for name in TargetValues.__dataclass_fields__}


def _lock(place: Place) -> None:
    """Two who set targets of one place at once would each miss the other's."""
    column = _ROWS[place.kind]
    db.session.execute(select(column).where(column == _key(place)).with_for_update(key_share=True))
