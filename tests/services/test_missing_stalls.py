"""Who is missing: which stalls, from which day on, and why."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.coverage import Denominator
from market.domain.hindrances import Hindrance
from market.domain.levels import Level
from market.domain.roles import Role
from market.domain.stalls import Placement, StallState
from market.domain.visits import NonAcceptReason, VisitResult
from market.models.market import Market
from market.models.stall import BusinessLine, Stall
from market.services import coverage, missing_stalls
from market.services.missing_stalls import MissingFilter, MissingStall
from tests.factories import (
    TODAY,
    make_account,
    make_actor,
    make_market,
    make_merchant,
    make_section,
    make_stall,
    make_tenancy,
)
from tests.ladders import hand_out, make_at, merchant_of, moment, see

DAY = date(2026, 8, 10)


def missing(market: Market, *, on: date = TODAY, **chosen: object) -> list[MissingStall]:
    """The stalls of the first page, after counting."""
    coverage.recompute_market(market.id)
    asked = MissingFilter(on, **chosen)  # type: ignore[arg-type]
    return list(missing_stalls.page_of(market, asked, 1, actor=make_actor(market=market)).items)


def codes(rows: list[MissingStall]) -> list[str]:
    return [row.code for row in rows]


def test_those_below_the_level_are_listed_as_one_walks(session: Session) -> None:
    market = make_market()
    far, near = make_section(market, "Khu Xa", 2), make_section(market, "Khu Gần", 1)
    make_at(market, Level.NONE, since=DAY, code="Z1")
    make_at(market, Level.EQUIPPED, since=DAY, code="A10", section=far)
    make_at(market, Level.ACCOUNT, since=DAY, code="A2", section=far)
    make_at(market, Level.DISPLAYED, since=DAY, code="B1", section=near)
    make_at(market, Level.ACCEPTS, since=DAY, code="B2", section=near)
    make_at(market, Level.IN_USE, since=DAY, code="B3", section=near)

    rows = missing(market)

    assert codes(rows) == ["B1", "A2", "A10", "Z1"]
    assert [row.level for row in rows] == [
        Level.DISPLAYED,
        Level.ACCOUNT,
        Level.EQUIPPED,
        Level.NONE,
    ]


def test_each_step_of_the_funnel_has_its_own_missing_ones(session: Session) -> None:
    market = make_market()
    for level in Level:
        make_at(market, level, since=TODAY, code=level.value)

    assert len(missing(market, below=Level.ACCOUNT)) == 1
    assert len(missing(market, below=Level.DISPLAYED)) == 3
    assert len(missing(market, below=Level.IN_USE)) == 5
    assert codes(missing(market, below=Level.IN_USE, level=Level.EQUIPPED)) == ["equipped"]


def test_of_a_past_day_those_missing_then(session: Session) -> None:
    market = make_market()
    make_at(market, Level.ACCEPTS, since=DAY, code="A1")

    assert codes(missing(market, on=DAY - timedelta(days=1))) == ["A1"]
    assert missing(market, on=DAY) == []


def test_only_stalls_of_the_denominator_are_missing(session: Session) -> None:
    market = make_market()
    make_stall(market, "NGHI", state=StallState.RESTING)
    make_stall(market, "TRONG", state=StallState.VACANT)
    make_stall(market, "DONG", state=StallState.CLOSED)
    make_stall(market, "RONG", placement=Placement.MOBILE)
    make_stall(market, "BAN")

    assert codes(missing(market)) == ["BAN"]
    assert codes(missing(market, denominator=Denominator.B)) == ["BAN", "NGHI"]
    assert codes(missing(market, denominator=Denominator.C)) == ["BAN", "NGHI", "TRONG"]


def test_a_shared_stall_is_missing_only_where_none_of_its_merchants_accepts(
    session: Session,
) -> None:
    market = make_market()
    tenancy = make_at(market, Level.ACCEPTS, since=DAY, code="A1")
    make_tenancy(session.get_one(Stall, tenancy.stall_id), make_merchant(market))

    assert missing(market) == []


def test_a_section_and_a_line_narrow_the_list(session: Session) -> None:
    market = make_market()
    section = make_section(market)
    make_at(market, Level.NONE, since=DAY, code="A1", section=section)
    inside = make_at(market, Level.NONE, since=DAY, code="A2")
    line = session.query(BusinessLine).order_by(BusinessLine.code).first()
    assert line is not None
    session.get_one(Stall, inside.stall_id).line_code = line.code
    session.flush()

    assert codes(missing(market, section_id=section.id)) == ["A1"]
    (row,) = missing(market, line_code=line.code)
    assert (row.code, row.line) == ("A2", line.name)


def test_who_reads_a_section_only_sees_its_stalls(session: Session) -> None:
    market = make_market()
    section = make_section(market)
    make_at(market, Level.NONE, since=DAY, code="A1", section=section)
    make_at(market, Level.NONE, since=DAY, code="B1")
    coverage.recompute_market(market.id)
    narrow = make_actor(Role.BOARD_MANAGER, section=section)

    page = missing_stalls.page_of(market, MissingFilter(TODAY), 1, actor=narrow)

    assert [row.code for row in page.items] == ["A1"]


def hindrance(market: Market, on: date = TODAY) -> Hindrance | None:
    (row,) = missing(market, on=on)
    return row.hindrance


def test_without_an_account_the_reason_is_how_far_one_has_come(session: Session) -> None:
    market = make_market()
    assert make_stall(market)
    assert hindrance(market) is Hindrance.NO_TENANT

    market = make_market()
    tenancy = make_at(market, Level.NONE, since=DAY)
    assert hindrance(market) is Hindrance.NO_ACCOUNT

    merchant = merchant_of(session, tenancy)
    account = make_account(merchant, state=AccountState.AWAITING_APPROVAL, since=moment(DAY))
    assert hindrance(market) is Hindrance.ACCOUNT_WAITING
    assert hindrance(market, DAY - timedelta(days=1)) is Hindrance.NO_ACCOUNT

    account.state, account.decided_at = AccountState.REJECTED, moment(DAY + timedelta(days=2))
    session.flush()
    assert hindrance(market) is Hindrance.ACCOUNT_REJECTED
    assert hindrance(market, DAY + timedelta(days=1)) is Hindrance.ACCOUNT_WAITING


def test_without_a_code_the_reason_is_where_the_sticker_is(session: Session) -> None:
    market = make_market()
    tenancy = make_at(market, Level.NONE, since=DAY)
    account = make_account(merchant_of(session, tenancy), since=moment(DAY))
    assert hindrance(market) is Hindrance.NO_STICKER

    sticker = hand_out(tenancy, account, on=DAY + timedelta(days=5))
    sticker.queued_at = moment(DAY)
    sticker.printed_at = moment(DAY + timedelta(days=2))
    session.flush()

    assert hindrance(market, DAY) is Hindrance.STICKER_QUEUED
    assert hindrance(market, DAY + timedelta(days=3)) is Hindrance.STICKER_IN_STOCK
    assert hindrance(market) is Hindrance.NOT_CHECKED


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (VisitResult.MISSING, Hindrance.CODE_MISSING),
        (VisitResult.OTHER_ACCOUNT, Hindrance.WRONG_CODE),
        (VisitResult.OLD_ACCOUNT, Hindrance.OLD_CODE),
        (VisitResult.UNREADABLE, Hindrance.NOT_CHECKED),
        (VisitResult.STALL_SHUT, Hindrance.NOT_CHECKED),
    ],
)
def test_with_a_code_the_reason_is_what_the_last_visit_found(
    session: Session, result: VisitResult, expected: Hindrance
) -> None:
    market = make_market()
    tenancy = make_at(market, Level.EQUIPPED, since=DAY)
    see(tenancy, on=TODAY, result=result)

    assert hindrance(market) is expected


def test_a_trader_who_declined_has_the_reason_given(session: Session) -> None:
    market = make_market()
    tenancy = make_at(market, Level.DISPLAYED, since=DAY)
    assert hindrance(market) is Hindrance.NOT_CONFIRMED

    see(tenancy, on=TODAY, accepts=False, reason=NonAcceptReason.FEAR_OF_TAX)

    (row,) = missing(market)
    assert (row.hindrance, row.reason) == (Hindrance.DECLINED, NonAcceptReason.FEAR_OF_TAX)
    assert row.seen_on == TODAY


def test_a_code_not_seen_for_long_is_stale(session: Session) -> None:
    market = make_market()
    make_at(market, Level.ACCEPTS, since=TODAY - timedelta(days=181))

    assert hindrance(market) is Hindrance.STALE


def test_a_former_tenants_visits_are_not_the_newcomers(session: Session) -> None:
    market = make_market()
    former = make_at(market, Level.DISPLAYED, since=DAY)
    see(former, on=DAY, accepts=False, reason=NonAcceptReason.NO_PHONE)
    former.to_day = TODAY
    make_tenancy(
        session.get_one(Stall, former.stall_id), make_merchant(market, "Người Mới"), since=TODAY
    )
    session.flush()

    (row,) = missing(market)

    assert (row.merchants, row.hindrance, row.reason) == (
        ["Người Mới"],
        Hindrance.NO_ACCOUNT,
        None,
    )
