"""XLSX packages (ECMA-376) → sheets, cell by cell, without ever building the whole grid."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from market.documents.workbook_cells import bool_cell, date_cell, text_cell
from market.documents.workbook_formats import GENERAL, NumberFormat, formatted_cell
from market.documents.workbook_limits import (
    LAST_COLUMN,
    LAST_ROW,
    MAX_SHEETS,
    CellBudget,
    SheetBuilder,
    broken,
    suspicious,
    too_many_cells,
)
from market.documents.xlsx_package import (
    StringsReader,
    StylesReader,
    Targets,
    WorkbookReader,
    unescaped,
    workbook_part,
)
from market.documents.xml_parts import MAX_TAGS_OF_CELLS, Attributes, XmlReader, local_name
from market.documents.zip_parts import ZipParts
from market.domain.workbook import EMPTY_CELL, Cell, CellKind, MergedRange, Sheet

_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


def is_xlsx(parts: ZipParts) -> bool:
    return workbook_part(parts) in parts


def read_xlsx(parts: ZipParts) -> tuple[Sheet, ...]:
    """All worksheets in their order.

    Raises Invalid for a broken package, TooLarge past the limits.
    """
    part_name = workbook_part(parts)
    targets = Targets(parts, part_name)
    workbook = WorkbookReader()
    workbook.read(parts, part_name)
    styles = StylesReader()
    if styles_part := targets.of_type("/styles"):
        styles.read(parts, styles_part)
    strings = StringsReader()
    if strings_part := targets.of_type("/sharedStrings"):
        strings.read(parts, strings_part, max_tags=MAX_TAGS_OF_CELLS)
    values = _Values(strings.cells, styles.formats(), workbook.epoch)
    budget = CellBudget()
    sheets: list[Sheet] = []
    for name, part, is_hidden in _worksheets(workbook, targets):
        builder = SheetBuilder(name, budget, is_hidden=is_hidden)
        sheets.append(_SheetReader(builder, values).sheet(parts, part))
    return tuple(sheets)


def _worksheets(workbook: WorkbookReader, targets: Targets) -> Iterator[tuple[str, str, bool]]:
    """Name, part and whether hidden; raises where parts are used twice or too many."""
    seen: set[str] = set()
    for name, relation, is_hidden in workbook.sheets:
        part = targets.worksheet(relation)
        if part is None:
            continue
        if part in seen:
            raise suspicious()
        if len(seen) == MAX_SHEETS:
            raise too_many_cells()
        seen.add(part)
        yield name, part, is_hidden


class _Values:
    """Turns what a cell element says into a cell."""

    def __init__(
        self, strings: list[Cell], formats: dict[str, NumberFormat], epoch: datetime
    ) -> None:
        self._strings = strings
        self._formats = formats
        self._epoch = epoch

    def cell(self, kind: str, style: str, value: str) -> Cell:
        """Raises Invalid for a shared string that does not exist."""
        if kind == "s":
            return self._shared(value)
        if kind == "n":
            return self._number(style, value)
        if kind == "b":
            return bool_cell(value in {"1", "true"})
        if kind == "d":
            try:
                return date_cell(datetime.fromisoformat(value))
            except ValueError:
                return text_cell(value)
        return text_cell(unescaped(value))

    def _shared(self, value: str) -> Cell:
        try:
            return self._strings[int(value)]
        except (ValueError, IndexError) as error:
            raise broken() from error

    def _number(self, style: str, value: str) -> Cell:
        if not value:
            return EMPTY_CELL
        try:
            number = float(value)
        except ValueError:
            return text_cell(value)
        return formatted_cell(number, self._formats.get(style, GENERAL), self._epoch)


class _SheetReader(XmlReader):
    def __init__(self, builder: SheetBuilder, values: _Values) -> None:
        super().__init__()
        self._builder = builder
        self._values = values
        self._row_number = 0
        self._row: list[Cell] = []
        self._column = 0
        self._kind = self._style = self._value = ""
        self._is_phonetic = False

    def sheet(self, parts: ZipParts, part: str) -> Sheet:
        self.read(parts, part, row_tag=b"<row", max_tags=MAX_TAGS_OF_CELLS)
        return self._builder.finish()

    def enter(self, name: str, attributes: Attributes) -> None:
        if ":" in name:
            name = local_name(name)
        if name == "c":
            self._enter_cell(attributes)
        elif name == "v" or (name == "t" and not self._is_phonetic):
            self.take_text()
        elif name == "row":
            self._row_number = _row_number(attributes.get("r"), self._row_number + 1)
            self._row = []
            self._column = 0
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "mergeCell":
            self._builder.merge(_merged_range(attributes.get("ref", "")))

    def leave(self, name: str) -> None:
        if ":" in name:
            name = local_name(name)
        if name == "c":
            self._leave_cell()
        elif name == "v":
            self._value = self.taken_text()
        elif name == "t" and not self._is_phonetic:
            self._value += self.taken_text()
        elif name == "row":
            self._builder.add_row(self._row_number, self._row)
        elif name == "rPh":
            self._is_phonetic = False

    def _enter_cell(self, attributes: Attributes) -> None:
        reference = attributes.get("r")
        if reference is not None:
            self._column = _column_index(reference.rstrip("0123456789"))
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "")
        self._value = ""

    def _leave_cell(self) -> None:
        cell = self._values.cell(self._kind, self._style, self._value) if self._value else None
        column = self._column
        self._column += 1
        if cell is None or cell.kind is CellKind.EMPTY:
            return
        if column >= LAST_COLUMN:
            raise broken()
        row = self._row
        if column > len(row):
            row.extend([EMPTY_CELL] * (column - len(row)))
        if column == len(row):
            row.append(cell)
        else:
            row[column] = cell


@lru_cache(maxsize=LAST_COLUMN)
def _column_index(letters: str) -> int:
    """A → 0; raises Invalid past XFD, the last column there is."""
    index = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            raise broken()
        index = index * 26 + ord(letter) - ord("A") + 1
        if index > LAST_COLUMN:
            raise broken()
    if index == 0:
        raise broken()
    return index - 1


def _row_number(written: str | None, following: int) -> int:
    if written is None:
        return following
    # The length goes first: a number of a million digits takes seconds to read.
    if not (len(written) <= 7 and written.isascii() and written.isdigit()):
        raise broken()
    number = int(written)
    if not 1 <= number <= LAST_ROW:
        raise broken()
    return number


def _merged_range(reference: str) -> MergedRange:
    first, _, last = reference.partition(":")
    corners = [_REFERENCE.fullmatch(corner) for corner in (first, last or first)]
    if corners[0] is None or corners[1] is None:
        raise broken()
    (left, top), (right, bottom) = corners[0].groups(), corners[1].groups()
    return MergedRange(int(top), _column_index(left), int(bottom), _column_index(right))
