"""Approving, rejecting and retiring accounts: four eyes, fresh sign-in, cool-off."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market.domain import vietqr
from market.domain.account_changes import ChangeConfirmation, SkipReason
from market.domain.accounts import AccountProof, AccountState, clean_number
from market.domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    FreshSignInNeeded,
    Invalid,
    Problem,
)
from market.domain.roles import Permission
from market.domain.stickers import VoidReason
from market.domain.text import clean
from market.extensions import db, rules
from market.models.account import PaymentAccount
from market.models.market import Market
from market.services import accounts, audit, coverage, sticker_states
from market.services.access import Actor
from market.services.account_changes import with_earlier_accounts
from market.services.sessions import FRESH_FOR

REPLACED = "Được thay bằng tài khoản mới"
WITHDRAWN = "Người nhập rút lại"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an approver adds where the account alone is not enough.

    `proof`: what showed the number to be the holder's; `number_again`: the number typed
    once more; `confirmation`: how a change was confirmed with the merchant.
    """

    proof: AccountProof = AccountProof.NONE
    number_again: str | None = None
    confirmation: ChangeConfirmation | None = None


@dataclass(slots=True)
class BulkResult:
    """What a bulk approval did with each account, and why."""

    approved: list[PaymentAccount] = field(default_factory=list)
    skipped: list[tuple[PaymentAccount, SkipReason]] = field(default_factory=list)
    refused: list[tuple[PaymentAccount, str]] = field(default_factory=list)


NO_EVIDENCE = Evidence()


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
    _require_fresh(actor)
    is_change = account.merchant_id in with_earlier_accounts([account])
    _check_may_approve(account, actor=actor, evidence=evidence, is_change=is_change)
    _approve(account, market=market, actor=actor, evidence=evidence, is_change=is_change)
    return account


def approve_many(
    *, market: Market, actor: Actor, account_ids: Sequence[int] | None = None
) -> BulkResult:
    """Approve all that wait (or the chosen ones), with the same rule row by row.

    Accounts that need a decision of their own are skipped; those this actor may not
    approve, or that change one in force and so need a confirmation, are refused.
    """
    _require_fresh(actor)
    result = BulkResult()
    waiting = _list_waiting(market=market, actor=actor, account_ids=account_ids)
    changes = with_earlier_accounts(waiting)
    for account in waiting:
        if reason := skip_reason(account):
            result.skipped.append((account, reason))
            continue
        is_change = account.merchant_id in changes
        try:
            _check_may_approve(account, actor=actor, evidence=NO_EVIDENCE, is_change=is_change)
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
    _require_other_eyes(account, actor)
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
    _stand_down(account, _reason(reason), market_id=market.id, actor=actor, at=actor.at)
    db.session.flush()
    sticker_states.void_for_account(account, reason=VoidReason.ACCOUNT_CHANGED, actor=actor)
    return account


def sweep(at: datetime) -> int:
    """Put accounts whose cool-off is over in the place of the ones before; gives how many.

    Stickers of the old account are void from the moment the new one took force, not
    from the moment this ran.
    """
    due = db.session.scalars(
        select(PaymentAccount)
        .where(
            PaymentAccount.state == AccountState.APPROVED,
            PaymentAccount.becomes_preferred,
            ~PaymentAccount.is_preferred,
            PaymentAccount.in_force_from <= at,
            # Approved ones are not retired; the index of those that wait is asked so.
            PaymentAccount.retired_at.is_(None),
        )
        .options(joinedload(PaymentAccount.merchant))
        .order_by(PaymentAccount.in_force_from, PaymentAccount.id)
        .with_for_update(of=PaymentAccount)
    ).all()
    actor = Actor.system(at, channel="job")
    switched = 0
    for account in due:
        # One that was due a moment earlier has taken the place of this one's merchant.
        if account.state is AccountState.APPROVED and account.in_force_from is not None:
            moment, market_id = account.in_force_from, account.merchant.market_id
            _take_force(account, market_id=market_id, actor=actor, at=moment)
            switched += 1
    return switched


def is_fresh(actor: Actor) -> bool:
    """Whether the password was given lately enough to decide; commands always are."""
    if actor.channel == "cli":
        return True
    return actor.fresh_at is not None and actor.at - actor.fresh_at <= FRESH_FOR


def skip_reason(account: PaymentAccount) -> SkipReason | None:
    """Why the account takes a decision of its own; `account.bank` must be loaded.

    The bank counts as the directory has it now, too: it may have become doubtful since.
    """
    if account.came_from_number_cell:
        return SkipReason.FROM_NUMBER_CELL
    if account.needs_own_decision or account.bank.needs_confirmation:
        return SkipReason.UNSURE_BANK
    return None


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


def _require_fresh(actor: Actor) -> None:
    if not is_fresh(actor):
        raise FreshSignInNeeded("Hãy nhập lại mật khẩu trước khi duyệt tài khoản.")


def _require_other_eyes(account: PaymentAccount, actor: Actor) -> None:
    if actor.user_id is None or actor.user_id in (account.entered_by_id, account.changed_by_id):
        raise Forbidden("Người nhập hoặc sửa tài khoản không được tự duyệt. Hãy nhờ người khác.")


def _check_may_approve(
    account: PaymentAccount, *, actor: Actor, evidence: Evidence, is_change: bool
) -> None:
    _require_other_eyes(account, actor)
    number = accounts.open_number(account)
    if evidence.number_again and clean_number(evidence.number_again) != number:
        raise _invalid(
            "number_again", "Số gõ lại không khớp với số đã nhập. Hãy kiểm tra lại với chủ hộ."
        )
    has_evidence = evidence.proof is not AccountProof.NONE or bool(evidence.number_again)
    if skip_reason(account) and not has_evidence:
        raise _invalid("proof", "Tài khoản này cần bằng chứng hoặc gõ lại số trước khi duyệt.")
    if is_change and evidence.confirmation is None:
        raise _invalid(
            "confirmation",
            "Đây là đổi tài khoản: hãy ghi đã xác nhận với chủ hộ bằng cách nào.",
        )
    if evidence.confirmation is ChangeConfirmation.CALLED_BACK:
        _require_earlier_phone(account)
    _check_payload(account.bin, number)


def _require_earlier_phone(account: PaymentAccount) -> None:
    """Whoever changes the account may have changed the phone just before, to answer the call."""
    merchant = account.merchant
    is_new = merchant.phone_set_at is not None and merchant.phone_set_at >= account.entered_at
    if merchant.phone_sealed is None or is_new:
        raise _invalid(
            "confirmation",
            "Hộ này không có số điện thoại đã lưu từ trước khi đổi tài khoản."
            " Hãy gặp trực tiếp để xác nhận.",
        )


def _check_payload(bin: str, number: str) -> None:
    paid = vietqr.decode(vietqr.encode(bin=bin, account=number)).pays
    if (paid.bin, paid.account) != (bin, number):
        raise Invalid("Mã QR của tài khoản này không đọc lại được đúng số. Hãy nhập lại.")


def _approve(
    account: PaymentAccount, *, market: Market, actor: Actor, evidence: Evidence, is_change: bool
) -> None:
    cool_off = timedelta(hours=rules().cool_off_hours) if is_change else timedelta()
    account.state = AccountState.APPROVED
    account.decided_at, account.decided_by_id = actor.at, actor.user_id
    account.in_force_from = actor.at + cool_off
    if evidence.proof is not AccountProof.NONE:
        account.proof, account.proof_on = evidence.proof, actor.today
        account.proof_by_id = actor.user_id
    if evidence.confirmation is not None:
        account.change_confirmed_how = str(evidence.confirmation)
        account.change_confirmed_at = actor.at
        account.change_confirmed_by_id = actor.user_id
    details = {
        "in_force_from": account.in_force_from,
        "proof": str(account.proof),
        "number_typed_again": bool(evidence.number_again),
        "confirmation": account.change_confirmed_how,
    }
    _note(account, "approve", market, actor, details)
    coverage.touch_merchant(account.merchant_id)
    if account.becomes_preferred and account.in_force_from <= actor.at:
        _take_force(account, market_id=market.id, actor=actor, at=account.in_force_from)


def _take_force(account: PaymentAccount, *, market_id: int, actor: Actor, at: datetime) -> None:
    """In one transaction: the new one onto the stickers, the old one retired, its stickers void."""
    before = db.session.scalars(
        select(PaymentAccount)
        .where(
            PaymentAccount.merchant_id == account.merchant_id,
            PaymentAccount.id != account.id,
            PaymentAccount.is_preferred
            | (
                (PaymentAccount.number_hash == account.number_hash)
                & (PaymentAccount.state == AccountState.APPROVED)
            ),
        )
        .options(joinedload(PaymentAccount.merchant))
    ).all()
    for old in before:
        _stand_down(old, REPLACED, market_id=market_id, actor=actor, at=at)
    db.session.flush()
    account.is_preferred = True
    db.session.flush()
    audit.record(
        actor,
        "take_force",
        account,
        market_id=market_id,
        old={"is_preferred": False},
        new={"is_preferred": True, "from": at},
    )
    for old in before:
        sticker_states.void_for_account(old, reason=VoidReason.ACCOUNT_CHANGED, actor=actor, at=at)
    coverage.touch_merchant(account.merchant_id)


def _stand_down(
    account: PaymentAccount, reason: str, *, market_id: int, actor: Actor, at: datetime
) -> None:
    account.state = AccountState.RETIRED
    account.is_preferred = False
    account.retired_at = at
    account.retire_reason = reason
    audit.record(
        actor,
        "retire",
        account,
        market_id=market_id,
        old={"state": "approved"},
        new={"state": "retired", "reason": reason, "at": at},
    )
    coverage.touch_merchant(account.merchant_id)


def _reason(reason: str) -> str:
    cleaned = clean(reason)
    if not cleaned:
        raise _invalid("reason", "Hãy ghi lý do.")
    return cleaned


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(message, (Problem(message, field=name),))


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
