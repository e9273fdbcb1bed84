"""The list of a market's stalls: who trades there, on what account, with which sticker."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from market.domain.labels import LabelledEnum
from market.domain.levels import Level
from market.domain.pages import Page
from market.domain.roles import Permission
from market.domain.stalls import StallState
from market.domain.stickers import StickerState
from market.domain.text import fold
from market.domain.visits import VisitResult
from market.extensions import db
from market.models.account import BankEntry, PaymentAccount
from market.models.coverage import TenancyLevel
from market.models.market import Market, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import BusinessLine, Stall
from market.models.sticker import Sticker
from market.models.visit import Visit
from market.services import accounts, coverage, sticker_moves
from market.services.access import Actor, stall_condition
from market.services.dated_facts import holds_on
from market.services.paging import rows_page
from market.services.stall_states import is_in_state, state_on

SELLING = (StallState.TRADING, StallState.RESTING)
ON_PAPER = (StickerState.PRINTED, StickerState.HANDED_OUT, StickerState.ON_STALL)
# How far a sticker has come; a void one that still hangs comes before all.
STICKER_ORDER = (
    StickerState.VOID,
    StickerState.ON_STALL,
    StickerState.HANDED_OUT,
    StickerState.PRINTED,
    StickerState.QUEUED,
)


class Missing(LabelledEnum):
    """What a stall where somebody should trade still lacks."""

    TENANT = "tenant", "Chưa có hộ"
    ACCOUNT = "account", "Chưa có tài khoản"
    STICKER = "sticker", "Chưa có tem"
    CHECK = "check", "Chưa kiểm tra"


@dataclass(frozen=True, slots=True)
class StallFilter:
    """Which stalls a list shows; closed ones only where they are asked for."""

    search: str = ""
    section_id: int | None = None
    line_code: str | None = None
    state: StallState | None = None
    level: Level | None = None
    missing: Missing | None = None


@dataclass(slots=True)
class StallRow:
    """A stall as lists show it; `sticker` VOID means that an invalid one still hangs."""

    id: int
    code: str
    state: StallState | None
    section: str | None
    line: str | None
    level: Level
    merchants: list[str] = field(default_factory=list)
    bank: str | None = None
    last4: str | None = None
    sticker: StickerState | None = None
    checked_on: date | None = None
    checked: VisitResult | None = None


def page_of(market: Market, chosen: StallFilter, number: int, *, actor: Actor) -> Page[StallRow]:
    """A page of the market's stalls by code; seven queries however many rows."""
    page = rows_page(_query(market, chosen, actor), number)
    ids = [row.id for row in page.items]
    levels = coverage.levels_of_stalls(ids, actor.today)
    rows = {
        row.id: StallRow(row.id, row.code, row.state, row.section, row.line, levels[row.id])
        for row in page.items
    }
    _add_merchants(rows, actor)
    _add_stickers(rows)
    _add_checks(rows)
    return Page(list(rows.values()), page.total, page.number, page.per_page)


def lacks(missing: Missing, actor: Actor) -> ColumnElement[bool]:
    """Stalls that lack it, of those where somebody sells or should."""
    here = exists().where(Tenancy.stall_id == Stall.id, holds_on(Tenancy, actor.today))
    paid = here.where(
        PaymentAccount.merchant_id == Tenancy.merchant_id, accounts.in_force(actor.at)
    )
    on_paper = exists().where(
        Sticker.stall_id == Stall.id,
        Sticker.account_id == PaymentAccount.id,
        Sticker.state.in_(ON_PAPER),
    )
    match missing:
        case Missing.TENANT:
            return is_in_state(StallState.TRADING, on=actor.today) & ~here.correlate(Stall)
        case Missing.ACCOUNT:
            condition = and_(here.correlate(Stall), ~paid.correlate(Stall))
        case Missing.STICKER:
            bare = paid.where(~on_paper.correlate(Stall, PaymentAccount))
            condition = bare.correlate(Stall)
        case Missing.CHECK:
            condition = _has_level(Level.EQUIPPED, actor)
    return is_in_state(*SELLING, on=actor.today) & condition


def _query(market: Market, chosen: StallFilter, actor: Actor) -> Select[Any]:
    query = (
        select(
            Stall.id,
            Stall.code,
            state_on(actor.today).label("state"),
            Section.name.label("section"),
            BusinessLine.name.label("line"),
        )
        .join(Market, Market.id == Stall.market_id)
        .outerjoin(Section, Section.id == Stall.section_id)
        .outerjoin(BusinessLine, BusinessLine.code == Stall.line_code)
        .where(Stall.market_id == market.id, stall_condition(actor, Permission.READ_REGISTRY))
        .order_by(Stall.sort_key, Stall.id)
    )
    return query.where(*_conditions(chosen, actor))


def _conditions(chosen: StallFilter, actor: Actor) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if chosen.state is None:
        conditions.append(~is_in_state(StallState.CLOSED, on=actor.today))
    else:
        conditions.append(is_in_state(chosen.state, on=actor.today))
    if words := fold(chosen.search):
        conditions.append(_is_found_by(words, actor))
    if chosen.section_id is not None:
        conditions.append(Stall.section_id == chosen.section_id)
    if chosen.line_code is not None:
        conditions.append(Stall.line_code == chosen.line_code)
    if chosen.level is not None:
        conditions.append(_has_level(chosen.level, actor))
    if chosen.missing is not None:
        conditions.append(lacks(chosen.missing, actor))
    return conditions


def _is_found_by(words: str, actor: Actor) -> ColumnElement[bool]:
    trader = exists().where(
        Tenancy.stall_id == Stall.id,
        Merchant.id == Tenancy.merchant_id,
        holds_on(Tenancy, actor.today),
        *(Merchant.name_key.contains(word, autoescape=True) for word in words.split()),
    )
    return or_(Stall.code_key.contains(words, autoescape=True), trader.correlate(Stall))


def _has_level(level: Level, actor: Actor) -> ColumnElement[bool]:
    """The highest of the stall's tenancies stands exactly there."""

    def some_tenancy_at(*levels: Level) -> ColumnElement[bool]:
        return (
            exists()
            .where(
                Tenancy.stall_id == Stall.id,
                TenancyLevel.tenancy_id == Tenancy.id,
                coverage.holds_level(actor.today),
                TenancyLevel.level.in_(levels),
            )
            .correlate(Stall)
        )

    higher = [each for each in Level if each.rank > level.rank]
    above = some_tenancy_at(*higher)
    return ~above if level is Level.NONE else and_(some_tenancy_at(level), ~above)


def _add_merchants(rows: Mapping[int, StallRow], actor: Actor) -> None:
    """Who trades at each stall, and the preferred account of the first who has one."""
    found = db.session.execute(
        select(
            Tenancy.stall_id,
            Merchant.display_name,
            BankEntry.short_name,
            PaymentAccount.number_last4,
        )
        .join(Merchant, Merchant.id == Tenancy.merchant_id)
        .outerjoin(
            PaymentAccount,
            and_(PaymentAccount.merchant_id == Merchant.id, PaymentAccount.is_preferred),
        )
        .outerjoin(BankEntry, BankEntry.bin == PaymentAccount.bin)
        .where(Tenancy.stall_id.in_(rows), holds_on(Tenancy, actor.today))
        .order_by(Tenancy.from_day, Tenancy.id)
    )
    for stall_id, name, bank, last4 in found:
        row = rows[stall_id]
        row.merchants.append(name)
        if row.last4 is None:
            row.bank, row.last4 = bank, last4


def _add_stickers(rows: Mapping[int, StallRow]) -> None:
    states: defaultdict[int, set[StickerState]] = defaultdict(set)
    found = db.session.execute(
        select(Sticker.stall_id, Sticker.state)
        .where(
            Sticker.stall_id.in_(rows),
            or_(Sticker.state.in_(STICKER_ORDER[1:]), sticker_moves.still_hangs()),
        )
        .distinct()
    )
    for stall_id, state in found:
        states[stall_id].add(state)
    for stall_id, own in states.items():
        rows[stall_id].sticker = min(own, key=STICKER_ORDER.index)


def _add_checks(rows: Mapping[int, StallRow]) -> None:
    newest = (
        func.row_number()
        .over(partition_by=Visit.stall_id, order_by=(Visit.phone_at.desc(), Visit.id.desc()))
        .label("newest")
    )
    visits = (
        select(Visit.stall_id, Visit.day, Visit.result, newest)
        .where(Visit.stall_id.in_(rows))
        .subquery()
    )
    found = db.session.execute(select(visits).where(visits.c.newest == 1))
    for row in found:
        rows[row.stall_id].checked_on, rows[row.stall_id].checked = row.day, row.result
