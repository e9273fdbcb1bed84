"""Counts to shares: two integers each, rounded once, at the end."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil, lcm

SCREEN_PLACES = 1
FILE_PLACES = 2
DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many; adding pools."""

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if not 0 <= self.numerator <= self.denominator:
            raise ValueError(f"{self.numerator} of {self.denominator} is no share")

    def __add__(self, other: "Share") -> "Share":
        return Share(self.numerator + other.numerator, self.denominator + other.denominator)

    @property
    def rank(self) -> int | None:
        """What puts shares in order, equal ones beside each other; None for nothing to count.

        Two fractions with denominators below 2³² lie further apart than 2⁻⁶⁴, so that the
        whole part of 2⁶⁴ times each tells them apart; whole numbers compare faster.
        """
        return None if self.denominator == 0 else (self.numerator << 64) // self.denominator

    def percent(self, places: int = SCREEN_PLACES) -> Decimal | None:
        """Return the percentage rounded half up, None where there is nothing to count."""
        return percent(self.numerator, self.denominator, places)

    def is_at_least(self, target_percent: Decimal | Fraction) -> bool:
        """Compare exactly; without anything to count no target is reached."""
        target, of = target_percent.as_integer_ratio()
        return self.denominator > 0 and self.numerator * 100 * of >= target * self.denominator

    def missing_to(self, target_percent: Decimal | Fraction) -> int | None:
        """Return how many more are needed, None where there is nothing to count."""
        if self.denominator == 0:
            return None
        needed = ceil(Fraction(target_percent) * self.denominator / 100)
        return max(0, needed - self.numerator)


def percent(numerator: int, denominator: int, places: int) -> Decimal | None:
    """Return 100 × numerator ÷ denominator, rounded half up; None for an empty denominator."""
    if denominator == 0:
        return None
    return round_half_up(Fraction(100 * numerator, denominator), places)


def round_half_up(value: Fraction, places: int) -> Decimal:
    """Round exactly, ties away from zero: a fall is rounded as the same rise is."""
    scaled = abs(value) * 10**places
    digits = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(-digits if value < 0 else digits).scaleb(-places)


def pooled(shares: Iterable[Share]) -> Share:
    """Return the share of an area: sum of numerators ÷ sum of denominators."""
    return sum(shares, Share(0, 0))


@dataclass(frozen=True, slots=True)
class Mean:
    """The plain mean of markets' percentages; None where none of them has a share."""

    percent: Decimal | None
    counted: int
    without_denominator: int


def mean_of_markets(shares: Iterable[Share], places: int = SCREEN_PLACES) -> Mean:
    """Return the mean of the unrounded shares, each market weighing the same."""
    sums: dict[int, int] = {}
    counted = empty = 0
    for share in shares:
        if share.denominator == 0:
            empty += 1
            continue
        counted += 1
        sums[share.denominator] = sums.get(share.denominator, 0) + share.numerator
    if counted == 0:
        return Mean(None, 0, empty)
    # One common denominator keeps the sum exact; adding thousands of fractions would crawl.
    common = lcm(*sums)
    total = sum(numerator * (common // denominator) for denominator, numerator in sums.items())
    mean = round_half_up(Fraction(100 * total, common * counted), places)
    return Mean(mean, counted, empty)


def change_in_points(now: Share, before: Share, places: int = SCREEN_PLACES) -> Decimal | None:
    """Return the change in percentage points, None where one of the two is empty.

    Taken between the unrounded shares, so that it can be off the difference of two
    rounded percentages by one in the last place.
    """
    if now.denominator == 0 or before.denominator == 0:
        return None
    share_now = Fraction(now.numerator, now.denominator)
    return round_half_up(100 * (share_now - Fraction(before.numerator, before.denominator)), places)


@dataclass(frozen=True, slots=True)
class TargetLine:
    """A share to reach by a date: from – to, linear in between, held afterwards."""

    from_day: date
    from_percent: Decimal
    to_day: date
    to_percent: Decimal

    def __post_init__(self) -> None:
        if self.to_day < self.from_day:
            raise ValueError("a target ends on or after the day it begins")

    def percent_on(self, day: date) -> Fraction | None:
        """Return the exact target of a day, None before the target begins."""
        return _on_the_line(self, day)


@lru_cache(maxsize=1024)
def _on_the_line(line: TargetLine, day: date) -> Fraction | None:
    """Kept, as thousands of markets are measured on the line of their province."""
    if day < line.from_day:
        return None
    if day >= line.to_day:
        return Fraction(line.to_percent)
    passed = Fraction((day - line.from_day).days, (line.to_day - line.from_day).days)
    start = Fraction(line.from_percent)
    return start + (Fraction(line.to_percent) - start) * passed


def weekly_pace(missing: int, *, day: date, by: date) -> int | None:
    """Return how many a week are needed from `day` on, rounded up.

    None where the date has come and something is still missing: no pace can do it.
    """
    if missing == 0:
        return 0
    days_left = (by - day).days
    return ceil(Fraction(missing * DAYS_A_WEEK, days_left)) if days_left > 0 else None


def forecast_day(missing: int, *, gained: int, during_days: int, day: date) -> date | None:
    """Return the day on which nothing will be missing at the pace of the last days.

    None where that pace leads nowhere, or beyond the calendar.
    """
    if missing == 0:
        return day
    if gained <= 0 or during_days <= 0:
        return None
    try:
        return day + timedelta(days=ceil(Fraction(missing * during_days, gained)))
    except OverflowError:
        return None


def format_int_vi(number: int) -> str:
    """Write 27013 as `27.013`."""
    return f"{number:,}".replace(",", ".")


def format_decimal_vi(number: Decimal | None) -> str:
    """Write 84.8 as `84,8`, keeping its places; nothing for None."""
    if number is None:
        return ""
    return f"{number:,f}".translate(_VIETNAMESE_MARKS)


def format_percent_vi(number: Decimal | None) -> str:
    """Write 84.8 as `84,8 %`; nothing, never `0 %`, for None."""
    return "" if number is None else f"{format_decimal_vi(number)} %"


def format_change_vi(points: Decimal | None) -> str:
    """Write a change with its sign: `+1,2`, `-0,3`, `0,0`; nothing for None."""
    if points is None:
        return ""
    sign = "+" if points > 0 else ""
    return sign + format_decimal_vi(points)


_VIETNAMESE_MARKS = str.maketrans({",": ".", ".": ","})
