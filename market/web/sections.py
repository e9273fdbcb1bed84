"""The sections of a market: names, walking order, closing."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.errors import Invalid
from market.domain.roles import Permission
from market.extensions import db
from market.http.forms import load_form
from market.http.problems import errors_by_field, problems_of
from market.http.security import current_actor, requires
from market.models.market import Market
from market.schemas.markets import NameSection, OrderSections
from market.services import sections
from market.web.frame import open_market

bp = Blueprint("sections", __name__, url_prefix="/markets/<market_code>/sections")


@bp.get("")
@requires(Permission.READ_REGISTRY)
def index(market_code: str) -> ResponseReturnValue:
    """The sections in walking order."""
    return _page(open_market(market_code, Permission.READ_REGISTRY))


@bp.post("")
@requires(Permission.WRITE_REGISTRY)
def create(market_code: str) -> ResponseReturnValue:
    """Add a section at the end of the walk."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    try:
        section = sections.create_section(
            market, load_form(NameSection())["name"], actor=current_actor()
        )
    except Invalid as refused:
        return _page(market, refused), 422
    db.session.commit()
    flash(_("Đã thêm %(name)s.", name=section.name))
    return _back(market)


@bp.post("/order")
@requires(Permission.WRITE_REGISTRY)
def order(market_code: str) -> ResponseReturnValue:
    """Number the sections anew."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    try:
        asked = load_form(OrderSections())
    except Invalid as refused:
        return _page(market, refused), 422
    places = dict(zip(asked["section"], asked["place"], strict=False))
    sections.set_walking_order(market, places, actor=current_actor())
    db.session.commit()
    flash(_("Đã lưu thứ tự đi kiểm tra."))
    return _back(market)


@bp.post("/<int:section_id>/name")
@requires(Permission.WRITE_REGISTRY)
def rename(market_code: str, section_id: int) -> ResponseReturnValue:
    """Give a section another name."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    section = sections.get_section(market, section_id)
    try:
        sections.rename_section(section, load_form(NameSection())["name"], actor=current_actor())
    except Invalid as refused:
        return _page(market, refused, faulty=section_id), 422
    db.session.commit()
    flash(_("Đã đổi tên thành %(name)s.", name=section.name))
    return _back(market)


@bp.post("/<int:section_id>/close")
@requires(Permission.WRITE_REGISTRY)
def close(market_code: str, section_id: int) -> ResponseReturnValue:
    """Close an empty section."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    section = sections.get_section(market, section_id)
    sections.close_section(section, actor=current_actor())
    db.session.commit()
    flash(_("Đã đóng %(name)s.", name=section.name))
    return _back(market)


@bp.post("/<int:section_id>/reopen")
@requires(Permission.WRITE_REGISTRY)
def reopen(market_code: str, section_id: int) -> ResponseReturnValue:
    """Use a closed section again."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    section = sections.get_section(market, section_id)
    sections.reopen_section(section, actor=current_actor())
    db.session.commit()
    flash(_("Đã mở lại %(name)s.", name=section.name))
    return _back(market)


def _page(market: Market, refused: Invalid | None = None, *, faulty: int | None = None) -> str:
    """`faulty` is the section whose new name was refused; none where a new one was."""
    problems = problems_of(refused)
    return render_template(
        "sections/index.html",
        rows=sections.list_with_counts(market, actor=current_actor()),
        problems=problems,
        faulty=faulty,
        written=request.form.get("name", ""),
        errors=errors_by_field(problems),
    )


def _back(market: Market) -> ResponseReturnValue:
    return redirect(url_for("sections.index", market_code=market.code))
