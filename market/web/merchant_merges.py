"""Joining a merchant entered twice: choose the other, see what will happen, do it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.roles import Permission
from market.extensions import db
from market.http.pagination import page_number
from market.http.security import current_actor, requires
from market.models.market import Market
from market.models.merchant import Merchant
from market.services import merchant_lists, merchant_merges, merchants
from market.web.frame import open_market

LONGEST_SEARCH = 100

bp = Blueprint(
    "merchant_merges", __name__, url_prefix="/markets/<market_code>/merchants/<int:merchant_id>"
)


@bp.get("/merge")
@requires(Permission.WRITE_REGISTRY)
def choose(market_code: str, merchant_id: int) -> ResponseReturnValue:
    """Which other record is the same merchant: the likely ones, or by search."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    merchant = _merchant(market, merchant_id)
    actor, search = current_actor(), request.args.get("q", "")[:LONGEST_SEARCH]
    found = merchant_lists.page_of(market, page_number(), actor=actor, search=search)
    doubles = merchant_lists.list_doubles(merchant, market=market, actor=actor)
    shown = [row for row in (found.items if search else doubles) if row.id != merchant.id]
    return render_template(
        "merchants/merge_choose.html",
        merchant=merchant,
        search=search,
        page=found,
        shown=shown,
        standings=merchant_lists.standings(shown, market=market, actor=actor),
    )


@bp.get("/merge/<int:double_id>")
@requires(Permission.WRITE_REGISTRY)
def confirm(market_code: str, merchant_id: int, double_id: int) -> ResponseReturnValue:
    """What joining the double to this merchant will do."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    into, double = _merchant(market, merchant_id), _merchant(market, double_id)
    planned = merchant_merges.plan(double, into, actor=current_actor())
    return render_template(
        "merchants/merge_confirm.html",
        into=into,
        double=double,
        plan=planned,
        standings=merchant_lists.standings([into, double], market=market, actor=current_actor()),
    )


@bp.post("/merge/<int:double_id>")
@requires(Permission.WRITE_REGISTRY)
def merge(market_code: str, merchant_id: int, double_id: int) -> ResponseReturnValue:
    """Join the double to this merchant."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    into, double = _merchant(market, merchant_id), _merchant(market, double_id)
    merchant_merges.merge(double, into, actor=current_actor())
    db.session.commit()
    flash(_("Đã gộp hai hồ sơ thành một."))
    return redirect(url_for("merchants.show", market_code=market.code, merchant_id=merchant_id))


def _merchant(market: Market, merchant_id: int) -> Merchant:
    return merchants.get_merchant(
        market, merchant_id, actor=current_actor(), permission=Permission.WRITE_REGISTRY
    )
