"""Merchants of a market: the list, one with its history, entering, changing, moving."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.accounts import HolderRelation
from market.domain.consent import CONSENT_TEXTS, CONSENT_VERSION, ConsentChannel
from market.domain.errors import Conflict, DomainError, Forbidden, Invalid, Problem
from market.domain.markets import MerchantKind
from market.domain.roles import Permission
from market.extensions import db
from market.http.error_handlers import status_of
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.security import current_actor, requires
from market.models.market import Market
from market.models.merchant import Merchant
from market.schemas.merchants import AddMerchant, ChangeMerchant, EndTenancy, StartTenancy
from market.services import (
    access,
    accounts,
    arrivals,
    directory,
    merchant_lists,
    merchants,
    tenancies,
)
from market.services.account_entries import AccountValues
from market.services.arrivals import Arrival
from market.services.merchants import Consent, MerchantValues
from market.web.frame import open_market

LONGEST_SEARCH = 100
ACCOUNT_FIELDS = ("bin", "account_number", "holder_name")

bp = Blueprint("merchants", __name__, url_prefix="/markets/<market_code>/merchants")


@bp.get("")
@requires(Permission.READ_REGISTRY)
def index(market_code: str) -> ResponseReturnValue:
    """The merchants by name, narrowed down by search."""
    market = open_market(market_code, Permission.READ_REGISTRY)
    search = request.args.get("q", "")[:LONGEST_SEARCH]
    page = merchant_lists.page_of(market, page_number(), actor=current_actor(), search=search)
    return render_template(
        "merchants/index.html",
        page=page,
        search=search,
        standings=merchant_lists.standings(page.items, market=market, actor=current_actor()),
    )


@bp.get("/new")
@requires(Permission.WRITE_REGISTRY)
def new(market_code: str) -> ResponseReturnValue:
    """The form for a merchant who comes to a stall."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    fresh = {
        "kind": MerchantKind.HOUSEHOLD_BUSINESS,
        "stall_code": _stall_code(market, request.args.get("stall", "")),
        "on": current_actor().today,
    }
    return _new_form(values=fresh)


@bp.post("")
@requires(Permission.WRITE_REGISTRY)
def create(market_code: str) -> ResponseReturnValue:
    """Enter a merchant at a stall, with an account if one is given."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    try:
        values = _arrival(load_form(AddMerchant()))
        merchant = arrivals.add_merchant(market, values=values, actor=current_actor())
    except (Invalid, Conflict) as refused:
        return _new_form(values=request.form, refused=refused), status_of(refused)
    db.session.commit()
    flash(
        _(
            "Đã thêm hộ %(name)s vào điểm %(code)s.",
            name=merchant.display_name,
            code=values.stall_code,
        )
    )
    return _to(market, merchant)


@bp.get("/<int:merchant_id>")
@requires(Permission.READ_REGISTRY)
def show(market_code: str, merchant_id: int) -> ResponseReturnValue:
    """One merchant: facts, stalls, accounts, history."""
    market = open_market(market_code, Permission.READ_REGISTRY)
    return _page(market, merchants.get_merchant(market, merchant_id, actor=current_actor()))


@bp.get("/<int:merchant_id>/edit")
@requires(Permission.WRITE_REGISTRY)
def edit(market_code: str, merchant_id: int) -> ResponseReturnValue:
    """The form for changing a merchant."""
    merchant = _merchant(open_market(market_code, Permission.WRITE_REGISTRY), merchant_id)
    known = {
        "display_name": merchant.display_name,
        "kind": merchant.kind,
        "phone": merchants.open_phone(merchant),
        "registration_code": merchant.registration_code,
        "note": merchant.note,
    }
    return _edit_form(merchant, values=known)


@bp.post("/<int:merchant_id>/edit")
@requires(Permission.WRITE_REGISTRY)
def change(market_code: str, merchant_id: int) -> ResponseReturnValue:
    """Change a merchant."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    merchant = _merchant(market, merchant_id)
    try:
        asked = load_form(ChangeMerchant())
        merchants.change_merchant(
            merchant,
            values=_merchant_values(asked),
            version=asked["version"],
            actor=current_actor(),
        )
    except Invalid as refused:
        return _edit_form(merchant, values=request.form, refused=refused), 422
    db.session.commit()
    flash(_("Đã lưu hộ %(name)s.", name=merchant.display_name))
    return _to(market, merchant)


@bp.post("/<int:merchant_id>/tenancies")
@requires(Permission.WRITE_REGISTRY)
def start_tenancy(market_code: str, merchant_id: int) -> ResponseReturnValue:
    """Let the merchant trade at another stall, too."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    merchant = _merchant(market, merchant_id)
    try:
        asked = load_form(StartTenancy())
        arrivals.add_stall(market, merchant, **asked, actor=current_actor())
    except (Invalid, Conflict) as refused:
        return _page(market, merchant, refused, opened="start"), status_of(refused)
    db.session.commit()
    flash(_("Đã bố trí hộ vào điểm %(code)s.", code=asked["stall_code"]))
    return _to(market, merchant)


@bp.post("/<int:merchant_id>/tenancies/<int:tenancy_id>/end")
@requires(Permission.WRITE_REGISTRY)
def end_tenancy(market_code: str, merchant_id: int, tenancy_id: int) -> ResponseReturnValue:
    """The merchant leaves a stall; the stickers there are void."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    merchant = _merchant(market, merchant_id)
    tenancy = tenancies.get_tenancy(market, tenancy_id, actor=current_actor())
    try:
        tenancies.end_tenancy(tenancy, on=load_form(EndTenancy())["on"], actor=current_actor())
    except (Invalid, Conflict) as refused:
        return _page(market, merchant, refused, opened=tenancy_id), status_of(refused)
    db.session.commit()
    flash(_("Hộ đã rời điểm %(code)s. Hãy gỡ tem ở đó nếu còn treo.", code=tenancy.stall.code))
    return _to(market, merchant)


def _merchant(market: Market, merchant_id: int) -> Merchant:
    return merchants.get_merchant(
        market, merchant_id, actor=current_actor(), permission=Permission.WRITE_REGISTRY
    )


def _stall_code(market: Market, stall_id: str) -> str | None:
    """The code of the stall that the address names, where there is one."""
    if not (stall_id.isascii() and stall_id.isdigit() and len(stall_id) <= 15):
        return None
    stall = access.get_stall(
        market, int(stall_id), actor=current_actor(), permission=Permission.WRITE_REGISTRY
    )
    return stall.code


def _arrival(asked: dict[str, Any]) -> Arrival:
    return Arrival(_merchant_values(asked), asked["stall_code"], asked["on"], _account(asked))


def _merchant_values(asked: Mapping[str, Any]) -> MerchantValues:
    return MerchantValues(
        display_name=asked["display_name"],
        kind=asked["kind"],
        phone=asked["phone"],
        registration_code=asked["registration_code"],
        note=asked["note"],
        consent=_consent(asked),
    )


def _consent(asked: Mapping[str, Any]) -> Consent | None:
    if not asked["agreed"]:
        return None
    channel = asked["consent_channel"] or ConsentChannel.IN_PERSON
    return Consent(current_actor().today, CONSENT_VERSION, channel)


def _account(asked: Mapping[str, Any]) -> AccountValues | None:
    """The account of the form: all of it, or nothing."""
    given = [name for name in ACCOUNT_FIELDS if asked[name]]
    if not given:
        return None
    if not current_actor().may(Permission.ENTER_ACCOUNTS):
        raise Forbidden("Bạn không có quyền nhập tài khoản.")
    if len(given) < len(ACCOUNT_FIELDS):
        message = "Hãy điền đủ ngân hàng, số tài khoản và tên chủ tài khoản, hoặc để trống cả ba."
        missing = (name for name in ACCOUNT_FIELDS if not asked[name])
        raise Invalid(message, tuple(Problem(message, field=name) for name in missing))
    return AccountValues(
        bin=asked["bin"],
        number=asked["account_number"],
        holder_name=asked["holder_name"],
        relation=asked["relation"] or HolderRelation.SELF,
    )


def _page(
    market: Market,
    merchant: Merchant,
    refused: DomainError | None = None,
    opened: str | int | None = None,
) -> str:
    actor = current_actor()
    stays = tenancies.list_tenancies(merchant, market, actor=actor)
    held = accounts.list_of_merchant(merchant, market=market, actor=actor)
    problems = problems_of(refused)
    may_change = actor.may(Permission.WRITE_REGISTRY)
    return render_template(
        "merchants/show.html",
        merchant=merchant,
        merged_into=merchant_lists.find_survivor(merchant, market=market, actor=actor),
        phone=merchants.open_phone(merchant) if may_change else None,
        tenancies=stays,
        accounts=held,
        events=merchant_lists.history_of(merchant, stays, held),
        doubles=merchant_lists.list_doubles(merchant, market=market, actor=actor),
        today=actor.today,
        opened=opened,
        written=request.form,
        problems=problems,
        errors=errors_by_field(problems),
    )


def _new_form(*, values: Mapping[str, Any], refused: DomainError | None = None) -> str:
    return _form("merchants/new.html", values, refused, banks=directory.list_banks())


def _edit_form(
    merchant: Merchant, *, values: Mapping[str, Any], refused: DomainError | None = None
) -> str:
    return _form("merchants/edit.html", values, refused, merchant=merchant)


def _form(
    template: str, values: Mapping[str, Any], refused: DomainError | None, **known: Any
) -> str:
    problems = problems_of(refused)
    return render_template(
        template,
        values=values,
        kinds=[(kind.value, kind.label) for kind in MerchantKind],
        relations=[(kind.value, kind.label) for kind in HolderRelation],
        channels=[(kind.value, kind.label) for kind in ConsentChannel],
        consent_text=CONSENT_TEXTS[CONSENT_VERSION],
        problems=problems,
        errors=errors_by_field(problems),
        **known,
    )


def _to(market: Market, merchant: Merchant) -> ResponseReturnValue:
    return redirect(url_for("merchants.show", market_code=market.code, merchant_id=merchant.id))
