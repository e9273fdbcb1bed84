"""Who trades at the stalls of a market, paid on which account, with which live stickers."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select

from market.domain.print_runs import RunOrder
from market.domain.roles import Permission
from market.domain.stalls import StallState
from market.domain.stickers import StickerState
from market.extensions import db
from market.models.account import BankEntry, PaymentAccount
from market.models.market import Market, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.models.sticker import Sticker
from market.services import accounts
from market.services.access import Actor, stall_condition
from market.services.dated_facts import holds_on

ROWS_AT_ONCE = 500
ON_PAPER = (StickerState.PRINTED, StickerState.HANDED_OUT, StickerState.ON_STALL)


@dataclass(slots=True)
class Present:
    """The live stickers of an account at a stall."""

    on_paper: int = 0
    in_run: int = 0
    queued: list[int] = field(default_factory=list)
    copies: set[int] = field(default_factory=set)


def tenants_of(
    market: Market, condition: ColumnElement[bool], *, order: RunOrder, actor: Actor
) -> Iterator[Row[Any]]:
    """One row for each merchant at each stall; a stall without one has a row too.

    In the order of printing, a few hundred in memory at a time. Closed stalls are left out,
    as are those outside the actor's part of the market.
    """
    state_now = and_(StallStateSpan.stall_id == Stall.id, holds_on(StallStateSpan, actor.today))
    tenancy_now = and_(Tenancy.stall_id == Stall.id, holds_on(Tenancy, actor.today))
    account_now = and_(
        PaymentAccount.merchant_id == Tenancy.merchant_id, accounts.in_force(actor.at)
    )
    query = (
        select(
            Stall.id.label("stall_id"),
            Stall.code,
            Stall.section_id,
            StallStateSpan.state,
            Tenancy.id.label("tenancy_id"),
            Merchant.display_name,
            PaymentAccount.id.label("account_id"),
            PaymentAccount.bin,
            BankEntry.short_name,
        )
        .select_from(Stall)
        .join(Market, Market.id == Stall.market_id)
        .outerjoin(StallStateSpan, state_now)
        .outerjoin(Section, Section.id == Stall.section_id)
        .outerjoin(Tenancy, tenancy_now)
        .outerjoin(Merchant, Merchant.id == Tenancy.merchant_id)
        .outerjoin(PaymentAccount, account_now)
        .outerjoin(BankEntry, BankEntry.bin == PaymentAccount.bin)
        .where(
            Stall.market_id == market.id,
            stall_condition(actor, Permission.PRINT_STICKERS),
            or_(StallStateSpan.state.is_(None), StallStateSpan.state != StallState.CLOSED),
            condition,
        )
        .order_by(*_ways(order), Stall.sort_key, Stall.id, Tenancy.id)
    )
    return iter(db.session.execute(query.execution_options(yield_per=ROWS_AT_ONCE)))


def present_at(market: Market) -> dict[tuple[int, int], Present]:
    """The live stickers of the market by stall and account, where there are any."""
    rows = db.session.execute(
        select(
            Sticker.id,
            Sticker.stall_id,
            Sticker.account_id,
            Sticker.state,
            Sticker.run_id,
            Sticker.copy_number,
        )
        .join(Stall, Stall.id == Sticker.stall_id)
        .where(
            Stall.market_id == market.id,
            Sticker.state.in_((*ON_PAPER, StickerState.QUEUED)),
        )
        .order_by(Sticker.id)
    )
    found: defaultdict[tuple[int, int], Present] = defaultdict(Present)
    for row in rows:
        present = found[row.stall_id, row.account_id]
        present.copies.add(row.copy_number)
        if row.state is not StickerState.QUEUED:
            present.on_paper += 1
        elif row.run_id is not None:
            present.in_run += 1
        else:
            present.queued.append(row.id)
    return found


def _ways(order: RunOrder) -> tuple[ColumnElement[Any], ...]:
    """Sections in their walking order, stalls without one at the end; or none of that."""
    if order is RunOrder.CODE:
        return ()
    without_section: ColumnElement[Any] = Stall.section_id.is_(None)
    return (without_section, Section.walking_order.expression, Section.name_key.expression)
