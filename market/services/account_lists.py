"""Lists of accounts: what waits, what is shared, what came from number cells; alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from market.domain.accounts import AccountState, HolderRelation
from market.domain.labels import LabelledEnum
from market.domain.pages import Page
from market.domain.roles import Permission
from market.domain.text import fold
from market.domain.visits import VisitResult
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.user import User
from market.models.visit import Visit
from market.services import account_decisions, accounts
from market.services.access import Actor
from market.services.paging import entities_page

MISMATCH_WINDOW = timedelta(hours=24)
BURST_WINDOW = timedelta(hours=1)
BURST = 20
MISMATCHES = (VisitResult.OTHER_ACCOUNT, VisitResult.UNKNOWN_CODE)


class AccountFilter(LabelledEnum):
    """Which accounts a list shows."""

    WAITING = "waiting", "Chờ duyệt"
    SHARED = "shared", "Trùng số với hộ khác"
    NUMBER_CELL = "number_cell", "Từ ô kiểu số"
    APPROVED = "approved", "Đã duyệt"
    REJECTED = "rejected", "Bị từ chối"
    RETIRED = "retired", "Ngừng dùng"

    @classmethod
    def chosen(cls, text: str | None) -> "AccountFilter":
        """The filter of that name; what waits by default."""
        return next((kind for kind in cls if kind == text), cls.WAITING)


@dataclass(frozen=True, slots=True)
class AccountDetail:
    """What an approver should know beside the account itself."""

    stall_codes: tuple[str, ...]
    entered_by: str | None
    replaces: PaymentAccount | None
    needs_confirmation: bool
    shared_with: tuple[str, ...]
    after_mismatch: bool
    in_burst: bool


def page_of(
    market: Market, chosen: AccountFilter, number: int, *, actor: Actor, search: str = ""
) -> Page[PaymentAccount]:
    """A page of the market's accounts; merchant and bank loaded."""
    query = (
        select(PaymentAccount)
        .join(Merchant, Merchant.id == PaymentAccount.merchant_id)
        .where(_of(market, actor), _condition(chosen))
        .options(joinedload(PaymentAccount.merchant), joinedload(PaymentAccount.bank))
        .order_by(PaymentAccount.id.desc())
    )
    if words := fold(search):
        query = query.where(
            Merchant.name_key.contains(words, autoescape=True)
            | (PaymentAccount.number_last4 == search.strip()[-4:])
        )
    return entities_page(query, number)


def counts(market: Market, *, actor: Actor) -> dict[AccountFilter, int]:
    """How many accounts each filter shows."""
    figures = db.session.execute(
        select(*(func.count().filter(_condition(kind)) for kind in AccountFilter)).where(
            _of(market, actor)
        )
    ).one()
    return dict(zip(AccountFilter, figures, strict=True))


def details_of(shown: Sequence[PaymentAccount], *, market: Market) -> dict[int, AccountDetail]:
    """What to know beside each account; the number of queries does not grow with them."""
    stalls = _stall_codes(shown, market)
    makers = _makers(shown)
    replaced = account_decisions.changes_of(shown)
    changing = account_decisions.needs_confirmation(shown)
    shared = account_decisions.list_shared(shown)
    mismatched = _after_mismatch(shown)
    bursts = _in_bursts(shown)
    return {
        account.id: AccountDetail(
            stall_codes=tuple(stalls.get(account.merchant_id, ())),
            entered_by=makers.get(account.entered_by_id or 0),
            replaces=replaced.get(account.id),
            needs_confirmation=account.id in changing,
            shared_with=tuple(shared.get(account.id, ())),
            after_mismatch=account.id in mismatched,
            in_burst=account.id in bursts,
        )
        for account in shown
    }


def _of(market: Market, actor: Actor) -> ColumnElement[bool]:
    return accounts.of_market(market, actor=actor, permission=Permission.READ_REGISTRY)


def _condition(chosen: AccountFilter) -> ColumnElement[bool]:
    waiting = PaymentAccount.state == AccountState.AWAITING_APPROVAL
    match chosen:
        case AccountFilter.SHARED:
            live = (AccountState.AWAITING_APPROVAL, AccountState.APPROVED)
            return PaymentAccount.state.in_(live) & _is_shared()
        case AccountFilter.NUMBER_CELL:
            return waiting & PaymentAccount.came_from_number_cell
        case AccountFilter.WAITING:
            return waiting
        case _:
            return PaymentAccount.state == AccountState(chosen)


def _is_shared() -> ColumnElement[bool]:
    other = aliased(PaymentAccount)
    return (
        select(other.id)
        .where(
            other.number_hash == PaymentAccount.number_hash,
            other.merchant_id != PaymentAccount.merchant_id,
            other.state.in_((AccountState.AWAITING_APPROVAL, AccountState.APPROVED)),
            other.relation != HolderRelation.RELATIVE,
            PaymentAccount.relation != HolderRelation.RELATIVE,
        )
        .exists()
    )


def _stall_codes(shown: Sequence[PaymentAccount], market: Market) -> dict[int, list[str]]:
    rows = db.session.execute(
        select(Tenancy.merchant_id, Stall.code)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(
            Stall.market_id == market.id,
            Tenancy.to_day.is_(None),
            Tenancy.merchant_id.in_({account.merchant_id for account in shown}),
        )
        .order_by(Stall.sort_key)
    )
    codes: dict[int, list[str]] = {}
    for merchant_id, code in rows:
        codes.setdefault(merchant_id, []).append(code)
    return codes


def _makers(shown: Sequence[PaymentAccount]) -> dict[int, str]:
    ids = {account.entered_by_id for account in shown}
    rows = db.session.execute(select(User.id, User.display_name).where(User.id.in_(ids)))
    return {user_id: name for user_id, name in rows}


def _after_mismatch(shown: Sequence[PaymentAccount]) -> set[int]:
    """Accounts entered within a day after a visit that found another code at their stall."""
    rows = db.session.execute(
        select(Tenancy.merchant_id, Visit.received_at)
        .join(Visit, Visit.tenancy_id == Tenancy.id)
        .where(
            Tenancy.merchant_id.in_({account.merchant_id for account in shown}),
            Visit.result.in_(MISMATCHES),
        )
    ).all()
    return {
        account.id
        for account in shown
        for merchant_id, at in rows
        if merchant_id == account.merchant_id
        and timedelta() <= account.entered_at - at <= MISMATCH_WINDOW
    }


def _in_bursts(shown: Sequence[PaymentAccount]) -> set[int]:
    """Changes of accounts in force that one user made many of within an hour, by hand."""
    changing = [account for account in shown if account.import_batch_id is None]
    if not changing:
        return set()
    earliest = min(account.entered_at for account in changing) - BURST_WINDOW
    replaced = aliased(PaymentAccount)
    rows = db.session.execute(
        select(PaymentAccount.entered_by_id, PaymentAccount.entered_at).where(
            PaymentAccount.entered_by_id.in_({account.entered_by_id for account in changing}),
            PaymentAccount.entered_at >= earliest,
            PaymentAccount.import_batch_id.is_(None),
            select(replaced.id)
            .where(
                replaced.merchant_id == PaymentAccount.merchant_id,
                replaced.id < PaymentAccount.id,
                or_(replaced.is_preferred, replaced.state == AccountState.RETIRED),
            )
            .exists(),
        )
    ).all()
    return {
        account.id
        for account in changing
        if sum(
            user_id == account.entered_by_id and abs(at - account.entered_at) <= BURST_WINDOW
            for user_id, at in rows
        )
        >= BURST
    }
