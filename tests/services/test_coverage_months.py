"""Changes by month: kept with the counts of days, and what trends add up."""

from datetime import date, timedelta

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select, true, update
from sqlalchemy.orm import Session

from market.domain.coverage import Denominator, Ladder, Unit
from market.domain.levels import Level
from market.domain.rules import Rules
from market.models.coverage import CoverageDay, CoverageMonth
from market.models.market import Market
from market.services import coverage, coverage_checks
from tests.closing import close_since
from tests.factories import TODAY, make_market
from tests.ladders import make_at, see

ENDS = [date(2026, 5, 31), date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31)]
JUNE = date(2026, 6, 10)


def fill(market: Market, since: date = JUNE) -> Market:
    """A trader who accepts and one who does not, counted."""
    for level in (Level.ACCEPTS, Level.NONE):
        make_at(market, level, since=since)
    coverage.recompute_market(market.id)
    return market


def one_by_one(market: Market, day: date) -> Ladder:
    """The figures of the day alone."""
    counts = coverage.counts_of_market(market.id, day)
    return coverage.NOBODY if counts is None else counts.of(Denominator.A).merchants


def trend(days: list[date]) -> list[Ladder]:
    """What a trend says of each of the days."""
    found = coverage.ladders_of_days(days, Denominator.A, Unit.MERCHANTS, markets=true())
    return [found[day] for day in days]


def test_month_ends_add_up_to_the_figures_of_those_days(session: Session) -> None:
    market = fill(make_market())

    assert trend(ENDS) == [one_by_one(market, day) for day in ENDS]
    assert [ladder.accepting for ladder in trend(ENDS)] == [0, 1, 1, 1]


def test_days_within_a_month_stand_beside_month_ends(session: Session) -> None:
    market = fill(make_market())
    days = [ENDS[1], ENDS[1] + timedelta(days=9), ENDS[2], TODAY]

    assert trend(days) == [one_by_one(market, day) for day in days]


def test_a_market_that_closes_on_the_way_is_not_counted_afterwards(session: Session) -> None:
    staying, closed = fill(make_market()), fill(make_market())
    close_since(closed, date(2026, 7, 31))

    assert [ladder.counted for ladder in trend(ENDS[1:])] == [4, 2, 2]
    assert trend(ENDS[2:]) == [one_by_one(staying, day) for day in ENDS[2:]]


def test_a_market_that_opens_on_the_way_is_not_counted_before(session: Session) -> None:
    fill(make_market(opened_on=date(2026, 7, 1)))

    assert [ladder.counted for ladder in trend(ENDS)] == [0, 0, 2, 2]


def test_what_happens_at_one_stall_reaches_the_months(session: Session) -> None:
    market = fill(make_market())
    tenancy = make_at(market, Level.EQUIPPED, since=JUNE)
    coverage.recompute_market(market.id)
    see(tenancy, on=date(2026, 7, 14), accepts=True, use_shown=True)

    coverage.touch_stall(market.id, tenancy.stall_id)
    session.commit()

    assert coverage_checks.first_wrong_day(market.id) is None
    assert [ladder.accepting for ladder in trend(ENDS)] == [0, 1, 2, 2]


def test_a_wrong_month_is_found(session: Session) -> None:
    market = fill(make_market())
    session.execute(
        update(CoverageMonth)
        .where(CoverageMonth.month == date(2026, 6, 1))
        .values(a_stalls_accepting=CoverageMonth.a_stalls_accepting + 1)
    )

    assert coverage_checks.first_wrong_day(market.id) == date(2026, 6, 1)


def test_a_day_within_the_month_is_named_by_its_day(session: Session) -> None:
    market = fill(make_market())
    tenancy = make_at(market, Level.IN_USE, since=JUNE)
    coverage.recompute_market(market.id)

    tenancy.to_day = JUNE + timedelta(days=7)
    session.flush()

    assert coverage_checks.first_wrong_day(market.id) == date(2026, 6, 17)


@pytest.mark.parametrize(
    ("of_month", "named"),
    [
        (date(2026, 5, 1), date(2026, 5, 1)),
        (date(2026, 6, 1), JUNE),
        (date(2026, 7, 1), JUNE),
    ],
)
def test_a_wrong_month_hides_no_earlier_day(session: Session, of_month: date, named: date) -> None:
    market = fill(make_market(), since=date(2026, 5, 20))
    make_at(market, Level.ACCEPTS, since=JUNE)
    make_at(market, Level.ACCEPTS, since=date(2026, 7, 2))
    coverage.recompute_market(market.id)
    session.execute(update(CoverageDay).where(CoverageDay.day == JUNE).values(a_stalls_accepting=9))
    session.execute(
        update(CoverageMonth).where(CoverageMonth.month == of_month).values(a_stalls_accepting=9)
    )

    assert coverage_checks.first_wrong_day(market.id) == named


def test_counts_of_another_setting_differ_from_the_first_expiry_on(
    app: Flask, session: Session
) -> None:
    market = fill(make_market())
    expected = JUNE + timedelta(days=61)

    app.extensions["cho_rules"] = Rules(stale_days=60)

    assert coverage_checks.first_wrong_day(market.id) == expected


def test_counting_anew_puts_a_wrong_month_right(session: Session) -> None:
    market = fill(make_market())
    session.execute(update(CoverageMonth).values(a_stalls_accepting=7))

    coverage.recompute_market(market.id)

    assert coverage_checks.first_wrong_day(market.id) is None


def test_a_register_from_before_gets_its_months_by_migrating(session: Session) -> None:
    fill(make_market())
    fill(make_market(), since=JUNE + timedelta(days=40))
    session.commit()
    table = CoverageMonth.__table__
    rows = select(table).order_by(table.c.market_id, table.c.month)
    before = session.execute(rows).all()
    session.rollback()

    flask_migrate.downgrade(revision="0005")
    flask_migrate.upgrade()

    assert [row for row in session.execute(rows) if any(row[2:])] == before


def test_a_day_with_records_by_then_needs_no_first_day(session: Session) -> None:
    market = fill(make_market())
    first = coverage.find_first_day(true())
    assert first is not None

    by_then = coverage.find_first_day(true(), by=TODAY)
    too_early = coverage.find_first_day(Market.id == market.id, by=first - timedelta(days=1))

    assert by_then is not None
    assert first <= by_then <= TODAY
    assert too_early == first


def test_without_any_record_there_is_no_day(session: Session) -> None:
    make_market()

    assert coverage.find_first_day(true(), by=TODAY) is None
