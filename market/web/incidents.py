"""Incidents of a market: what hangs where it should not, and closing them."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.errors import Invalid
from market.domain.roles import Permission
from market.domain.visits import IncidentState
from market.extensions import db
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import problems_of
from market.http.query import find_member
from market.http.security import current_actor, requires
from market.models.market import Market
from market.schemas.visits import CloseIncident
from market.services import incident_lists, incidents
from market.web.frame import open_market

bp = Blueprint("incidents", __name__, url_prefix="/markets/<market_code>/incidents")


@bp.get("")
@requires(Permission.READ_REGISTRY)
def index(market_code: str) -> ResponseReturnValue:
    """The open incidents, or the closed ones."""
    market = open_market(market_code, Permission.READ_REGISTRY)
    actor = current_actor()
    state = find_member("state", IncidentState) or IncidentState.OPEN
    return render_template(
        "incidents/index.html",
        page=incident_lists.page_of(market, state, page_number(), actor=actor),
        state=state,
        counts=incidents.count(market, actor=actor),
    )


@bp.get("/<int:incident_id>")
@requires(Permission.READ_REGISTRY)
def show(market_code: str, incident_id: int) -> ResponseReturnValue:
    """One incident, and what to do about it."""
    return _page(open_market(market_code, Permission.READ_REGISTRY), incident_id)


@bp.post("/<int:incident_id>/closure")
@requires(Permission.WRITE_REGISTRY)
def close(market_code: str, incident_id: int) -> ResponseReturnValue:
    """Close an incident with what was done."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    try:
        resolution = load_form(CloseIncident())["resolution"]
        incidents.close(incident_id, resolution, market=market, actor=current_actor())
    except Invalid as refused:
        return _page(market, incident_id, refused), 422
    db.session.commit()
    flash(_("Đã đóng sự cố."))
    return redirect(url_for("incidents.index", market_code=market_code))


def _page(market: Market, incident_id: int, refused: Invalid | None = None) -> str:
    return render_template(
        "incidents/show.html",
        row=incident_lists.get_row(market, incident_id, actor=current_actor()),
        problems=problems_of(refused),
        resolution=request.form.get("resolution", ""),
    )
