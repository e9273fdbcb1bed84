"""Counts follow the facts, on any day."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.coverage import FIGURE_NAMES, Denominator
from market.domain.levels import Level
from market.domain.roles import Role
from market.domain.stalls import Placement, StallState
from market.domain.stickers import StickerState
from market.domain.visits import VisitResult
from market.models.coverage import CoverageDay
from market.models.merchant import Tenancy
from market.models.sticker import Sticker
from market.models.visit import Visit
from market.services import coverage, market_lines
from market.services.market_lines import MarketChoice
from tests.closing import close_since
from tests.factories import (
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


def at(day: date, hour: int = 3) -> datetime:
    """A moment of that day in Việt Nam."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def add_sticker(session: Session, tenancy: Tenancy, account_id: int, day: date) -> Sticker:
    sticker = Sticker(
        serial=uuid4().hex[:8].upper(),
        stall_id=tenancy.stall_id,
        account_id=account_id,
        market_name="Chợ Mẫu",
        stall_code="A1",
        merchant_name="Nguyễn Thị Mẫu",
        state=StickerState.HANDED_OUT,
        queued_at=at(day),
        printed_at=at(day),
        handed_out_at=at(day),
    )
    session.add(sticker)
    session.flush()
    return sticker


def add_visit(session: Session, tenancy: Tenancy, day: date, **known: object) -> Visit:
    visit = Visit(
        uuid=str(uuid4()),
        stall_id=tenancy.stall_id,
        tenancy_id=tenancy.id,
        phone_at=at(day, 5),
        received_at=at(day, 5),
        day=day,
        **{"result": VisitResult.MATCH, **known},
    )
    session.add(visit)
    session.flush()
    return visit


def reached(market_id: int, day: date, denominator: Denominator = Denominator.A) -> list[int]:
    """Merchants counted and at each level from 1 on."""
    counts = coverage.counts_of_market(market_id, day)
    assert counts is not None
    ladder = counts.of(denominator).merchants
    return [ladder.reached(level) for level in Level]


def test_columns_of_a_day_are_the_figures_that_are_counted() -> None:
    columns = {column.name for column in CoverageDay.__table__.columns}

    assert columns == {"market_id", "day", *FIGURE_NAMES}


def test_a_household_climbs_the_ladder_fact_by_fact(session: Session) -> None:
    market = make_market()
    tenancy = make_trader(market)
    merchant = session.get_one(type(make_merchant(market)), tenancy.merchant_id)
    approved, handed, seen = date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)
    account = make_account(merchant, since=at(approved))
    sticker = add_sticker(session, tenancy, account.id, handed)
    add_visit(session, tenancy, seen, sticker_id=sticker.id, accepts=True, use_shown=True)

    coverage.recompute_market(market.id)

    assert reached(market.id, approved - timedelta(days=1)) == [1, 0, 0, 0, 0, 0]
    assert reached(market.id, approved) == [1, 1, 0, 0, 0, 0]
    assert reached(market.id, handed) == [1, 1, 1, 0, 0, 0]
    assert reached(market.id, seen) == [1, 1, 1, 1, 1, 1]
    assert reached(market.id, seen + timedelta(days=31)) == [1, 1, 1, 1, 1, 0]
    assert reached(market.id, seen + timedelta(days=181)) == [1, 1, 1, 1, 0, 0]


def test_vacant_resting_and_mobile_stalls_stay_out_of_the_default_denominator(
    session: Session,
) -> None:
    market = make_market()
    for state in (StallState.TRADING, StallState.RESTING, StallState.VACANT, StallState.CLOSED):
        make_stall(market, state=state)
    make_stall(market, placement=Placement.MOBILE)

    coverage.recompute_market(market.id)
    counts = coverage.counts_of_market(market.id, TODAY)

    assert counts is not None
    assert [counts.of(each).stalls.counted for each in Denominator] == [1, 2, 3]
    assert counts.points.mobile == 1


def test_a_merchant_with_three_stalls_is_one_household(session: Session) -> None:
    market = make_market()
    merchant = make_merchant(market)
    for _ in range(3):
        make_tenancy(make_stall(market), merchant)
    make_account(merchant)

    coverage.recompute_market(market.id)
    counts = coverage.counts_of_market(market.id, TODAY)

    assert counts is not None
    assert counts.of(Denominator.A).merchants.account == 1
    assert counts.of(Denominator.A).stalls.account == 3


def test_a_retired_account_takes_the_level_away_from_its_day_on(session: Session) -> None:
    market = make_market()
    tenancy = make_trader(market)
    account = make_account(session.get_one(type(make_merchant(market)), tenancy.merchant_id))
    coverage.recompute_market(market.id)
    retired = date(2026, 5, 1)

    account.state, account.is_preferred, account.retired_at = (
        AccountState.RETIRED,
        False,
        at(retired),
    )
    session.flush()
    coverage.recompute_market(market.id)

    assert reached(market.id, retired - timedelta(days=1))[1] == 1
    assert reached(market.id, retired)[1] == 0


def test_a_sticker_counts_until_another_account_takes_its_place_swept_or_not(
    session: Session,
) -> None:
    market = make_market()
    tenancy = make_trader(market)
    merchant = session.get_one(type(make_merchant(market)), tenancy.merchant_id)
    account = make_account(merchant)
    add_sticker(session, tenancy, account.id, date(2026, 3, 1))
    changed = date(2026, 5, 1)
    make_account(merchant, "8800177777", since=at(changed), is_preferred=False)

    coverage.recompute_market(market.id)

    assert reached(market.id, changed - timedelta(days=1))[:3] == [1, 1, 1]
    assert reached(market.id, changed)[:3] == [1, 1, 0]


def test_an_account_beside_the_one_on_the_sticker_takes_no_place(session: Session) -> None:
    market = make_market()
    tenancy = make_trader(market)
    merchant = session.get_one(type(make_merchant(market)), tenancy.merchant_id)
    account = make_account(merchant)
    add_sticker(session, tenancy, account.id, date(2026, 3, 1))
    make_account(merchant, "8800177777", is_preferred=False, becomes_preferred=False)

    coverage.recompute_market(market.id)

    assert reached(market.id, TODAY)[:3] == [1, 1, 1]


def test_nothing_is_on_record_before_the_first_fact(session: Session) -> None:
    market = make_market()
    make_trader(market)

    coverage.recompute_market(market.id)

    assert coverage.counts_of_market(market.id, date(2020, 1, 1)) is None


def test_a_touched_market_is_counted_when_the_transaction_commits(session: Session) -> None:
    market = make_market()
    make_trader(market)

    coverage.touch(market.id)
    session.commit()

    assert reached(market.id, TODAY)[0] == 1


def test_counting_again_writes_nothing_new(session: Session) -> None:
    market = make_market()
    tenancy = make_trader(market)
    make_account(session.get_one(type(make_merchant(market)), tenancy.merchant_id))
    coverage.recompute_market(market.id)
    before = session.query(CoverageDay).count()

    coverage.recompute_market(market.id)

    assert session.query(CoverageDay).count() == before


def test_a_province_pools_its_markets_and_leaves_out_closed_ones(session: Session) -> None:
    province = make_province()
    big, small = make_market(), make_market()
    closed = make_market()
    close_since(closed, date(2026, 1, 1))
    for market, traders in ((big, 3), (small, 1), (closed, 5)):
        for _ in range(traders):
            make_trader(market)
        coverage.recompute_market(market.id)
    merchant = make_merchant(small)
    make_tenancy(make_stall(small), merchant)
    make_account(merchant)
    coverage.recompute_market(small.id)
    actor = make_actor(Role.PROVINCE_OFFICER, province=province)

    markets = market_lines.list_lines(actor, TODAY, choice=MarketChoice())
    ladder = market_lines.pool(markets).of(Denominator.A).merchants

    assert {each.id for each in markets} == {big.id, small.id}
    assert (ladder.account, ladder.counted) == (1, 5)


def test_markets_of_others_are_not_counted(session: Session) -> None:
    mine, other = make_market(), make_market()
    for market in (mine, other):
        make_trader(market)
        coverage.recompute_market(market.id)

    markets = market_lines.list_lines(make_actor(market=mine), TODAY, choice=MarketChoice())

    assert [each.id for each in markets] == [mine.id]


def test_levels_of_stalls_are_those_of_the_day(session: Session) -> None:
    market = make_market()
    tenancy = make_trader(market)
    empty = make_stall(market)
    merchant = session.get_one(type(make_merchant(market)), tenancy.merchant_id)
    make_account(merchant, since=at(date(2026, 2, 1)))
    coverage.recompute_market(market.id)

    stalls = [tenancy.stall_id, empty.id]

    assert coverage.levels_of_stalls(stalls, TODAY) == {
        tenancy.stall_id: Level.ACCOUNT,
        empty.id: Level.NONE,
    }
    assert coverage.levels_of_stalls(stalls, date(2026, 1, 31))[tenancy.stall_id] is Level.NONE
