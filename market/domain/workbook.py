"""What a board's file holds once it is read: sheets, rows with their numbers, cells."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class CellKind(StrEnum):
    """How the file itself holds the cell; text files know text alone."""

    EMPTY = "empty"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOL = "bool"


class Cell(NamedTuple):
    """One cell as people see it; `number` is the value behind a number or date cell.

    A number cell keeps at most 15 significant digits, so a whole `number` of 1e15 and
    more has lost its last ones.
    """

    text: str
    kind: CellKind
    number: float | None = None


EMPTY_CELL = Cell("", CellKind.EMPTY)


class Row(NamedTuple):
    """A row that holds something; `number` counts from 1 as the sheet does."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, column: int) -> Cell:
        """The cell of a column counted from 0, empty past the end of the row."""
        return self.cells[column] if column < len(self.cells) else EMPTY_CELL


class MergedRange(NamedTuple):
    """Cells joined to one: row numbers count from 1, columns from 0, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; rows without any value are left out."""

    name: str
    rows: tuple[Row, ...]
    merged: tuple[MergedRange, ...] = ()
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Workbook:
    """A file that was read; `is_text` tells CSV and tab text from real workbooks."""

    sheets: tuple[Sheet, ...]
    is_text: bool = False
