"""Payment accounts of a market: what waits, deciding on it, entering new ones."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from market.domain.account_changes import ChangeConfirmation
from market.domain.accounts import AccountProof, HolderRelation
from market.domain.errors import Conflict, DomainError, FreshSignInNeeded, Invalid, Problem
from market.domain.roles import Permission
from market.extensions import db
from market.http.error_handlers import status_of
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.security import current_actor, now, requires
from market.models.market import Market
from market.schemas.accounts import ApproveAccount, ApproveMany, EnterAccount, GiveReason
from market.services import (
    account_decisions,
    account_entries,
    account_evidence,
    account_lists,
    accounts,
    directory,
    merchants,
)
from market.services.access import Actor
from market.services.account_decisions import BulkResult
from market.services.account_entries import AccountValues
from market.services.account_evidence import Evidence
from market.services.account_lists import AccountFilter
from market.web.frame import open_market
from market.web.sign_in import confirm_now

LONGEST_SEARCH = 100

bp = Blueprint("accounts", __name__, url_prefix="/markets/<market_code>")


@bp.get("/accounts")
@requires(Permission.READ_REGISTRY, writes=True)
def index(market_code: str) -> ResponseReturnValue:
    """What waits for a decision, or the accounts of another filter."""
    market = open_market(market_code, Permission.READ_REGISTRY)
    page = _list_page(market)
    db.session.commit()
    return page


@bp.post("/accounts/approvals")
@requires(Permission.APPROVE_ACCOUNTS)
def approve_many(market_code: str) -> ResponseReturnValue:
    """Approve the ticked accounts, or all that wait."""
    market = open_market(market_code, Permission.APPROVE_ACCOUNTS)
    try:
        asked = load_form(ApproveMany())
        actor = _confirmed_actor(asked["password"])
        chosen = None if asked["all"] else asked["account"]
        result = account_decisions.approve_many(market=market, actor=actor, account_ids=chosen)
    except (Invalid, FreshSignInNeeded) as refused:
        return _list_again(market_code, refused)
    db.session.commit()
    _tell_bulk(result)
    return redirect(url_for("accounts.index", market_code=market_code))


@bp.get("/accounts/<int:account_id>")
@requires(Permission.READ_REGISTRY, writes=True)
def show(market_code: str, account_id: int) -> ResponseReturnValue:
    """One account, with what deciding on it takes."""
    market = open_market(market_code, Permission.READ_REGISTRY)
    page = _account_page(market, account_id)
    db.session.commit()
    return page


@bp.post("/accounts/<int:account_id>/approval")
@requires(Permission.APPROVE_ACCOUNTS)
def approve(market_code: str, account_id: int) -> ResponseReturnValue:
    """Approve one account, with the evidence it needs."""
    market = open_market(market_code, Permission.APPROVE_ACCOUNTS)
    try:
        asked = load_form(ApproveAccount())
        actor = _confirmed_actor(asked.pop("password"))
        account = account_decisions.approve(
            account_id, market=market, actor=actor, evidence=_evidence(**asked)
        )
    except (Invalid, FreshSignInNeeded) as refused:
        return _account_again(market_code, account_id, refused)
    db.session.commit()
    flash(_("Đã duyệt tài khoản của %(name)s.", name=account.holder_name))
    return redirect(url_for("accounts.index", market_code=market_code))


@bp.post("/accounts/<int:account_id>/rejection")
@requires(Permission.APPROVE_ACCOUNTS)
def reject(market_code: str, account_id: int) -> ResponseReturnValue:
    """Reject one account with a reason."""
    market = open_market(market_code, Permission.APPROVE_ACCOUNTS)
    try:
        reason = load_form(GiveReason())["reason"]
        account = account_decisions.reject(account_id, reason, market=market, actor=current_actor())
    except Invalid as refused:
        return _account_again(market_code, account_id, refused)
    db.session.commit()
    flash(_("Đã từ chối tài khoản của %(name)s.", name=account.holder_name))
    return redirect(url_for("accounts.index", market_code=market_code))


@bp.post("/accounts/<int:account_id>/withdrawal")
@requires(Permission.ENTER_ACCOUNTS)
def withdraw(market_code: str, account_id: int) -> ResponseReturnValue:
    """Take back what one entered oneself."""
    market = open_market(market_code, Permission.ENTER_ACCOUNTS)
    account_decisions.withdraw(account_id, market=market, actor=current_actor())
    db.session.commit()
    flash(_("Đã rút lại. Tài khoản này không còn chờ duyệt."))
    return redirect(url_for("accounts.index", market_code=market_code))


@bp.post("/accounts/<int:account_id>/retirement")
@requires(Permission.APPROVE_ACCOUNTS)
def retire(market_code: str, account_id: int) -> ResponseReturnValue:
    """Take an account out of use; its stickers are void."""
    market = open_market(market_code, Permission.APPROVE_ACCOUNTS)
    try:
        reason = load_form(GiveReason())["reason"]
        account_decisions.retire(account_id, reason, market=market, actor=current_actor())
    except Invalid as refused:
        return _account_again(market_code, account_id, refused)
    db.session.commit()
    flash(_("Đã ngừng dùng tài khoản. Tem in số này không còn hiệu lực, hãy gỡ xuống."), "warning")
    return redirect(url_for("accounts.show", market_code=market_code, account_id=account_id))


@bp.post("/accounts/<int:account_id>/preference")
@requires(Permission.ENTER_ACCOUNTS)
def prefer(market_code: str, account_id: int) -> ResponseReturnValue:
    """Ask that this account go onto the stickers."""
    market = open_market(market_code, Permission.ENTER_ACCOUNTS)
    account_entries.prefer(account_id, market=market, actor=current_actor())
    db.session.commit()
    flash(_("Đã gửi đề nghị đổi tài khoản in trên tem. Người khác cần duyệt."))
    return redirect(url_for("accounts.index", market_code=market_code))


@bp.get("/merchants/<int:merchant_id>/accounts/new")
@requires(Permission.ENTER_ACCOUNTS)
def new(market_code: str, merchant_id: int) -> ResponseReturnValue:
    """The form for an account of a merchant."""
    market = open_market(market_code, Permission.ENTER_ACCOUNTS)
    return _enter_page(market, merchant_id, values={})


@bp.post("/merchants/<int:merchant_id>/accounts")
@requires(Permission.ENTER_ACCOUNTS)
def enter(market_code: str, merchant_id: int) -> ResponseReturnValue:
    """Enter an account; it waits for approval by somebody else."""
    market = open_market(market_code, Permission.ENTER_ACCOUNTS)
    merchant = merchants.get_merchant(
        market, merchant_id, actor=current_actor(), permission=Permission.ENTER_ACCOUNTS
    )
    try:
        values = _values(load_form(EnterAccount()))
        account_entries.enter_account(merchant, values=values, actor=current_actor(), market=market)
    except (Invalid, Conflict) as refused:
        page = _enter_page(market, merchant_id, values=request.form, refused=refused)
        return page, status_of(refused)
    db.session.commit()
    flash(_("Đã nhập tài khoản. Người khác cần duyệt trước khi in tem."))
    return redirect(url_for("merchants.show", market_code=market_code, merchant_id=merchant_id))


def _confirmed_actor(password: str | None) -> Actor:
    """Who asks, made fresh by the password where one was given with the form."""
    if not password:
        return current_actor()
    try:
        confirm_now(password)
    except Invalid as refused:
        problem = Problem(refused.message, field="password")
        raise Invalid(refused.message, (problem,)) from refused
    return replace(current_actor(), fresh_at=now())


def _evidence(
    proof: AccountProof | None, number_again: str | None, confirmation: ChangeConfirmation | None
) -> Evidence:
    return Evidence(proof or AccountProof.NONE, number_again, confirmation)


def _values(asked: dict[str, Any]) -> AccountValues:
    return AccountValues(
        bin=asked["bin"],
        number=asked["account_number"],
        holder_name=asked["holder_name"],
        relation=asked["relation"],
        opened_with_help=asked["opened_with_help"],
        becomes_preferred=not asked["is_additional"],
    )


def _list_page(market: Market, refused: DomainError | None = None) -> str:
    actor = current_actor()
    chosen = AccountFilter.chosen(request.args.get("show"))
    search = request.args.get("q", "")[:LONGEST_SEARCH]
    counts = account_lists.counts(market, actor=actor)
    page = account_lists.page_of(
        market, chosen, page_number(), actor=actor, search=search, total=counts[chosen]
    )
    problems = problems_of(refused)
    return render_template(
        "accounts/index.html",
        page=page,
        chosen=chosen,
        filters=counts,
        numbers=accounts.show_numbers(page.items, market=market, actor=actor),
        details=account_lists.details_of(page.items, market=market, actor=actor),
        is_fresh=account_evidence.is_fresh(actor),
        problems=problems,
        errors=errors_by_field(problems),
    )


def _list_again(market_code: str, refused: DomainError) -> ResponseReturnValue:
    db.session.rollback()
    page = _list_page(open_market(market_code, Permission.READ_REGISTRY), refused)
    db.session.commit()
    return page, status_of(refused)


def _account_page(market: Market, account_id: int, refused: DomainError | None = None) -> str:
    actor = current_actor()
    account = accounts.get_account(account_id, market=market, actor=actor)
    detail = account_lists.details_of([account], market=market, actor=actor)[account.id]
    seen = [account] if detail.replaces is None else [account, detail.replaces]
    problems = problems_of(refused)
    return render_template(
        "accounts/show.html",
        account=account,
        detail=detail,
        numbers=accounts.show_numbers(seen, market=market, actor=actor),
        phone=merchants.open_phone(account.merchant) if detail.needs_confirmation else None,
        proofs=[(kind.value, kind.label) for kind in AccountProof],
        confirmations=[(kind.value, kind.label) for kind in ChangeConfirmation],
        is_fresh=account_evidence.is_fresh(actor),
        values=request.form,
        problems=problems,
        errors=errors_by_field(problems),
    )


def _account_again(market_code: str, account_id: int, refused: DomainError) -> ResponseReturnValue:
    db.session.rollback()
    market = open_market(market_code, Permission.READ_REGISTRY)
    page = _account_page(market, account_id, refused)
    db.session.commit()
    return page, status_of(refused)


def _enter_page(
    market: Market, merchant_id: int, *, values: Any, refused: DomainError | None = None
) -> str:
    problems = problems_of(refused)
    return render_template(
        "accounts/new.html",
        merchant=merchants.get_merchant(
            market, merchant_id, actor=current_actor(), permission=Permission.ENTER_ACCOUNTS
        ),
        banks=directory.list_banks(),
        relations=[(kind.value, kind.label) for kind in HolderRelation],
        values=values,
        problems=problems,
        errors=errors_by_field(problems),
    )


def _tell_bulk(result: BulkResult) -> None:
    approved = len(result.approved)
    flash(
        ngettext("Đã duyệt %(num)d tài khoản.", "Đã duyệt %(num)d tài khoản.", approved),
        "success" if approved else "info",
    )
    reasons: dict[str, int] = {}
    for _account, skipped in result.skipped:
        reasons[skipped.label] = reasons.get(skipped.label, 0) + 1
    for _account, refused in result.refused:
        reasons[refused] = reasons.get(refused, 0) + 1
    for reason, count in reasons.items():
        flash(
            _("%(count)s tài khoản chưa duyệt: %(reason)s", count=count, reason=reason), "warning"
        )
