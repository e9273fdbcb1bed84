"""Shares: rounding, pooling, means, changes, targets, and how they are written."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.shares import (
    Mean,
    Share,
    TargetLine,
    change_in_points,
    forecast_day,
    format_change_vi,
    format_decimal_vi,
    format_int_vi,
    format_percent_vi,
    mean_of_markets,
    percent,
    pooled,
    weekly_pace,
)

DAY = date(2026, 9, 30)
SHARES = st.integers(0, 3000).flatmap(lambda of: st.builds(Share, st.integers(0, of), st.just(of)))


@pytest.mark.parametrize(
    ("numerator", "denominator", "places", "expected"),
    [
        (412, 486, 1, "84.8"),
        (412, 486, 2, "84.77"),
        (1, 8, 1, "12.5"),
        (1, 16, 2, "6.25"),
        (1, 2000, 1, "0.1"),  # exactly 0.05 %: half goes up
        (1999, 2000, 1, "100.0"),
        (1, 800, 2, "0.13"),  # exactly 0.125 %
        (3, 800, 2, "0.38"),  # exactly 0.375 %
        (0, 7, 1, "0.0"),
        (7, 7, 2, "100.00"),
        (2, 3, 0, "67"),
    ],
)
def test_a_percentage_is_rounded_half_up(
    numerator: int, denominator: int, places: int, expected: str
) -> None:
    found = percent(numerator, denominator, places)

    assert found is not None
    assert format(found, "f") == expected


def test_nothing_to_count_is_blank_and_not_zero() -> None:
    assert percent(0, 0, 1) is None
    assert format_percent_vi(percent(0, 0, 1)) == ""


@given(SHARES.filter(lambda share: share.denominator > 0), st.integers(0, 4))
def test_rounding_agrees_with_decimal_at_many_digits(share: Share, places: int) -> None:
    exact = Decimal(100 * share.numerator) / share.denominator

    assert share.percent(places) == exact.quantize(
        Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP
    )


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 5), (6, 5), (1, 0)])
def test_a_part_is_never_more_than_the_whole(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        Share(numerator, denominator)


def test_an_area_pools_its_markets() -> None:
    assert pooled([Share(1, 10), Share(90, 90), Share(0, 0)]) == Share(91, 100)
    assert pooled([]) == Share(0, 0)


def test_the_mean_lets_each_market_weigh_the_same() -> None:
    assert mean_of_markets([Share(1, 10), Share(90, 90), Share(0, 0)]) == Mean(
        percent=Decimal("55.0"), counted=2, without_denominator=1
    )


def test_the_mean_of_no_market_with_a_denominator_is_blank() -> None:
    assert mean_of_markets([Share(0, 0)]) == Mean(None, 0, 1)


def test_the_mean_rounds_once_from_exact_shares() -> None:
    # 33.33…, 66.66… and 50.15 %: the mean is 50.05 % exactly.
    assert mean_of_markets([Share(1, 3), Share(2, 3), Share(1003, 2000)], 1).percent == Decimal(
        "50.1"
    )


@given(st.lists(SHARES, max_size=20))
def test_the_mean_equals_the_mean_of_fractions(shares: list[Share]) -> None:
    exact = [Fraction(one.numerator, one.denominator) for one in shares if one.denominator]

    found = mean_of_markets(shares, 2)

    assert found.counted == len(exact)
    assert found.counted + found.without_denominator == len(shares)
    if exact:
        assert found.percent is not None
        error = Fraction(found.percent) - 100 * sum(exact) / len(exact)
        assert -Fraction(5, 1000) < error <= Fraction(5, 1000)


def test_a_change_is_taken_between_unrounded_shares() -> None:
    # 66.67 − 33.33 would be 33.34.
    assert change_in_points(Share(2, 3), Share(1, 3), 2) == Decimal("33.33")


def test_a_fall_is_rounded_as_the_same_rise() -> None:
    assert change_in_points(Share(1, 800), Share(0, 800), 2) == Decimal("0.13")
    assert change_in_points(Share(0, 800), Share(1, 800), 2) == Decimal("-0.13")


def test_a_change_from_or_to_nothing_is_blank() -> None:
    assert change_in_points(Share(1, 2), Share(0, 0)) is None
    assert change_in_points(Share(0, 0), Share(1, 2)) is None


def test_a_target_is_compared_exactly() -> None:
    assert Share(9, 10).is_at_least(Decimal(90))
    assert not Share(8999, 10000).is_at_least(Decimal(90))
    assert not Share(2, 3).is_at_least(Decimal("66.67"))


def test_without_anything_to_count_no_target_is_reached() -> None:
    assert not Share(0, 0).is_at_least(Decimal(0))
    assert Share(0, 0).missing_to(Decimal(90)) is None


@pytest.mark.parametrize(
    ("share", "target", "missing"),
    [
        (Share(395, 486), "90", 43),
        (Share(9, 10), "90", 0),
        (Share(10, 10), "90", 0),
        (Share(0, 3), "0.01", 1),
        (Share(0, 3), "100", 3),
    ],
)
def test_what_is_missing_is_rounded_up_to_whole_stalls(
    share: Share, target: str, missing: int
) -> None:
    assert share.missing_to(Decimal(target)) == missing


@given(SHARES.filter(lambda share: share.denominator > 0), st.integers(0, 100))
def test_what_is_missing_just_reaches_the_target(share: Share, target: int) -> None:
    missing = share.missing_to(Decimal(target))

    assert missing is not None
    assert Share(share.numerator + missing, share.denominator).is_at_least(Decimal(target))
    if missing:
        one_less = Share(share.numerator + missing - 1, share.denominator)
        assert not one_less.is_at_least(Decimal(target))


def test_a_target_runs_linear_between_its_dates_and_holds_afterwards() -> None:
    line = TargetLine(date(2026, 1, 1), Decimal(50), date(2026, 1, 11), Decimal(90))

    assert line.percent_on(date(2025, 12, 31)) is None
    assert line.percent_on(date(2026, 1, 1)) == 50
    assert line.percent_on(date(2026, 1, 4)) == 62
    assert line.percent_on(date(2026, 1, 11)) == 90
    assert line.percent_on(date(2027, 1, 1)) == 90


def test_a_target_of_one_day_stands_from_that_day() -> None:
    line = TargetLine(DAY, Decimal(50), DAY, Decimal(90))

    assert line.percent_on(DAY) == 90


def test_a_target_may_not_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="ends on or after"):
        TargetLine(DAY, Decimal(50), DAY - timedelta(days=1), Decimal(90))


@pytest.mark.parametrize(
    ("missing", "days", "pace"),
    [(43, 56, 6), (43, 7, 43), (43, 1, 301), (1, 700, 1), (0, 0, 0), (0, -9, 0)],
)
def test_the_pace_needed_is_rounded_up_to_whole_stalls_a_week(
    missing: int, days: int, pace: int
) -> None:
    assert weekly_pace(missing, day=DAY, by=DAY + timedelta(days=days)) == pace


@pytest.mark.parametrize("days", [0, -1])
def test_no_pace_reaches_a_date_that_has_come(days: int) -> None:
    assert weekly_pace(1, day=DAY, by=DAY + timedelta(days=days)) is None


def test_the_forecast_goes_on_at_the_present_pace() -> None:
    assert forecast_day(43, gained=6, during_days=7, day=DAY) == DAY + timedelta(days=51)


def test_the_slowest_progress_gives_a_forecast() -> None:
    assert forecast_day(3, gained=1, during_days=1, day=DAY) == DAY + timedelta(days=3)


def test_progress_in_no_time_gives_no_forecast() -> None:
    assert forecast_day(3, gained=1, during_days=0, day=DAY) is None


def test_the_forecast_is_today_when_nothing_is_missing() -> None:
    assert forecast_day(0, gained=0, during_days=28, day=DAY) == DAY


@pytest.mark.parametrize("gained", [0, -3])
def test_without_progress_there_is_no_forecast(gained: int) -> None:
    assert forecast_day(43, gained=gained, during_days=28, day=DAY) is None


def test_a_forecast_beyond_the_calendar_is_none() -> None:
    assert forecast_day(10**6, gained=1, during_days=365, day=DAY) is None


@pytest.mark.parametrize(
    ("number", "written"),
    [(0, "0"), (999, "999"), (27013, "27.013"), (1700000, "1.700.000"), (-4200, "-4.200")],
)
def test_integers_have_dots_between_thousands(number: int, written: str) -> None:
    assert format_int_vi(number) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [("84.8", "84,8"), ("100.00", "100,00"), ("1234.5", "1.234,5"), ("0E+1", "0")],
)
def test_decimals_have_a_comma_and_keep_their_places(number: str, written: str) -> None:
    assert format_decimal_vi(Decimal(number)) == written


def test_a_percentage_has_a_space_before_its_sign() -> None:
    assert format_percent_vi(Decimal("84.8")) == "84,8 %"


@pytest.mark.parametrize(
    ("points", "written"),
    [("1.2", "+1,2"), ("0.1", "+0,1"), ("-0.3", "-0,3"), ("0.0", "0,0")],
)
def test_a_change_carries_its_sign(points: str, written: str) -> None:
    assert format_change_vi(Decimal(points)) == written


def test_a_change_that_cannot_be_told_is_blank() -> None:
    assert format_change_vi(None) == ""
    assert format_decimal_vi(None) == ""


@given(st.lists(SHARES.filter(lambda share: share.denominator > 0), min_size=2, max_size=20))
def test_ranks_put_shares_in_the_order_of_their_fractions(shares: list[Share]) -> None:
    def fraction(share: Share) -> Fraction:
        return Fraction(share.numerator, share.denominator)

    ranks = [share.rank for share in shares]

    assert None not in ranks
    for (one, rank), (other, next_rank) in pairwise(zip(shares, ranks, strict=True)):
        assert (rank or 0) - (next_rank or 0) == 0 or fraction(one) != fraction(other)
        assert ((rank or 0) < (next_rank or 0)) == (fraction(one) < fraction(other))


def test_nothing_to_count_has_no_rank() -> None:
    assert Share(0, 0).rank is None
