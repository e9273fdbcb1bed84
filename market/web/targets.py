"""Targets: who is to reach what by when, how far each is, and which markets lag behind."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, TypeVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.coverage import Unit
from market.domain.errors import Forbidden, Invalid
from market.domain.pages import PER_PAGE, Page
from market.domain.roles import Permission
from market.domain.targets import PlaceKind
from market.extensions import db
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.query import asked_member
from market.http.security import current_actor, requires
from market.models.target import Target
from market.schemas.targets import ChangeTarget, EndTarget, NewTarget
from market.services import (
    access,
    covered_areas,
    target_lists,
    target_places,
    target_scope,
    targets,
)
from market.services.covered_areas import Area, AreaKind
from market.services.target_lists import ProvinceTargets, TargetRow, TargetState
from market.services.targets import TargetValues
from market.web import figures
from market.web.coverage_questions import asked_choice, asked_question
from market.web.filters import vi_share

bp = Blueprint("targets", __name__)
Row = TypeVar("Row")


@bp.get("/targets")
@requires(Permission.READ_REPORTS)
def index() -> ResponseReturnValue:
    """The provinces; straight to the only one."""
    provinces = target_places.list_provinces(current_actor())
    if len(provinces) == 1:
        address = url_for("targets.province", province_code=provinces[0].code)
        query = request.query_string.decode("ascii", "ignore")
        return redirect(f"{address}?{query}" if query else address)
    return render_template("targets/index.html", provinces=provinces)


@bp.get("/provinces/<province_code>/targets")
@requires(Permission.READ_REPORTS)
def province(province_code: str) -> ResponseReturnValue:
    """The targets in a province and how far each is."""
    area = covered_areas.get_province(province_code, actor=current_actor())
    try:
        found = _asked(area)
        rows = chosen_rows(found)
    except Invalid as refused:
        return _refused("targets/province.html", area, refused), 422
    return render_template(
        "targets/province.html",
        **_frame(area, found),
        page=_page_of(rows),
        kind=asked_kind(),
        state=asked_state(),
        place_kinds=tuple(PlaceKind),
        states=tuple(TargetState),
    )


@bp.get("/provinces/<province_code>/targets/behind")
@requires(Permission.READ_REPORTS)
def behind(province_code: str) -> ResponseReturnValue:
    """The markets below the line of the day, the farthest below first."""
    area = covered_areas.get_province(province_code, actor=current_actor())
    try:
        found = _asked(area)
        choice = asked_choice(area.markets, asked_question())
    except Invalid as refused:
        return _refused("targets/behind.html", area, refused), 422
    return render_template(
        "targets/behind.html",
        **_frame(area, found),
        page=_page_of(found.behind(choice)),
        choice=choice,
        facets=figures.facets_of(found.behind(area.markets), AreaKind.PROVINCE),
        denominator=target_lists.DENOMINATOR,
    )


@bp.get("/provinces/<province_code>/targets/new")
@requires(Permission.SET_TARGETS)
def new(province_code: str) -> ResponseReturnValue:
    """The form for a target."""
    area = _settable(province_code)
    year = current_actor().today.year
    values = {
        "place": request.args.get("place", ""),
        "from_day": f"{year}-01-01",
        "to_day": f"{year}-12-31",
        "unit": Unit.MERCHANTS,
    }
    return _new_form(area, values)


@bp.post("/provinces/<province_code>/targets")
@requires(Permission.SET_TARGETS)
def create(province_code: str) -> ResponseReturnValue:
    """Set a target."""
    area, actor = _settable(province_code), current_actor()
    try:
        asked = load_form(NewTarget())
        kind, code = asked.pop("place")
        place = target_scope.get_place(kind, code, actor=actor)
        target = targets.set_target(place, TargetValues(**asked), actor=actor)
    except Invalid as refused:
        return _new_form(area, request.form, refused), 422
    db.session.commit()
    flash(_("Đã đặt chỉ tiêu."))
    return redirect(url_for("targets.show", target_id=target.id))


@bp.get("/targets/<int:target_id>")
@requires(Permission.READ_REPORTS)
def show(target_id: int) -> ResponseReturnValue:
    """A target, how far it is, what was in force before, and the forms to change and end it."""
    target = targets.get_target(target_id, actor=current_actor())
    return _target_page(target)


@bp.post("/targets/<int:target_id>/change")
@requires(Permission.SET_TARGETS)
def change(target_id: int) -> ResponseReturnValue:
    """Put another target in its place."""
    actor = current_actor()
    target = targets.get_target(target_id, actor=actor, to_set=True)
    try:
        asked = load_form(ChangeTarget())
        version = asked.pop("version")
        new = targets.change_target(target, TargetValues(**asked), version=version, actor=actor)
    except Invalid as refused:
        return _target_page(target, values=request.form, refused=refused), 422
    db.session.commit()
    flash(_("Đã đổi chỉ tiêu. Chỉ tiêu cũ vẫn tính cho những ngày trước đó."))
    return redirect(url_for("targets.show", target_id=new.id))


@bp.post("/targets/<int:target_id>/end")
@requires(Permission.SET_TARGETS)
def end(target_id: int) -> ResponseReturnValue:
    """End a target."""
    actor = current_actor()
    target = targets.get_target(target_id, actor=actor, to_set=True)
    try:
        asked = load_form(EndTarget())
        targets.end_target(target, on=asked["ended_on"], version=asked["version"], actor=actor)
    except Invalid as refused:
        return _target_page(target, refused=refused), 422
    db.session.commit()
    flash(_("Đã kết thúc chỉ tiêu."))
    return redirect(url_for("targets.show", target_id=target.id))


def chosen_rows(found: ProvinceTargets) -> list[TargetRow]:
    """The rows that the filters leave; raises Invalid for a filter that is none."""
    return target_lists.chosen(found.rows, kind=asked_kind(), state=asked_state())


def asked_kind() -> PlaceKind | None:
    """Targets of which kind of place; raises Invalid for one that is none."""
    return asked_member("kind", PlaceKind, "Cấp")


def asked_state() -> TargetState | None:
    """Targets in which state; raises Invalid for one that is none."""
    return asked_member("state", TargetState, "Tình trạng")


def _asked(area: Area) -> ProvinceTargets:
    return target_lists.of_province(area.code, on=asked_question().as_of, actor=current_actor())


def _frame(area: Area, found: ProvinceTargets | None) -> dict[str, Any]:
    """What both pages of a province show."""
    everything = () if found is None else found.behind(area.markets)
    return {
        "area": area,
        "found": found,
        "errors": {},
        "kept": [(name, request.args[name]) for name in ("kind", "state") if name in request.args],
        "lagging": len(everything),
        "may_set": access.covers_province(
            area.code, actor=current_actor(), permission=Permission.SET_TARGETS
        ),
    }


def _refused(template: str, area: Area, refused: Invalid) -> str:
    frame, problems = _frame(area, None), problems_of(refused)
    faulty = {problem.code for problem in problems}
    known = {
        **frame,
        "problems": problems,
        "written": request.args.get("as_of", "")[:20],
        "kept": [pair for pair in frame["kept"] if pair[0] not in faulty],
        "errors": {} if refused.problems else {"as_of": refused.message},
    }
    return render_template(template, **known)


def _settable(province_code: str) -> Area:
    actor = current_actor()
    area = covered_areas.get_province(province_code, actor=actor)
    if not access.covers_province(area.code, actor=actor, permission=Permission.SET_TARGETS):
        raise Forbidden(target_scope.NOT_YOURS)
    return area


def _new_form(area: Area, values: Mapping[str, Any], refused: Invalid | None = None) -> str:
    problems = problems_of(refused)
    return render_template(
        "targets/form.html",
        area=area,
        values=values,
        places=target_places.list_places(area.code, actor=current_actor()),
        units=_units(),
        problems=problems,
        errors=errors_by_field(problems),
    )


def _target_page(
    target: Target, *, values: Mapping[str, Any] | None = None, refused: Invalid | None = None
) -> str:
    actor, problems = current_actor(), problems_of(refused)
    row = target_lists.get_row(target, on=actor.today, actor=actor)
    province_code = targets.province_of(target)
    return render_template(
        "targets/show.html",
        row=row,
        province=target_places.get_province(province_code),
        history=target_places.list_history(row.aim.place),
        may_set=targets.may_set(target, actor=actor) and target.ended_on is None,
        today=actor.today,
        values=values or _next_values(row, actor.today),
        units=_units(),
        problems=problems,
        errors=errors_by_field(problems),
    )


def _next_values(row: TargetRow, today: date) -> dict[str, Any]:
    """What most changes are: the line bends today."""
    line = row.aim.line
    begins = max(today, line.from_day)
    percent = line.percent_on(begins)
    return {
        "from_day": begins,
        "from_percent": vi_share(percent),
        "to_day": max(line.to_day, begins),
        "to_percent": vi_share(Fraction(line.to_percent)),
        "unit": row.aim.unit,
        "decision": row.target.decision,
    }


def _units() -> list[tuple[str, str]]:
    return [
        (Unit.MERCHANTS.value, _("Hộ kinh doanh")),
        (Unit.STALLS.value, _("Điểm kinh doanh")),
    ]


def _page_of(rows: Sequence[Row]) -> Page[Row]:
    first = (page_number() - 1) * PER_PAGE
    return Page(rows[first : first + PER_PAGE], len(rows), page_number())
