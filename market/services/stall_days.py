"""What there was at a stall on a day: parts of queries over stalls and their tenancies."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from market.domain.levels import Level
from market.domain.stickers import StickerState
from market.models.account import PaymentAccount
from market.models.coverage import TenancyLevel
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.models.sticker import Sticker
from market.models.visit import Visit

# How far a sticker has come; the place in this order stands for it in queries.
STICKER_ORDER = (
    None,
    StickerState.QUEUED,
    StickerState.PRINTED,
    StickerState.HANDED_OUT,
    StickerState.ON_STALL,
)


def level_on(on: date) -> ColumnElement[Level | None]:
    """The last step of the level up to that day; none before the first."""
    return (
        select(TenancyLevel.level)
        .where(TenancyLevel.tenancy_id == Tenancy.id, TenancyLevel.day <= on)
        .order_by(TenancyLevel.day.desc())
        .limit(1)
        .correlate(Tenancy)
        .scalar_subquery()
    )


def account_on(end: datetime) -> ColumnElement[int]:
    """The account that stickers paid when the day ended."""
    account = aliased(PaymentAccount)
    return (
        select(account.id)
        .where(
            account.merchant_id == Tenancy.merchant_id,
            account.becomes_preferred,
            account.in_force_from < end,
            or_(account.retired_at.is_(None), account.retired_at >= end),
        )
        .order_by(account.in_force_from.desc(), account.id.desc())
        .limit(1)
        .correlate(Tenancy)
        .scalar_subquery()
    )


def sticker_on(end: datetime) -> ColumnElement[int]:
    """How far the merchant's stickers at the stall had come when the day ended."""
    account = aliased(PaymentAccount)
    order = {state: place for place, state in enumerate(STICKER_ORDER)}
    reached = case(
        (Sticker.hung_at < end, order[StickerState.ON_STALL]),
        (Sticker.handed_out_at < end, order[StickerState.HANDED_OUT]),
        (Sticker.printed_at < end, order[StickerState.PRINTED]),
        else_=order[StickerState.QUEUED],
    )
    return (
        select(func.max(reached))
        .join(account, account.id == Sticker.account_id)
        .where(
            Sticker.stall_id == Stall.id,
            account.merchant_id == Tenancy.merchant_id,
            Sticker.queued_at < end,
            or_(Sticker.void_at.is_(None), Sticker.void_at >= end),
            or_(Sticker.spoiled_at.is_(None), Sticker.spoiled_at >= end),
        )
        .correlate(Stall, Tenancy)
        .scalar_subquery()
    )


def last_visit(on: date) -> ColumnElement[int]:
    """The last visit to this merchant, or to the empty stall."""
    visit = aliased(Visit)
    return (
        select(visit.id)
        .where(
            visit.stall_id == Stall.id,
            visit.day <= on,
            or_(
                visit.tenancy_id == Tenancy.id,
                and_(Tenancy.id.is_(None), visit.tenancy_id.is_(None)),
            ),
        )
        .order_by(visit.phone_at.desc(), visit.id.desc())
        .limit(1)
        .correlate(Stall, Tenancy)
        .scalar_subquery()
    )
