"""Tenancies: where merchants trade from day to day."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market.domain.calendar import format_day
from market.domain.errors import Conflict, Invalid, NotFound, Problem
from market.domain.roles import Permission
from market.domain.stickers import VoidReason
from market.extensions import db
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.services import audit, coverage, merchants, sticker_states
from market.services.access import Actor, stall_condition
from market.services.dated_facts import lasts_beyond
from market.services.uniqueness import unique_or


def start_tenancy(stall: Stall, merchant: Merchant, *, on: date, actor: Actor) -> Tenancy:
    """Let the merchant trade at the stall from a day on; a stall may be shared.

    Raises Conflict where the merchant is there already on that day or later, Invalid for
    a day to come.
    """
    merchants.require_live(merchant)
    _require_past(on, actor)
    there = Conflict(f"Hộ này đã ở điểm {stall.code} trong thời gian đó.")
    if _is_there(stall, merchant, on):
        raise there
    tenancy = Tenancy(stall_id=stall.id, merchant_id=merchant.id, from_day=on)
    with unique_or(there):
        db.session.add(tenancy)
    audit.record(
        actor,
        "start",
        tenancy,
        market_id=stall.market_id,
        new={"stall_id": stall.id, "merchant_id": merchant.id, "from": on},
    )
    coverage.touch(stall.market_id)
    return tenancy


def end_tenancy(tenancy: Tenancy, *, on: date, actor: Actor) -> None:
    """The merchant is no longer at the stall from that day on; the stickers there are void.

    `tenancy.stall` must be loaded. One that ends on the day it began held on no day: a
    mistake put right. Raises Conflict where it has ended already, Invalid for a day
    before it began or to come.
    """
    db.session.refresh(tenancy, ["to_day"], with_for_update=True)
    if tenancy.to_day is not None:
        raise Conflict("Hộ này đã rời điểm từ trước.")
    _require_past(on, actor)
    if on < tenancy.from_day:
        raise _invalid_day(f"Hộ vào điểm ngày {format_day(tenancy.from_day)}, không rời trước.")
    tenancy.to_day = on
    db.session.flush()
    audit.record(
        actor,
        "end",
        tenancy,
        market_id=tenancy.stall.market_id,
        old={"to": None},
        new={"stall_id": tenancy.stall_id, "merchant_id": tenancy.merchant_id, "to": on},
    )
    sticker_states.void_for_tenancy(tenancy, reason=VoidReason.STALL_MOVED, actor=actor)
    coverage.touch(tenancy.stall.market_id)


def get_tenancy(market: Market, tenancy_id: int, *, actor: Actor) -> Tenancy:
    """A tenancy at a stall of that market, stall and merchant loaded; else NotFound."""
    tenancy = db.session.scalar(
        select(Tenancy)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Tenancy.id == tenancy_id,
            Stall.market_id == market.id,
            stall_condition(actor, Permission.WRITE_REGISTRY),
        )
        .options(joinedload(Tenancy.stall), joinedload(Tenancy.merchant))
    )
    if tenancy is None:
        raise NotFound("Không tìm thấy việc thuê điểm này.")
    return tenancy


def list_tenancies(merchant: Merchant, market: Market, *, actor: Actor) -> Sequence[Tenancy]:
    """Where the merchant trades and traded in the market, the newest first; stalls loaded."""
    return db.session.scalars(
        select(Tenancy)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Tenancy.merchant_id == merchant.id,
            Stall.market_id == market.id,
            stall_condition(actor, Permission.READ_REGISTRY),
        )
        .options(joinedload(Tenancy.stall).joinedload(Stall.section))
        .order_by(Tenancy.from_day.desc(), Tenancy.id.desc())
        .limit(200)
    ).all()


def _is_there(stall: Stall, merchant: Merchant, on: date) -> bool:
    """Whether the merchant trades at the stall on that day or later."""
    found = select(Tenancy.id).where(
        Tenancy.stall_id == stall.id,
        Tenancy.merchant_id == merchant.id,
        lasts_beyond(Tenancy, on),
    )
    return db.session.scalar(found) is not None


def _require_past(on: date, actor: Actor) -> None:
    if on > actor.today:
        raise _invalid_day("Ngày này chưa tới. Hãy chọn hôm nay hoặc một ngày đã qua.")


def _invalid_day(message: str) -> Invalid:
    return Invalid(message, (Problem(message, field="on"),))
