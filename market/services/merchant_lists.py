"""Lists of merchants: those of a market, what happened to one, who may be entered twice."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from market.domain.accounts import AccountState, check_phone
from market.domain.calendar import day_of
from market.domain.errors import Invalid
from market.domain.pages import Page
from market.domain.roles import Permission
from market.domain.stickers import StickerState
from market.domain.text import fold
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.sticker import Sticker
from market.models.user import User
from market.services import merchants, stalls
from market.services.access import Actor, stall_condition
from market.services.merchant_scope import of_market
from market.services.paging import entities_page

LAST_DIGITS = 3
MOST_DOUBLES = 20
MOST_EVENTS = 100


class Happening(StrEnum):
    """What a dated line of a merchant's history says."""

    STALL_TAKEN = "stall_taken"
    STALL_LEFT = "stall_left"
    CONSENTED = "consented"
    ACCOUNT_ENTERED = "account_entered"
    ACCOUNT_APPROVED = "account_approved"
    ACCOUNT_REJECTED = "account_rejected"
    ACCOUNT_RETIRED = "account_retired"
    STICKER_HUNG = "sticker_hung"
    STICKER_VOID = "sticker_void"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history: `what` (a stall's code, an account) and `detail` in words."""

    at: datetime | date
    happening: Happening
    what: str = ""
    detail: str | None = None
    who: str | None = None

    @property
    def day(self) -> date:
        """The day in Việt Nam."""
        return day_of(self.at) if isinstance(self.at, datetime) else self.at


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a merchant stands: stalls held now, an account in use, accounts that wait."""

    stalls: tuple[Stall, ...] = ()
    has_account: bool = False
    waiting: int = 0


def page_of(market: Market, number: int, *, actor: Actor, search: str = "") -> Page[Merchant]:
    """A page of the market's merchants by name; closed records are left out."""
    query = _live(market, actor).order_by(Merchant.sort_key, Merchant.id)
    if found := _matches(market, search):
        query = query.where(or_(*found))
    return entities_page(query, number)


def standings(shown: Sequence[Merchant], *, market: Market, actor: Actor) -> dict[int, Standing]:
    """Where each of these stands in the market; the number of queries does not grow with them."""
    ids = {merchant.id for merchant in shown}
    held: dict[int, list[Stall]] = {}
    rows = db.session.execute(
        select(Tenancy.merchant_id, Stall)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Tenancy.merchant_id.in_(ids),
            Tenancy.to_day.is_(None),
            Stall.market_id == market.id,
            stall_condition(actor, Permission.READ_REGISTRY),
        )
        .order_by(Stall.sort_key)
    )
    for merchant_id, stall in rows:
        held.setdefault(merchant_id, []).append(stall)
    accounts = db.session.execute(
        select(
            PaymentAccount.merchant_id,
            func.count().filter(PaymentAccount.is_preferred),
            func.count().filter(PaymentAccount.state == AccountState.AWAITING_APPROVAL),
        )
        .where(PaymentAccount.merchant_id.in_(ids))
        .group_by(PaymentAccount.merchant_id)
    )
    figures = {merchant_id: (used, waiting) for merchant_id, used, waiting in accounts}
    return {
        merchant_id: Standing(
            tuple(held.get(merchant_id, ())),
            has_account=bool(figures.get(merchant_id, (0, 0))[0]),
            waiting=figures.get(merchant_id, (0, 0))[1],
        )
        for merchant_id in ids
    }


def list_doubles(merchant: Merchant, *, market: Market, actor: Actor) -> Sequence[Merchant]:
    """Others in the market with the same phone or account, or with the same folded name.

    Those who are one by the rule of the register come first; a name alone is a hint.
    """
    other = aliased(PaymentAccount)
    shared = (
        select(other.merchant_id)
        .join(PaymentAccount, PaymentAccount.number_hash == other.number_hash)
        .where(PaymentAccount.merchant_id == merchant.id)
    )
    same_phone = and_(Merchant.phone_hash.is_not(None), Merchant.phone_hash == merchant.phone_hash)
    same_name = Merchant.name_key == merchant.name_key
    same_mark = or_(same_phone, Merchant.id.in_(shared))
    return db.session.scalars(
        _live(market, actor)
        .where(Merchant.id != merchant.id, or_(same_name, same_mark))
        .order_by(and_(same_name, same_mark).desc(), Merchant.sort_key, Merchant.id)
        .limit(MOST_DOUBLES)
    ).all()


def find_survivor(merchant: Merchant, *, market: Market, actor: Actor) -> Merchant | None:
    """The record a closed one was joined to, where this reader may see it."""
    if merchant.merged_into_id is None:
        return None
    return db.session.scalar(
        select(Merchant).where(
            Merchant.id == merchant.merged_into_id,
            of_market(market, actor=actor, permission=Permission.READ_REGISTRY),
        )
    )


def history_of(
    merchant: Merchant, tenancies: Sequence[Tenancy], accounts: Sequence[PaymentAccount]
) -> list[Event]:
    """What happened to the merchant, the newest first.

    `tenancies` with their stalls and `accounts` with their banks are the ones this
    reader may see.
    """
    events = [event for tenancy in tenancies for event in _of_tenancy(tenancy)]
    people = _names_of(merchant, accounts)
    events += [event for account in accounts for event in _of_account(account, people)]
    events += _of_stickers(tenancies, accounts)
    if merchant.consent_on:
        taken_by = people.get(merchant.consent_taken_by_id or 0)
        events.append(Event(merchant.consent_on, Happening.CONSENTED, who=taken_by))
    if merchant.merged_at:
        events.append(Event(merchant.merged_at, Happening.MERGED))
    # Of what happened at one moment, the last that was told is the last that happened.
    return sorted(reversed(events), key=_when, reverse=True)[:MOST_EVENTS]


def _live(market: Market, actor: Actor) -> Select[tuple[Merchant]]:
    return select(Merchant).where(
        of_market(market, actor=actor, permission=Permission.READ_REGISTRY),
        Merchant.merged_into_id.is_(None),
        Merchant.erased_at.is_(None),
    )


def _matches(market: Market, search: str) -> list[ColumnElement[bool]]:
    """By part of the name, by a stall's code, by a whole phone or its last three digits."""
    words = fold(search)
    if not words:
        return []
    holders = (
        select(Tenancy.merchant_id)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(
            Stall.market_id == market.id,
            Tenancy.to_day.is_(None),
            Stall.code_key == stalls.code_key(search),
        )
    )
    found = [Merchant.name_key.contains(words, autoescape=True), Merchant.id.in_(holders)]
    if len(words) == LAST_DIGITS and words.isdigit():
        found.append(Merchant.phone_last3 == words)
    with suppress(Invalid):
        phone = check_phone(search, restore_zero=True)
        found.append(Merchant.phone_hash == merchants.phone_hash(phone))
    return found


def _of_tenancy(tenancy: Tenancy) -> list[Event]:
    events = [Event(tenancy.from_day, Happening.STALL_TAKEN, tenancy.stall.code)]
    if tenancy.to_day is not None:
        events.append(Event(tenancy.to_day, Happening.STALL_LEFT, tenancy.stall.code))
    return events


def _of_account(account: PaymentAccount, people: dict[int, str]) -> list[Event]:
    what = f"{account.bank.short_name} •••• {account.number_last4}"
    entered_by = people.get(account.entered_by_id or 0)
    decided_by = people.get(account.decided_by_id or 0)
    events = [Event(account.entered_at, Happening.ACCOUNT_ENTERED, what, who=entered_by)]
    if account.decided_at and account.state is AccountState.REJECTED:
        rejected = Event(
            account.decided_at,
            Happening.ACCOUNT_REJECTED,
            what,
            account.decision_reason,
            decided_by,
        )
        events.append(rejected)
    elif account.decided_at:
        events.append(Event(account.decided_at, Happening.ACCOUNT_APPROVED, what, who=decided_by))
    if account.retired_at:
        events.append(
            Event(account.retired_at, Happening.ACCOUNT_RETIRED, what, account.retire_reason)
        )
    return events


def _of_stickers(tenancies: Sequence[Tenancy], accounts: Sequence[PaymentAccount]) -> list[Event]:
    rows = db.session.scalars(
        select(Sticker)
        .where(
            Sticker.account_id.in_({account.id for account in accounts}),
            Sticker.stall_id.in_({tenancy.stall_id for tenancy in tenancies}),
            or_(Sticker.hung_at.is_not(None), Sticker.state == StickerState.VOID),
        )
        .order_by(Sticker.id.desc())
        .limit(MOST_EVENTS)
    )
    events: list[Event] = []
    for sticker in rows:
        what = f"{sticker.serial} ({sticker.stall_code})"
        if sticker.hung_at:
            events.append(Event(sticker.hung_at, Happening.STICKER_HUNG, what))
        if sticker.void_at:
            reason = sticker.void_reason.label if sticker.void_reason else None
            events.append(Event(sticker.void_at, Happening.STICKER_VOID, what, reason))
    return events


def _names_of(merchant: Merchant, accounts: Sequence[PaymentAccount]) -> dict[int, str]:
    ids = {merchant.consent_taken_by_id}
    for account in accounts:
        ids |= {account.entered_by_id, account.decided_by_id}
    rows = db.session.execute(select(User.id, User.display_name).where(User.id.in_(ids)))
    return {user_id: name for user_id, name in rows}


def _when(event: Event) -> tuple[date, float]:
    """By day; within a day what has an hour comes after what has none."""
    return event.day, event.at.timestamp() if isinstance(event.at, datetime) else 0.0
