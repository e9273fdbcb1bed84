"""The lists and the day's page of a market, on both databases: who sees what, what waits."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.levels import Level
from market.domain.markets import MarketClass
from market.domain.roles import Role
from market.domain.stalls import StallState
from market.domain.stickers import StickerState
from market.domain.visits import VisitResult
from market.models.market import Market
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.models.sticker import Sticker
from market.models.visit import Visit
from market.services import coverage, market_lists, stall_lists, stall_page, stalls, today
from market.services.access import Actor
from market.services.market_lists import MarketFilter
from market.services.stall_history import Happening
from market.services.stall_lists import Missing, StallFilter
from market.services.today import Task
from tests.factories import (
    NOW,
    TODAY,
    make_account,
    make_actor,
    make_market,
    make_merchant,
    make_section,
    make_stall,
    make_tenancy,
)
from tests.trading import hang_sticker, make_trading

SYSTEM = Actor.system(NOW)


def codes(market: Market, *, actor: Actor = SYSTEM, **chosen: object) -> list[str]:
    """The stalls of the list."""
    asked = StallFilter(**chosen)  # type: ignore[arg-type]
    return [row.code for row in stall_lists.page_of(market, asked, 1, actor=actor).items]


def equipped(market: Market, code: str, name: str = "Đỗ Thị Mẫu") -> Tenancy:
    """A tenancy with an account in force and a sticker that hangs; counted."""
    tenancy = make_trading(market, name)
    tenancy.stall.code, tenancy.stall.code_key = code, code.lower()
    tenancy.stall.sort_key = code
    hang_sticker(tenancy, make_account(tenancy.merchant, "8800112345"))
    coverage.recompute_market(market.id)
    return tenancy


def visited(tenancy: Tenancy, day: date, result: VisitResult = VisitResult.MATCH) -> Visit:
    """A visit to the stall on that day."""
    moment = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    return Visit(
        uuid=f"00000000-0000-4000-8000-{tenancy.stall_id:06}{day:%d%m%y}",
        stall_id=tenancy.stall_id,
        tenancy_id=tenancy.id,
        phone_at=moment,
        received_at=moment,
        day=day,
        result=result,
    )


def test_a_row_says_who_on_what_account_and_with_which_sticker(session: Session) -> None:
    market = make_market()
    tenancy = equipped(market, "A1")
    session.add_all([visited(tenancy, TODAY - timedelta(days=9)), visited(tenancy, TODAY)])
    coverage.recompute_market(market.id)

    row = stall_lists.page_of(market, StallFilter(), 1, actor=SYSTEM).items[0]

    assert (row.merchants, row.bank, row.last4) == (["Đỗ Thị Mẫu"], "Vietcombank", "2345")
    assert (row.sticker, row.checked, row.checked_on) == (
        StickerState.ON_STALL,
        VisitResult.MATCH,
        TODAY,
    )
    assert row.level is Level.DISPLAYED


def test_a_void_sticker_that_still_hangs_comes_before_a_live_one(session: Session) -> None:
    market = make_market()
    tenancy = make_trading(market)
    account = make_account(tenancy.merchant)
    hang_sticker(tenancy, account)
    void = hang_sticker(tenancy, account, copy=2)
    void.state, void.void_at = StickerState.VOID, NOW
    session.flush()

    row = stall_lists.page_of(market, StallFilter(), 1, actor=SYSTEM).items[0]

    assert row.sticker is StickerState.VOID


def test_who_left_is_neither_shown_nor_found(session: Session) -> None:
    market = make_market()
    stall = make_stall(market, "A1")
    make_tenancy(stall, make_merchant(market, "Người Cũ"), until=TODAY)

    row = stall_lists.page_of(market, StallFilter(), 1, actor=SYSTEM).items[0]

    assert row.merchants == []
    assert codes(market, search="nguoi cu") == []


def test_search_takes_words_in_any_order_and_accents(session: Session) -> None:
    market = make_market()
    equipped(market, "A1", "Nguyễn Thị Đào")

    assert codes(market, search="ĐÀO nguyen") == ["A1"]
    assert codes(market, search="dao nguyen van") == []


def test_filters_narrow_the_list(session: Session) -> None:
    market = make_market()
    section = make_section(market)
    equipped(market, "A1")
    make_stall(market, "B1", section=section, state=StallState.VACANT)
    make_stall(market, "C1", state=StallState.CLOSED)

    assert codes(market) == ["A1", "B1"]
    assert codes(market, state=StallState.CLOSED) == ["C1"]
    assert codes(market, section_id=section.id) == ["B1"]
    assert codes(market, level=Level.EQUIPPED) == ["A1"]
    assert codes(market, level=Level.NONE) == ["B1"]
    assert codes(market, level=Level.IN_USE) == []


def test_what_stalls_lack_is_told_apart(session: Session) -> None:
    market = make_market()
    equipped(market, "A1")
    make_tenancy(make_stall(market, "B1"), make_merchant(market))
    payable = make_merchant(market)
    make_tenancy(make_stall(market, "C1"), payable)
    make_account(payable)
    make_stall(market, "D1")
    make_stall(market, "E1", state=StallState.VACANT)
    coverage.recompute_market(market.id)

    found = {missing: codes(market, missing=missing) for missing in Missing}

    assert found == {
        Missing.TENANT: ["D1"],
        Missing.ACCOUNT: ["B1"],
        Missing.STICKER: ["C1"],
        Missing.CHECK: ["A1"],
    }


def test_an_account_whose_cool_off_lasts_is_none_yet(session: Session) -> None:
    market = make_market()
    merchant = make_merchant(market)
    make_tenancy(make_stall(market, "A1"), merchant)
    make_account(merchant, in_force_from=NOW + timedelta(hours=1))

    assert codes(market, missing=Missing.ACCOUNT) == ["A1"]
    assert codes(market, missing=Missing.STICKER) == []


def test_one_section_is_all_its_volunteer_sees(session: Session) -> None:
    market = make_market()
    own = make_section(market, "Khu A")
    make_stall(market, "A1", section=own)
    make_stall(market, "B1", section=make_section(market, "Khu B"))
    actor = make_actor(Role.VOLUNTEER, section=own)

    assert codes(market, actor=actor) == ["A1"]
    assert today.gather(market, actor=actor).stalls == 1


def test_the_day_counts_what_waits(session: Session) -> None:
    market = make_market(market_class=MarketClass.CLASS_1)
    equipped(market, "A1")
    waiting = make_trading(market)
    make_account(
        waiting.merchant, state=AccountState.AWAITING_APPROVAL, since=NOW - timedelta(days=2)
    )
    make_stall(market, "D1")

    found = today.gather(market, actor=make_actor(market=market))

    assert (found.stalls, found.points, found.accounts_waiting) == (3, 3, 1)
    assert found.oldest_waiting == NOW - timedelta(days=2)
    assert {step.task: step.count for step in found.steps} == {
        Task.APPROVE_ACCOUNTS: 1,
        Task.CHECK_STALLS: 1,
        Task.ENTER_ACCOUNTS: 1,
        Task.PLACE_MERCHANTS: 1,
        Task.REVIEW_CLASS: 1,
    }


def test_nobody_is_told_to_do_what_they_may_not(session: Session) -> None:
    market = make_market()
    make_stall(market, "D1")

    auditor = today.gather(market, actor=make_actor(Role.AUDITOR, market=market))
    volunteer = today.gather(market, actor=make_actor(Role.VOLUNTEER, market=market))

    assert auditor.steps == volunteer.steps == ()
    assert auditor.share is not None
    assert volunteer.share is None


def test_the_share_is_compared_with_the_end_of_last_month(session: Session) -> None:
    market = make_market()
    tenancy = equipped(market, "A1")
    visit = visited(tenancy, TODAY)
    visit.accepts = True
    session.add(visit)
    session.flush()
    coverage.recompute_market(market.id)

    share = today.gather(market, actor=SYSTEM).share

    assert share is not None
    assert (share.share.numerator, share.share.denominator) == (1, 1)
    assert (str(share.change), share.since) == ("100.0", date(2026, 8, 31))


def test_a_market_without_anything_has_no_share(session: Session) -> None:
    share = today.gather(make_market(), actor=SYSTEM).share

    assert share is not None
    assert (share.percent, share.change) == (None, None)


@pytest.fixture
def told(session: Session) -> Stall:
    """A stall that was vacant, then let, hung and visited."""
    market = make_market()
    tenancy = equipped(market, "A1")
    stalls.change_state(tenancy.stall, StallState.VACANT, on=date(2024, 12, 1), actor=SYSTEM)
    session.add(visited(tenancy, TODAY, VisitResult.MATCH))
    session.flush()
    coverage.recompute_market(market.id)
    return tenancy.stall


def test_the_history_of_a_stall_is_one_list_newest_first(told: Stall) -> None:
    entries = stall_page.gather(told, actor=SYSTEM).entries

    assert [entry.day for entry in entries] == sorted(
        (entry.day for entry in entries), reverse=True
    )
    assert entries[0].kind is Happening.VISIT
    assert {entry.kind for entry in entries} >= {
        Happening.STATE,
        Happening.TENANT_CAME,
        Happening.STICKER_PRINTED,
        Happening.STICKER_HUNG,
    }


def test_the_facts_of_a_stall_are_those_of_today(told: Stall) -> None:
    page = stall_page.gather(told, actor=SYSTEM)

    assert (page.state, page.state_since) == (StallState.TRADING, date(2025, 1, 1))
    assert (page.sticker, page.checked) == (StickerState.ON_STALL, VisitResult.MATCH)
    assert [(tenant.name, tenant.last4) for tenant in page.tenants] == [("Đỗ Thị Mẫu", "2345")]
    assert not page.has_no_tenant


def test_a_spoiled_or_void_sticker_is_not_the_stalls(told: Stall, session: Session) -> None:
    serial = stall_page.gather(told, actor=SYSTEM).serial
    sticker = session.scalars(select(Sticker).where(Sticker.serial == serial)).one()
    sticker.state, sticker.void_at = StickerState.VOID, NOW
    session.flush()

    assert stall_page.gather(told, actor=SYSTEM).sticker is None


def test_the_list_of_markets_counts_fixed_points_that_are_open(session: Session) -> None:
    market = make_market()
    make_stall(market)
    make_stall(market, state=StallState.CLOSED)

    row = market_lists.page_of(SYSTEM, MarketFilter(), 1).items[0]

    assert row.points == 1
    assert market_lists.count_points(market, on=TODAY) == 1


@pytest.mark.parametrize("words", ["dam ha", "qn-dam", "quang ninh", "DAM"])
def test_markets_are_found_by_name_code_and_place(session: Session, words: str) -> None:
    make_market("QN-DAMHA", "Chợ Đầm Hà")

    assert market_lists.page_of(SYSTEM, MarketFilter(search=words), 1).total == 1


def test_markets_that_do_not_run_yet_are_told_apart(session: Session) -> None:
    make_market("QN-1", programme_start=None)
    make_market("QN-2", programme_start=TODAY + timedelta(days=1))
    make_market("QN-3", programme_start=TODAY)

    def found(*, is_running: bool) -> set[str]:
        page = market_lists.page_of(SYSTEM, MarketFilter(is_running=is_running), 1)
        return {row.market.code for row in page.items}

    assert found(is_running=True) == {"QN-3"}
    assert found(is_running=False) == {"QN-1", "QN-2"}
