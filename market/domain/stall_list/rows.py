"""Which rows below a header are stalls; titles, totals, signatures and the rest passed over."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from market.domain.stall_list.headings import Field, heading_key, read_heading
from market.domain.stall_list.row_texts import (
    are_column_numbers,
    is_number_of_title,
    is_remark,
    is_signature,
    is_stall_code,
    is_title,
    is_total,
    section_name,
)
from market.domain.stall_list.table import Column, Table
from market.domain.text import clean
from market.domain.workbook import EMPTY_CELL, Cell, CellKind, Row

# A title may have a remark or a count beside it, never what belongs to a stall.
_NEVER_BESIDE_TITLE = (
    Field.PHONE,
    Field.ACCOUNT,
    Field.BANK,
    Field.HOLDER,
    Field.STATE,
    Field.REGISTRATION_CODE,
)
_NUMBERS_STAND_WITHIN = 2
_FEW_CELLS = 2


class _Kind(Enum):
    STALL = auto()
    TITLE = auto()
    HEADINGS = auto()
    TOTAL = auto()
    SIGNATURE = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class StallRow:
    """A row of the list as it holds: merged cells filled in, the title above it known.

    `merchant_anchor` and `stall_anchor` are the rows where cells merged over several rows
    are written, None for cells of their own.
    """

    row: Row
    cells: dict[Field, Cell]
    title: Row | None = None
    section: str | None = None
    merchant_anchor: int | None = None
    stall_anchor: int | None = None

    def cell(self, field: Field) -> Cell:
        return self.cells.get(field, EMPTY_CELL)


def stall_rows(table: Table) -> Iterator[StallRow]:
    """The rows that are, or should be, stalls, in the order of the sheet."""
    reader = _BodyReader(table)
    for row in table.rows():
        found = reader.read(row)
        if found is not None:
            yield found


class _Texts:
    """What is written in one row, apart from its number in the list."""

    def __init__(self, row: Row, ordinals: set[int]) -> None:
        self.all = {
            index: text
            for index, cell in enumerate(row.cells)
            if cell.kind is not CellKind.EMPTY and (text := clean(cell.text))
        }
        self.main = {
            index: text
            for index, text in self.all.items()
            if index not in ordinals or not _is_number(text)
        }
        self.number = next((text for index, text in self.all.items() if index not in self.main), "")
        # "II" beside a title numbers it, alone or in front of others.
        first = next(iter(self.main), None)
        if first in ordinals and len(self.main) > 1 and is_number_of_title(self.main[first]):
            self.number = self.main.pop(first)


class _BodyReader:
    """Goes down the rows and keeps what rows above say about those below."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._grid = table.grid
        self._columns = table.by_field
        self._ordinals = {column.index for column in table.columns if column.is_ordinal}
        self._header_keys = {
            heading_key(cell.text)
            for row in table.sheet.rows
            if table.header_row <= row.number <= table.last_header_row
            for cell in row.cells
        }
        self._last_headings = table.last_header_row
        self._title: Row | None = None
        self._section: str | None = None
        self._is_after_total = False
        self._has_ended = False

    def read(self, row: Row) -> StallRow | None:
        texts = _Texts(row, self._ordinals)
        kind = self._kind(row, texts)
        if kind is _Kind.HEADINGS:
            self._last_headings = row.number
            self._has_ended = self._is_after_total = False
        elif self._has_ended:
            return None
        elif kind is _Kind.SIGNATURE:
            self._has_ended = True
        elif kind is _Kind.TOTAL:
            self._is_after_total = True
        elif kind is _Kind.TITLE:
            self._title = row
            self._section = section_name(next(iter(texts.main.values())))
            self._is_after_total = False
        elif kind is _Kind.STALL:
            return self._stall_row(row)
        return None

    def _stall_row(self, row: Row) -> StallRow:
        return StallRow(
            row=row,
            cells={field: self._held(row, column) for field, column in self._columns.items()},
            title=self._title,
            section=self._section,
            merchant_anchor=self._anchor(row, Field.MERCHANT),
            stall_anchor=self._anchor(row, Field.STALL),
        )

    def _held(self, row: Row, column: Column) -> Cell:
        if column.width == 1 or column.field is not Field.MERCHANT:
            return self._grid.cell(row.number, column.index)
        names = range(column.index, column.index + column.width)
        text = clean(" ".join(self._grid.cell(row.number, index).text for index in names))
        return Cell(text, CellKind.TEXT) if text else EMPTY_CELL

    def _anchor(self, row: Row, field: Field) -> int | None:
        index = self._columns[field].index
        if not self._grid.is_merged_down(row.number, index):
            return None
        return self._grid.anchor(row.number, index)

    def _kind(self, row: Row, texts: _Texts) -> _Kind:
        if not texts.main:
            return _Kind.OTHER
        if self._are_headings(texts):
            return _Kind.HEADINGS
        if is_total(next(iter(texts.all.values()))):
            return _Kind.TOTAL
        if self._number_columns(row, texts):
            return _Kind.OTHER
        if all(map(is_signature, texts.main.values())):
            return _Kind.SIGNATURE
        if self._is_title(row, texts):
            return _Kind.TITLE
        return _Kind.STALL if self._is_stall(row, texts) else _Kind.OTHER

    def _are_headings(self, texts: _Texts) -> bool:
        """Whether the header stands here again, as on each printed page."""
        if len(texts.all) > 1 and all(
            heading_key(text) in self._header_keys for text in texts.all.values()
        ):
            return True
        return all(
            read_heading(texts.all.get(self._columns[field].index, "")).field is field
            for field in (Field.STALL, Field.MERCHANT)
        )

    def _number_columns(self, row: Row, texts: _Texts) -> bool:
        return row.number <= self._last_headings + _NUMBERS_STAND_WITHIN and are_column_numbers(
            list(texts.all.values())
        )

    def _is_title(self, row: Row, texts: _Texts) -> bool:
        index, text = next(iter(texts.main.items()))
        if not self._may_hold_title(row, index) or is_remark(text):
            return False
        if any(self._holds(row, field) for field in _NEVER_BESIDE_TITLE):
            return False
        stall = self._columns[Field.STALL].index
        if index == stall and is_stall_code(text):
            return False
        if index != stall and self._holds(row, Field.STALL):
            return False
        is_alone = len(texts.main) == 1
        if is_alone and self._grid.span(row.number, index) > self._width(index):
            return True
        if is_title(text) or is_number_of_title(texts.number):
            return True
        # Whoever stands alone without a number may still be a merchant whose stall is missing.
        is_name = index == self._columns[Field.MERCHANT].index and not text.isupper()
        return is_alone and not texts.number and not is_name

    def _may_hold_title(self, row: Row, index: int) -> bool:
        """Titles are words, and begin no further right than the stall and its merchant."""
        cell = row.cell(index)
        last = max(
            self._columns[field].index
            for field in (Field.STALL, Field.MERCHANT, Field.SECTION)
            if field in self._columns
        )
        return (
            cell.kind is CellKind.TEXT
            and any(char.isalpha() for char in cell.text)
            and index <= last
        )

    def _is_stall(self, row: Row, texts: _Texts) -> bool:
        if self._holds(row, Field.STALL):
            return True
        filled = sum(column.index in texts.main for column in self._columns.values())
        if len(texts.main) == 1 and is_remark(next(iter(texts.main.values()))):
            return False
        # Under a total, and where stalls are numbered, a row with little in it and no number
        # is a signature or a note that no rule above knows.
        if self._is_after_total or (self._ordinals and not texts.number):
            has_contact = any(self._holds(row, field) for field in (Field.PHONE, Field.ACCOUNT))
            return has_contact or filled > _FEW_CELLS
        return filled > 0

    def _holds(self, row: Row, field: Field) -> bool:
        column = self._columns.get(field)
        return column is not None and bool(clean(self._held(row, column).text))

    def _width(self, index: int) -> int:
        return next((c.width for c in self._table.columns if c.index == index), 1)


def _is_number(text: str) -> bool:
    return text.rstrip(".)").isdecimal()
