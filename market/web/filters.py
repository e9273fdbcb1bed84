"""How pages write numbers, days and names: the Vietnamese way."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext

from market.domain.accounts import in_groups
from market.domain.calendar import format_day, format_moment
from market.domain.shares import (
    FILE_PLACES,
    format_change_vi,
    format_decimal_vi,
    format_int_vi,
    format_percent_vi,
    round_half_up,
)

NOTHING = "–"


def vi_int(value: int | None) -> str:
    """27013 → `27.013`."""
    return NOTHING if value is None else format_int_vi(value)


def vi_percent(value: Decimal | None) -> str:
    """A percentage with one decimal, `84,8 %`; nothing to count is a dash."""
    return NOTHING if value is None else format_percent_vi(value)


def vi_share(value: Fraction | Decimal | None) -> str:
    """A share without needless places, `90` or `86,55`: as it was given, or as a line has it."""
    if value is None:
        return NOTHING
    written = format_decimal_vi(round_half_up(Fraction(value), FILE_PLACES))
    return written.rstrip("0").rstrip(",")


def vi_points(value: Decimal | None) -> str:
    """A difference in points with one decimal, `89,0`."""
    return NOTHING if value is None else format_decimal_vi(value)


def vi_change(value: Decimal | None) -> str:
    """A change in points with its sign, `+1,2`; nothing to compare with is a dash."""
    return NOTHING if value is None else format_change_vi(value)


def vi_signed(value: int) -> str:
    """A number more or fewer: `+3`, `-1.200`, `0`."""
    return f"{'+' if value > 0 else ''}{format_int_vi(value)}"


def vi_date(value: date | None) -> str:
    """`30/09/2026`."""
    return NOTHING if value is None else format_day(value)


def vi_datetime(value: datetime | None) -> str:
    """`30/09/2026 14:05`, in Việt Nam."""
    return NOTHING if value is None else format_moment(value)


def translated(text: str) -> str:
    """Words from a variable in the reader's language, as text: a page escapes them.

    `_()` in a template takes literals alone. What it gives is markup, and formatted.
    """
    return str(gettext(text))


FILTERS: dict[str, Callable[[Any], str]] = {
    "vi_int": vi_int,
    "vi_percent": vi_percent,
    "vi_points": vi_points,
    "vi_change": vi_change,
    "vi_share": vi_share,
    "vi_signed": vi_signed,
    "vi_date": vi_date,
    "vi_datetime": vi_datetime,
    "groups_of_four": in_groups,
    "translated": translated,
}
