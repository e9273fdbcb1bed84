"""A merchant entered twice becomes one from today on; the past stays as it was counted."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.errors import Conflict, Forbidden, Invalid
from market.domain.roles import Role
from market.domain.stickers import StickerState
from market.models.account import PaymentAccount
from market.models.audit import AuditEntry
from market.models.merchant import Merchant, Tenancy
from market.services import accounts, merchant_merges
from market.services.access import Actor
from tests.factories import (
    NOW,
    TODAY,
    make_account,
    make_actor,
    make_market,
    make_merchant,
    make_province,
    make_stall,
    make_tenancy,
    make_trader,
)
from tests.trading import hang_sticker, make_trading, queued_stickers

SYSTEM = Actor.system(NOW)


def open_tenancies(merchant: Merchant, session: Session) -> list[Tenancy]:
    """Where the merchant trades now."""
    return list(
        session.scalars(
            select(Tenancy).where(Tenancy.merchant_id == merchant.id, Tenancy.to_day.is_(None))
        )
    )


def accounts_of(merchant: Merchant, session: Session) -> list[PaymentAccount]:
    """The merchant's accounts in the order of entry."""
    found = select(PaymentAccount).where(PaymentAccount.merchant_id == merchant.id)
    return list(session.scalars(found.order_by(PaymentAccount.id)))


def test_the_double_stays_as_a_closed_record(session: Session) -> None:
    market = make_market()
    double, into = make_merchant(market), make_merchant(market)

    merchant_merges.merge(double, into, actor=SYSTEM)

    assert (double.merged_into_id, double.merged_at) == (into.id, NOW)
    assert double.display_name


def test_stalls_of_the_double_go_over_from_today_on(session: Session) -> None:
    market = make_market()
    tenancy, into = make_trader(market), make_merchant(market)
    double = session.get_one(Merchant, tenancy.merchant_id)

    merchant_merges.merge(double, into, actor=SYSTEM)

    assert tenancy.to_day == TODAY
    assert tenancy.merchant_id == double.id
    (moved,) = open_tenancies(into, session)
    assert (moved.stall_id, moved.from_day) == (tenancy.stall_id, TODAY)


def test_a_stall_that_both_hold_is_held_once(session: Session) -> None:
    market = make_market()
    stall = make_stall(market)
    double, into = make_merchant(market), make_merchant(market)
    make_tenancy(stall, double)
    kept = make_tenancy(stall, into)

    merchant_merges.merge(double, into, actor=SYSTEM)

    assert open_tenancies(into, session) == [kept]
    assert open_tenancies(double, session) == []


def test_past_tenancies_stay_where_they_were_counted(session: Session) -> None:
    market = make_market()
    double, into = make_merchant(market), make_merchant(market)
    past = make_tenancy(make_stall(market), double, until=TODAY - timedelta(days=30))

    merchant_merges.merge(double, into, actor=SYSTEM)

    assert past.merchant_id == double.id
    assert open_tenancies(into, session) == []


def test_accounts_of_the_double_are_closed_and_their_stickers_void(session: Session) -> None:
    market = make_market()
    tenancy = make_trading(market)
    used = make_account(tenancy.merchant)
    waiting = make_account(tenancy.merchant, state=AccountState.AWAITING_APPROVAL)
    sticker = hang_sticker(tenancy, used)
    into = make_merchant(market)
    make_account(into)

    merchant_merges.merge(tenancy.merchant, into, actor=SYSTEM)

    assert (used.state, used.is_preferred) == (AccountState.RETIRED, False)
    assert waiting.state is AccountState.REJECTED
    assert sticker.state is StickerState.VOID
    assert queued_stickers(session) == []


def test_the_account_goes_over_to_be_decided_again_where_there_is_none(session: Session) -> None:
    market = make_market()
    actor = make_actor(market=market)
    double, into = make_merchant(market), make_merchant(market)
    make_account(double, "8800112345")

    merchant_merges.merge(double, into, actor=actor)

    (carried,) = accounts_of(into, session)
    assert carried.state is AccountState.AWAITING_APPROVAL
    assert carried.entered_by_id == actor.user_id
    assert accounts.open_number(carried) == "8800112345"


def test_the_survivors_own_account_stays_the_only_one(session: Session) -> None:
    market = make_market()
    double, into = make_merchant(market), make_merchant(market)
    make_account(double)
    own = make_account(into)

    merchant_merges.merge(double, into, actor=SYSTEM)

    assert accounts_of(into, session) == [own]


def test_who_may_not_enter_accounts_carries_none_over(session: Session) -> None:
    market = make_market()
    officer = make_actor(Role.PROVINCE_OFFICER, province=make_province())
    double, into = make_merchant(market), make_merchant(market)
    make_account(double)

    merchant_merges.merge(double, into, actor=officer)

    assert accounts_of(into, session) == []


def test_the_plan_says_what_joining_does(session: Session) -> None:
    market = make_market()
    actor = make_actor(market=market)
    double, into = make_merchant(market), make_merchant(market)
    moving, shared = make_stall(market), make_stall(market)
    for stall in (moving, shared):
        make_tenancy(stall, double)
    make_tenancy(shared, into)
    account = make_account(double)

    planned = merchant_merges.plan(double, into, actor=actor)

    assert [stall.id for stall in planned.moving] == [moving.id]
    assert [stall.id for stall in planned.shared] == [shared.id]
    assert list(planned.ending) == [account]
    assert planned.carried is account
    assert account.state is AccountState.APPROVED


def test_nobody_is_joined_to_themselves(session: Session) -> None:
    merchant = make_merchant(make_market())

    with pytest.raises(Invalid):
        merchant_merges.merge(merchant, merchant, actor=SYSTEM)


def test_a_closed_record_is_not_joined_again(session: Session) -> None:
    market = make_market()
    double, into, third = (make_merchant(market) for _ in range(3))
    merchant_merges.merge(double, into, actor=SYSTEM)

    with pytest.raises(Conflict):
        merchant_merges.merge(double, third, actor=SYSTEM)
    with pytest.raises(Conflict):
        merchant_merges.merge(third, double, actor=SYSTEM)


def test_a_double_that_trades_elsewhere_is_left_to_the_province(session: Session) -> None:
    market = make_market()
    double, into = make_merchant(market), make_merchant(market)
    make_tenancy(make_stall(make_market()), double)

    with pytest.raises(Forbidden):
        merchant_merges.merge(double, into, actor=make_actor(market=market))
    merchant_merges.merge(
        double, into, actor=make_actor(Role.PROVINCE_OFFICER, province=make_province())
    )


def test_joining_is_in_the_audit_log_with_all_it_did(session: Session) -> None:
    market = make_market()
    double, into = make_merchant(market), make_merchant(market)
    make_tenancy(make_stall(market), double)
    make_account(double)

    merchant_merges.merge(double, into, actor=make_actor(market=market))
    session.commit()

    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert set(actions) == {"close", "end", "start", "enter", "merge"}
