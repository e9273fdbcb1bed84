"""Lists for tests: rows of values → a workbook, or the list read from it."""

import io
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import xlsxwriter

from market.documents.workbook_cells import number_cell, text_cell
from market.domain.banks import BankDirectory, packaged_banks
from market.domain.business_lines import packaged_lines
from market.domain.stall_list.reading import read_list
from market.domain.stall_list.records import StallList, StallRecord
from market.domain.workbook import EMPTY_CELL, Cell, MergedRange, Row, Sheet, Workbook

Value = str | int | float | None
Values = Sequence[Value]
# First row, first column, last row, last column: rows from 1, columns from 0.
Merged = tuple[int, int, int, int]


@cache
def banks() -> BankDirectory:
    return BankDirectory(packaged_banks())


def cell(value: Value) -> Cell:
    if value is None:
        return EMPTY_CELL
    return text_cell(value) if isinstance(value, str) else number_cell(float(value))


def sheet(
    rows: Iterable[Values], merged: Iterable[Merged] = (), *, name: str = "Danh sách"
) -> Sheet:
    numbered = (Row(number, tuple(map(cell, values))) for number, values in enumerate(rows, 1))
    kept = tuple(row for row in numbered if any(cell != EMPTY_CELL for cell in row.cells))
    return Sheet(name, kept, tuple(MergedRange(*found) for found in merged))


def read_rows(
    rows: Iterable[Values],
    merged: Iterable[Merged] = (),
    *,
    mapping: Mapping[str, str] | None = None,
    is_text: bool = False,
) -> StallList:
    return read_sheets(sheet(rows, merged), mapping=mapping, is_text=is_text)


def read_sheets(
    *sheets: Sheet, mapping: Mapping[str, str] | None = None, is_text: bool = False
) -> StallList:
    return read_list(
        Workbook(sheets, is_text=is_text),
        banks=banks(),
        lines=packaged_lines(),
        mapping=mapping or {},
    )


def read_row(values: Mapping[str, Value], *, is_text: bool = False) -> StallRecord:
    """The record of one row, whose columns are the keys."""
    (record,) = read_rows([list(values), list(values.values())], is_text=is_text).records
    return record


def told(stall_list: StallList) -> list[tuple[int | None, str]]:
    """Row and code of every error, then of every warning."""
    return [(found.row, found.code) for found in (*stall_list.errors, *stall_list.warnings)]


def xlsx(rows: Iterable[Values], merged: Iterable[str] = ()) -> bytes:
    """A workbook of one sheet; `merged` names ranges like B2:B3."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    written = book.add_worksheet("Danh sách")
    for found in merged:
        written.merge_range(found, "")
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            if isinstance(value, str):
                written.write_string(row, column, value)
            elif value is not None:
                written.write_number(row, column, value)
    book.close()
    return buffer.getvalue()
