"""Markets: the list, the day's page of one market, entering, changing, closing."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.errors import Invalid
from market.domain.market_classes import class_by_points, is_class_doubtful
from market.domain.markets import MarketClass, MarketState, MarketTrade
from market.domain.roles import Permission
from market.domain.shares import format_change_vi
from market.extensions import db
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.query import find_member
from market.http.security import current_actor, requires
from market.models.market import Market
from market.schemas.markets import (
    ChangeMarket,
    ChangeOperator,
    CloseMarket,
    NewMarket,
    ReopenMarket,
)
from market.services import (
    area_search,
    market_closures,
    market_lists,
    markets,
    operators,
    today,
)
from market.services.area_search import FoundCommune
from market.services.market_lists import MarketFilter
from market.services.markets import MarketValues
from market.web import next_steps
from market.web.frame import open_market
from market.web.links import reachable

LONGEST_SEARCH = 100
# Pages of other features that the day's page links to.
LINKED = ("coverage.market", "accounts.index", "incidents.index", "imports.index")

bp = Blueprint("markets", __name__, url_prefix="/markets")


@bp.get("")
@requires(Permission.READ_REGISTRY)
def index() -> ResponseReturnValue:
    """The markets within the user's reach."""
    chosen = _filter()
    return render_template(
        "markets/index.html",
        page=market_lists.page_of(current_actor(), chosen, page_number()),
        chosen=chosen,
        classes=tuple(MarketClass),
        states=tuple(MarketState),
    )


@bp.get("/new")
@requires(Permission.MANAGE_MARKETS)
def new() -> ResponseReturnValue:
    """The form for a market."""
    fresh = {"trade": MarketTrade.RETAIL, "market_class": MarketClass.UNCLASSIFIED}
    return _form(None, values=fresh)


@bp.post("")
@requires(Permission.MANAGE_MARKETS)
def create() -> ResponseReturnValue:
    """Enter a market."""
    try:
        values = _values(load_form(NewMarket()))
        market = markets.create_market(values, actor=current_actor())
    except Invalid as refused:
        return _form(None, values=request.form, refused=refused), 422
    db.session.commit()
    flash(_("Đã thêm %(name)s. Bước tiếp theo: nhập danh sách điểm kinh doanh.", name=market.name))
    return _to(market)


@bp.get("/<market_code>")
@requires(Permission.READ_REGISTRY)
def show(market_code: str) -> ResponseReturnValue:
    """The market today: its share, what waits, what to do next."""
    market = open_market(market_code, Permission.READ_REGISTRY)
    found = today.gather(market, actor=current_actor())
    return render_template(
        "markets/show.html",
        today=found,
        change=format_change_vi(found.share.change) if found.share else "",
        steps=next_steps.list_links(found, market),
        pages={name: reachable(name, market_code=market.code) for name in LINKED},
        operators=markets.list_operators(market),
        closures=market_closures.list_closures(market),
    )


@bp.get("/<market_code>/edit")
@requires(Permission.WRITE_REGISTRY)
def edit(market_code: str) -> ResponseReturnValue:
    """The form for changing a market, who runs it, and closing it."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    return _form(market, values=_known(market))


@bp.post("/<market_code>/edit")
@requires(Permission.WRITE_REGISTRY)
def change(market_code: str) -> ResponseReturnValue:
    """Change a market."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    try:
        asked = load_form(ChangeMarket())
        version = asked.pop("version")
        values = _values({**asked, "code": market.code}, market)
        markets.change_market(market, values, version=version, actor=current_actor())
    except Invalid as refused:
        return _form(market, values=request.form, refused=refused), 422
    db.session.commit()
    flash(_("Đã lưu %(name)s.", name=market.name))
    return _to(market)


@bp.post("/<market_code>/operator")
@requires(Permission.MANAGE_MARKETS)
def change_operator(market_code: str) -> ResponseReturnValue:
    """Record who runs the market from a day on."""
    market = open_market(market_code, Permission.MANAGE_MARKETS)
    try:
        asked = load_form(ChangeOperator())
        operator = operators.get_operator(asked["operator_id"], actor=current_actor())
        markets.change_operator(market, operator, on=asked["from_day"], actor=current_actor())
    except Invalid as refused:
        return _form(market, values=_known(market), refused=refused), 422
    db.session.commit()
    flash(_("Đã ghi %(name)s quản lý chợ.", name=operator.name))
    return redirect(url_for("markets.edit", market_code=market.code))


@bp.post("/<market_code>/close")
@requires(Permission.MANAGE_MARKETS)
def close(market_code: str) -> ResponseReturnValue:
    """Close a market from a day on."""
    market = open_market(market_code, Permission.MANAGE_MARKETS)
    try:
        asked = load_form(CloseMarket())
        market_closures.close_market(
            market, on=asked["closed_on"], version=asked["version"], actor=current_actor()
        )
    except Invalid as refused:
        return _form(market, values=_known(market) | request.form.to_dict(), refused=refused), 422
    db.session.commit()
    flash(_("Đã đóng %(name)s.", name=market.name))
    return _to(market)


@bp.post("/<market_code>/reopen")
@requires(Permission.MANAGE_MARKETS)
def reopen(market_code: str) -> ResponseReturnValue:
    """Let a closed market count again from a day on."""
    market = open_market(market_code, Permission.MANAGE_MARKETS)
    try:
        asked = load_form(ReopenMarket())
        market_closures.reopen_market(
            market, on=asked["reopened_on"], version=asked["version"], actor=current_actor()
        )
    except Invalid as refused:
        return _form(market, values=_known(market) | request.form.to_dict(), refused=refused), 422
    db.session.commit()
    flash(_("Đã mở lại %(name)s.", name=market.name))
    return _to(market)


def _filter() -> MarketFilter:
    """The filters of the address; open markets where nothing is said of the state."""
    return MarketFilter(
        search=request.args.get("q", "")[:LONGEST_SEARCH],
        market_class=find_member("class", MarketClass),
        state=find_member("state", MarketState) or MarketState.OPEN,
        is_running={"yes": True, "no": False}.get(request.args.get("running", "")),
    )


def _values(asked: dict[str, Any], market: Market | None = None) -> MarketValues:
    """What was sent, with the commune that was meant; a board leaves it as it is."""
    written, choice = asked.pop("commune"), asked.pop("commune_code")
    shown_for = asked.pop("commune_asked")
    if written is None and market is not None:
        return MarketValues(commune_code=market.commune_code, **asked)
    if choice is None or shown_for != written:
        near = operators.managed_provinces(current_actor()) or frozenset()
        choice = area_search.resolve_commune(written or "", near=near)
    return MarketValues(commune_code=choice, **asked)


def _known(market: Market) -> dict[str, Any]:
    names = (name for name in MarketValues.__dataclass_fields__ if name != "commune_code")
    commune = market.commune.name
    place = {
        "commune": commune,
        "commune_asked": commune,
        "commune_code": market.commune_code,
    }
    return {**{name: getattr(market, name) for name in names}, **place}


def _form(market: Market | None, *, values: Any, refused: Invalid | None = None) -> str:
    problems = problems_of(refused)
    actor = current_actor()
    manages = market is None or markets.may_manage(market, actor=actor)
    points = market_lists.count_points(market, on=actor.today) if market else 0
    return render_template(
        "markets/form.html",
        edited=market,
        values=values,
        manages=manages,
        today=actor.today,
        found=_communes(values) if manages else (),
        trades=[(each.value, each.label) for each in MarketTrade],
        classes=[(each.value, each.label) for each in MarketClass],
        points=points,
        is_doubtful=market is not None and is_class_doubtful(market.market_class, points),
        fitting_class=class_by_points(points),
        branding_url=reachable("branding.of_market", market_code=market.code) if market else None,
        history_rows=markets.list_operators(market) if market else (),
        operators=_operators(market) if market and manages else (),
        closures=market_closures.list_closures(market) if market else (),
        problems=problems,
        errors=errors_by_field(problems),
    )


def _communes(values: Any) -> list[FoundCommune]:
    """What fits the words typed; while they are those of the choice, only what was chosen."""
    near = operators.managed_provinces(current_actor()) or frozenset()
    written, choice = values.get("commune") or "", values.get("commune_code")
    found = area_search.search_communes(written, near=near)
    if written != values.get("commune_asked"):
        return found
    return [each for each in found if each.code == choice] or found


def _operators(market: Market) -> list[tuple[int, str]]:
    province_code = market.commune.province_code
    return [(row.id, row.name) for row in operators.list_of_province(province_code)]


def _to(market: Market) -> ResponseReturnValue:
    return redirect(url_for("markets.show", market_code=market.code))
