"""Which rows below a header are stalls; titles, totals, signatures and the rest passed over."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from market.domain.stall_list.headings import Field, heading_key
from market.domain.stall_list.row_texts import (
    are_column_numbers,
    begins_like_total,
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
_MAY_HOLD_TITLE = (Field.STALL, Field.MERCHANT, Field.SECTION)
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

    The texts in `cells` are cleaned. `merchant_anchor` and `stall_anchor` are the rows where
    cells merged over several rows are written, None for cells of their own.
    """

    row: Row
    cells: dict[Field, Cell]
    title: Row | None = None
    section: str | None = None
    merchant_anchor: int | None = None
    stall_anchor: int | None = None

    def cell(self, field: Field) -> Cell:
        return self.cells.get(field, EMPTY_CELL)

    def text(self, field: Field) -> str:
        """What the cell says, empty where nothing but a dash or dots stands in it."""
        text = self.cell(field).text
        return text if has_word(text) else ""


def stall_rows(table: Table) -> Iterator[StallRow]:
    """The rows that are, or should be, stalls, in the order of the sheet."""
    reader = _BodyReader(table)
    for row in table.rows():
        found = reader.read(row)
        if found is not None:
            yield found


class _Line:
    """What is written in one row, apart from its number in the list, and what holds in it.

    Of private columns only words are seen: titles and totals begin in the first column,
    whatever it is for.
    """

    def __init__(self, row: Row, table: Table, ordinals: set[int], private: set[int]) -> None:
        self.row = row
        self.all = {
            index: text
            for index, cell in enumerate(row.cells)
            if cell.kind is not CellKind.EMPTY
            and (text := clean(cell.text))
            and (index not in private or _are_words(text))
        }
        self.main = {
            index: text
            for index, text in self.all.items()
            if index not in ordinals or not _is_number(text)
        }
        self.number = next((text for index, text in self.all.items() if index not in self.main), "")
        # "II" in the column of numbers belongs to the title beside it.
        first = next(iter(self.main), None)
        if first in ordinals and len(self.main) > 1 and is_number_of_title(self.main[first]):
            self.number = self.main.pop(first)
        self.held = {
            column.field: self._held(table, column) for column in table.columns if column.field
        }

    def holds(self, field: Field) -> bool:
        return field in self.held and self.held[field].kind is not CellKind.EMPTY

    def _held(self, table: Table, column: Column) -> Cell:
        number, index = self.row.number, column.index
        if column.width > 1 and column.field is Field.MERCHANT:
            names = range(index, index + column.width)
            text = clean(" ".join(table.grid.cell(number, name).text for name in names))
            return Cell(text, CellKind.TEXT) if text else EMPTY_CELL
        cell = table.grid.cell(number, index)
        if column.field is Field.STALL:
            text = clean(_on_one_line(cell.text))
        elif cell is self.row.cell(index):
            text = self.all.get(index, "")
        else:
            text = clean(cell.text)
        if text == cell.text:
            return cell
        return cell._replace(text=text) if text else EMPTY_CELL


class _BodyReader:
    """Goes down the rows and keeps what rows above say about those below."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._grid = table.grid
        self._columns = table.by_field
        self._ordinals = {column.index for column in table.columns if column.is_ordinal}
        self._private = {column.index for column in table.columns if column.is_private}
        self._widths = {column.index: column.width for column in table.columns}
        self._header_keys = {
            heading_key(cell.text)
            for row in table.sheet.rows
            if table.header_row <= row.number <= table.last_header_row
            for cell in row.cells
        } - {""}
        self._last_title_column = max(
            self._columns[field].index for field in _MAY_HOLD_TITLE if field in self._columns
        )
        self._first_column = min(column.index for column in table.columns)
        self._last_headings = table.last_header_row
        self._title: Row | None = None
        self._section: str | None = None
        self._is_after_total = False
        self._has_ended = False

    def read(self, row: Row) -> StallRow | None:
        line = _Line(row, self._table, self._ordinals, self._private)
        kind = self._kind(line)
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
            self._section = section_name(next(iter(line.main.values())))
            self._is_after_total = False
        elif kind is _Kind.STALL:
            return self._stall_row(line)
        return None

    def _stall_row(self, line: _Line) -> StallRow:
        return StallRow(
            row=line.row,
            cells=line.held,
            title=self._title,
            section=self._section,
            merchant_anchor=self._anchor(line.row, Field.MERCHANT),
            stall_anchor=self._anchor(line.row, Field.STALL),
        )

    def _anchor(self, row: Row, field: Field) -> int | None:
        index = self._columns[field].index
        if not self._grid.is_merged_down(row.number, index):
            return None
        return self._grid.anchor(row.number, index)

    def _kind(self, line: _Line) -> _Kind:
        if not line.main:
            return _Kind.OTHER
        if not line.number and self._repeats_headings(line):
            return _Kind.HEADINGS
        if self._is_total(line):
            return _Kind.TOTAL
        if self._numbers_columns(line):
            return _Kind.OTHER
        if not line.number and all(map(is_signature, line.main.values())):
            return _Kind.SIGNATURE
        if self._is_title(line):
            return _Kind.TITLE
        return _Kind.STALL if self._is_stall(line) else _Kind.OTHER

    def _repeats_headings(self, line: _Line) -> bool:
        """Whether the header, or a row of it, stands here again, as on each printed page."""
        return len(line.all) > 1 and all(
            heading_key(text) in self._header_keys for text in line.all.values()
        )

    def _numbers_columns(self, line: _Line) -> bool:
        is_near = line.row.number <= self._last_headings + _NUMBERS_STAND_WITHIN
        return is_near and are_column_numbers(list(line.all.values()))

    def _is_total(self, line: _Line) -> bool:
        index, text = next(iter(line.all.items()))
        if is_total(text) or not begins_like_total(text):
            return is_total(text)
        # In the column of names and beside a code in letters, a line or a bank it is a name.
        return index != self._columns[Field.MERCHANT].index or not any(
            line.holds(field) and line.held[field].kind is CellKind.TEXT
            for field in (Field.STALL, Field.LINE, Field.BANK)
        )

    def _is_title(self, line: _Line) -> bool:
        index, text = next(iter(line.main.items()))
        if not _is_worded(line.row.cell(index)) or is_remark(text):
            return False
        if len(line.all) == 1 and (is_title(text) or index == self._first_column):
            return not (index == self._columns[Field.STALL].index and is_stall_code(text))
        if index > self._last_title_column:
            return False
        if any(line.holds(field) for field in _NEVER_BESIDE_TITLE):
            return False
        if self._belongs_to_stall(line, index, text):
            return False
        is_alone = len(line.main) == 1
        if is_alone and self._grid.span(line.row.number, index) > self._widths.get(index, 1):
            return True
        if is_title(text) or is_number_of_title(line.number):
            return True
        # Whoever stands alone without a number may still be a merchant whose stall is missing.
        is_name = index == self._columns[Field.MERCHANT].index and not text.isupper()
        return is_alone and not line.number and not is_name

    def _belongs_to_stall(self, line: _Line, index: int, text: str) -> bool:
        """Whether the text is a code or a name, or stands beside one."""
        if line.number.isdecimal() and len(line.main) > 1:
            return True
        if index != self._columns[Field.MERCHANT].index and line.holds(Field.MERCHANT):
            return True
        if index == self._columns[Field.STALL].index:
            return is_stall_code(text)
        return line.holds(Field.STALL)

    def _is_stall(self, line: _Line) -> bool:
        first = next(iter(line.main.values()))
        if len(line.main) == 1 and is_remark(first) and not is_stall_code(first):
            return False
        if line.holds(Field.STALL):
            return True
        filled = sum(column.index in line.main for column in self._columns.values())
        # Under a total, and where stalls are numbered, a row with little in it and no number
        # is a signature or a note that no rule above knows.
        if self._is_after_total or (self._ordinals and not line.number):
            has_contact = line.holds(Field.PHONE) or line.holds(Field.ACCOUNT)
            return has_contact or filled > _FEW_CELLS
        return filled > 0


def _are_words(text: str) -> bool:
    """Whether a text is no number, code or passport: "Cộng", "Dãy 2"."""
    return not any(map(str.isdigit, text)) or (" " in text and any(map(str.isalpha, text)))


def _is_worded(cell: Cell) -> bool:
    return cell.kind is CellKind.TEXT and any(char.isalpha() for char in cell.text)


def _on_one_line(codes: str) -> str:
    """Codes that stand under one another in a cell, with commas between them."""
    lines = [line for line in codes.splitlines() if line.strip()]
    has_several = len(lines) > 1 and all(any(map(str.isdigit, line)) for line in lines)
    return ", ".join(lines) if has_several else codes


def has_word(text: str) -> bool:
    return text[:1].isalnum() or any(char.isalnum() for char in text)


def _is_number(text: str) -> bool:
    return text.rstrip(".)").isdecimal()
