"""Codes of banks and wallets at a stall: noting, confirming and removing them."""

from typing import Any

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
from market.models.stall import Stall
from market.schemas.visits import RegisterForeignCode
from market.services import access, foreign_codes, visits
from market.services.foreign_codes import ForeignCodeValues
from market.web.frame import open_market

bp = Blueprint(
    "foreign_codes", __name__, url_prefix="/markets/<market_code>/stalls/<int:stall_id>/codes"
)


@bp.get("")
@requires(Permission.READ_REGISTRY, writes=True)
def index(market_code: str, stall_id: int) -> ResponseReturnValue:
    """The codes at the stall; the look of who may confirm at full numbers is an audit entry."""
    market = open_market(market_code, Permission.READ_REGISTRY)
    page = _page(market, _stall(market, stall_id, Permission.READ_REGISTRY), values={})
    db.session.commit()
    return page


@bp.post("")
@requires(Permission.ENTER_ACCOUNTS)
def register(market_code: str, stall_id: int) -> ResponseReturnValue:
    """Note a code; it waits for somebody to confirm whose it is."""
    market = open_market(market_code, Permission.ENTER_ACCOUNTS)
    stall = _stall(market, stall_id, Permission.ENTER_ACCOUNTS)
    try:
        values = ForeignCodeValues(**load_form(RegisterForeignCode()))
        foreign_codes.register(stall, values=values, actor=current_actor())
    except Invalid as refused:
        page = _page(market, stall, values=request.form, refused=refused)
        db.session.commit()
        return page, 422
    db.session.commit()
    flash(_("Đã ghi mã. Ban quản lý cần xác nhận mã này của hộ thì mới được tính."))
    return _back(market, stall)


@bp.post("/<int:foreign_code_id>/check")
@requires(Permission.APPROVE_ACCOUNTS)
def check(market_code: str, stall_id: int, foreign_code_id: int) -> ResponseReturnValue:
    """Confirm that a code pays the merchant."""
    market = open_market(market_code, Permission.APPROVE_ACCOUNTS)
    stall = _stall(market, stall_id, Permission.APPROVE_ACCOUNTS)
    foreign_codes.check(foreign_code_id, stall=stall, actor=current_actor())
    db.session.commit()
    flash(_("Đã xác nhận mã của hộ."))
    return _back(market, stall)


@bp.post("/<int:foreign_code_id>/removal")
@requires(Permission.APPROVE_ACCOUNTS)
def remove(market_code: str, stall_id: int, foreign_code_id: int) -> ResponseReturnValue:
    """Note that a code no longer hangs, or never was the merchant's."""
    market = open_market(market_code, Permission.APPROVE_ACCOUNTS)
    stall = _stall(market, stall_id, Permission.APPROVE_ACCOUNTS)
    foreign_codes.remove(foreign_code_id, stall=stall, actor=current_actor())
    db.session.commit()
    flash(_("Đã ghi mã này không còn dùng."))
    return _back(market, stall)


def _stall(market: Market, stall_id: int, permission: Permission) -> Stall:
    return access.get_stall(market, stall_id, actor=current_actor(), permission=permission)


def _page(market: Market, stall: Stall, *, values: Any, refused: Invalid | None = None) -> str:
    problems = problems_of(refused)
    rows = foreign_codes.list_of_stall(stall)
    return render_template(
        "foreign_codes/index.html",
        stall=stall,
        rows=rows,
        payees=foreign_codes.show_payees(rows, stall=stall, market=market, actor=current_actor()),
        tenancies=visits.list_tenancies(stall, current_actor().today),
        values=values,
        problems=problems,
        errors=errors_by_field(problems),
    )


def _back(market: Market, stall: Stall) -> ResponseReturnValue:
    return redirect(url_for("foreign_codes.index", market_code=market.code, stall_id=stall.id))
