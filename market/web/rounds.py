"""Rounds of a market: who was not seen lately, and writing down what was seen."""

from typing import Any
from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.errors import Invalid
from market.domain.roles import Permission
from market.domain.visits import NonAcceptReason, VisitResult
from market.extensions import db
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.query import find_id
from market.http.security import current_actor, requires
from market.models.market import Market
from market.models.stall import Stall
from market.models.visit import Visit
from market.schemas.visits import RecordVisit
from market.services import access, hanging, incidents, rounds, visits
from market.services.rounds import DAYS_OFFERED, USUAL_DAYS
from market.services.visits import RESULTS_BY_HAND, VisitValues
from market.web.frame import open_market

bp = Blueprint("rounds", __name__, url_prefix="/markets/<market_code>")


@bp.get("/visits")
@requires(Permission.RECORD_VISITS)
def index(market_code: str) -> ResponseReturnValue:
    """How far each section has been walked, and which stalls are due."""
    market = open_market(market_code, Permission.RECORD_VISITS)
    actor, days = current_actor(), _days()
    section_id = find_id("section")
    return render_template(
        "rounds/index.html",
        progress=rounds.progress(market, days=days, actor=actor),
        page=rounds.due_page(market, page_number(), days=days, section_id=section_id, actor=actor),
        days=days,
        days_offered=DAYS_OFFERED,
        section_id=section_id,
        incidents=incidents.count(market, actor=actor),
    )


@bp.get("/stalls/<int:stall_id>/visits/new")
@requires(Permission.RECORD_VISITS)
def new(market_code: str, stall_id: int) -> ResponseReturnValue:
    """The form for what was seen at a stall."""
    market = open_market(market_code, Permission.RECORD_VISITS)
    return _form(market, _stall(market, stall_id), values={"uuid": uuid4()})


@bp.post("/stalls/<int:stall_id>/visits")
@requires(Permission.RECORD_VISITS)
def record(market_code: str, stall_id: int) -> ResponseReturnValue:
    """Keep what was seen."""
    market = open_market(market_code, Permission.RECORD_VISITS)
    stall = _stall(market, stall_id)
    try:
        visit = visits.record_visit(
            stall, values=_values(load_form(RecordVisit())), actor=current_actor()
        )
    except Invalid as refused:
        return _form(market, stall, values=request.form, refused=refused), 422
    db.session.commit()
    _tell(visit)
    if visit.result in incidents.OPENING:
        return redirect(url_for("incidents.index", market_code=market_code))
    section = stall.section_id
    return redirect(url_for("rounds.index", market_code=market_code, section=section))


def _days() -> int:
    asked = find_id("days")
    return asked if asked in DAYS_OFFERED else USUAL_DAYS


def _stall(market: Market, stall_id: int) -> Stall:
    return access.get_stall(
        market, stall_id, actor=current_actor(), permission=Permission.RECORD_VISITS
    )


def _values(asked: dict[str, Any]) -> VisitValues:
    uuid, day = str(asked.pop("uuid")), asked.pop("day")
    return VisitValues(uuid=uuid, phone_at=visits.moment_of(day, current_actor()), **asked)


def _form(market: Market, stall: Stall, *, values: Any, refused: Invalid | None = None) -> str:
    problems = problems_of(refused)
    actor = current_actor()
    return render_template(
        "rounds/form.html",
        stall=stall,
        tenancies=visits.list_tenancies(stall, actor.today),
        last=visits.find_last(stall),
        today=actor.today,
        results=[(result, result.label) for result in RESULTS_BY_HAND],
        reasons=[(reason, reason.label) for reason in NonAcceptReason],
        values=values,
        problems=problems,
        errors=errors_by_field(problems),
    )


def _tell(visit: Visit) -> None:
    """What the visit found, in a sentence with the next thing to do."""
    if visit.result is VisitResult.MATCH and hanging.saw_void(visit):
        flash(_("Đã ghi: đúng tài khoản của hộ, nhưng tem này đã hủy. Hãy gỡ xuống."), "warning")
        return
    told = {
        VisitResult.MATCH: _("Đã ghi: đúng mã của hộ."),
        VisitResult.OLD_ACCOUNT: _("Đã ghi: mã của tài khoản cũ. Hãy gỡ xuống và treo tem mới."),
        VisitResult.OTHER_ACCOUNT: _("Mã này trả tiền cho người khác. Đã mở sự cố."),
        VisitResult.UNKNOWN_CODE: _("Không nhận ra mã này trả cho ai. Đã mở sự cố."),
        VisitResult.MISSING: _("Đã ghi: không có mã."),
        VisitResult.UNREADABLE: _("Đã ghi: không đọc được mã."),
        VisitResult.STALL_SHUT: _("Đã ghi: điểm đóng cửa."),
    }
    kinds = {VisitResult.MATCH: "success", VisitResult.OLD_ACCOUNT: "warning"}
    is_incident = visit.result in incidents.OPENING
    flash(told[visit.result], "error" if is_incident else kinds.get(visit.result, "info"))
