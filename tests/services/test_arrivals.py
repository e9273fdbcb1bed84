"""A merchant comes to a stall in one act: everything or nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.errors import Conflict, Invalid
from market.domain.stalls import StallState
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.services import arrivals
from market.services.account_entries import AccountValues
from market.services.arrivals import Arrival
from market.services.merchants import MerchantValues
from tests.factories import (
    LONG_AGO,
    TODAY,
    VIETCOMBANK,
    make_actor,
    make_bank,
    make_market,
    make_merchant,
    make_section,
    make_stall,
)

ARRIVAL = Arrival(MerchantValues("Nguyễn Thị Mẫu"), "A12", TODAY)
ACCOUNT = AccountValues(VIETCOMBANK, "8800 1123 45", "NGUYEN THI MAU")


def market_with_stall(state: StallState = StallState.TRADING) -> tuple[Market, Stall]:
    """A market with the stall A12."""
    market = make_market()
    make_bank()
    return market, make_stall(market, "A12", state=state)


def states_of(stall: Stall, session: Session) -> list[tuple[object, object, object]]:
    """What the stall did, in order."""
    session.flush()
    spans = session.scalars(
        select(StallStateSpan)
        .where(StallStateSpan.stall_id == stall.id)
        .order_by(StallStateSpan.from_day)
    )
    return [(span.state, span.from_day, span.to_day) for span in spans]


def test_merchant_tenancy_and_account_come_in_together(session: Session) -> None:
    market, stall = market_with_stall()

    merchant = arrivals.add_merchant(
        market, values=replace(ARRIVAL, account=ACCOUNT), actor=make_actor(market=market)
    )

    tenancy = session.scalars(select(Tenancy)).one()
    account = session.scalars(select(PaymentAccount)).one()
    assert (tenancy.stall_id, tenancy.merchant_id) == (stall.id, merchant.id)
    assert (account.merchant_id, account.number_last4) == (merchant.id, "2345")
    assert account.state is AccountState.AWAITING_APPROVAL


def test_the_stall_is_found_whatever_the_case_of_its_code(session: Session) -> None:
    market, stall = market_with_stall()

    arrivals.add_merchant(
        market, values=replace(ARRIVAL, stall_code=" a12 "), actor=make_actor(market=market)
    )

    assert session.scalars(select(Tenancy.stall_id)).one() == stall.id


def test_all_that_is_wrong_in_any_part_is_said_at_once(session: Session) -> None:
    market, _ = market_with_stall()
    values = Arrival(
        MerchantValues("", phone="12"),
        "Z99",
        TODAY,
        AccountValues("000000", "1,9E+13", ""),
    )

    with pytest.raises(Invalid) as refused:
        arrivals.add_merchant(market, values=values, actor=make_actor(market=market))

    assert {problem.field for problem in refused.value.problems} == {
        "display_name",
        "phone",
        "stall_code",
        "account_number",
        "bin",
        "holder_name",
    }
    assert session.scalar(select(func.count()).select_from(Merchant)) == 0


def test_a_vacant_stall_trades_from_that_day_on(session: Session) -> None:
    market, stall = market_with_stall(StallState.VACANT)

    arrivals.add_merchant(market, values=ARRIVAL, actor=make_actor(market=market))

    assert states_of(stall, session) == [
        (StallState.VACANT, LONG_AGO, TODAY),
        (StallState.TRADING, TODAY, None),
    ]


def test_a_merchant_who_was_there_before_it_stood_vacant_fills_it_anew(session: Session) -> None:
    market, stall = market_with_stall(StallState.VACANT)

    arrivals.add_merchant(
        market,
        values=replace(ARRIVAL, on=LONG_AGO - timedelta(days=9)),
        actor=make_actor(market=market),
    )

    assert states_of(stall, session) == [(StallState.TRADING, LONG_AGO, None)]


def test_a_resting_stall_goes_on_resting(session: Session) -> None:
    market, stall = market_with_stall(StallState.RESTING)

    arrivals.add_merchant(market, values=ARRIVAL, actor=make_actor(market=market))

    assert states_of(stall, session) == [(StallState.RESTING, LONG_AGO, None)]


def test_nobody_comes_to_a_closed_stall(session: Session) -> None:
    market, _ = market_with_stall(StallState.CLOSED)

    with pytest.raises(Invalid) as refused:
        arrivals.add_merchant(market, values=ARRIVAL, actor=make_actor(market=market))

    assert refused.value.problems[0].field == "stall_code"


def test_the_same_form_sent_twice_enters_one_merchant(session: Session) -> None:
    market, _ = market_with_stall()
    actor = make_actor(market=market)
    arrivals.add_merchant(market, values=ARRIVAL, actor=actor)

    with pytest.raises(Conflict):
        arrivals.add_merchant(market, values=ARRIVAL, actor=actor)

    assert session.scalar(select(func.count()).select_from(Merchant)) == 1


def test_a_stall_outside_the_own_section_is_not_found(session: Session) -> None:
    market, _ = market_with_stall()
    keeper = make_actor(section=make_section(market))

    with pytest.raises(Invalid) as refused:
        arrivals.add_merchant(market, values=ARRIVAL, actor=keeper)

    assert refused.value.problems[0].field == "stall_code"


def test_a_merchant_gets_a_second_stall(session: Session) -> None:
    market, stall = market_with_stall()
    merchant = make_merchant(market)

    tenancy = arrivals.add_stall(
        market, merchant, stall_code="A12", on=TODAY, actor=make_actor(market=market)
    )

    assert (tenancy.stall_id, tenancy.merchant_id) == (stall.id, merchant.id)
