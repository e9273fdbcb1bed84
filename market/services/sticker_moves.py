"""What people do with stickers on paper: hand out, spoil, void, hang, find gone."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import joinedload

from market.domain.errors import Conflict, Invalid, Problem
from market.domain.pages import Page
from market.domain.roles import Permission
from market.domain.stickers import StickerState, VoidReason
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.models.sticker import Sticker
from market.services import accounts, audit, coverage, sticker_states
from market.services.access import Actor, stall_condition
from market.services.dated_facts import holds_on
from market.services.paging import entities_page

# What a person may give as reason; the others follow from changes in the register.
REASONS_BY_HAND = (
    VoidReason.WORN,
    VoidReason.LOST,
    VoidReason.OVERLAID,
    VoidReason.MISPRINTED,
)


def hand_out(stickers: Sequence[Sticker], *, market: Market, actor: Actor) -> list[Sticker]:
    """Note that printed stickers left the office; raises Conflict where one is not in stock."""
    for sticker in stickers:
        _require(sticker, StickerState.PRINTED, "phát")
        sticker.state = StickerState.HANDED_OUT
        sticker.handed_out_at = actor.at
    _note("hand_out", stickers, StickerState.HANDED_OUT, market=market, actor=actor)
    return list(stickers)


def spoil(stickers: Sequence[Sticker], *, market: Market, actor: Actor) -> list[Sticker]:
    """Note that stickers in stock came out unusable; what replaces them is queued.

    Gives the queued ones. Raises Conflict where one is not in stock: what was handed out
    is voided instead.
    """
    for sticker in stickers:
        _require(sticker, StickerState.PRINTED, "ghi in hỏng")
        sticker.state = StickerState.SPOILED
        sticker.spoiled_at = actor.at
    _note("spoil", stickers, StickerState.SPOILED, market=market, actor=actor)
    return _queue_instead(stickers, actor)


def void(
    stickers: Sequence[Sticker], reason: VoidReason | None, *, market: Market, actor: Actor
) -> list[Sticker]:
    """Void stickers for a reason that a person saw; what replaces them is queued.

    Raises Invalid for a reason that only a change in the register may give, Conflict where
    one never reached paper or is void or spoiled already.
    """
    if reason is None or reason not in REASONS_BY_HAND:
        message = "Hãy chọn lý do hủy tem."
        raise Invalid(message, (Problem(message, field="reason"),))
    for sticker in stickers:
        if sticker.state not in (
            StickerState.PRINTED,
            StickerState.HANDED_OUT,
            StickerState.ON_STALL,
        ):
            raise _moved_on(sticker, "hủy")
    voided: list[Sticker] = []
    for sticker in stickers:
        voided += sticker_states.void_sticker(sticker, reason=reason, actor=actor)
    return voided


def hang(sticker: Sticker, *, at: datetime, actor: Actor) -> None:
    """Note that the sticker was seen hanging at its stall at that moment.

    Seen again it keeps the moment it was first seen, whichever visit was told of first; one in
    stock that hangs was handed out unnoted. Raises Conflict for a sticker that is void, spoiled
    or was never printed.
    """
    if sticker.state is StickerState.ON_STALL:
        if sticker.hung_at is None or sticker.hung_at <= at:
            return
    elif sticker.state not in (StickerState.PRINTED, StickerState.HANDED_OUT):
        raise _moved_on(sticker, "ghi đã treo")
    old = str(sticker.state)
    sticker.state = StickerState.ON_STALL
    sticker.handed_out_at = noted_hand_out(sticker) or at
    sticker.hung_at = at
    _note_one("hang", sticker, old, actor)


def noted_hand_out(sticker: Sticker) -> datetime | None:
    """When somebody handed the sticker out; None where only its hanging tells that it was."""
    return None if sticker.handed_out_at == sticker.hung_at else sticker.handed_out_at


def mark_gone(sticker: Sticker, *, at: datetime, actor: Actor) -> None:
    """Note that a void sticker was found gone from its stall; nothing for any other one."""
    if sticker.state is not StickerState.VOID or sticker.gone_at is not None:
        return
    sticker.gone_at = at
    _note_one("gone", sticker, str(sticker.state), actor)


def list_still_hanging(market: Market, number: int, *, actor: Actor) -> Page[Sticker]:
    """Void stickers that were handed out and that no visit has found gone; stall loaded."""
    query = (
        select(Sticker)
        .join(Stall, Stall.id == Sticker.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Stall.market_id == market.id,
            stall_condition(actor, Permission.PRINT_STICKERS),
            still_hangs(),
        )
        .options(joinedload(Sticker.stall).joinedload(Stall.section))
        .order_by(Sticker.void_at.desc(), Sticker.id)
    )
    return entities_page(query, number)


def still_hangs() -> ColumnElement[bool]:
    """Void, once out of the office, and not proven gone."""
    return (
        (Sticker.state == StickerState.VOID)
        & or_(Sticker.handed_out_at.is_not(None), Sticker.hung_at.is_not(None))
        & Sticker.gone_at.is_(None)
    )


def _require(sticker: Sticker, state: StickerState, act: str) -> None:
    if sticker.state is not state:
        raise _moved_on(sticker, act)


def _moved_on(sticker: Sticker, act: str) -> Conflict:
    state = sticker.state.label
    return Conflict(
        f"Không {act} được tem {sticker.serial}: tem này {state[0].lower()}{state[1:]}."
        " Hãy tải lại trang."
    )


def _note(
    action: str,
    stickers: Sequence[Sticker],
    state: StickerState,
    *,
    market: Market,
    actor: Actor,
) -> None:
    """One entry for all of an act: what it moved, from stock."""
    db.session.flush()
    audit.record_by_id(
        actor,
        action,
        Sticker.__tablename__,
        stickers[0].serial if len(stickers) == 1 else f"{len(stickers)} tem",
        market_id=market.id,
        new={
            "from": str(StickerState.PRINTED),
            "state": str(state),
            "serials": [sticker.serial for sticker in stickers],
        },
    )
    for sticker in stickers:
        coverage.touch_stall(market.id, sticker.stall_id)


def _note_one(action: str, sticker: Sticker, old: str, actor: Actor) -> None:
    """For acts on one sticker; its stall is loaded."""
    audit.record(
        actor,
        action,
        sticker,
        market_id=sticker.stall.market_id,
        old={"state": old},
        new={"state": str(sticker.state)},
    )
    coverage.touch_stall(sticker.stall.market_id, sticker.stall_id)


def _queue_instead(spoiled: Sequence[Sticker], actor: Actor) -> list[Sticker]:
    """A new sticker for each spoiled one whose account its stall still pays."""
    rows = db.session.execute(
        select(Tenancy, PaymentAccount)
        .join(PaymentAccount, PaymentAccount.merchant_id == Tenancy.merchant_id)
        .where(
            Tenancy.stall_id.in_({sticker.stall_id for sticker in spoiled}),
            holds_on(Tenancy, actor.today),
            accounts.in_force(actor.at),
        )
        .options(joinedload(Tenancy.stall).joinedload(Stall.market), joinedload(Tenancy.merchant))
    )
    payable = {(tenancy.stall_id, account.id): (tenancy, account) for tenancy, account in rows}
    queued: list[Sticker] = []
    for sticker in spoiled:
        if found := payable.get((sticker.stall_id, sticker.account_id)):
            (made,) = sticker_states.queue([found], actor=actor, replaces=sticker.id)
            made.copy_number = sticker.copy_number
            queued.append(made)
    return queued
