"""Shares of markets and areas on any day, against recounts and SQL written by hand."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text, true
from sqlalchemy.orm import Session

from market.domain.coverage import Denominator, Unit
from market.domain.errors import Invalid, NotFound
from market.domain.levels import Level
from market.domain.markets import MarketClass
from market.domain.roles import Role
from market.domain.shares import Share
from market.domain.stalls import Placement, StallState
from market.models.market import Market
from market.models.merchant import Merchant
from market.services import area_coverage, area_lines, area_totals, coverage, covered_areas
from market.services.area_coverage import Order, Question
from market.services.covered_areas import COUNTRY
from market.services.market_lines import MarketChoice
from tests.closing import close_since
from tests.factories import (
    TODAY,
    make_actor,
    make_commune,
    make_market,
    make_merchant,
    make_operator,
    make_province,
    make_stall,
    make_tenancy,
)
from tests.ladders import make_at, merchant_of

DAY = date(2026, 8, 10)
QUANG_NINH = MarketChoice(province_code="22")


def fill(market: Market, *levels: Level, since: date = DAY) -> Market:
    """Traders at these levels, counted."""
    for level in levels:
        make_at(market, level, since=since)
    coverage.recompute_market(market.id)
    return market


ACCEPTS_BY_HAND = text(
    """
    SELECT count(DISTINCT t.merchant_id), count(DISTINCT t.stall_id)
    FROM tenancies t
    JOIN stalls s ON s.id = t.stall_id AND s.placement = 'fixed'
    JOIN stall_states st ON st.stall_id = s.id AND st.state = 'trading'
      AND st.from_day <= :day AND (st.to_day IS NULL OR st.to_day > :day)
    WHERE s.market_id = :market AND t.from_day <= :day
      AND (t.to_day IS NULL OR t.to_day > :day)
      AND EXISTS (SELECT 1 FROM payment_accounts a WHERE a.merchant_id = t.merchant_id
                  AND a.in_force_from < :next AND a.retired_at IS NULL)
      AND EXISTS (SELECT 1 FROM stickers k JOIN payment_accounts a ON a.id = k.account_id
                  WHERE k.stall_id = t.stall_id AND a.merchant_id = t.merchant_id
                  AND k.handed_out_at < :next AND k.void_at IS NULL)
      AND EXISTS (SELECT 1 FROM visits v WHERE v.tenancy_id = t.id AND v.result = 'match'
                  AND v.day <= :day AND v.day >= :stale)
      AND EXISTS (SELECT 1 FROM visits v WHERE v.tenancy_id = t.id AND v.accepts
                  AND v.day <= :day)
    """
)


def test_the_figures_are_those_of_sql_written_by_hand(session: Session) -> None:
    dice = random.Random(7)
    market = make_market()
    merchants: list[Merchant] = []
    for _ in range(40):
        level = dice.choice(list(Level))
        state = dice.choice([StallState.TRADING, StallState.TRADING, StallState.RESTING])
        again = dice.choice(merchants) if merchants and dice.random() < 0.2 else None
        # A second stall comes after the account is in force.
        since = DAY if again else DAY - timedelta(days=dice.randrange(300))
        tenancy = make_at(
            market,
            level,
            since=since,
            state=state,
            merchant=again,
            placement=Placement.MOBILE if dice.random() < 0.1 else Placement.FIXED,
        )
        if again is None and level is not Level.NONE:
            merchants.append(merchant_of(session, tenancy))
    coverage.recompute_market(market.id)

    for days_ago in (0, 30, 100, 181, 250, 310):
        day = DAY - timedelta(days=days_ago)
        merchants_by_hand, stalls_by_hand = session.execute(
            ACCEPTS_BY_HAND,
            {
                "market": market.id,
                "day": day,
                # Times are UTC, and a day in Việt Nam ends at 17:00 of it.
                "next": f"{day.isoformat()} 17:00:00+00",
                "stale": day - timedelta(days=180),
            },
        ).one()
        counts = coverage.counts_of_market(market.id, day)
        assert counts is not None
        figures = counts.of(Denominator.A)
        assert (figures.merchants.accepting, figures.stalls.accepting) == (
            merchants_by_hand,
            stalls_by_hand,
        )


def test_a_trend_is_the_figures_of_each_of_its_days(session: Session) -> None:
    first = fill(make_market(), Level.ACCEPTS, Level.NONE)
    second = fill(make_market(), Level.ACCEPTS, since=DAY + timedelta(days=3))
    days = [DAY - timedelta(days=1), DAY, DAY + timedelta(days=3), TODAY]

    ladders = coverage.ladders_of_days(days, Denominator.A, Unit.MERCHANTS, markets=true())

    for day in days:
        single = [coverage.counts_of_market(market.id, day) for market in (first, second)]
        accepting = sum(counts.of(Denominator.A).merchants.accepting for counts in single if counts)
        assert ladders[day].accepting == accepting
    assert [ladders[day].accepting for day in days] == [0, 1, 2, 2]


def test_a_trend_leaves_out_markets_on_days_when_they_are_closed(session: Session) -> None:
    fill(make_market(), Level.ACCEPTS)
    closed = fill(make_market(), Level.ACCEPTS)
    close_since(closed, TODAY)
    before = TODAY - timedelta(days=1)

    ladders = coverage.ladders_of_days([before, TODAY], Denominator.A, Unit.STALLS, markets=true())

    assert [ladders[day].counted for day in (before, TODAY)] == [2, 1]


def test_a_day_before_every_record_has_nobody(session: Session) -> None:
    fill(make_market(), Level.ACCEPTS)
    day = date(2020, 1, 1)

    ladders = coverage.ladders_of_days([day], Denominator.A, Unit.STALLS, markets=true())

    assert ladders[day] == coverage.NOBODY


def test_a_province_pools_and_takes_the_mean_and_the_running_ones_apart(session: Session) -> None:
    big = [Level.ACCEPTS] * 3 + [Level.NONE]
    fill(make_market(name="Chợ Lớn"), *big)
    fill(make_market(name="Chợ Nhỏ", programme_start=None), Level.NONE)
    fill(make_market(name="Chợ Trống"))
    actor = make_actor(Role.PROVINCE_OFFICER, province=make_province())

    found = area_coverage.of_area(
        QUANG_NINH, question=Question(TODAY), choice=QUANG_NINH, actor=actor
    )

    assert found.ladder.share() == Share(3, 5)
    assert found.running_share == Share(3, 4)
    assert (found.mean.percent, found.mean.counted) == (Decimal("37.5"), 2)
    assert found.mean.without_denominator == 1
    assert (len(found.running), len(found.lines)) == (2, 3)


def test_a_provinces_trend_ends_with_the_day_and_has_24_points(session: Session) -> None:
    fill(make_market(), Level.ACCEPTS, since=date(2026, 8, 31))
    fill(make_market(), Level.ACCEPTS, since=date(2026, 9, 1))
    actor = make_actor(Role.PROVINCE_OFFICER, province=make_province())

    found = area_coverage.of_area(
        QUANG_NINH, question=Question(date(2026, 9, 15)), choice=QUANG_NINH, actor=actor
    )

    days = [point.day for point in found.trend]
    assert (len(days), days[0], days[-2:]) == (
        24,
        date(2024, 10, 31),
        [date(2026, 8, 31), date(2026, 9, 15)],
    )
    assert (found.before.accepting, found.ladder.accepting) == (1, 2)
    assert found.change == Decimal("50.0")


def test_markets_are_narrowed_by_what_they_were_on_the_day(session: Session) -> None:
    operator = make_operator()
    mine = fill(make_market(operator=operator, market_class=MarketClass.CLASS_1), Level.ACCEPTS)
    fill(make_market(programme_start=None), Level.NONE)
    actor = make_actor(Role.PROVINCE_OFFICER, province=make_province())

    for choice in (
        MarketChoice("22", operator_id=operator.id),
        MarketChoice("22", market_class=MarketClass.CLASS_1),
        MarketChoice("22", is_running=True),
    ):
        found = area_coverage.of_area(
            QUANG_NINH, question=Question(TODAY), choice=choice, actor=actor
        )
        assert [line.id for line in found.lines] == [mine.id]
        assert found.ladder.share() == Share(1, 1)
        assert len(found.all_lines) == 2


def test_markets_are_ordered_with_those_without_share_last(session: Session) -> None:
    full = fill(make_market(name="Chợ A"), Level.ACCEPTS)
    half = fill(make_market(name="Chợ B"), Level.ACCEPTS, Level.NONE)
    none = fill(make_market(name="Chợ C"))
    actor = make_actor(Role.PROVINCE_OFFICER, province=make_province())
    question = Question(TODAY)
    lines = area_coverage.of_area(
        QUANG_NINH, question=question, choice=QUANG_NINH, actor=actor
    ).lines

    def order(by: Order, *, downwards: bool = False) -> list[int]:
        found = area_coverage.ordered(lines, by, downwards=downwards, question=question)
        return [line.id for line in found]

    assert order(Order.SHARE) == [half.id, full.id, none.id]
    assert order(Order.SHARE, downwards=True) == [full.id, half.id, none.id]
    assert order(Order.GAP, downwards=True) == [half.id, full.id, none.id]
    assert order(Order.GAP) == [full.id, half.id, none.id]
    assert order(Order.COUNTED) == [none.id, full.id, half.id]
    assert order(Order.NAME, downwards=True) == [none.id, half.id, full.id]


@pytest.mark.parametrize("day", [TODAY + timedelta(days=1), date(2024, 12, 31)])
def test_a_day_to_come_or_before_the_first_record_has_no_figures(
    session: Session, day: date
) -> None:
    market = fill(make_market(), Level.ACCEPTS)
    actor = make_actor(Role.PROVINCE_OFFICER, province=make_province())

    with pytest.raises(Invalid):
        area_coverage.of_area(QUANG_NINH, question=Question(day), choice=QUANG_NINH, actor=actor)
    with pytest.raises(Invalid):
        area_coverage.of_market(market, question=Question(day), actor=actor)
    with pytest.raises(Invalid):
        area_totals.of_area(actor, day, choice=QUANG_NINH)


def test_a_market_without_anything_has_no_share(session: Session) -> None:
    market = make_market()
    actor = make_actor(market=market)

    assert area_coverage.of_market(market, question=Question(TODAY), actor=actor) is None
    totals = area_totals.of_area(actor, TODAY, choice=MarketChoice(market_code=market.code))
    values = totals.as_values()
    assert values["merchant_share_percent"] is None
    assert values["mean_market_share_percent"] is None
    assert values["merchants"]["counted"] == 0


def test_a_strangers_province_is_not_there(session: Session) -> None:
    fill(make_market(), Level.ACCEPTS)
    elsewhere = make_province("01", "Hà Nội")
    stranger = make_actor(Role.PROVINCE_OFFICER, province=elsewhere)

    with pytest.raises(NotFound):
        covered_areas.get_province("22", actor=stranger)
    with pytest.raises(NotFound):
        covered_areas.get_province("99", actor=make_actor(Role.AUDITOR))
    assert covered_areas.get_province("01", actor=stranger).name == "Hà Nội"


def test_a_board_sees_its_markets_of_the_province_and_not_the_whole(session: Session) -> None:
    mine = fill(make_market(), Level.ACCEPTS)
    fill(make_market(), Level.NONE)
    board = make_actor(market=mine)

    found = area_coverage.of_area(
        QUANG_NINH, question=Question(TODAY), choice=QUANG_NINH, actor=board
    )

    assert [line.id for line in found.lines] == [mine.id]
    assert found.ladder.share() == Share(1, 1)
    assert not covered_areas.covers_whole(
        covered_areas.get_province("22", actor=board), actor=board
    )


def test_provinces_are_listed_with_their_sums(session: Session) -> None:
    fill(make_market(), Level.ACCEPTS, Level.NONE)
    fill(make_market(programme_start=None), Level.ACCEPTS)
    hanoi = make_commune("00004", "Ba Đình", make_province("01", "Hà Nội"))
    fill(make_market(commune_code=hanoi.code), Level.NONE)
    actor = make_actor(Role.AUDITOR)

    found = area_coverage.of_area(
        COUNTRY.markets, question=Question(TODAY), choice=COUNTRY.markets, actor=actor
    )
    lines = area_lines.by_province(found.lines)

    assert [(each.code, len(each.markets), each.running) for each in lines] == [
        ("01", 1, 1),
        ("22", 2, 1),
    ]
    shares = [each.ladder(Denominator.A, Unit.MERCHANTS).share() for each in lines]
    assert shares == [Share(0, 1), Share(2, 3)]


def test_totals_speak_the_names_that_programs_rely_on(session: Session) -> None:
    merchant_levels = [Level.ACCEPTS, Level.ACCEPTS, Level.NONE]
    fill(make_market("QN-DAMHA"), *merchant_levels)
    fill(make_market(programme_start=None), Level.IN_USE, since=TODAY)
    actor = make_actor(Role.PROVINCE_OFFICER, province=make_province())

    totals = area_totals.of_area(actor, TODAY, choice=QUANG_NINH)

    ladder = {
        "counted": 4,
        "account": 3,
        "equipped": 3,
        "displayed": 3,
        "accepting": 3,
        "in_use": 1,
    }
    assert totals.as_values() == {
        "as_of": "2026-09-30",
        "denominator": "A",
        "markets": {"total": 2, "running": 1, "passed": 0},
        "merchants": ladder,
        "stalls": ladder,
        "merchant_share_percent": 75.0,
        "stall_share_percent": 75.0,
        "mean_market_share_percent": 83.33,
        "merchant_share_percent_running": 66.67,
    }


def test_denominators_hold_one_another(session: Session) -> None:
    market = make_market()
    make_at(market, Level.ACCEPTS, since=DAY)
    make_at(market, Level.NONE, since=DAY, state=StallState.RESTING)
    make_stall(market, state=StallState.VACANT)
    make_tenancy(make_stall(market, placement=Placement.MOBILE), make_merchant(market))
    coverage.recompute_market(market.id)
    actor = make_actor(market=market)

    shares = [
        area_totals.of_area(
            actor, TODAY, choice=MarketChoice(market_code=market.code), denominator=denominator
        ).stalls.share()
        for denominator in Denominator
    ]

    assert shares == [Share(1, 1), Share(1, 2), Share(1, 3)]


@pytest.mark.parametrize(
    ("choice", "refusal", "words"),
    [
        (MarketChoice(province_code="99"), NotFound, "mã 99"),
        (MarketChoice(commune_code="99999"), NotFound, "mã 99999"),
        (MarketChoice(market_code="QN-KHONG"), NotFound, "QN-KHONG"),
        (MarketChoice(commune_code="06896"), Invalid, "sắp xếp lại"),
    ],
)
def test_an_area_that_is_not_there_is_said_so(
    session: Session, choice: MarketChoice, refusal: type[Exception], words: str
) -> None:
    merged = make_commune("06896", "Xã Cũ")
    merged.is_current = False
    session.flush()

    with pytest.raises(refusal, match=words):
        area_totals.of_area(make_actor(Role.AUDITOR), TODAY, choice=choice)
