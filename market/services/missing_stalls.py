"""Stalls that have not reached a level on a day, each with what stands in the way."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from market.domain.accounts import AccountState
from market.domain.calendar import ICT
from market.domain.coverage import Denominator
from market.domain.hindrances import Hindrance, Standing, hindrance_of
from market.domain.levels import LADDER, Level
from market.domain.pages import Page
from market.domain.roles import Permission
from market.domain.stalls import Placement, StallState
from market.domain.visits import NonAcceptReason, VisitResult
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import BusinessLine, Stall
from market.models.sticker import Sticker
from market.models.visit import Visit
from market.services import coverage
from market.services.access import Actor, stall_condition
from market.services.dated_facts import holds_on
from market.services.paging import rows_page
from market.services.stall_levels import rank_on
from market.services.stall_states import is_in_state

STATES = {
    Denominator.A: (StallState.TRADING,),
    Denominator.B: (StallState.TRADING, StallState.RESTING),
    Denominator.C: tuple(state for state in StallState if state is not StallState.CLOSED),
}
# These saw nothing of the code.
SAW_NOTHING = (VisitResult.UNREADABLE, VisitResult.STALL_SHUT)


@dataclass(frozen=True, slots=True)
class MissingFilter:
    """Which stalls are asked for: below a level, perhaps standing exactly at one."""

    on: date
    denominator: Denominator = Denominator.A
    below: Level = Level.ACCEPTS
    level: Level | None = None
    section_id: int | None = None
    line_code: str | None = None


@dataclass(slots=True)
class MissingStall:
    """A stall below the level; `reason` is what the trader gave at the last visit."""

    id: int
    code: str
    section: str | None
    line: str | None
    level: Level
    merchants: list[str] = field(default_factory=list)
    hindrance: Hindrance | None = None
    reason: NonAcceptReason | None = None
    seen_on: date | None = None


def page_of(
    market: Market, chosen: MissingFilter, number: int, *, actor: Actor
) -> Page[MissingStall]:
    """A page of the stalls by section and code; six queries however many rows.

    None on a day on which the market stood closed.
    """
    page = rows_page(_query(market, chosen, actor), number)
    records = _records([row.id for row in page.items], chosen.on) if page.items else {}
    rows = [_missing(row, records[row.id]) for row in page.items]
    return Page(rows, page.total, page.number, page.per_page)


def is_counted(on: date, denominator: Denominator) -> ColumnElement[bool]:
    """The stalls that the denominator holds on the day."""
    return and_(Stall.placement == Placement.FIXED, is_in_state(*STATES[denominator], on=on))


def is_missing(chosen: MissingFilter) -> ColumnElement[bool]:
    """The stalls that the filter asks for."""
    rank = rank_on(chosen.on)
    conditions = [is_counted(chosen.on, chosen.denominator), rank < chosen.below.rank]
    if chosen.level is not None:
        conditions.append(rank == chosen.level.rank)
    if chosen.section_id is not None:
        conditions.append(Stall.section_id == chosen.section_id)
    if chosen.line_code is not None:
        conditions.append(Stall.line_code == chosen.line_code)
    return and_(*conditions)


@dataclass(slots=True)
class _Record:
    """What was on record of a stall on the day."""

    tenancies: dict[int, str] = field(default_factory=dict)
    accounts: set[AccountState] = field(default_factory=set)
    sticker_queued: bool = False
    sticker_in_stock: bool = False
    visits: list[Any] = field(default_factory=list)


def _query(market: Market, chosen: MissingFilter, actor: Actor) -> Select[Any]:
    return (
        select(
            Stall.id,
            Stall.code,
            Section.name.label("section"),
            BusinessLine.name.label("line"),
            rank_on(chosen.on).label("rank"),
        )
        .join(Market, Market.id == Stall.market_id)
        .outerjoin(Section, Section.id == Stall.section_id)
        .outerjoin(BusinessLine, BusinessLine.code == Stall.line_code)
        .where(
            Stall.market_id == market.id,
            stall_condition(actor, Permission.READ_REPORTS),
            coverage.is_open(chosen.on),
            is_missing(chosen),
        )
        .order_by(
            Section.id.is_(None), Section.walking_order, Section.name_key, Stall.sort_key, Stall.id
        )
    )


def _missing(row: Any, record: _Record) -> MissingStall:
    seeing = [visit for visit in record.visits if visit.result not in SAW_NOTHING]
    answers = [visit for visit in record.visits if _confirmed(visit) is not None]
    level = LADDER[row.rank]
    standing = Standing(
        level=level,
        has_tenant=bool(record.tenancies),
        account_waits=AccountState.AWAITING_APPROVAL in record.accounts,
        account_rejected=AccountState.REJECTED in record.accounts,
        sticker_queued=record.sticker_queued,
        sticker_in_stock=record.sticker_in_stock,
        found=seeing[-1].result if seeing else None,
        confirmed=_confirmed(answers[-1]) if answers else None,
    )
    return MissingStall(
        id=row.id,
        code=row.code,
        section=row.section,
        line=row.line,
        level=level,
        merchants=list(record.tenancies.values()),
        hindrance=hindrance_of(standing),
        reason=answers[-1].reason if answers else None,
        seen_on=record.visits[-1].day if record.visits else None,
    )


def _confirmed(visit: Any) -> bool | None:
    """As counting reads it: a test transfer that arrived is a confirmation."""
    answer: bool | None = True if visit.test_transfer_acknowledged else visit.accepts
    return answer


def _records(stall_ids: Sequence[int], on: date) -> defaultdict[int, _Record]:
    records: defaultdict[int, _Record] = defaultdict(_Record)
    end = datetime.combine(on + timedelta(days=1), time(), ICT)
    _add_tenancies(records, stall_ids, on)
    _add_accounts(records, stall_ids, on, end)
    _add_stickers(records, stall_ids, end)
    _add_visits(records, stall_ids, on)
    return records


def _add_tenancies(records: defaultdict[int, _Record], stall_ids: Sequence[int], on: date) -> None:
    for stall_id, tenancy_id, name in db.session.execute(
        select(Tenancy.stall_id, Tenancy.id, Merchant.display_name)
        .join(Merchant, Merchant.id == Tenancy.merchant_id)
        .where(Tenancy.stall_id.in_(stall_ids), holds_on(Tenancy, on))
        .order_by(Tenancy.from_day, Tenancy.id)
    ):
        records[stall_id].tenancies[tenancy_id] = name


def _add_accounts(
    records: defaultdict[int, _Record], stall_ids: Sequence[int], on: date, end: datetime
) -> None:
    """In which state each account was when the day ended."""
    for stall_id, state, decided_at in db.session.execute(
        select(Tenancy.stall_id, PaymentAccount.state, PaymentAccount.decided_at)
        .join(PaymentAccount, PaymentAccount.merchant_id == Tenancy.merchant_id)
        .where(
            Tenancy.stall_id.in_(stall_ids), holds_on(Tenancy, on), PaymentAccount.entered_at < end
        )
    ):
        waited = decided_at is None or decided_at >= end
        records[stall_id].accounts.add(AccountState.AWAITING_APPROVAL if waited else state)


def _add_stickers(
    records: defaultdict[int, _Record], stall_ids: Sequence[int], end: datetime
) -> None:
    for stall_id, printed_at in db.session.execute(
        select(Sticker.stall_id, Sticker.printed_at).where(
            Sticker.stall_id.in_(stall_ids),
            Sticker.queued_at < end,
            or_(Sticker.handed_out_at.is_(None), Sticker.handed_out_at >= end),
            or_(Sticker.void_at.is_(None), Sticker.void_at >= end),
            or_(Sticker.spoiled_at.is_(None), Sticker.spoiled_at >= end),
        )
    ):
        in_stock = printed_at is not None and printed_at < end
        records[stall_id].sticker_in_stock |= in_stock
        records[stall_id].sticker_queued |= not in_stock


def _add_visits(records: defaultdict[int, _Record], stall_ids: Sequence[int], on: date) -> None:
    """The visits to those who trade there on the day, the latest last."""
    for visit in db.session.execute(
        select(
            Visit.stall_id,
            Visit.tenancy_id,
            Visit.day,
            Visit.result,
            Visit.accepts,
            Visit.test_transfer_acknowledged,
            Visit.reason,
        )
        .where(Visit.stall_id.in_(stall_ids), Visit.day <= on)
        .order_by(Visit.phone_at, Visit.id)
    ):
        record = records[visit.stall_id]
        if visit.tenancy_id in record.tenancies:
            record.visits.append(visit)
