"""Periods that reports are made for: months, quarters, halves and whole years that have ended."""

import re
from datetime import date, timedelta
from typing import NamedTuple

from market.domain.calendar import FIRST_YEAR, LAST_YEAR, month_end
from market.domain.errors import Invalid

MONTHS_A_YEAR = 12
# A month, a quarter, half a year, a year.
USUAL_LENGTHS = (1, 3, 6, 12)

_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})|([0-9]{1,2})/([0-9]{4})")


class Days(NamedTuple):
    """From `since` to `as_of`, both included."""

    since: date
    as_of: date


def ended_period(today: date, months: int = 1) -> Days:
    """The last period of so many months that is over; periods of a year begin in January."""
    place = today.year * MONTHS_A_YEAR + today.month - 1
    begins = _first_of(place - place % months)
    return Days(_first_of(place - place % months - months), begins - timedelta(days=1))


def ended_periods(today: date) -> list[Days]:
    """The last month, quarter, half and year that are over."""
    return [ended_period(today, months) for months in USUAL_LENGTHS]


def parse_month(text: str) -> Days:
    """Read 2026-08 or 8/2026. Raises Invalid with how to write it."""
    found = _MONTH.fullmatch(text.strip())
    if found:
        year, month = int(found[1] or found[4]), int(found[2] or found[3])
        if FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= MONTHS_A_YEAR:
            first = date(year, month, 1)
            return Days(first, month_end(first))
    raise Invalid(f"“{text.strip()[:40]}” không phải là tháng. Hãy viết như 2026-08 hoặc 8/2026.")


def _first_of(place: int) -> date:
    return date(place // MONTHS_A_YEAR, place % MONTHS_A_YEAR + 1, 1)
