"""A market by section and line, and why stalls do not accept: against the market's own counts."""

import random
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from market.domain.coverage import Denominator, Unit
from market.domain.levels import Level
from market.domain.shares import Share
from market.domain.stalls import Placement, StallState
from market.domain.visits import NonAcceptReason
from market.models.market import Market
from market.models.stall import BusinessLine, Stall
from market.services import breakdowns, coverage
from market.services.area_coverage import Question
from tests.closing import close_since
from tests.factories import (
    TODAY,
    make_market,
    make_merchant,
    make_section,
    make_tenancy,
)
from tests.ladders import make_at, merchant_of, see

DAY = date(2026, 8, 10)
QUESTION = Question(TODAY)


def shares(parts: list[breakdowns.Part], unit: Unit = Unit.STALLS) -> dict[str | None, Share]:
    """The share of each part by its name."""
    return {part.name: part.counts.ladder(unit).share() for part in parts}


def test_sections_are_counted_as_one_walks_and_the_rest_last(session: Session) -> None:
    market = make_market()
    fish = make_section(market, "Khu Cá", walking_order=1)
    cloth = make_section(market, "Khu Vải", walking_order=2)
    make_section(market, "Khu Trống", walking_order=3)
    make_at(market, Level.NONE, since=DAY)
    make_at(market, Level.ACCEPTS, since=DAY, section=cloth)
    make_at(market, Level.ACCEPTS, since=DAY, section=fish)
    make_at(market, Level.EQUIPPED, since=DAY, section=fish)
    make_at(market, Level.ACCEPTS, since=DAY, section=fish, placement=Placement.MOBILE)
    coverage.recompute_market(market.id)

    found = breakdowns.of_market(market, QUESTION).by_section

    assert [part.name for part in found] == ["Khu Cá", "Khu Vải", None]
    assert shares(found) == {"Khu Cá": Share(1, 2), "Khu Vải": Share(1, 1), None: Share(0, 1)}


def test_a_household_in_two_sections_counts_in_both_at_its_level_there(session: Session) -> None:
    market = make_market()
    fish, cloth = make_section(market, "Khu Cá"), make_section(market, "Khu Vải")
    here = make_at(market, Level.ACCEPTS, since=DAY, section=fish)
    make_at(market, Level.EQUIPPED, since=DAY, section=cloth, merchant=merchant_of(session, here))
    coverage.recompute_market(market.id)

    found = breakdowns.of_market(market, QUESTION).by_section

    assert shares(found, Unit.MERCHANTS) == {"Khu Cá": Share(1, 1), "Khu Vải": Share(0, 1)}


@pytest.mark.parametrize("denominator", list(Denominator))
def test_lines_of_stalls_add_up_to_the_market_on_any_day(
    session: Session, denominator: Denominator
) -> None:
    dice = random.Random(5)
    market = make_market()
    codes = [*session.query(BusinessLine.code).order_by(BusinessLine.code).limit(4), (None,)]
    for _ in range(30):
        tenancy = make_at(
            market,
            dice.choice(list(Level)),
            since=DAY - timedelta(days=dice.randrange(60)),
            state=dice.choice(list(StallState)),
        )
        session.get_one(Stall, tenancy.stall_id).line_code = dice.choice(codes)[0]
    coverage.recompute_market(market.id)

    for day in (TODAY, DAY - timedelta(days=30)):
        parts = breakdowns.of_market(market, Question(day, denominator)).by_line
        whole = coverage.ladders_of_days(
            [day], denominator, Unit.STALLS, markets=Market.id == market.id
        )[day]
        for level in Level:
            assert sum(part.counts.stalls.reached(level) for part in parts) == whole.reached(level)


def test_a_market_without_stalls_has_no_parts(session: Session) -> None:
    market = make_market()

    assert breakdowns.of_market(market, QUESTION).by_section == []
    assert breakdowns.of_market(market, QUESTION).refusals.lines() == []


def test_a_market_that_closed_has_no_parts_from_that_day_on(session: Session) -> None:
    market = make_market()
    make_at(market, Level.ACCEPTS, since=DAY)
    close_since(market, TODAY)
    coverage.recompute_market(market.id)

    assert breakdowns.of_market(market, QUESTION).by_line == []
    assert len(breakdowns.of_market(market, Question(TODAY - timedelta(days=1))).by_line) == 1


def test_the_last_answer_tells_the_reason_and_the_rest_have_none(session: Session) -> None:
    market = make_market()
    first = make_at(market, Level.DISPLAYED, since=DAY)
    see(first, on=DAY, accepts=False, reason=NonAcceptReason.NO_PHONE)
    see(first, on=DAY + timedelta(days=9), accepts=False, reason=NonAcceptReason.FEAR_OF_TAX)
    second = make_at(market, Level.EQUIPPED, since=DAY)
    see(second, on=DAY, accepts=False, reason=NonAcceptReason.FEAR_OF_TAX)
    make_at(market, Level.NONE, since=DAY)
    accepts = make_at(market, Level.ACCEPTS, since=DAY + timedelta(days=1))
    see(accepts, on=DAY, accepts=False, reason=NonAcceptReason.NO_SIGNAL)
    coverage.recompute_market(market.id)

    found = breakdowns.of_market(market, QUESTION).refusals

    assert found.lines() == [(NonAcceptReason.FEAR_OF_TAX, Share(2, 3)), (None, Share(1, 3))]
    earlier = breakdowns.of_market(market, Question(DAY)).refusals
    assert dict(earlier.counts) == {
        NonAcceptReason.NO_PHONE: 1,
        NonAcceptReason.FEAR_OF_TAX: 1,
        NonAcceptReason.NO_SIGNAL: 1,
        None: 1,
    }


def test_what_a_former_trader_said_is_not_the_reason_of_the_next(session: Session) -> None:
    market = make_market()
    tenancy = make_at(market, Level.EQUIPPED, since=DAY)
    see(tenancy, on=DAY, accepts=False, reason=NonAcceptReason.NO_PHONE)
    tenancy.to_day = DAY + timedelta(days=5)
    stall = session.get_one(Stall, tenancy.stall_id)
    make_tenancy(stall, make_merchant(market), since=DAY + timedelta(days=5))
    coverage.recompute_market(market.id)

    assert dict(breakdowns.of_market(market, QUESTION).refusals.counts) == {None: 1}
