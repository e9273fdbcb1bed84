"""Lists of accounts: what waits, what is shared, what came from number cells."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from market.domain.accounts import AccountKind, AccountState, is_all_letters
from market.domain.labels import LabelledEnum
from market.domain.pages import PER_PAGE, Page
from market.domain.roles import Permission
from market.domain.text import fold
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.services import (
    account_alerts,
    account_changes,
    account_evidence,
    accounts,
    stalls,
)
from market.services.access import Actor, stall_condition
from market.services.paging import entities_page

LAST_DIGITS = 4


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
    replaces: PaymentAccount | None
    needs_confirmation: bool
    needs_own_decision: bool
    is_nickname: bool
    shared_with: tuple[str, ...]
    after_mismatch: bool
    in_burst: bool


def page_of(
    market: Market,
    chosen: AccountFilter,
    number: int,
    *,
    actor: Actor,
    search: str = "",
    total: int | None = None,
) -> Page[PaymentAccount]:
    """A page of the market's accounts, the newest first; all but stickers loaded.

    `total` is how many the filter shows, where that is known and nothing is searched.
    """
    query = (
        select(PaymentAccount)
        .join(Merchant, Merchant.id == PaymentAccount.merchant_id)
        .where(_of(market, actor), _condition(chosen, actor))
        .options(*accounts.WITH_ALL)
        .order_by(PaymentAccount.id.desc())
    )
    words = fold(search)
    if words:
        query = query.where(or_(*_matches(market, words)))
    if total is None or words:
        return entities_page(query, number)
    found = db.session.scalars(query.limit(PER_PAGE).offset((number - 1) * PER_PAGE))
    return Page(found.unique().all(), total, number)


def counts(market: Market, *, actor: Actor) -> dict[AccountFilter, int]:
    """How many accounts each filter shows."""
    figures = db.session.execute(
        select(*(func.count().filter(_condition(kind, actor)) for kind in AccountFilter)).where(
            _of(market, actor)
        )
    ).one()
    return dict(zip(AccountFilter, figures, strict=True))


def details_of(
    shown: Sequence[PaymentAccount], *, market: Market, actor: Actor
) -> dict[int, AccountDetail]:
    """What to know beside each account; the number of queries does not grow with them."""
    codes = stall_codes(shown, market, actor)
    earlier = account_changes.earlier_of(shown)
    shared = account_alerts.list_shared(shown, actor=actor)
    mismatched = account_alerts.after_mismatch(shown)
    bursts = account_alerts.in_bursts([account for account in shown if account.id in earlier])
    return {
        account.id: AccountDetail(
            stall_codes=tuple(codes.get(account.merchant_id, ())),
            replaces=_replaced(account, earlier.get(account.id)),
            needs_confirmation=account.id in earlier,
            needs_own_decision=account_evidence.skip_reason(account) is not None,
            is_nickname=_is_nickname(account),
            shared_with=tuple(shared.get(account.id, ())),
            after_mismatch=account.id in mismatched,
            in_burst=account.id in bursts,
        )
        for account in shown
    }


def stall_codes(
    shown: Sequence[PaymentAccount], market: Market, actor: Actor
) -> dict[int, list[str]]:
    """The codes of the stalls held now in the market, by merchant of these accounts."""
    rows = db.session.execute(
        select(Tenancy.merchant_id, Stall.code)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Stall.market_id == market.id,
            Tenancy.to_day.is_(None),
            Tenancy.merchant_id.in_({account.merchant_id for account in shown}),
            stall_condition(actor, Permission.READ_REGISTRY),
        )
        .order_by(Stall.sort_key)
    )
    codes: dict[int, list[str]] = {}
    for merchant_id, code in rows:
        codes.setdefault(merchant_id, []).append(code)
    return codes


def _is_nickname(account: PaymentAccount) -> bool:
    if account.kind is not AccountKind.BANK or account.number_sealed is None:
        return False
    # Only a number that ends in letters is opened.
    return account.number_last4.isalpha() and is_all_letters(accounts.open_number(account))


def _of(market: Market, actor: Actor) -> ColumnElement[bool]:
    return accounts.of_market(market, actor=actor, permission=Permission.READ_REGISTRY)


def _condition(chosen: AccountFilter, actor: Actor) -> ColumnElement[bool]:
    waiting = PaymentAccount.state == AccountState.AWAITING_APPROVAL
    match chosen:
        case AccountFilter.SHARED:
            return account_alerts.is_shared(actor)
        case AccountFilter.NUMBER_CELL:
            return waiting & PaymentAccount.came_from_number_cell
        case AccountFilter.WAITING:
            return waiting
        case _:
            return PaymentAccount.state == AccountState(chosen)


def _matches(market: Market, words: str) -> list[ColumnElement[bool]]:
    """By part of the merchant's name, by a stall's code, by the last four digits."""
    holders = (
        select(Tenancy.merchant_id)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(
            Stall.market_id == market.id,
            Tenancy.to_day.is_(None),
            Stall.code_key == stalls.code_key(words),
        )
    )
    found = [
        Merchant.name_key.contains(words, autoescape=True),
        PaymentAccount.merchant_id.in_(holders),
    ]
    if len(words) == LAST_DIGITS:
        found.append(func.lower(PaymentAccount.number_last4) == words)
    return found


def _replaced(account: PaymentAccount, earlier: PaymentAccount | None) -> PaymentAccount | None:
    """What the account would take off the stickers."""
    if earlier is None or not earlier.is_preferred or not account.becomes_preferred:
        return None
    return earlier
