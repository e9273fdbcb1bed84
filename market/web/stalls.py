"""Stalls of a market: the list, one stall with its history, entering and changing."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.business_lines import BusinessLine
from market.domain.errors import Conflict, DomainError, Invalid
from market.domain.levels import Level
from market.domain.roles import Permission
from market.domain.stalls import Placement, StallState
from market.extensions import db
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.query import find_id, find_member
from market.http.security import current_actor, requires
from market.models.market import Market, Section
from market.models.stall import Stall
from market.schemas.stalls import ChangeStall, ChangeState, CloseStall, NewStall
from market.services import access, directory, sections, stall_lists, stall_page, stalls
from market.services.stall_lists import Missing, StallFilter
from market.services.stall_page import StallPage
from market.services.stalls import StallValues
from market.web.frame import open_market
from market.web.links import reachable

# What both forms of a stall share with the row, besides its section.
PLAIN_FIELDS = ("code", "placement", "form", "area_m2", "line_code", "note")
LONGEST_SEARCH = 100

bp = Blueprint("stalls", __name__, url_prefix="/markets/<market_code>/stalls")


@bp.get("")
@requires(Permission.READ_REGISTRY)
def index(market_code: str) -> ResponseReturnValue:
    """The stalls by code, narrowed down by search and filters."""
    market = open_market(market_code, Permission.READ_REGISTRY)
    lines = list(directory.business_lines())
    chosen = _filter(lines)
    return render_template(
        "stalls/index.html",
        imports_url=reachable("imports.index", market_code=market_code),
        page=stall_lists.page_of(market, chosen, page_number(), actor=current_actor()),
        chosen=chosen,
        sections=sections.list_sections(market, actor=current_actor()),
        lines=lines,
        states=tuple(StallState),
        levels=tuple(Level),
        missing=tuple(Missing),
    )


@bp.get("/new")
@requires(Permission.WRITE_REGISTRY)
def new(market_code: str) -> ResponseReturnValue:
    """The form for a stall."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    fresh = {
        "section": request.args.get("section"),
        "placement": Placement.FIXED,
        "state": StallState.TRADING,
        "since": current_actor().today,
    }
    return _form(market, None, values=fresh)


@bp.post("")
@requires(Permission.WRITE_REGISTRY)
def create(market_code: str) -> ResponseReturnValue:
    """Enter a stall."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    try:
        values = _values(market, load_form(NewStall()))
        stall = stalls.add_stall(market, values=values, actor=current_actor())
    except Invalid as refused:
        return _form(market, None, values=request.form, refused=refused), 422
    db.session.commit()
    flash(_("Đã thêm điểm %(code)s.", code=stall.code))
    return _to(market, stall)


@bp.get("/<int:stall_id>")
@requires(Permission.READ_REGISTRY)
def show(market_code: str, stall_id: int) -> ResponseReturnValue:
    """One stall: facts of today and its history."""
    market = open_market(market_code, Permission.READ_REGISTRY)
    return _page(market, _stall(market, stall_id, Permission.READ_REGISTRY))


@bp.get("/<int:stall_id>/edit")
@requires(Permission.WRITE_REGISTRY)
def edit(market_code: str, stall_id: int) -> ResponseReturnValue:
    """The form for changing a stall."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    stall = _stall(market, stall_id, Permission.WRITE_REGISTRY)
    known = {name: getattr(stall, name) for name in PLAIN_FIELDS}
    return _form(market, stall, values={**known, "section": stall.section_id})


@bp.post("/<int:stall_id>/edit")
@requires(Permission.WRITE_REGISTRY)
def change(market_code: str, stall_id: int) -> ResponseReturnValue:
    """Change a stall."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    stall = _stall(market, stall_id, Permission.WRITE_REGISTRY)
    try:
        asked = load_form(ChangeStall())
        version = asked.pop("version")
        values = _values(market, asked)
        stalls.change_stall(market, stall, values=values, version=version, actor=current_actor())
    except Invalid as refused:
        return _form(market, stall, values=request.form, refused=refused), 422
    db.session.commit()
    flash(_("Đã lưu điểm %(code)s.", code=stall.code))
    return _to(market, stall)


@bp.post("/<int:stall_id>/state")
@requires(Permission.WRITE_REGISTRY)
def change_state(market_code: str, stall_id: int) -> ResponseReturnValue:
    """Record what the stall does from a day on."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    stall = _stall(market, stall_id, Permission.WRITE_REGISTRY)
    try:
        asked = load_form(ChangeState())
        _set_state(stall, asked["state"], asked["on"])
    except (Invalid, Conflict) as refused:
        return _page(market, stall, refused), _status(refused)
    db.session.commit()
    flash(_("Đã ghi tình trạng của điểm %(code)s.", code=stall.code))
    return _to(market, stall)


@bp.post("/<int:stall_id>/close")
@requires(Permission.WRITE_REGISTRY)
def close(market_code: str, stall_id: int) -> ResponseReturnValue:
    """Close a stall that nobody holds any more."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    stall = _stall(market, stall_id, Permission.WRITE_REGISTRY)
    try:
        _set_state(stall, StallState.CLOSED, load_form(CloseStall())["on"])
    except (Invalid, Conflict) as refused:
        return _page(market, stall, refused, is_closing=True), _status(refused)
    db.session.commit()
    flash(_("Đã đóng điểm %(code)s.", code=stall.code))
    return _to(market, stall)


def _stall(market: Market, stall_id: int, permission: Permission) -> Stall:
    return access.get_stall(market, stall_id, actor=current_actor(), permission=permission)


def _set_state(stall: Stall, state: StallState, on: date) -> None:
    stalls.set_state(stall, state, on=on, actor=current_actor())


def _status(refused: DomainError) -> int:
    return 409 if isinstance(refused, Conflict) else 422


def _filter(lines: Sequence[BusinessLine]) -> StallFilter:
    """The filters of the address; what is not one of the choices is left aside."""
    asked_line = request.args.get("line")
    return StallFilter(
        search=request.args.get("q", "")[:LONGEST_SEARCH],
        section_id=find_id("section"),
        line_code=next((line.code for line in lines if line.code == asked_line), None),
        state=find_member("state", StallState),
        level=find_member("level", Level),
        missing=find_member("missing", Missing),
    )


def _values(market: Market, asked: dict[str, Any]) -> StallValues:
    section_id, new_section = asked.pop("section"), asked.pop("new_section")
    return StallValues(section=_section(market, section_id, new_section), **asked)


def _section(market: Market, section_id: int | None, new_name: str | None) -> Section | None:
    if new_name:
        return stalls.get_or_make_section(market, new_name, actor=current_actor())
    return sections.get_section(market, section_id) if section_id else None


def _page(
    market: Market,
    stall: Stall,
    refused: DomainError | None = None,
    *,
    is_closing: bool = False,
) -> str:
    problems = problems_of(refused)
    shown = stall_page.gather(stall, actor=current_actor())
    return render_template(
        "stalls/show.html",
        stall=stall,
        shown=shown,
        links=_links(market, stall, shown),
        today=current_actor().today,
        states=[(each.value, each.label) for each in StallState if each is not StallState.CLOSED],
        written=request.form,
        is_closing=is_closing,
        problems=problems,
        errors=errors_by_field(problems),
    )


def _links(market: Market, stall: Stall, shown: StallPage) -> dict[str, Any]:
    """Where the page leads, as far as this user may go."""
    here = {"market_code": market.code}
    at_stall = {**here, "stall_id": stall.id}
    return {
        "visit": reachable("rounds.new", **at_stall),
        "codes": reachable("foreign_codes.index", **at_stall),
        "new_merchant": reachable("merchants.new", **here, stall=stall.id),
        "sticker": shown.serial and reachable("stickers.show", **here, serial=shown.serial),
        "merchants": {
            tenant.merchant_id: reachable("merchants.show", **here, merchant_id=tenant.merchant_id)
            for tenant in shown.tenants
        },
        "accounts": {
            tenant.account_id: reachable("accounts.show", **here, account_id=tenant.account_id)
            for tenant in shown.tenants
            if tenant.account_id is not None
        },
    }


def _form(
    market: Market, stall: Stall | None, *, values: Any, refused: Invalid | None = None
) -> str:
    problems = problems_of(refused)
    return render_template(
        "stalls/form.html",
        stall=stall,
        values=values,
        sections=[
            (row.id, row.name) for row in sections.list_sections(market, actor=current_actor())
        ],
        lines=[(line.code, line.name) for line in directory.business_lines()],
        placements=[(each.value, each.label) for each in Placement],
        states=[(each.value, each.label) for each in StallState if each is not StallState.CLOSED],
        problems=problems,
        errors=errors_by_field(problems),
    )


def _to(market: Market, stall: Stall) -> ResponseReturnValue:
    return redirect(url_for("stalls.show", market_code=market.code, stall_id=stall.id))
