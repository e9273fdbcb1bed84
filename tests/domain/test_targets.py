"""Targets: which one holds on a day, how a share stands against it, how percentages are read."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from market.domain.coverage import Unit
from market.domain.errors import Invalid
from market.domain.shares import Share, TargetLine
from market.domain.targets import (
    PACE_DAYS,
    Aim,
    Place,
    PlaceKind,
    Standing,
    TargetBook,
    parse_percent,
)

PROVINCE = Place(PlaceKind.PROVINCE, "22")
COMMUNE = Place(PlaceKind.COMMUNE, "06895")
MARKET = Place(PlaceKind.MARKET, "7")
NEW_YEAR, END_OF_YEAR = date(2026, 1, 1), date(2026, 12, 31)


def aim(
    place: Place = PROVINCE,
    from_day: date = NEW_YEAR,
    to_day: date = END_OF_YEAR,
    *,
    shares: tuple[str, str] = ("80", "90"),
    ended_on: date | None = None,
) -> Aim:
    """80 to 90 % of households over 2026, unless said otherwise."""
    line = TargetLine(from_day, Decimal(shares[0]), to_day, Decimal(shares[1]))
    return Aim(place, Unit.MERCHANTS, line, ended_on)


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(2025, 12, 31), None),
        (NEW_YEAR, 80),
        (date(2026, 7, 2), 85),
        (END_OF_YEAR, 90),
        (date(2027, 6, 1), 90),
    ],
)
def test_a_target_is_linear_and_holds_after_its_last_day(day: date, percent: int | None) -> None:
    assert aim().percent_on(day) == percent


def test_an_ended_target_has_no_percentage_from_that_day_on() -> None:
    ended = aim(ended_on=date(2026, 7, 3))

    assert ended.percent_on(date(2026, 7, 2)) == 85
    assert ended.percent_on(date(2026, 7, 3)) is None


def test_the_nearest_place_that_has_a_target_decides() -> None:
    places = (MARKET, COMMUNE, PROVINCE)
    wide, near, own = aim(), aim(COMMUNE, date(2026, 2, 1)), aim(MARKET, date(2026, 3, 1))
    book = TargetBook([own, wide, near])

    assert book.find(places, date(2025, 12, 31)) is None
    assert book.find(places, date(2026, 1, 31)) == wide
    assert book.find(places, date(2026, 2, 28)) == near
    assert book.find(places, date(2026, 3, 1)) == own
    assert book.find((COMMUNE, PROVINCE), date(2026, 3, 1)) == near


def test_after_its_own_target_ended_a_market_is_measured_by_its_provinces() -> None:
    book = TargetBook([aim(), aim(MARKET, ended_on=date(2026, 5, 1))])

    found = book.find((MARKET, PROVINCE), date(2026, 5, 1))

    assert found is not None
    assert found.place == PROVINCE


def test_a_later_target_takes_over_and_leaves_none_behind_when_it_ends() -> None:
    last_year = aim(from_day=date(2025, 1, 1), to_day=date(2025, 12, 31), shares=("40", "70"))
    this_year = aim(ended_on=date(2026, 5, 1))
    book = TargetBook([this_year, last_year])

    assert book.find([PROVINCE], date(2025, 12, 31)) == last_year
    assert book.find([PROVINCE], NEW_YEAR) == this_year
    assert book.find([PROVINCE], date(2026, 5, 1)) is None


def test_a_target_replaced_from_its_first_day_on_never_held() -> None:
    mistyped = aim(shares=("8", "9"), ended_on=NEW_YEAR)
    book = TargetBook([mistyped, aim()])

    assert not mistyped.has_ever_held
    found = book.find([PROVINCE], date(2026, 7, 2))
    assert found is not None
    assert found.percent_on(date(2026, 7, 2)) == 85


@pytest.mark.parametrize(
    ("from_day", "to_day", "ended_on", "overlaps"),
    [
        (date(2025, 1, 1), date(2025, 12, 31), None, False),
        (date(2025, 1, 1), NEW_YEAR, None, True),
        (date(2026, 5, 1), date(2026, 6, 1), None, True),
        (END_OF_YEAR, date(2027, 12, 31), None, True),
        (date(2027, 1, 1), date(2027, 12, 31), None, False),
        (date(2025, 1, 1), END_OF_YEAR, NEW_YEAR, False),
        (date(2025, 1, 1), END_OF_YEAR, date(2026, 1, 2), True),
        (NEW_YEAR, END_OF_YEAR, NEW_YEAR, False),
    ],
)
def test_lines_overlap_where_both_run_on_a_day(
    from_day: date, to_day: date, ended_on: date | None, overlaps: bool
) -> None:
    other = aim(from_day=from_day, to_day=to_day, ended_on=ended_on)

    assert aim().overlaps(other) is overlaps
    assert other.overlaps(aim()) is overlaps


def standing(share: Share, *, gained: int = 0, day: date = date(2026, 7, 2)) -> Standing:
    return Standing(aim(), day, share, gained)


def test_what_is_missing_is_told_to_the_line_and_to_the_end() -> None:
    found = standing(Share(412, 486), day=date(2026, 11, 12))

    # 80 + 10 × 315/364 = 88.65… % of 486 is 430.8…; 90 % is 437.4.
    assert found.target_percent(2) == Decimal("88.65")
    assert (found.behind, found.missing) == (19, 26)
    assert found.gap_points() == Decimal("3.9")
    assert not found.is_reached
    # 26 in the 49 days that are left.
    assert found.pace == 4


def test_a_share_above_the_line_is_no_gap() -> None:
    found = standing(Share(86, 100))

    assert found.is_reached
    assert (found.behind, found.missing, found.gap) == (0, 4, Fraction(-1))


def test_reached_is_compared_exactly() -> None:
    third = Standing(aim(shares=("66.67", "66.67")), NEW_YEAR, Share(2, 3))

    assert third.share.percent(2) == Decimal("66.67")
    assert not third.is_reached


def test_without_anything_to_count_nothing_is_missing_and_nothing_reached() -> None:
    found = standing(Share(0, 0))

    assert not found.is_reached
    assert (found.gap, found.gap_points()) == (None, None)
    assert (found.behind, found.missing, found.pace, found.forecast) == (None, None, None, None)


def test_the_forecast_goes_on_at_the_pace_of_the_last_weeks() -> None:
    found = standing(Share(80, 100), gained=8)

    # 10 are missing; 8 in 56 days make 10 in 70.
    assert found.forecast == found.day + timedelta(days=70)
    assert not found.is_late


@pytest.mark.parametrize("gained", [-3, 0, 1])
def test_a_pace_that_comes_too_late_or_never_is_late(gained: int) -> None:
    assert standing(Share(50, 100), gained=gained).is_late


def test_a_forecast_farther_than_ten_years_is_none() -> None:
    assert standing(Share(0, 1000), gained=1).forecast is None
    assert standing(Share(0, 10), gained=1).forecast == date(2026, 7, 2) + timedelta(
        days=9 * PACE_DAYS
    )


def test_a_day_before_the_target_has_no_standing() -> None:
    with pytest.raises(ValueError, match="2025-12-31"):
        _ = standing(Share(1, 2), day=date(2025, 12, 31)).target


@pytest.mark.parametrize(
    ("written", "percent"),
    [("86,5", "86.5"), ("86.50", "86.50"), (" 90 % ", "90"), ("100%", "100"), ("0", "0")],
)
def test_percentages_are_read_as_people_write_them(written: str, percent: str) -> None:
    assert parse_percent(written) == Decimal(percent)


@pytest.mark.parametrize("written", ["", "-1", "100,01", "101", "86,555", "NaN", "tám mươi", "1e2"])
def test_what_is_no_share_is_refused(written: str) -> None:
    with pytest.raises(Invalid, match="từ 0 đến 100"):
        parse_percent(written)
