"""Entering payment accounts; each waits for approval by somebody else."""

from dataclasses import dataclass

from sqlalchemy import select

from market.domain.accounts import (
    AccountProof,
    AccountSource,
    AccountState,
    HolderRelation,
    check_number,
    kind_at,
)
from market.domain.errors import Conflict, Invalid, Problem
from market.domain.roles import Permission
from market.domain.text import clean
from market.extensions import db, vault
from market.models.account import BankEntry, PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant
from market.services import accounts, audit
from market.services.access import Actor
from market.services.accounts import PAYLOAD_PURPOSE, SealedNumber


@dataclass(frozen=True, slots=True)
class AccountValues:
    """What is entered of an account; `kept_payload` is a wallet's own code, kept as it is."""

    bin: str
    number: str
    holder_name: str
    relation: HolderRelation = HolderRelation.SELF
    source: AccountSource = AccountSource.TYPED
    kept_payload: str | None = None
    opened_with_help: bool = False
    came_from_number_cell: bool = False
    becomes_preferred: bool = True


@dataclass(frozen=True, slots=True)
class CheckedAccount:
    """What was entered, as it is kept."""

    number: str
    bank: BankEntry
    holder: str


def enter_account(
    merchant: Merchant, *, values: AccountValues, actor: Actor, market: Market | None = None
) -> PaymentAccount:
    """Enter an account; it waits for approval by somebody else.

    `market` is where that happens, for the audit log: the merchant's by default. Raises
    Invalid with a problem for each field at fault, Conflict where the same account is
    already there.
    """
    checked = check_values(values)
    accounts.lock_merchants([merchant.id])
    if merchant.merged_into_id is not None:
        raise Conflict("Hồ sơ hộ này đã gộp vào hộ khác. Hãy thêm tài khoản ở hộ đó.")
    sealed = accounts.seal_number(merchant, checked.bank.bin, checked.number)
    _refuse_twice(merchant, sealed.hash, becomes_preferred=values.becomes_preferred)
    account = _row(merchant, values, checked, sealed, actor)
    db.session.add(account)
    db.session.flush()
    market_id = market.id if market else merchant.market_id
    told = _told(account, values, checked)
    audit.record(actor, "enter", account, market_id=market_id, new=told)
    return account


def prefer(account_id: int, *, market: Market, actor: Actor) -> PaymentAccount:
    """Ask that another approved account of the merchant go onto the stickers.

    It goes the way of every change: a new row that waits for approval.
    """
    account = accounts.get_account(
        account_id, market=market, actor=actor, permission=Permission.ENTER_ACCOUNTS
    )
    if account.state is not AccountState.APPROVED or account.is_preferred:
        raise Conflict("Chỉ tài khoản đã duyệt và chưa in trên tem mới chuyển thành chính được.")
    if account.becomes_preferred:
        raise Conflict("Tài khoản này đã duyệt để in trên tem, chỉ còn chờ đến lúc có hiệu lực.")
    return enter_account(account.merchant, values=values_of(account), actor=actor, market=market)


def values_of(account: PaymentAccount) -> AccountValues:
    """What entering the same account anew takes; `account.merchant` must be loaded."""
    return AccountValues(
        bin=account.bin,
        number=accounts.open_number(account),
        holder_name=account.holder_name,
        relation=account.relation,
        source=account.source,
        kept_payload=_open_payload(account),
        opened_with_help=account.opened_with_help,
        came_from_number_cell=account.came_from_number_cell,
    )


def check_values(values: AccountValues) -> CheckedAccount:
    """The values as they are kept; raises Invalid with a problem for each field at fault."""
    problems: list[Problem] = []
    number, holder = values.number, clean(values.holder_name)
    try:
        number = check_number(values.number)
    except Invalid as error:
        problems += error.problems
    bank = db.session.get(BankEntry, values.bin)
    if bank is None:
        message = "Không có ngân hàng này trong danh mục. Hãy chọn lại."
        problems.append(Problem(message, "bank_unknown", field="bin"))
    if not holder:
        message = "Hãy nhập tên chủ tài khoản như ngân hàng hiện."
        problems.append(Problem(message, field="holder_name"))
    if problems or bank is None:
        raise Invalid("Tài khoản chưa nhập được. Hãy sửa các ô được đánh dấu.", tuple(problems))
    return CheckedAccount(number, bank, holder)


def _row(
    merchant: Merchant,
    values: AccountValues,
    checked: CheckedAccount,
    sealed: SealedNumber,
    actor: Actor,
) -> PaymentAccount:
    bank = checked.bank
    return PaymentAccount(
        merchant_id=merchant.id,
        merchant=merchant,
        bank=bank,
        kind=kind_at(bank.kind),
        bin=bank.bin,
        number_sealed=sealed.sealed,
        number_hash=sealed.hash,
        number_last4=sealed.last4,
        kept_payload_sealed=_sealed_payload(merchant, values.kept_payload),
        holder_name=checked.holder,
        relation=values.relation,
        source=values.source,
        opened_with_help=values.opened_with_help,
        came_from_number_cell=values.came_from_number_cell,
        needs_own_decision=values.came_from_number_cell or bank.needs_confirmation,
        becomes_preferred=values.becomes_preferred,
        state=AccountState.AWAITING_APPROVAL,
        proof=AccountProof.NONE,
        entered_at=actor.at,
        entered_by_id=actor.user_id,
        changed_by_id=actor.user_id,
    )


def _told(
    account: PaymentAccount, values: AccountValues, checked: CheckedAccount
) -> dict[str, object]:
    """What the audit log holds of it."""
    merchant = account.merchant
    return {
        "merchant_id": merchant.id,
        "bin": account.bin,
        "number": audit.personal(merchant, checked.number),
        "last4": account.number_last4,
        "holder": audit.personal(merchant, checked.holder),
        "relation": str(values.relation),
        "source": str(values.source),
        "becomes_preferred": values.becomes_preferred,
    }


def _refuse_twice(merchant: Merchant, hash: str, *, becomes_preferred: bool) -> None:
    same = db.session.scalars(
        select(PaymentAccount).where(
            PaymentAccount.merchant_id == merchant.id,
            PaymentAccount.number_hash == hash,
            PaymentAccount.state.in_((AccountState.AWAITING_APPROVAL, AccountState.APPROVED)),
        )
    ).all()
    for account in same:
        if account.state is AccountState.AWAITING_APPROVAL:
            raise Conflict("Tài khoản này của hộ đang chờ duyệt.")
        if account.is_preferred or account.becomes_preferred or not becomes_preferred:
            raise Conflict("Hộ này đã có đúng tài khoản này và đã được duyệt.")


def _sealed_payload(merchant: Merchant, payload: str | None) -> bytes | None:
    if payload is None or merchant.wrapped_key is None:
        return None
    return vault().seal_text(merchant.wrapped_key, payload, PAYLOAD_PURPOSE)


def _open_payload(account: PaymentAccount) -> str | None:
    key, payload = account.merchant.wrapped_key, account.kept_payload_sealed
    return vault().open_text(key, payload, PAYLOAD_PURPOSE) if key and payload else None
