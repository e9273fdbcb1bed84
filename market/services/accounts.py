"""Payment accounts: their sealed numbers, who may see them in full, and which are in force."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased, joinedload

from market.domain.accounts import AccountState, last_four
from market.domain.errors import Conflict, NotFound
from market.domain.roles import Permission
from market.extensions import db, vault
from market.models.account import PaymentAccount
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
    return and_(
        PaymentAccount.state == AccountState.APPROVED,
        PaymentAccount.in_force_from <= at,
        or_(PaymentAccount.is_preferred, PaymentAccount.becomes_preferred),
        ~is_overtaken(at),
    )


def is_overtaken(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Another account of the merchant has come into force since this one did, swept or not."""
    later = aliased(PaymentAccount)
    comes_after = or_(
        PaymentAccount.is_preferred,
        later.in_force_from > PaymentAccount.in_force_from,
        and_(later.in_force_from == PaymentAccount.in_force_from, later.id > PaymentAccount.id),
    )
    return (
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
