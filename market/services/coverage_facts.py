"""The dated facts of some stalls, a whole market's as a rule, read for counting."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.domain.accounts import AccountState
from market.domain.calendar import Span, day_of
from market.domain.counts import StallFacts
from market.domain.levels import CodeFact, CodeKey, CodeKind, Tenancy, TenancyFacts, VisitFact
from market.domain.stalls import StallState
from market.models.account import PaymentAccount
from market.models.merchant import Tenancy as TenancyRow
from market.models.stall import Stall, StallStateSpan
from market.models.sticker import ForeignCode, Sticker
from market.models.visit import Visit
from market.services.plain_rows import plain_rows

Grouped = dict[int, list[Any]]
# Given the column that names the stall of a fact: that it is one of those asked about.
Among = Callable[[InstrumentedAttribute[int]], ColumnElement[bool]]
# What `as_tenancy` reads of a row.
OF_TENANCY = (
    TenancyRow.id,
    TenancyRow.stall_id,
    TenancyRow.merchant_id,
    TenancyRow.from_day,
    TenancyRow.to_day,
)
_WAITS_TO_REPLACE = and_(
    PaymentAccount.state == AccountState.APPROVED,
    PaymentAccount.becomes_preferred,
    ~PaymentAccount.is_preferred,
)


@dataclass(frozen=True, slots=True)
class Stalls:
    """The stalls asked about: all of a market, or only those of some ids."""

    market_id: int
    ids: Sequence[int] | None = None

    def rows(self, session: Session, query: Callable[[Among], Select[Any]]) -> Sequence[Row[Any]]:
        """What a query finds of them; it is put together once, and reads no entities."""
        statement = _statement(query, self.ids is None)
        asked = {"market_id": self.market_id} if self.ids is None else {"stall_ids": self.ids}
        return plain_rows(session, statement, asked)


def stalls_of(session: Session, stalls: Stalls) -> list[StallFacts]:
    """What the stalls did, from which day on."""
    placements: dict[int, Any] = {}
    states: defaultdict[int, list[tuple[Any, StallState]]] = defaultdict(list)
    for stall_id, placement, day, state in stalls.rows(session, _stalls):
        placements[stall_id] = placement
        if day is not None:
            states[stall_id].append((day, state))
    return [
        StallFacts(stall_id, placement, tuple(states[stall_id]))
        for stall_id, placement in placements.items()
    ]


def list_tenancies(session: Session, stalls: Stalls) -> list[Tenancy]:
    """The tenancies at the stalls, in the order of their ids."""
    return [as_tenancy(row) for row in stalls.rows(session, _tenancies)]


def facts_of(
    session: Session, tenancies: Sequence[Tenancy], stalls: Stalls
) -> Iterator[TenancyFacts]:
    """Everything that decides the levels of these tenancies at these stalls."""
    accounts, stickers = _accounts_and_stickers(session, stalls)
    foreign = _foreign_codes_of(session, stalls)
    visits = _visits_of(session, stalls)
    for each in tenancies:
        own_stickers = stickers.get((each.stall_id, each.merchant_id), ())
        yield TenancyFacts(
            tenancy=each,
            accounts=tuple(accounts.get(each.merchant_id, ())),
            codes=(*own_stickers, *foreign.get(each.id, ())),
            visits=tuple(visits.get(each.id, ())),
        )


def as_tenancy(row: Row[Any]) -> Tenancy:
    """The tenancy of a row that has OF_TENANCY."""
    return Tenancy(row.id, row.stall_id, row.merchant_id, Span(row.from_day, row.to_day))


def account_span(since: datetime, until: datetime | None) -> Span:
    """The days of an account in force from a moment until it was retired."""
    return Span(day_of(since), until and day_of(until))


def code_fact(
    key: CodeKey, since: datetime, until: datetime | None, *, payee: str | None = None
) -> CodeFact:
    """A code handed out (or checked) at a moment and void (or removed) at another."""
    first = day_of(since)
    last = None if until is None else max(first, day_of(until))
    return CodeFact(key, Span(first, last), order_of(since), payee)


def order_of(at: datetime) -> int:
    """What places a moment among others of its day."""
    return int(at.timestamp())


def scanned(sticker_id: int | None, foreign_code_id: int | None) -> CodeKey | None:
    """The code that a visit matched, where it is known."""
    if sticker_id is not None:
        return CodeKey(CodeKind.STICKER, sticker_id)
    if foreign_code_id is not None:
        return CodeKey(CodeKind.FOREIGN, foreign_code_id)
    return None


def confirmed(accepts: bool | None, test_transfer: bool | None) -> bool | None:
    """What a visit says of taking payments: a test transfer that arrived says it for them."""
    return True if test_transfer else accepts


def _in_market(stall_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return stall_id.in_(select(Stall.id).where(Stall.market_id == bindparam("market_id")))


def _of_ids(stall_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return stall_id.in_(bindparam("stall_ids", expanding=True))


@cache
def _statement(query: Callable[[Among], Select[Any]], of_market: bool) -> Select[Any]:
    return query(_in_market if of_market else _of_ids)


def _accounts_and_stickers(
    session: Session, stalls: Stalls
) -> tuple[Grouped, dict[tuple[int, int], list[CodeFact]]]:
    """Of the merchants of these stalls: days with an approved account in force; their stickers.

    A sticker handed out counts until it is void or another account takes the place of its
    own. An account that is approved and waits will do so at a known moment: the sweeper may
    come later, but what it will write down is known already.
    """
    spans: dict[int, tuple[int, Span]] = {}
    successors: defaultdict[int, set[tuple[datetime, int]]] = defaultdict(set)
    handed_out = []
    for row in stalls.rows(session, _accounts):
        # An account replaced before it took force never held.
        if row.until is None or row.until >= row.since:
            spans[row.account_id] = row.merchant_id, account_span(row.since, row.until)
        if row.is_successor:
            successors[row.merchant_id].add((row.since, row.account_id))
        if row.sticker_id is not None:
            handed_out.append(row)
    accounts: Grouped = defaultdict(list)
    for merchant_id, span in spans.values():
        accounts[merchant_id].append(span)
    stickers: defaultdict[tuple[int, int], list[CodeFact]] = defaultdict(list)
    for row in handed_out:
        own = (row.since, row.account_id)
        later = [each for each in successors.get(row.merchant_id, ()) if each > own]
        until = row.void_at or (min(later)[0] if later else None)
        fact = code_fact(CodeKey(CodeKind.STICKER, row.sticker_id), row.handed_out_at, until)
        stickers[row.stall_id, row.merchant_id].append(fact)
    return accounts, stickers


def _foreign_codes_of(session: Session, stalls: Stalls) -> Grouped:
    found: Grouped = defaultdict(list)
    for row in stalls.rows(session, _foreign_codes):
        key = CodeKey(CodeKind.FOREIGN, row.id)
        fact = code_fact(key, row.checked_at, row.removed_at, payee=row.payee_hash)
        found[row.tenancy_id].append(fact)
    return found


def _visits_of(session: Session, stalls: Stalls) -> Grouped:
    found: Grouped = defaultdict(list)
    for visit in stalls.rows(session, _visits):
        found[visit.tenancy_id].append(
            VisitFact(
                day=visit.day,
                order=order_of(visit.phone_at),
                result=visit.result,
                code=scanned(visit.sticker_id, visit.foreign_code_id),
                payee=visit.payee_hash,
                confirmed=confirmed(visit.accepts, visit.test_transfer_acknowledged),
                use_shown=visit.use_shown,
            )
        )
    return found


def _stalls(among: Among) -> Select[Any]:
    return (
        select(Stall.id, Stall.placement, StallStateSpan.from_day, StallStateSpan.state)
        .outerjoin(StallStateSpan, StallStateSpan.stall_id == Stall.id)
        .where(among(Stall.id))
        .order_by(Stall.id, StallStateSpan.from_day, StallStateSpan.id)
    )


def _tenancies(among: Among) -> Select[Any]:
    return select(*OF_TENANCY).where(among(TenancyRow.stall_id)).order_by(TenancyRow.id)


def _accounts(among: Among) -> Select[Any]:
    """Each account that ever took force, once for each of its stickers at the stalls."""
    merchants = select(TenancyRow.merchant_id).where(among(TenancyRow.stall_id))
    of_account = and_(
        Sticker.account_id == PaymentAccount.id,
        Sticker.handed_out_at.is_not(None),
        among(Sticker.stall_id),
    )
    return (
        select(
            PaymentAccount.merchant_id,
            PaymentAccount.id.label("account_id"),
            PaymentAccount.in_force_from.label("since"),
            PaymentAccount.retired_at.label("until"),
            _WAITS_TO_REPLACE.label("is_successor"),
            Sticker.id.label("sticker_id"),
            Sticker.stall_id,
            Sticker.handed_out_at,
            Sticker.void_at,
        )
        .outerjoin(Sticker, of_account)
        .where(PaymentAccount.in_force_from.is_not(None), PaymentAccount.merchant_id.in_(merchants))
        .order_by(PaymentAccount.id, Sticker.id)
    )


def _foreign_codes(among: Among) -> Select[Any]:
    return (
        select(
            ForeignCode.id,
            ForeignCode.tenancy_id,
            ForeignCode.checked_at,
            ForeignCode.removed_at,
            ForeignCode.payee_hash,
        )
        .where(among(ForeignCode.stall_id), ForeignCode.checked_at.is_not(None))
        .order_by(ForeignCode.id)
    )


def _visits(among: Among) -> Select[Any]:
    return (
        select(
            Visit.tenancy_id,
            Visit.day,
            Visit.phone_at,
            Visit.result,
            Visit.sticker_id,
            Visit.foreign_code_id,
            Visit.payee_hash,
            Visit.accepts,
            Visit.test_transfer_acknowledged,
            Visit.use_shown,
        )
        .where(among(Visit.stall_id), Visit.tenancy_id.is_not(None))
        .order_by(Visit.tenancy_id, Visit.phone_at, Visit.id)
    )
