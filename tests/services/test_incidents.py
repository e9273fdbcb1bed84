"""Incidents: listed with what hung there and where else, closed once with what was done."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from market.domain.errors import Conflict, Invalid, NotFound
from market.domain.roles import Role
from market.domain.vietqr import encode
from market.domain.visits import IncidentState, VisitResult
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.visit import Incident
from market.services import incident_lists, incidents, visits
from market.services.incident_lists import IncidentRow
from market.services.visits import VisitValues
from tests.factories import (
    NOW,
    TODAY,
    VIETCOMBANK,
    make_account,
    make_actor,
    make_commune,
    make_market,
    make_province,
    make_section,
    make_stall,
    make_tenancy,
    make_trader,
)

STRANGER = "88001999999"


def find_stranger(
    session: Session, tenancy: Tenancy, *, number: str = STRANGER, days_ago: int = 0
) -> None:
    """A visit that scans a stranger's code at the tenancy's stall."""
    stall = session.get_one(Stall, tenancy.stall_id)
    market = session.get_one(Market, stall.market_id)
    visits.record_visit(
        stall,
        values=VisitValues(
            uuid=str(uuid4()),
            phone_at=NOW - timedelta(days=days_ago),
            scanned=encode(bin=VIETCOMBANK, account=number),
        ),
        actor=make_actor(Role.VOLUNTEER, market=market),
    )


def listed(market: Market, state: IncidentState = IncidentState.OPEN) -> list[IncidentRow]:
    actor = make_actor(market=market)
    return list(incident_lists.page_of(market, state, 1, actor=actor).items)


@pytest.fixture
def tenancy(session: Session) -> Tenancy:
    """A trader of a market with an account."""
    tenancy: Tenancy = make_trader(make_market())
    make_account(session.get_one(Merchant, tenancy.merchant_id))
    return tenancy


def market_of(session: Session, tenancy: Tenancy) -> Market:
    return session.get_one(Market, session.get_one(Stall, tenancy.stall_id).market_id)


def test_a_list_says_what_hung_there_by_bank_and_four_digits(
    session: Session, tenancy: Tenancy
) -> None:
    find_stranger(session, tenancy)

    (row,) = listed(market_of(session, tenancy))

    assert (row.bank, row.last4, row.serial) == ("Vietcombank", "9999", None)
    assert row.visit.result is VisitResult.OTHER_ACCOUNT
    assert row.merchant == session.get_one(Merchant, tenancy.merchant_id).display_name
    assert row.elsewhere == 0


def test_the_same_stranger_at_other_stalls_of_the_province_is_counted(
    session: Session, tenancy: Tenancy
) -> None:
    find_stranger(session, tenancy)
    find_stranger(session, make_trader(make_market()), days_ago=14)
    find_stranger(session, make_trader(make_market()), days_ago=15)
    far = make_commune("00001", "Ba Đình", make_province("01", "Hà Nội"))
    find_stranger(session, make_trader(make_market(commune_code=far.code)))
    find_stranger(session, make_trader(make_market()), number="88001999998")

    (row,) = listed(market_of(session, tenancy))

    assert row.elsewhere == 1


def test_incidents_of_another_market_or_section_are_not_listed(
    session: Session, tenancy: Tenancy
) -> None:
    market = market_of(session, tenancy)
    section = make_section(market)
    inside: Tenancy = make_tenancy(
        make_stall(market, section=section), session.get_one(Merchant, tenancy.merchant_id)
    )
    find_stranger(session, tenancy)
    find_stranger(session, inside)
    find_stranger(session, make_trader(make_market()))
    narrow = make_actor(Role.VOLUNTEER, section=section)

    assert len(listed(market)) == 2
    rows = incident_lists.page_of(market, IncidentState.OPEN, 1, actor=narrow).items
    assert [row.stall.id for row in rows] == [inside.stall_id]
    assert incidents.count(market, actor=narrow)[IncidentState.OPEN] == 1


def test_closing_says_what_was_done_by_whom(session: Session, tenancy: Tenancy) -> None:
    find_stranger(session, tenancy)
    market = market_of(session, tenancy)
    board = make_actor(market=market)
    (row,) = listed(market)

    incidents.close(row.incident.id, "  Đã gỡ mã lạ,\nbáo công an ", market=market, actor=board)

    (closed,) = listed(market, IncidentState.CLOSED)
    assert closed.incident.resolution == "Đã gỡ mã lạ, báo công an"
    assert (closed.incident.closed_at, closed.closed_by) == (NOW, board.name)
    assert listed(market) == []


def test_what_is_closed_is_not_closed_again(session: Session, tenancy: Tenancy) -> None:
    find_stranger(session, tenancy)
    market = market_of(session, tenancy)
    board = make_actor(market=market)
    (row,) = listed(market)
    incidents.close(row.incident.id, "Đã gỡ", market=market, actor=board)

    with pytest.raises(Conflict):
        incidents.close(row.incident.id, "Đã gỡ", market=market, actor=board)


def test_closing_needs_words(session: Session, tenancy: Tenancy) -> None:
    find_stranger(session, tenancy)
    market = market_of(session, tenancy)
    (row,) = listed(market)

    with pytest.raises(Invalid):
        incidents.close(row.incident.id, "  ", market=market, actor=make_actor(market=market))
    assert session.get_one(Incident, row.incident.id).state is IncidentState.OPEN


def test_a_stranger_cannot_close(session: Session, tenancy: Tenancy) -> None:
    find_stranger(session, tenancy)
    market = market_of(session, tenancy)
    (row,) = listed(market)
    elsewhere = make_market()

    with pytest.raises(NotFound):
        incidents.close(row.incident.id, "Đã gỡ", market=market, actor=make_actor(market=elsewhere))
    with pytest.raises(NotFound):
        incidents.close(
            row.incident.id, "Đã gỡ", market=elsewhere, actor=make_actor(market=elsewhere)
        )


def test_after_closing_the_same_code_is_a_new_incident(session: Session, tenancy: Tenancy) -> None:
    find_stranger(session, tenancy, days_ago=2)
    market = market_of(session, tenancy)
    (row,) = listed(market)
    incidents.close(row.incident.id, "Đã gỡ", market=market, actor=make_actor(market=market))

    find_stranger(session, tenancy)

    (again,) = listed(market)
    assert again.incident.opened_on == TODAY
