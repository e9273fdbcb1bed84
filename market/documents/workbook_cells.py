"""Values of workbook cells as the text that people see in them."""

import math
from datetime import date, datetime, time, timedelta

from market.documents.workbook_limits import MAX_CELL_CHARACTERS, too_large
from market.domain.workbook import EMPTY_CELL, Cell, CellKind

_MIDNIGHT = time()


def text_cell(text: str) -> Cell:
    """A text cell, empty where nothing but spaces stands in it.

    Raises TooLarge past what a cell of Excel can hold.
    """
    if len(text) > MAX_CELL_CHARACTERS:
        raise too_large(
            "Có ô chứa quá nhiều chữ. Hãy kiểm tra lại tệp, lưu lại rồi tải lên lần nữa."
        )
    return Cell(text, CellKind.TEXT) if text and not text.isspace() else EMPTY_CELL


def number_cell(number: float, width: int = 0) -> Cell:
    """A number cell; `width` is how many digits its format fills up with zeros."""
    if not math.isfinite(number):
        return text_cell(str(number))
    if number.is_integer() and abs(number) < 1e15:
        return Cell(f"{int(number):0{width}d}", CellKind.NUMBER, number)
    return Cell(f"{number:.15G}", CellKind.NUMBER, number)


def bool_cell(value: bool) -> Cell:
    return Cell("TRUE" if value else "FALSE", CellKind.BOOL)


def date_cell(moment: datetime | date | time | timedelta, number: float | None = None) -> Cell:
    """A date or time as Vietnamese spreadsheets show it: dd/mm/yyyy, hh:mm."""
    return Cell(_moment_text(moment), CellKind.DATE, number)


def _moment_text(moment: datetime | date | time | timedelta) -> str:
    if isinstance(moment, timedelta):
        return str(moment)
    if isinstance(moment, time):
        return f"{moment:%H:%M}"
    # Not strftime: it leaves years under 1000 without their zeros.
    day = f"{moment.day:02d}/{moment.month:02d}/{moment.year:04d}"
    if isinstance(moment, datetime) and moment.time() != _MIDNIGHT:
        return f"{day} {moment:%H:%M}"
    return day
