"""XLSX packages (ECMA-376) → sheets, cell by cell, without ever building the whole grid."""

import posixpath
import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from market.documents.workbook_cells import bool_cell, date_cell, text_cell
from market.documents.workbook_formats import (
    EPOCH_1900,
    EPOCH_1904,
    GENERAL,
    NumberFormat,
    formatted_cell,
    number_format,
)
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
from market.documents.xml_parts import MAX_TAGS_OF_CELLS, Attributes, XmlReader, local_name
from market.documents.zip_parts import ZipParts
from market.domain.workbook import EMPTY_CELL, Cell, CellKind, MergedRange, Sheet

_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def is_xlsx(parts: ZipParts) -> bool:
    return _workbook_part(parts) in parts


def read_xlsx(parts: ZipParts) -> tuple[Sheet, ...]:
    """All worksheets in their order.

    Raises Invalid for a broken package, TooLarge past the limits.
    """
    workbook_part = _workbook_part(parts)
    targets = _Targets(parts, workbook_part)
    workbook = _WorkbookReader()
    workbook.read(parts, workbook_part)
    styles = _StylesReader()
    if styles_part := targets.of_type("/styles"):
        styles.read(parts, styles_part)
    strings = _StringsReader()
    if strings_part := targets.of_type("/sharedStrings"):
        strings.read(parts, strings_part, max_tags=MAX_TAGS_OF_CELLS)
    values = _Values(strings.cells, styles.formats(), workbook.epoch)
    budget = CellBudget()
    sheets: list[Sheet] = []
    for name, part, is_hidden in _worksheets(workbook, targets):
        builder = SheetBuilder(name, budget, is_hidden=is_hidden)
        sheets.append(_SheetReader(builder, values).sheet(parts, part))
    return tuple(sheets)


def _worksheets(
    workbook: "_WorkbookReader", targets: "_Targets"
) -> Iterator[tuple[str, str, bool]]:
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


def _workbook_part(parts: ZipParts) -> str:
    if "_rels/.rels" in parts:
        return _Targets(parts, "").of_type("/officeDocument") or "xl/workbook.xml"
    return "xl/workbook.xml"


class _Targets(XmlReader):
    """What a part points to: relation id → (type, part name)."""

    def __init__(self, parts: ZipParts, source: str) -> None:
        super().__init__()
        self._folder, file = posixpath.split(source)
        self._by_id: dict[str, tuple[str, str]] = {}
        part = posixpath.join(self._folder, "_rels", f"{file}.rels")
        if part in parts:
            self.read(parts, part)

    def enter(self, name: str, attributes: Attributes) -> None:
        if local_name(name) == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            self._by_id[attributes.get("Id", "")] = (
                attributes.get("Type", ""),
                posixpath.normpath(posixpath.join("/", self._folder, target)).lstrip("/"),
            )

    def leave(self, name: str) -> None:
        pass

    def of_type(self, ending: str) -> str | None:
        return next((part for kind, part in self._by_id.values() if kind.endswith(ending)), None)

    def worksheet(self, relation: str) -> str | None:
        """None for chart and dialog sheets, which hold no rows."""
        kind, part = self._by_id.get(relation, ("", ""))
        return part if kind.endswith("/worksheet") else None


class _WorkbookReader(XmlReader):
    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str, bool]] = []
        self.epoch = EPOCH_1900

    def enter(self, name: str, attributes: Attributes) -> None:
        name = local_name(name)
        if name == "sheet":
            relation = next((v for key, v in attributes.items() if key.endswith(":id")), "")
            is_hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((attributes.get("name", ""), relation, is_hidden))
        elif name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
            self.epoch = EPOCH_1904

    def leave(self, name: str) -> None:
        pass


class _StylesReader(XmlReader):
    """Number formats: which styles show dates, which fill up with zeros."""

    def __init__(self) -> None:
        super().__init__()
        self._codes: dict[str, str] = {}
        self._of_style: list[str] = []
        self._in_cell_styles = False

    def enter(self, name: str, attributes: Attributes) -> None:
        name = local_name(name)
        if name == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cell_styles = True
        elif name == "xf" and self._in_cell_styles:
            self._of_style.append(attributes.get("numFmtId", "0"))

    def leave(self, name: str) -> None:
        if local_name(name) == "cellXfs":
            self._in_cell_styles = False

    def formats(self) -> dict[str, NumberFormat]:
        """Style index → number format, as cells name it."""
        return {
            str(index): number_format(format_id, self._codes.get(format_id))
            for index, format_id in enumerate(self._of_style)
        }


class _StringsReader(XmlReader):
    def __init__(self) -> None:
        super().__init__()
        self.cells: list[Cell] = []
        self._runs: list[str] = []
        self._is_phonetic = False

    def enter(self, name: str, attributes: Attributes) -> None:
        name = local_name(name)
        if name == "t" and not self._is_phonetic:
            self.take_text()
        elif name == "rPh":
            self._is_phonetic = True

    def leave(self, name: str) -> None:
        name = local_name(name)
        if name == "t" and not self._is_phonetic:
            self._runs.append(self.taken_text())
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "si":
            self.cells.append(text_cell(_unescaped("".join(self._runs))))
            self._runs.clear()


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
        return text_cell(_unescaped(value))

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


def _unescaped(text: str) -> str:
    """Text with _x000D_ and its like turned back (ECMA-376 part 1, 22.9.2.19)."""
    return _ESCAPED.sub(_escaped_character, text) if "_x" in text else text


def _escaped_character(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    # Half a surrogate pair is no text anybody could store.
    return found[0] if "\ud800" <= character <= "\udfff" else character
