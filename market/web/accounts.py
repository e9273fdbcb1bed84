"""Payment accounts of a market: what waits, deciding on it, entering new ones."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from market.domain.accounts import AccountProof, HolderRelation
from market.domain.errors import Invalid
from market.domain.roles import Permission
from market.extensions import db
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.security import current_actor, now, requires
from market.models.market import Market
from market.schemas.accounts import ApproveAccount, ApproveMany, EnterAccount, GiveReason
from market.services import account_decisions, account_lists, accounts, directory, merchants
from market.services.access import Actor
from market.services.account_decisions import ChangeConfirmation, Evidence
from market.services.account_lists import AccountFilter
from market.services.accounts import AccountValues
from market.web.frame import open_market
from market.web.sign_in import confirm_now

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
    asked = load_form(ApproveMany())
    try:
        actor = _confirmed_actor(asked["password"])
        chosen = None if asked["all"] else asked["account"]
        result = account_decisions.approve_many(market=market, actor=actor, account_ids=chosen)
    except Invalid as refused:
        return _list_again(market, refused)
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
    asked = load_form(ApproveAccount())
    try:
        account = account_decisions.approve(
            account_id,
            market=market,
            actor=_confirmed_actor(asked["password"]),
            evidence=_evidence(asked),
        )
    except Invalid as refused:
        return _account_again(market, account_id, refused)
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
        return _account_again(market, account_id, refused)
    db.session.commit()
    flash(_("Đã từ chối tài khoản của %(name)s.", name=account.holder_name))
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
        return _account_again(market, account_id, refused)
    db.session.commit()
    flash(_("Đã ngừng dùng tài khoản. Tem in số này không còn hiệu lực, hãy gỡ xuống."))
    return redirect(url_for("accounts.show", market_code=market_code, account_id=account_id))


@bp.post("/accounts/<int:account_id>/preference")
@requires(Permission.ENTER_ACCOUNTS)
def prefer(market_code: str, account_id: int) -> ResponseReturnValue:
    """Ask that this account go onto the stickers."""
    market = open_market(market_code, Permission.ENTER_ACCOUNTS)
    accounts.prefer(account_id, market=market, actor=current_actor())
    db.session.commit()
    flash(_("Đã gửi đề nghị đổi tài khoản in trên tem. Người khác cần duyệt."))
    return redirect(url_for("accounts.index", market_code=market_code))


@bp.get("/merchants/<int:merchant_id>/accounts/new")
@requires(Permission.ENTER_ACCOUNTS)
def new(market_code: str, merchant_id: int) -> ResponseReturnValue:
    """The form for an account of a merchant."""
    market = open_market(market_code, Permission.ENTER_ACCOUNTS)
    return _enter_page(market, merchant_id, values={}, problems=())


@bp.post("/merchants/<int:merchant_id>/accounts")
@requires(Permission.ENTER_ACCOUNTS)
def enter(market_code: str, merchant_id: int) -> ResponseReturnValue:
    """Enter an account; it waits for approval by somebody else."""
    market = open_market(market_code, Permission.ENTER_ACCOUNTS)
    merchant = merchants.get_merchant(
        market, merchant_id, actor=current_actor(), permission=Permission.ENTER_ACCOUNTS
    )
    try:
        accounts.enter_account(
            merchant, values=_values(load_form(EnterAccount())), actor=current_actor()
        )
    except Invalid as refused:
        db.session.rollback()
        problems = refused.problems or (refused,)
        return _enter_page(market, merchant_id, values=request.form, problems=problems), 422
    db.session.commit()
    flash(_("Đã nhập tài khoản. Người khác cần duyệt trước khi in tem."))
    return redirect(url_for("merchants.show", market_code=market_code, merchant_id=merchant_id))


def _confirmed_actor(password: str | None) -> Actor:
    """Who asks, made fresh by the password where one was given with the form."""
    if not password:
        return current_actor()
    confirm_now(password)
    return replace(current_actor(), fresh_at=now())


def _evidence(asked: dict[str, Any]) -> Evidence:
    confirmation = asked["confirmation"]
    known = {str(kind) for kind in ChangeConfirmation}
    return Evidence(
        proof=asked["proof"] or AccountProof.NONE,
        number_again=asked["number_again"],
        confirmation=ChangeConfirmation(confirmation) if confirmation in known else None,
    )


def _values(asked: dict[str, Any]) -> AccountValues:
    return AccountValues(
        bin=asked["bank"],
        number=asked["number"],
        holder_name=asked["holder_name"],
        relation=asked["relation"],
        opened_with_help=asked["opened_with_help"],
        becomes_preferred=not asked["is_additional"],
    )


def _list_page(market: Market, problems: tuple[Any, ...] = ()) -> str:
    chosen = AccountFilter.chosen(request.args.get("show"))
    page = account_lists.page_of(
        market, chosen, page_number(), actor=current_actor(), search=request.args.get("q", "")
    )
    return render_template(
        "accounts/index.html",
        page=page,
        chosen=chosen,
        filters=account_lists.counts(market, actor=current_actor()),
        numbers=accounts.show_numbers(page.items, market=market, actor=current_actor()),
        details=account_lists.details_of(page.items, market=market),
        is_fresh=account_decisions.is_fresh(current_actor()),
        problems=problems,
    )


def _list_again(market: Market, refused: Invalid) -> ResponseReturnValue:
    db.session.rollback()
    page = _list_page(open_market(market.code, Permission.READ_REGISTRY), _problems(refused))
    db.session.commit()
    return page, 422


def _account_page(market: Market, account_id: int, problems: tuple[Any, ...] = ()) -> str:
    account = accounts.get_account(account_id, market=market, actor=current_actor())
    replaced = account_decisions.changes_of([account]).get(account.id)
    seen = [account] if replaced is None else [account, replaced]
    return render_template(
        "accounts/show.html",
        account=account,
        replaced=replaced,
        numbers=accounts.show_numbers(seen, market=market, actor=current_actor()),
        detail=account_lists.details_of([account], market=market)[account.id],
        proofs=[(kind, kind.label) for kind in AccountProof],
        confirmations=[(kind, kind.label) for kind in ChangeConfirmation],
        is_fresh=account_decisions.is_fresh(current_actor()),
        problems=problems,
    )


def _account_again(market: Market, account_id: int, refused: Invalid) -> ResponseReturnValue:
    db.session.rollback()
    market = open_market(market.code, Permission.READ_REGISTRY)
    page = _account_page(market, account_id, _problems(refused))
    db.session.commit()
    return page, 422


def _enter_page(market: Market, merchant_id: int, *, values: Any, problems: tuple[Any, ...]) -> str:
    market = open_market(market.code, Permission.ENTER_ACCOUNTS)
    merchant = merchants.get_merchant(
        market, merchant_id, actor=current_actor(), permission=Permission.ENTER_ACCOUNTS
    )
    return render_template(
        "accounts/new.html",
        merchant=merchant,
        banks=directory.list_banks(),
        relations=[(kind, kind.label) for kind in HolderRelation],
        values=values,
        problems=problems,
        errors={problem.field: problem.message for problem in problems if problem.field},
    )


def _problems(refused: Invalid) -> tuple[Any, ...]:
    return refused.problems or (refused,)


def _tell_bulk(result: account_decisions.BulkResult) -> None:
    approved = len(result.approved)
    flash(ngettext("Đã duyệt %(num)d tài khoản.", "Đã duyệt %(num)d tài khoản.", approved))
    if result.skipped:
        flash(
            _(
                "%(count)d tài khoản cần xem riêng (số từ ô kiểu số hoặc ngân hàng cần xác nhận).",
                count=len(result.skipped),
            ),
            "warning",
        )
    reasons = sorted({reason for _account, reason in result.refused})
    for reason in reasons:
        flash(reason, "warning")
