"""Decisions on accounts: approve, reject, withdraw, retire; a change waits for its cool-off."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market.domain.account_changes import SkipReason
from market.domain.accounts import AccountProof, AccountState
from market.domain.errors import Conflict, DomainError, Forbidden
from market.domain.roles import Permission
from market.domain.stickers import VoidReason
from market.domain.text import clean
from market.extensions import db, rules
from market.models.account import PaymentAccount
from market.models.market import Market
from market.services import account_switches, accounts, audit, coverage, sticker_states
from market.services.access import Actor
from market.services.account_changes import with_earlier_accounts
from market.services.account_evidence import (
    NO_EVIDENCE,
    Evidence,
    check_may_approve,
    invalid_field,
    require_fresh,
    require_other_eyes,
    skip_reason,
)

WITHDRAWN = "Người nhập rút lại"


@dataclass(slots=True)
class BulkResult:
    """What a bulk approval did with each account, and why."""

    approved: list[PaymentAccount] = field(default_factory=list)
    skipped: list[tuple[PaymentAccount, SkipReason]] = field(default_factory=list)
    refused: list[tuple[PaymentAccount, str]] = field(default_factory=list)


def approve(
    account_id: int, *, market: Market, actor: Actor, evidence: Evidence = NO_EVIDENCE
) -> PaymentAccount:
    """Approve the account and set the moment it takes force.

    A merchant's first account takes force at once, a later one after the cool-off.
    Raises NotFound outside the approver's scope, Forbidden where the approver entered
    or last changed the account, FreshSignInNeeded where the password was not given
    lately, Invalid where evidence is missing, Conflict where it is no longer waiting.
    """
    account = _waiting(account_id, market=market, actor=actor)
    require_fresh(actor)
    is_change = account.merchant_id in with_earlier_accounts([account])
    check_may_approve(account, actor=actor, evidence=evidence, is_change=is_change)
    _approve(account, market=market, actor=actor, evidence=evidence, is_change=is_change)
    return account


def approve_many(
    *, market: Market, actor: Actor, account_ids: Sequence[int] | None = None
) -> BulkResult:
    """Approve all that wait (or the chosen ones), with the same rule row by row.

    Accounts that need a decision of their own are skipped; those this actor may not
    approve, or that change one in force and so need a confirmation, are refused.
    """
    require_fresh(actor)
    result = BulkResult()
    waiting = _list_waiting(market=market, actor=actor, account_ids=account_ids)
    changes = with_earlier_accounts(waiting)
    for account in waiting:
        if reason := skip_reason(account):
            result.skipped.append((account, reason))
            continue
        is_change = account.merchant_id in changes
        try:
            check_may_approve(account, actor=actor, evidence=NO_EVIDENCE, is_change=is_change)
        except DomainError as refusal:
            result.refused.append((account, refusal.message))
            continue
        _approve(account, market=market, actor=actor, evidence=NO_EVIDENCE, is_change=is_change)
        changes.add(account.merchant_id)
        result.approved.append(account)
    return result


def reject(account_id: int, reason: str, *, market: Market, actor: Actor) -> PaymentAccount:
    """Reject the account with a reason that the person who entered it can act on."""
    account = _waiting(account_id, market=market, actor=actor)
    require_other_eyes(account, actor)
    reason = _reason(reason)
    account.state = AccountState.REJECTED
    account.decided_at, account.decided_by_id = actor.at, actor.user_id
    account.decision_reason = reason
    _note(account, "reject", market, actor, {"reason": reason})
    return account


def withdraw(account_id: int, *, market: Market, actor: Actor) -> PaymentAccount:
    """Take back what one entered oneself and nobody has decided on: a slip of the finger.

    Raises Forbidden for what somebody else entered, Conflict where it is decided.
    """
    permission = Permission.ENTER_ACCOUNTS
    seen = accounts.get_account(account_id, market=market, actor=actor, permission=permission)
    if actor.user_id is None or actor.user_id != seen.entered_by_id:
        raise Forbidden("Chỉ người nhập mới rút lại được. Người duyệt có thể từ chối, ghi lý do.")
    account = _waiting(account_id, market=market, actor=actor, permission=permission)
    account.state, account.decided_at = AccountState.REJECTED, actor.at
    account.decision_reason = WITHDRAWN
    _note(account, "withdraw", market, actor, {})
    return account


def retire(account_id: int, reason: str, *, market: Market, actor: Actor) -> PaymentAccount:
    """Take the account out of use at once; its stickers are void from that moment."""
    account = _locked(account_id, Permission.APPROVE_ACCOUNTS, market=market, actor=actor)
    if account.state is not AccountState.APPROVED:
        raise Conflict("Chỉ tài khoản đã duyệt mới ngừng dùng được.")
    account_switches.stand_down(
        account, _reason(reason), market_id=market.id, actor=actor, at=actor.at
    )
    db.session.flush()
    sticker_states.void_for_account(account, reason=VoidReason.ACCOUNT_CHANGED, actor=actor)
    return account


def _waiting(
    account_id: int,
    *,
    market: Market,
    actor: Actor,
    permission: Permission = Permission.APPROVE_ACCOUNTS,
) -> PaymentAccount:
    account = _locked(account_id, permission, market=market, actor=actor)
    if account.state is not AccountState.AWAITING_APPROVAL:
        raise Conflict("Tài khoản này không còn chờ duyệt: đã có người xử lý. Hãy tải lại trang.")
    return account


def _locked(
    account_id: int, permission: Permission, *, market: Market, actor: Actor
) -> PaymentAccount:
    """The account, locked with its merchant: decisions on one merchant take turns.

    So do tenancies that begin meanwhile: a stall nobody knows of yet would not be counted.
    """
    seen = accounts.get_account(account_id, market=market, actor=actor, permission=permission)
    accounts.lock_merchants([seen.merchant_id])
    return accounts.get_account(
        account_id, market=market, actor=actor, permission=permission, lock=True
    )


def _list_waiting(
    *, market: Market, actor: Actor, account_ids: Sequence[int] | None
) -> list[PaymentAccount]:
    """What waits in the market, in the order it was entered; merchant and bank loaded."""
    condition = [
        PaymentAccount.state == AccountState.AWAITING_APPROVAL,
        accounts.of_market(market, actor=actor, permission=Permission.APPROVE_ACCOUNTS),
    ]
    if account_ids is not None:
        condition.append(PaymentAccount.id.in_(account_ids))
    accounts.lock_merchants(
        db.session.scalars(select(PaymentAccount.merchant_id).where(*condition))
    )
    return list(
        db.session.scalars(
            select(PaymentAccount)
            .where(*condition)
            .options(joinedload(PaymentAccount.merchant), joinedload(PaymentAccount.bank))
            .order_by(PaymentAccount.id)
            .with_for_update(of=PaymentAccount)
            .execution_options(populate_existing=True)
        )
    )


def _approve(
    account: PaymentAccount, *, market: Market, actor: Actor, evidence: Evidence, is_change: bool
) -> None:
    cool_off = timedelta(hours=rules().cool_off_hours) if is_change else timedelta()
    account.state = AccountState.APPROVED
    account.decided_at, account.decided_by_id = actor.at, actor.user_id
    account.in_force_from = actor.at + cool_off
    _keep_evidence(account, evidence, actor)
    details = {
        "in_force_from": account.in_force_from,
        "proof": str(account.proof),
        "number_typed_again": bool(evidence.number_again),
        "confirmation": account.change_confirmed_how,
    }
    _note(account, "approve", market, actor, details)
    coverage.touch_merchant(account.merchant_id)
    if account.becomes_preferred and account.in_force_from <= actor.at:
        account_switches.take_force(
            account, market_id=market.id, actor=actor, at=account.in_force_from
        )


def _keep_evidence(account: PaymentAccount, evidence: Evidence, actor: Actor) -> None:
    if evidence.proof is not AccountProof.NONE:
        account.proof, account.proof_on = evidence.proof, actor.today
        account.proof_by_id = actor.user_id
    if evidence.confirmation is not None:
        account.change_confirmed_how = str(evidence.confirmation)
        account.change_confirmed_at = actor.at
        account.change_confirmed_by_id = actor.user_id


def _reason(reason: str) -> str:
    cleaned = clean(reason)
    if not cleaned:
        raise invalid_field("reason", "Hãy ghi lý do.")
    return cleaned


def _note(
    account: PaymentAccount, action: str, market: Market, actor: Actor, new: dict[str, Any]
) -> None:
    audit.record(
        actor,
        action,
        account,
        market_id=market.id,
        old={"state": "awaiting_approval"},
        new={"state": str(account.state), **new},
    )
