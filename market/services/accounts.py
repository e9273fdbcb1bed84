"""Payment accounts: entering them, finding them, and who may see a full number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased, joinedload

from market.domain.accounts import (
    AccountProof,
    AccountSource,
    AccountState,
    HolderRelation,
    check_number,
    kind_at,
    last_four,
)
from market.domain.errors import Conflict, Invalid, NotFound, Problem
from market.domain.roles import Permission
from market.domain.text import clean
from market.extensions import db, vault
from market.models.account import BankEntry, PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant
from market.services import audit
from market.services.access import Actor
from market.services.merchant_scope import now_of_market

NUMBER_PURPOSE = "account"
PAYLOAD_PURPOSE = "payload"
WITH_OWNER = (joinedload(PaymentAccount.merchant), joinedload(PaymentAccount.bank))
# What the pages on accounts read besides the row itself.
WITH_ALL = (
    *WITH_OWNER,
    joinedload(PaymentAccount.entered_by),
    joinedload(PaymentAccount.decided_by),
)


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
class SealedNumber:
    """A number as the register keeps it."""

    sealed: bytes
    hash: str
    last4: str


def seal_number(merchant: Merchant, bin: str, number: str) -> SealedNumber:
    """Seal a checked number under the merchant's key."""
    if merchant.wrapped_key is None:
        raise Conflict("Dữ liệu của hộ này đã được xóa theo yêu cầu; không thể thêm tài khoản.")
    return SealedNumber(
        vault().seal_text(merchant.wrapped_key, number, NUMBER_PURPOSE),
        number_hash(bin, number),
        last_four(number),
    )


def number_hash(bin: str, number: str) -> str:
    """The keyed hash by which equal accounts are found."""
    return vault().sameness("account", bin, number)


def open_number(account: PaymentAccount) -> str:
    """The full number, for the program's own use; `account.merchant` must be loaded.

    Whoever shows it to a person does so through `show_numbers`.
    """
    key = account.merchant.wrapped_key
    if key is None or account.number_sealed is None:
        raise Conflict("Số tài khoản này đã được xóa theo yêu cầu của chủ hộ.")
    return vault().open_text(key, account.number_sealed, NUMBER_PURPOSE)


def show_numbers(
    accounts: Iterable[PaymentAccount], *, market: Market, actor: Actor
) -> dict[int, str]:
    """The full numbers this actor may see, by account; the look is an audit entry."""
    accounts = list(accounts)
    allowed = _with_open_numbers(accounts, market, actor)
    shown = {
        account.id: open_number(account)
        for account in accounts
        if account.id in allowed and account.number_sealed is not None
    }
    if shown:
        audit.record_by_id(
            actor,
            "read_numbers",
            PaymentAccount.__tablename__,
            market.code,
            market_id=market.id,
            new={"accounts": sorted(shown)},
        )
    return shown


def enter_account(
    merchant: Merchant, *, values: AccountValues, actor: Actor, market: Market | None = None
) -> PaymentAccount:
    """Enter an account; it waits for approval by somebody else.

    `market` is where that happens, for the audit log: the merchant's by default. Raises
    Invalid with a problem for each field at fault, Conflict where the same account is
    already there.
    """
    number, bank, holder = check_values(values)
    lock_merchants([merchant.id])
    if merchant.merged_into_id is not None:
        raise Conflict("Hồ sơ hộ này đã gộp vào hộ khác. Hãy thêm tài khoản ở hộ đó.")
    sealed = seal_number(merchant, bank.bin, number)
    _refuse_twice(merchant, sealed.hash, becomes_preferred=values.becomes_preferred)
    account = PaymentAccount(
        merchant_id=merchant.id,
        merchant=merchant,
        bank=bank,
        kind=kind_at(bank.kind),
        bin=bank.bin,
        number_sealed=sealed.sealed,
        number_hash=sealed.hash,
        number_last4=sealed.last4,
        kept_payload_sealed=_sealed_payload(merchant, values.kept_payload),
        holder_name=holder,
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
    db.session.add(account)
    db.session.flush()
    audit.record(
        actor,
        "enter",
        account,
        market_id=market.id if market else merchant.market_id,
        new={
            "merchant_id": merchant.id,
            "bin": bank.bin,
            "number": audit.personal(merchant, number),
            "last4": sealed.last4,
            "holder": audit.personal(merchant, holder),
            "relation": str(values.relation),
            "source": str(values.source),
            "becomes_preferred": values.becomes_preferred,
        },
    )
    return account


def prefer(account_id: int, *, market: Market, actor: Actor) -> PaymentAccount:
    """Ask that another approved account of the merchant go onto the stickers.

    It goes the way of every change: a new row that waits for approval.
    """
    account = get_account(
        account_id, market=market, actor=actor, permission=Permission.ENTER_ACCOUNTS
    )
    if account.state is not AccountState.APPROVED or account.is_preferred:
        raise Conflict("Chỉ tài khoản đã duyệt và chưa in trên tem mới chuyển thành chính được.")
    if account.becomes_preferred:
        raise Conflict("Tài khoản này đã duyệt để in trên tem, chỉ còn chờ đến lúc có hiệu lực.")
    return enter_account(account.merchant, values=values_of(account), actor=actor, market=market)


def values_of(account: PaymentAccount) -> AccountValues:
    """What entering the same account anew takes; `account.merchant` must be loaded."""
    key, payload = account.merchant.wrapped_key, account.kept_payload_sealed
    return AccountValues(
        bin=account.bin,
        number=open_number(account),
        holder_name=account.holder_name,
        relation=account.relation,
        source=account.source,
        kept_payload=vault().open_text(key, payload, PAYLOAD_PURPOSE) if key and payload else None,
        opened_with_help=account.opened_with_help,
        came_from_number_cell=account.came_from_number_cell,
    )


def get_account(
    account_id: int,
    *,
    market: Market,
    actor: Actor,
    permission: Permission = Permission.READ_REGISTRY,
    lock: bool = False,
) -> PaymentAccount:
    """An account of a merchant of that market, merchant and bank loaded; else NotFound.

    Locked it is read anew; otherwise who entered and who decided are loaded, too.
    """
    query = select(PaymentAccount).where(
        PaymentAccount.id == account_id, of_market(market, actor=actor, permission=permission)
    )
    if lock:
        query = query.options(*WITH_OWNER).execution_options(populate_existing=True)
        query = query.with_for_update(of=PaymentAccount)
    else:
        query = query.options(*WITH_ALL)
    account = db.session.scalar(query)
    if account is None:
        raise NotFound("Không tìm thấy tài khoản này.")
    return account


def of_market(market: Market, *, actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Accounts of merchants who belong to the actor's part of the market now."""
    return PaymentAccount.merchant_id.in_(
        select(Merchant.id).where(now_of_market(market, actor=actor, permission=permission))
    )


def in_force(at: datetime) -> ColumnElement[bool]:
    """The accounts that stickers pay at that moment, one a merchant at most.

    One whose moment has come counts at once, whether or not the sweeper has been.
    """
    later = aliased(PaymentAccount)
    comes_after = or_(
        PaymentAccount.is_preferred,
        later.in_force_from > PaymentAccount.in_force_from,
        and_(later.in_force_from == PaymentAccount.in_force_from, later.id > PaymentAccount.id),
    )
    is_overtaken = (
        select(later.id)
        .where(
            later.merchant_id == PaymentAccount.merchant_id,
            later.id != PaymentAccount.id,
            later.state == AccountState.APPROVED,
            later.becomes_preferred,
            ~later.is_preferred,
            later.in_force_from <= at,
            comes_after,
        )
        .correlate(PaymentAccount)
        .exists()
    )
    return and_(
        PaymentAccount.state == AccountState.APPROVED,
        PaymentAccount.in_force_from <= at,
        or_(PaymentAccount.is_preferred, PaymentAccount.becomes_preferred),
        ~is_overtaken,
    )


def list_of_merchant(
    merchant: Merchant, *, market: Market, actor: Actor
) -> Sequence[PaymentAccount]:
    """The accounts of a merchant of that market, the newest first; bank loaded."""
    return db.session.scalars(
        select(PaymentAccount)
        .where(
            PaymentAccount.merchant_id == merchant.id,
            of_market(market, actor=actor, permission=Permission.READ_REGISTRY),
        )
        .options(*WITH_OWNER)
        .order_by(PaymentAccount.entered_at.desc(), PaymentAccount.id.desc())
        .limit(100)
    ).all()


def lock_merchants(merchant_ids: Iterable[int]) -> None:
    """Let whoever enters or decides on accounts of one merchant take turns."""
    ids = sorted(set(merchant_ids))
    locked = select(Merchant.id).where(Merchant.id.in_(ids)).order_by(Merchant.id)
    db.session.execute(locked.with_for_update()).all()


def check_values(values: AccountValues) -> tuple[str, BankEntry, str]:
    """The cleaned number, the bank and the holder's name.

    Raises Invalid with a problem for each field at fault.
    """
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
    return number, bank, holder


def _with_open_numbers(
    accounts: Sequence[PaymentAccount], market: Market, actor: Actor
) -> set[int]:
    """Boards see full numbers of their markets; other approvers only what waits for them."""
    reads = of_market(market, actor=actor, permission=Permission.READ_FULL_NUMBERS)
    decides = of_market(market, actor=actor, permission=Permission.APPROVE_ACCOUNTS)
    waits = PaymentAccount.state == AccountState.AWAITING_APPROVAL
    if not accounts:
        return set()
    return set(
        db.session.scalars(
            select(PaymentAccount.id).where(
                PaymentAccount.id.in_([account.id for account in accounts]),
                or_(reads, and_(waits, decides)),
            )
        )
    )


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
