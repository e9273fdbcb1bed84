"""All that one stall's page shows: what holds today, and what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from market.domain.calendar import Span
from market.domain.levels import Level
from market.domain.stalls import StallState
from market.domain.stickers import StickerState
from market.domain.visits import VisitResult
from market.extensions import db
from market.models.account import BankEntry, PaymentAccount
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.services import coverage, stall_history, stalls
from market.services.access import Actor
from market.services.stall_history import Entry, Happening


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who trades at the stall, and the preferred account they are paid on."""

    tenancy_id: int
    merchant_id: int
    name: str
    since: date
    account_id: int | None
    bank: str | None
    last4: str | None


@dataclass(frozen=True, slots=True)
class StallPage:
    """The facts of today and the history, the newest first."""

    state: StallState | None
    state_since: date | None
    level: Level
    tenants: tuple[Tenant, ...]
    sticker: StickerState | None
    serial: str | None
    checked_on: date | None
    checked: VisitResult | None
    entries: Sequence[Entry]

    @property
    def has_no_tenant(self) -> bool:
        """Whether it trades and nobody is known to be there."""
        return self.state is StallState.TRADING and not self.tenants


# How far a sticker of the history has come by its last entry.
STICKER_STATES = {
    Happening.STICKER_HUNG: StickerState.ON_STALL,
    Happening.STICKER_HANDED_OUT: StickerState.HANDED_OUT,
    Happening.STICKER_PRINTED: StickerState.PRINTED,
}

ENDS_OF_STICKERS = (Happening.STICKER_VOID, Happening.STICKER_SPOILED)


def gather(stall: Stall, *, actor: Actor) -> StallPage:
    """Everything the page shows; eight queries."""
    states = stalls.list_states(stall)
    tenancies = stalls.list_tenancies(stall)
    entries = stall_history.list_entries(stall, states=states, tenancies=tenancies)
    now = _state_on(states, actor.today)
    checked = next((entry for entry in entries if entry.kind is Happening.VISIT), None)
    sticker, serial = _live_sticker(entries)
    return StallPage(
        state=now.state if now else None,
        state_since=now.from_day if now else None,
        level=coverage.levels_of_stalls([stall.id], actor.today)[stall.id],
        tenants=_tenants(stall, actor.today),
        sticker=sticker,
        serial=serial,
        checked_on=checked.day if checked else None,
        checked=VisitResult(checked.word) if checked and checked.word else None,
        entries=entries,
    )


def _state_on(states: Sequence[StallStateSpan], day: date) -> StallStateSpan | None:
    return next((row for row in states if Span(row.from_day, row.to_day).covers(day)), None)


def _live_sticker(entries: Sequence[Entry]) -> tuple[StickerState | None, str | None]:
    """The sticker that has come furthest and is not void."""
    dead = {entry.name for entry in entries if entry.kind in ENDS_OF_STICKERS}
    for kind, state in STICKER_STATES.items():
        for entry in entries:
            if entry.kind is kind and entry.name not in dead:
                return state, entry.name
    return None, None


def _tenants(stall: Stall, day: date) -> tuple[Tenant, ...]:
    rows = db.session.execute(
        select(
            Tenancy.id,
            Tenancy.from_day,
            Tenancy.to_day,
            Merchant.id.label("merchant_id"),
            Merchant.display_name,
            PaymentAccount.id.label("account_id"),
            PaymentAccount.number_last4,
            BankEntry.short_name,
        )
        .join(Merchant, Merchant.id == Tenancy.merchant_id)
        .outerjoin(
            PaymentAccount,
            (PaymentAccount.merchant_id == Merchant.id) & PaymentAccount.is_preferred,
        )
        .outerjoin(BankEntry, BankEntry.bin == PaymentAccount.bin)
        .where(Tenancy.stall_id == stall.id)
        .order_by(Tenancy.from_day, Tenancy.id)
        .limit(200)
    )
    return tuple(
        Tenant(
            row.id,
            row.merchant_id,
            row.display_name,
            row.from_day,
            row.account_id,
            row.short_name,
            row.number_last4,
        )
        for row in rows
        if Span(row.from_day, row.to_day).covers(day)
    )
