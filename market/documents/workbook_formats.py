"""Number formats of Excel: which numbers are days, which show leading zeros."""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from market.documents.workbook_cells import date_cell, number_cell
from market.domain.workbook import Cell

EPOCH_1900 = datetime(1899, 12, 30)
EPOCH_1904 = datetime(1904, 1, 1)

# ECMA-376 part 1, 18.8.30: formats every program knows by number alone.
_BUILT_IN_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_NOT_IN_DATE_CODES = re.compile(r'"[^"]*"|\\.|\[(?![hms]+\])[^\]]*\]|general', re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[ymdhs]", re.IGNORECASE)
_ZEROS_IN_GROUPS = re.compile(r"0[0 -]*")
_MAX_ZEROS = 30
# 31 December 9999, where dates end.
_LAST_SERIAL = 2_958_465


class NumberFormat(NamedTuple):
    """`width` is how many digits the format always shows, with zeros in front."""

    is_date: bool = False
    width: int = 0


GENERAL = NumberFormat()


@lru_cache(maxsize=4096)
def number_format(format_id: str, code: str | None) -> NumberFormat:
    """The format of a style; `code` is None where the file leaves it to the number."""
    if code is None:
        return NumberFormat(is_date=format_id.isdecimal() and int(format_id) in _BUILT_IN_DATES)
    is_date = _DATE_LETTERS.search(_NOT_IN_DATE_CODES.sub("", code)) is not None
    return NumberFormat(is_date, _zeros(code))


def formatted_cell(number: float, form: NumberFormat, epoch: datetime) -> Cell:
    """The cell as its format shows it; what no calendar holds stays a number."""
    if form.is_date and 0 <= number <= _LAST_SERIAL:
        moment = epoch + timedelta(days=number)
        # A serial below one day is a time of day.
        return date_cell(moment if number >= 1 else moment.time(), number)
    return number_cell(number, form.width)


def _zeros(code: str) -> int:
    """How many digits `0000 000 000` and its like always show; 0 for other formats."""
    plain = code.replace("\\", "").replace('"', "")
    zeros = plain.count("0") if _ZEROS_IN_GROUPS.fullmatch(plain) else 0
    return zeros if zeros <= _MAX_ZEROS else 0
