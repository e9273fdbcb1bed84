"""The dated facts of some stalls, a whole market's as a rule, read for counting."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.calendar import Span, day_of
from market.domain.counts import StallFacts
from market.domain.levels import CodeFact, CodeKey, CodeKind, Tenancy, TenancyFacts, VisitFact
from market.models.account import PaymentAccount
from market.models.merchant import Tenancy as TenancyRow
from market.models.stall import Stall, StallStateSpan
from market.models.sticker import ForeignCode, Sticker
from market.models.visit import Visit

Grouped = dict[int, list[Any]]
# Which stalls are asked about, as a condition on Stall.
Stalls = ColumnElement[bool]
_WAITS_TO_REPLACE = and_(
    PaymentAccount.state == AccountState.APPROVED,
    PaymentAccount.becomes_preferred,
    ~PaymentAccount.is_preferred,
)


def stalls_of(session: Session, stalls: Stalls) -> list[StallFacts]:
    """What the stalls did, from which day on."""
    states: Grouped = defaultdict(list)
    for stall_id, day, state in session.execute(
        select(StallStateSpan.stall_id, StallStateSpan.from_day, StallStateSpan.state)
        .join(Stall, Stall.id == StallStateSpan.stall_id)
        .where(stalls)
        .order_by(StallStateSpan.stall_id, StallStateSpan.from_day, StallStateSpan.id)
    ):
        states[stall_id].append((day, state))
    return [
        StallFacts(stall_id, placement, tuple(states.get(stall_id, ())))
        for stall_id, placement in session.execute(select(Stall.id, Stall.placement).where(stalls))
    ]


def tenancies_of(session: Session, stalls: Stalls) -> Iterator[TenancyFacts]:
    """Everything that decides the levels of the tenancies at these stalls."""
    rows = session.execute(
        select(
            TenancyRow.id,
            TenancyRow.stall_id,
            TenancyRow.merchant_id,
            TenancyRow.from_day,
            TenancyRow.to_day,
        )
        .join(Stall, Stall.id == TenancyRow.stall_id)
        .where(stalls)
        .order_by(TenancyRow.id)
    ).all()
    accounts, successors = _accounts(session, stalls)
    stickers = _stickers(session, stalls, successors)
    foreign = _foreign_codes(session, stalls)
    visits = _visits(session, stalls)
    for row in rows:
        yield TenancyFacts(
            tenancy=as_tenancy(row),
            accounts=tuple(accounts.get(row.merchant_id, ())),
            codes=(*stickers.get((row.stall_id, row.merchant_id), ()), *foreign.get(row.id, ())),
            visits=tuple(visits.get(row.id, ())),
        )


def as_tenancy(row: Row[Any]) -> Tenancy:
    """The tenancy of a row with its id, stall_id, merchant_id, from_day and to_day."""
    return Tenancy(row.id, row.stall_id, row.merchant_id, Span(row.from_day, row.to_day))


def account_span(since: datetime, until: datetime | None) -> Span:
    """The days of an account in force from a moment until it was retired."""
    return Span(day_of(since), until and day_of(until))


def code_fact(kind: CodeKind, code_id: int, since: datetime, until: datetime | None) -> CodeFact:
    """A code handed out (or checked) at a moment and void (or removed) at another."""
    first = day_of(since)
    last = None if until is None else max(first, day_of(until))
    return CodeFact(CodeKey(kind, code_id), Span(first, last), order_of(since))


def order_of(at: datetime) -> int:
    """What places a moment among others of its day."""
    return int(at.timestamp())


def _accounts(session: Session, stalls: Stalls) -> tuple[Grouped, Grouped]:
    """Of the merchants of these stalls: days with an approved account in force, and successors.

    A successor is an account that is approved and waits, with the moment from which it
    pays: the sweeper may come later, but what it will write down is known already.
    """
    found: Grouped = defaultdict(list)
    successors: Grouped = defaultdict(list)
    for merchant_id, account_id, since, until, is_successor in session.execute(
        select(
            PaymentAccount.merchant_id,
            PaymentAccount.id,
            PaymentAccount.in_force_from,
            PaymentAccount.retired_at,
            _WAITS_TO_REPLACE,
        ).where(
            PaymentAccount.in_force_from.is_not(None),
            PaymentAccount.merchant_id.in_(_merchants(stalls)),
        )
    ):
        # An account replaced before it took force never held.
        if until is None or until >= since:
            found[merchant_id].append(account_span(since, until))
        if is_successor:
            successors[merchant_id].append((since, account_id))
    return found, successors


def _stickers(
    session: Session, stalls: Stalls, successors: Grouped
) -> dict[tuple[int, int], list[CodeFact]]:
    """Those handed out, until they are void or another account takes the place of theirs."""
    found: defaultdict[tuple[int, int], list[CodeFact]] = defaultdict(list)
    for sticker_id, stall_id, merchant_id, account_id, force, since, void_at in session.execute(
        select(
            Sticker.id,
            Sticker.stall_id,
            PaymentAccount.merchant_id,
            PaymentAccount.id,
            PaymentAccount.in_force_from,
            Sticker.handed_out_at,
            Sticker.void_at,
        )
        .join(Stall, Stall.id == Sticker.stall_id)
        .join(PaymentAccount, PaymentAccount.id == Sticker.account_id)
        .where(stalls, Sticker.handed_out_at.is_not(None))
        .order_by(Sticker.id)
    ):
        later = [each for each in successors.get(merchant_id, ()) if each > (force, account_id)]
        until = void_at or (min(later)[0] if later else None)
        found[stall_id, merchant_id].append(code_fact(CodeKind.STICKER, sticker_id, since, until))
    return found


def _foreign_codes(session: Session, stalls: Stalls) -> Grouped:
    found: Grouped = defaultdict(list)
    for code_id, tenancy_id, since, until in session.execute(
        select(
            ForeignCode.id, ForeignCode.tenancy_id, ForeignCode.checked_at, ForeignCode.removed_at
        )
        .join(Stall, Stall.id == ForeignCode.stall_id)
        .where(stalls, ForeignCode.checked_at.is_not(None))
        .order_by(ForeignCode.id)
    ):
        found[tenancy_id].append(code_fact(CodeKind.FOREIGN, code_id, since, until))
    return found


def _visits(session: Session, stalls: Stalls) -> Grouped:
    found: Grouped = defaultdict(list)
    rows: Select[Any] = (
        select(
            Visit.tenancy_id,
            Visit.day,
            Visit.phone_at,
            Visit.id,
            Visit.result,
            Visit.sticker_id,
            Visit.foreign_code_id,
            Visit.accepts,
            Visit.test_transfer_acknowledged,
            Visit.use_shown,
        )
        .join(Stall, Stall.id == Visit.stall_id)
        .where(stalls, Visit.tenancy_id.is_not(None))
        .order_by(Visit.tenancy_id, Visit.phone_at, Visit.id)
    )
    for visit in session.execute(rows):
        found[visit.tenancy_id].append(
            VisitFact(
                day=visit.day,
                order=order_of(visit.phone_at),
                result=visit.result,
                code=_scanned(visit.sticker_id, visit.foreign_code_id),
                confirmed=_confirmed(visit.accepts, visit.test_transfer_acknowledged),
                use_shown=visit.use_shown,
            )
        )
    return found


def _merchants(stalls: Stalls) -> Select[tuple[int]]:
    return select(TenancyRow.merchant_id).join(Stall, Stall.id == TenancyRow.stall_id).where(stalls)


def _scanned(sticker_id: int | None, foreign_code_id: int | None) -> CodeKey | None:
    if sticker_id is not None:
        return CodeKey(CodeKind.STICKER, sticker_id)
    if foreign_code_id is not None:
        return CodeKey(CodeKind.FOREIGN, foreign_code_id)
    return None


def _confirmed(accepts: bool | None, test_transfer: bool | None) -> bool | None:
    return True if test_transfer else accepts
