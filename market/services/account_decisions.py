"""Approving, rejecting and retiring accounts: four eyes, fresh sign-in, cool-off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased, joinedload

from market.domain import vietqr
from market.domain.accounts import AccountProof, AccountState, clean_number
from market.domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    FreshSignInNeeded,
    Invalid,
    Problem,
)
from market.domain.labels import LabelledEnum
from market.domain.roles import Permission
from market.domain.stickers import VoidReason
from market.domain.text import clean
from market.extensions import db, rules
from market.models.account import PaymentAccount
from market.models.market import Market
from market.services import accounts, audit, coverage, sticker_states
from market.services.access import Actor
from market.services.sessions import FRESH_FOR


class ChangeConfirmation(LabelledEnum):
    """How a change of account was confirmed with the merchant."""

    IN_PERSON = "in_person", "Gặp trực tiếp, quét thử hiện đúng tên"
    CALLED_BACK = "called_back", "Gọi số điện thoại đã lưu từ trước"


class Skipped(StrEnum):
    """Why bulk approval left an account for a decision of its own."""

    NEEDS_OWN_DECISION = "needs_own_decision"


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
    skipped: list[tuple[PaymentAccount, str]] = field(default_factory=list)
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
    is_change = account.merchant_id in _with_earlier_accounts([account])
    _check_may_approve(account, actor=actor, evidence=evidence, is_change=is_change)
    _approve(account, actor=actor, evidence=evidence, is_change=is_change)
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
    waiting = list_waiting(market=market, actor=actor, account_ids=account_ids)
    changes = _with_earlier_accounts(waiting)
    for account in waiting:
        if account.needs_own_decision:
            result.skipped.append((account, Skipped.NEEDS_OWN_DECISION))
            continue
        is_change = account.merchant_id in changes
        try:
            _check_may_approve(account, actor=actor, evidence=NO_EVIDENCE, is_change=is_change)
        except DomainError as refusal:
            result.refused.append((account, refusal.message))
            continue
        _approve(account, actor=actor, evidence=NO_EVIDENCE, is_change=is_change)
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


def retire(account_id: int, reason: str, *, market: Market, actor: Actor) -> PaymentAccount:
    """Take the account out of use at once; its stickers are void from that moment."""
    account = accounts.get_account(
        account_id,
        market=market,
        actor=actor,
        permission=Permission.APPROVE_ACCOUNTS,
        lock=True,
    )
    if account.state is not AccountState.APPROVED:
        raise Conflict("Chỉ tài khoản đã duyệt mới ngừng dùng được.")
    _retire(account, _reason(reason), actor=actor, at=actor.at)
    return account


def list_waiting(
    *, market: Market, actor: Actor, account_ids: Sequence[int] | None = None
) -> list[PaymentAccount]:
    """What waits in the market, in the order it was entered; merchant and bank loaded."""
    query = (
        select(PaymentAccount)
        .where(
            PaymentAccount.state == AccountState.AWAITING_APPROVAL,
            accounts.of_market(market, actor=actor, permission=Permission.APPROVE_ACCOUNTS),
        )
        .options(joinedload(PaymentAccount.merchant), joinedload(PaymentAccount.bank))
        .order_by(PaymentAccount.id)
        .with_for_update(of=PaymentAccount)
    )
    if account_ids is not None:
        query = query.where(PaymentAccount.id.in_(account_ids))
    return list(db.session.scalars(query))


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
        )
        .options(joinedload(PaymentAccount.merchant))
        .order_by(PaymentAccount.in_force_from, PaymentAccount.id)
        .with_for_update(of=PaymentAccount)
    ).all()
    actor = Actor.system(at, channel="job")
    for account in due:
        if account.in_force_from is not None:
            _take_force(account, actor=actor, at=account.in_force_from)
    return len(due)


def is_fresh(actor: Actor) -> bool:
    """Whether the password was given lately enough to decide; commands always are."""
    if actor.channel == "cli":
        return True
    return actor.fresh_at is not None and actor.at - actor.fresh_at <= FRESH_FOR


def changes_of(waiting: Iterable[PaymentAccount]) -> dict[int, PaymentAccount]:
    """The account in force that each waiting one would replace, by the waiting one's id."""
    waiting = list(waiting)
    rows = db.session.scalars(
        select(PaymentAccount)
        .where(
            PaymentAccount.merchant_id.in_({account.merchant_id for account in waiting}),
            PaymentAccount.is_preferred,
        )
        .options(joinedload(PaymentAccount.merchant), joinedload(PaymentAccount.bank))
    )
    preferred = {row.merchant_id: row for row in rows}
    return {
        account.id: preferred[account.merchant_id]
        for account in waiting
        if account.merchant_id in preferred
    }


def needs_confirmation(waiting: Iterable[PaymentAccount]) -> set[int]:
    """The ids of those that come after an earlier account and so need a confirmation."""
    waiting = list(waiting)
    merchants = _with_earlier_accounts(waiting)
    return {account.id for account in waiting if account.merchant_id in merchants}


def list_shared(waiting: Iterable[PaymentAccount]) -> dict[int, list[str]]:
    """Names of other merchants with the same BIN and number, by account; an alert, no block."""
    other = aliased(PaymentAccount)
    mine = {account.id for account in waiting}
    rows = db.session.execute(
        select(PaymentAccount.id, other)
        .join(
            other,
            (other.number_hash == PaymentAccount.number_hash)
            & (other.merchant_id != PaymentAccount.merchant_id),
        )
        .where(
            PaymentAccount.id.in_(mine),
            other.state.in_((AccountState.AWAITING_APPROVAL, AccountState.APPROVED)),
        )
        .options(joinedload(other.merchant))
        .order_by(PaymentAccount.id, other.id)
        .limit(1000)
    ).all()
    shared: dict[int, list[str]] = {}
    for account_id, row in rows:
        shared.setdefault(account_id, []).append(row.merchant.display_name)
    return shared


def _waiting(account_id: int, *, market: Market, actor: Actor) -> PaymentAccount:
    account = accounts.get_account(
        account_id,
        market=market,
        actor=actor,
        permission=Permission.APPROVE_ACCOUNTS,
        lock=True,
    )
    if account.state is not AccountState.AWAITING_APPROVAL:
        raise Conflict("Tài khoản này không còn chờ duyệt. Hãy tải lại trang.")
    return account


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
        raise _invalid("number_again", "Số gõ lại không khớp với số đã nhập.")
    has_evidence = evidence.proof is not AccountProof.NONE or bool(evidence.number_again)
    if account.needs_own_decision and not has_evidence:
        raise _invalid("proof", "Tài khoản này cần bằng chứng hoặc gõ lại số trước khi duyệt.")
    if is_change and evidence.confirmation is None:
        raise _invalid(
            "confirmation",
            "Đây là đổi tài khoản: hãy ghi đã xác nhận với chủ hộ bằng cách nào.",
        )
    _check_payload(account.bin, number)


def _check_payload(bin: str, number: str) -> None:
    paid = vietqr.decode(vietqr.encode(bin=bin, account=number)).pays
    if (paid.bin, paid.account) != (bin, number):
        raise Invalid("Mã QR của tài khoản này không đọc lại được đúng số. Hãy nhập lại.")


def _with_earlier_accounts(waiting: Sequence[PaymentAccount]) -> set[int]:
    """Merchants of these who had an approved account before, a retired one included."""
    ids = {account.merchant_id for account in waiting}
    if not ids:
        return set()
    earlier = aliased(PaymentAccount)
    # Asked by what waits, not by a list of ids: bulk approval may hold thousands.
    return set(
        db.session.scalars(
            select(PaymentAccount.merchant_id)
            .where(
                PaymentAccount.state == AccountState.AWAITING_APPROVAL,
                exists().where(
                    earlier.merchant_id == PaymentAccount.merchant_id,
                    earlier.state.in_((AccountState.APPROVED, AccountState.RETIRED)),
                    earlier.in_force_from.is_not(None),
                ),
            )
            .distinct()
        )
    ).intersection(ids)


def _approve(account: PaymentAccount, *, actor: Actor, evidence: Evidence, is_change: bool) -> None:
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
    audit.record(
        actor,
        "approve",
        account,
        market_id=account.merchant.market_id,
        old={"state": "awaiting_approval"},
        new={
            "state": "approved",
            "in_force_from": account.in_force_from,
            "proof": str(account.proof),
            "number_typed_again": bool(evidence.number_again),
            "confirmation": account.change_confirmed_how,
        },
    )
    coverage.touch_merchant(account.merchant_id)
    if account.becomes_preferred and account.in_force_from <= actor.at:
        _take_force(account, actor=actor, at=account.in_force_from)


def _take_force(account: PaymentAccount, *, actor: Actor, at: datetime) -> None:
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
        _stand_down(old, "Được thay bằng tài khoản mới", actor=actor, at=at)
    db.session.flush()
    account.is_preferred = True
    db.session.flush()
    audit.record(actor, "take_force", account, market_id=account.merchant.market_id)
    for old in before:
        sticker_states.void_for_account(old, reason=VoidReason.ACCOUNT_CHANGED, actor=actor, at=at)
    coverage.touch_merchant(account.merchant_id)


def _retire(account: PaymentAccount, reason: str, *, actor: Actor, at: datetime) -> None:
    _stand_down(account, reason, actor=actor, at=at)
    db.session.flush()
    sticker_states.void_for_account(account, reason=VoidReason.ACCOUNT_CHANGED, actor=actor, at=at)


def _stand_down(account: PaymentAccount, reason: str, *, actor: Actor, at: datetime) -> None:
    account.state = AccountState.RETIRED
    account.is_preferred = False
    account.retired_at = at
    account.retire_reason = reason
    audit.record(
        actor,
        "retire",
        account,
        market_id=account.merchant.market_id,
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
    account: PaymentAccount, action: str, market: Market, actor: Actor, new: dict[str, str]
) -> None:
    audit.record(
        actor,
        action,
        account,
        market_id=market.id,
        old={"state": "awaiting_approval"},
        new={"state": str(account.state), **new},
    )
