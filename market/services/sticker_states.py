"""How stickers move on: void when what they say no longer holds, queued anew where it does."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Row, and_, select
from sqlalchemy.orm import joinedload

from market.domain.serials import new_serial
from market.domain.stickers import StickerState, VoidReason
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.sticker import Sticker
from market.services import audit, coverage
from market.services.access import Actor
from market.services.accounts import in_force
from market.services.dated_facts import holds_on

SERIAL_BITS = 35
ASKED_AT_ONCE = 500
LIVE = (
    StickerState.QUEUED,
    StickerState.PRINTED,
    StickerState.HANDED_OUT,
    StickerState.ON_STALL,
)


def void_for_account(
    account: PaymentAccount, *, reason: VoidReason, actor: Actor, at: datetime | None = None
) -> list[Sticker]:
    """Void what pays this account, as of `at` (now by default); queue what replaces it."""
    return _void(Sticker.account_id == account.id, reason=reason, actor=actor, at=at or actor.at)


def void_for_tenancy(tenancy: Tenancy, *, reason: VoidReason, actor: Actor) -> list[Sticker]:
    """Void what hangs at the stall for this merchant; queue nothing for who has left."""
    accounts = select(PaymentAccount.id).where(PaymentAccount.merchant_id == tenancy.merchant_id)
    condition = and_(Sticker.stall_id == tenancy.stall_id, Sticker.account_id.in_(accounts))
    return _void(condition, reason=reason, actor=actor, at=actor.at)


def void_for_stall(stall: Stall, *, reason: VoidReason, actor: Actor) -> list[Sticker]:
    """Void everything that names this stall, after it moved or got another code."""
    return _void(Sticker.stall_id == stall.id, reason=reason, actor=actor, at=actor.at)


def void_for_merchant(merchant: Merchant, *, reason: VoidReason, actor: Actor) -> list[Sticker]:
    """Void everything that names this merchant, after the name changed."""
    accounts = select(PaymentAccount.id).where(PaymentAccount.merchant_id == merchant.id)
    return _void(Sticker.account_id.in_(accounts), reason=reason, actor=actor, at=actor.at)


def void_sticker(sticker: Sticker, *, reason: VoidReason, actor: Actor) -> list[Sticker]:
    """Void one sticker, worn, lost, overlaid or misprinted; queue the one that replaces it."""
    return _void(Sticker.id == sticker.id, reason=reason, actor=actor, at=actor.at)


def queue(
    wanted: Iterable[tuple[Tenancy, PaymentAccount]],
    *,
    actor: Actor,
    copies: int = 1,
    replaces: int | None = None,
) -> list[Sticker]:
    """New stickers, waiting to be printed, with serials of their own.

    Tenancies come with stall and merchant loaded, the stalls with their market.
    """
    wanted = list(wanted)
    serials = iter(new_serials(len(wanted) * copies))
    made = [
        Sticker(
            serial=next(serials),
            stall_id=tenancy.stall_id,
            account_id=account.id,
            copy_number=copy,
            market_name=tenancy.stall.market.name,
            stall_code=tenancy.stall.code,
            merchant_name=tenancy.merchant.display_name,
            state=StickerState.QUEUED,
            queued_at=actor.at,
            replaces_id=replaces,
        )
        for tenancy, account in wanted
        for copy in range(1, copies + 1)
    ]
    db.session.add_all(made)
    return made


def new_serials(number: int) -> list[str]:
    """Serials that no sticker has yet."""
    found: dict[str, None] = {}
    while len(found) < number:
        drawn = {
            new_serial(secrets.randbits(SERIAL_BITS)): None for _ in range(number - len(found))
        }
        for taken in _taken(list(drawn)):
            del drawn[taken]
        found.update(drawn)
    return list(found)[:number]


def _void(
    condition: ColumnElement[bool], *, reason: VoidReason, actor: Actor, at: datetime
) -> list[Sticker]:
    stickers = list(
        db.session.scalars(
            select(Sticker)
            .where(condition, Sticker.state.in_(LIVE))
            .options(joinedload(Sticker.stall))
            .order_by(Sticker.id)
        )
    )
    for sticker in stickers:
        old = str(sticker.state)
        sticker.state = StickerState.VOID
        sticker.void_at = at
        sticker.void_reason = reason
        coverage.touch_stall(sticker.stall.market_id, sticker.stall_id)
        audit.record(
            actor,
            "void",
            sticker,
            market_id=sticker.stall.market_id,
            old={"state": old},
            new={"state": "void", "reason": str(reason), "at": at},
        )
    _queue_again(stickers, actor)
    return stickers


def _queue_again(voided: Sequence[Sticker], actor: Actor) -> None:
    """A reissue for each code whose stall still has an account of that merchant to pay."""
    if not voided:
        return
    merchants = _merchants_of(voided)
    lost = {
        (sticker.stall_id, merchants[sticker.account_id], sticker.copy_number): sticker
        for sticker in voided
    }
    payable = {
        (tenancy.stall_id, tenancy.merchant_id): (tenancy, account)
        for tenancy, account in _payable({stall_id for stall_id, *_ in lost}, actor)
    }
    taken = _live_copies({stall_id for stall_id, *_ in lost})
    for (stall_id, merchant_id, copy), sticker in lost.items():
        found = payable.get((stall_id, merchant_id))
        if found is None or (stall_id, found[1].id, copy) in taken:
            continue
        _reissue(*found, sticker=sticker, actor=actor)


def _reissue(tenancy: Tenancy, account: PaymentAccount, *, sticker: Sticker, actor: Actor) -> None:
    (made,) = queue([(tenancy, account)], actor=actor, replaces=sticker.id)
    made.copy_number = sticker.copy_number
    audit.record(
        actor,
        "queue",
        made,
        market_id=tenancy.stall.market_id,
        new={"serial": made.serial, "replaces": sticker.serial, "account_id": account.id},
    )


def _payable(stall_ids: set[int], actor: Actor) -> Sequence[Row[tuple[Tenancy, PaymentAccount]]]:
    """Who trades at these stalls today, with the account on their stickers."""
    return db.session.execute(
        select(Tenancy, PaymentAccount)
        .join(PaymentAccount, PaymentAccount.merchant_id == Tenancy.merchant_id)
        .where(
            Tenancy.stall_id.in_(stall_ids),
            holds_on(Tenancy, actor.today),
            in_force(actor.at),
        )
        .options(joinedload(Tenancy.stall).joinedload(Stall.market), joinedload(Tenancy.merchant))
        .order_by(Tenancy.id)
    ).all()


def _live_copies(stall_ids: set[int]) -> set[tuple[int, int, int]]:
    """(stall, account, copy) of every sticker there that is not void."""
    db.session.flush()
    rows = db.session.execute(
        select(Sticker.stall_id, Sticker.account_id, Sticker.copy_number).where(
            Sticker.stall_id.in_(stall_ids), Sticker.state.in_(LIVE)
        )
    )
    return {(stall_id, account_id, copy) for stall_id, account_id, copy in rows}


def _merchants_of(stickers: Iterable[Sticker]) -> dict[int, int]:
    accounts = {sticker.account_id for sticker in stickers}
    rows = db.session.execute(
        select(PaymentAccount.id, PaymentAccount.merchant_id).where(PaymentAccount.id.in_(accounts))
    )
    return {row.id: row.merchant_id for row in rows}


def _taken(serials: list[str]) -> list[str]:
    """Which of these are in use; asked in parts, since each one is an argument."""
    found: list[str] = []
    for start in range(0, len(serials), ASKED_AT_ONCE):
        part = serials[start : start + ASKED_AT_ONCE]
        found += db.session.scalars(select(Sticker.serial).where(Sticker.serial.in_(part)))
    return found
