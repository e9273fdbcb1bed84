"""Lists of incidents: what hung there, who saw it, and where else the same code hangs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import aliased, joinedload

from market.domain.accounts import last_four
from market.domain.errors import NotFound
from market.domain.pages import Page
from market.domain.roles import Permission
from market.domain.visits import IncidentState
from market.extensions import db
from market.models.account import BankEntry
from market.models.area import Commune
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.sticker import Sticker
from market.models.user import User
from market.models.visit import Incident, Visit
from market.services import incidents, scans
from market.services.access import Actor
from market.services.paging import rows_page

# The same stranger at several stalls of a province within so many days is one attack.
JOINT_DAYS = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident with its visit.

    `bank`, `last4` and `serial` say what hung there as far as a list may; `elsewhere`
    counts other stalls of the province where the same code was found lately.
    """

    incident: Incident
    visit: Visit
    stall: Stall
    merchant: str | None
    seen_by: str | None
    closed_by: str | None
    serial: str | None
    bank: str | None
    last4: str | None
    elsewhere: int


def page_of(
    market: Market, state: IncidentState, number: int, *, actor: Actor
) -> Page[IncidentRow]:
    """A page of the market's incidents, the newest first; four queries."""
    page = rows_page(_query(market, actor).where(Incident.state == state), number)
    return Page(_rows(page.items, market), page.total, page.number, page.per_page)


def get_row(market: Market, incident_id: int, *, actor: Actor) -> IncidentRow:
    """One incident; NotFound outside the actor's part of the market."""
    found = db.session.execute(_query(market, actor).where(Incident.id == incident_id)).all()
    if not found:
        raise NotFound("Không tìm thấy sự cố này.")
    return _rows(found, market)[0]


def _rows(found: Sequence[Row[Any]], market: Market) -> list[IncidentRow]:
    accounts = {row.Visit.id: _account_of(row) for row in found}
    banks = _bank_names(bin for bin, _last4 in accounts.values())
    elsewhere = _count_elsewhere([row.Visit for row in found], market)
    return [
        IncidentRow(
            incident=row.Incident,
            visit=row.Visit,
            stall=row.Stall,
            merchant=row.Merchant.display_name if row.Merchant else None,
            seen_by=row.seen_by,
            closed_by=row.closed_by,
            serial=row.Sticker.serial if row.Sticker else None,
            bank=banks.get(accounts[row.Visit.id][0] or ""),
            last4=accounts[row.Visit.id][1],
            elsewhere=elsewhere[row.Visit.id],
        )
        for row in found
    ]


def _query(market: Market, actor: Actor) -> Select[Any]:
    seen_by, closed_by = aliased(User), aliased(User)
    return (
        select(
            Incident,
            Visit,
            Stall,
            Merchant,
            Sticker,
            seen_by.display_name.label("seen_by"),
            closed_by.display_name.label("closed_by"),
        )
        .join(Visit, Visit.id == Incident.visit_id)
        .join(Stall, Stall.id == Incident.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .outerjoin(Tenancy, Tenancy.id == Visit.tenancy_id)
        .outerjoin(Merchant, Merchant.id == Tenancy.merchant_id)
        .outerjoin(Sticker, Sticker.id == Visit.sticker_id)
        .outerjoin(seen_by, seen_by.id == Visit.visited_by_id)
        .outerjoin(closed_by, closed_by.id == Incident.closed_by_id)
        .where(incidents.of_market(market, actor=actor, permission=Permission.READ_REGISTRY))
        .order_by(Incident.id.desc())
        .options(joinedload(Stall.section), joinedload(Sticker.account))
    )


def _account_of(row: Row[Any]) -> tuple[str | None, str | None]:
    """BIN and last four digits of what hung there, where that was an account."""
    if row.Sticker is not None:
        return row.Sticker.account.bin, row.Sticker.account.number_last4
    pays = scans.paid_by(scans.open_text(row.Visit, row.Merchant))
    if pays is None or pays.account is None:
        return None, None
    return pays.bin, last_four(pays.account)


def _bank_names(bins: Iterable[str | None]) -> dict[str, str]:
    rows = db.session.execute(
        select(BankEntry.bin, BankEntry.short_name).where(
            BankEntry.bin.in_(set(filter(None, bins)))
        )
    )
    return {row.bin: row.short_name for row in rows}


def _count_elsewhere(visits: Sequence[Visit], market: Market) -> Counter[int]:
    """At how many other stalls of the province each code was found within the joint days."""
    found: Counter[int] = Counter()
    if not visits:
        return found
    rows = db.session.execute(
        select(Visit.payee_hash, Visit.stall_id, Visit.day)
        .join(Stall, Stall.id == Visit.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Visit.payee_hash.in_({visit.payee_hash for visit in visits if visit.payee_hash}),
            Visit.result.in_(incidents.OPENING),
            Market.commune_code.in_(_communes_around(market)),
        )
    ).all()
    for visit in visits:
        stalls = {
            row.stall_id
            for row in rows
            if row.payee_hash == visit.payee_hash and abs(row.day - visit.day) <= JOINT_DAYS
        }
        found[visit.id] = len(stalls - {visit.stall_id})
    return found


def _communes_around(market: Market) -> Select[tuple[str]]:
    """The communes of the market's province."""
    own = aliased(Commune)
    return (
        select(Commune.code)
        .join(own, own.province_code == Commune.province_code)
        .where(own.code == market.commune_code)
    )
