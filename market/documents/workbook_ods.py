"""OpenDocument spreadsheets (ISO/IEC 26300) → sheets, repeated rows and cells spelled out."""

from collections.abc import Callable
from datetime import datetime

from market.documents.workbook_cells import bool_cell, date_cell, number_cell, text_cell
from market.documents.workbook_limits import (
    LAST_COLUMN,
    LAST_ROW,
    MAX_SHEETS,
    CellBudget,
    SheetBuilder,
    encrypted,
    too_many_cells,
)
from market.documents.xml_parts import MAX_TAGS_OF_CELLS, Attributes, XmlReader, local_name
from market.documents.zip_parts import ZipParts
from market.domain.workbook import EMPTY_CELL, Cell, CellKind, MergedRange, Sheet

_MEDIA_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = "META-INF/manifest.xml"
_NUMBERS = frozenset({"float", "currency", "percentage"})


def is_ods(parts: ZipParts) -> bool:
    return "mimetype" in parts and parts.read("mimetype").strip().startswith(_MEDIA_TYPE)


def read_ods(parts: ZipParts) -> tuple[Sheet, ...]:
    """All sheets in their order.

    Raises Invalid for a broken or encrypted file, TooLarge past the limits.
    """
    if _MANIFEST in parts and b"encryption-data" in parts.read(_MANIFEST):
        raise encrypted()
    reader = _ContentReader()
    reader.read(parts, "content.xml", row_tag=b"<table:table-row", max_tags=MAX_TAGS_OF_CELLS)
    return tuple(reader.sheets)


class _ContentReader(XmlReader):
    """Follows content.xml; one method per element that matters."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[Sheet] = []
        self._budget = CellBudget()
        self._builder = SheetBuilder("", self._budget)
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._next_row = 1
        self._row: list[Cell] = []
        # Empty cells since the last filled one: most rows end in 16,000 of them.
        self._gap = 0
        self._row_repeats = 1
        self._cell: Attributes = {}
        self._is_in_cell = False
        self._paragraphs: list[str] = []
        self._notes = 0
        self._on_enter = self._enter_handlers()
        self._on_leave = self._leave_handlers()

    def enter(self, name: str, attributes: Attributes) -> None:
        handler = self._on_enter.get(local_name(name))
        if handler is not None:
            handler(attributes)

    def leave(self, name: str) -> None:
        handler = self._on_leave.get(local_name(name))
        if handler is not None:
            handler()

    def _enter_handlers(self) -> dict[str, Callable[[Attributes], None]]:
        return {
            "style": self._enter_style,
            "table-properties": self._enter_table_properties,
            "table": self._enter_table,
            "table-row": self._enter_row,
            "table-cell": self._enter_cell,
            "covered-table-cell": self._enter_cell,
            "annotation": self._enter_note,
            "p": self._enter_paragraph,
            "s": self._enter_spaces,
            "tab": self._enter_break,
            "line-break": self._enter_break,
        }

    def _leave_handlers(self) -> dict[str, Callable[[], None]]:
        return {
            "table": self._leave_table,
            "table-row": self._leave_row,
            "table-cell": self._leave_cell,
            "covered-table-cell": self._leave_cell,
            "annotation": self._leave_note,
            "p": self._leave_paragraph,
        }

    def _enter_style(self, attributes: Attributes) -> None:
        self._style = attributes.get("style:name", "")

    def _enter_table_properties(self, attributes: Attributes) -> None:
        if attributes.get("table:display") == "false":
            self._hidden_styles.add(self._style)

    def _enter_table(self, attributes: Attributes) -> None:
        self._builder = SheetBuilder(
            attributes.get("table:name", ""),
            self._budget,
            is_hidden=attributes.get("table:style-name") in self._hidden_styles,
        )
        self._next_row = 1

    def _leave_table(self) -> None:
        if len(self.sheets) == MAX_SHEETS:
            raise too_many_cells()
        self.sheets.append(self._builder.finish())

    def _enter_row(self, attributes: Attributes) -> None:
        self._row = []
        self._gap = 0
        self._row_repeats = _count(attributes.get("table:number-rows-repeated"), LAST_ROW)

    def _leave_row(self) -> None:
        if self._row:
            for offset in range(self._row_repeats):
                self._builder.add_row(self._next_row + offset, list(self._row))
        self._next_row += self._row_repeats

    def _enter_cell(self, attributes: Attributes) -> None:
        self._cell = attributes
        self._is_in_cell = True
        self._paragraphs = []

    def _leave_cell(self) -> None:
        self._is_in_cell = False
        attributes = self._cell
        column = len(self._row) + self._gap
        self._merge(attributes, column)
        repeats = min(
            _count(attributes.get("table:number-columns-repeated"), LAST_COLUMN),
            LAST_COLUMN - column,
        )
        cell = _value(attributes, "\n".join(self._paragraphs))
        if cell.kind is CellKind.EMPTY:
            self._gap += repeats
        else:
            self._row.extend([EMPTY_CELL] * self._gap + [cell] * repeats)
            self._gap = 0

    def _merge(self, attributes: Attributes, column: int) -> None:
        rows = _count(attributes.get("table:number-rows-spanned"), LAST_ROW)
        columns = _count(attributes.get("table:number-columns-spanned"), LAST_COLUMN)
        if rows > 1 or columns > 1:
            last_row = self._next_row + rows - 1
            self._builder.merge(MergedRange(self._next_row, column, last_row, column + columns - 1))

    def _enter_note(self, attributes: Attributes) -> None:
        self._notes += 1

    def _leave_note(self) -> None:
        self._notes -= 1

    def _enter_paragraph(self, attributes: Attributes) -> None:
        if self._is_in_cell and not self._notes:
            self.take_text()

    def _leave_paragraph(self) -> None:
        if self._is_in_cell and not self._notes:
            self._paragraphs.append(self.taken_text())

    def _enter_spaces(self, attributes: Attributes) -> None:
        self.add_text(" " * _count(attributes.get("text:c"), 100))

    def _enter_break(self, attributes: Attributes) -> None:
        self.add_text(" ")


def _count(written: str | None, limit: int) -> int:
    """A repeat or span: 1 where it is missing or senseless, never above the limit."""
    if written is None or not (written.isascii() and written.isdigit()):
        return 1
    return max(1, int(written)) if len(written) <= 7 and int(written) <= limit else limit


def _value(attributes: Attributes, shown: str) -> Cell:
    kind = attributes.get("office:value-type", "")
    if kind in _NUMBERS:
        return _number(attributes.get("office:value", ""), shown)
    if kind == "date":
        return _date(attributes.get("office:date-value", ""), shown)
    if kind == "time":
        return Cell(shown, CellKind.DATE) if shown else EMPTY_CELL
    if kind == "boolean":
        return bool_cell(attributes.get("office:boolean-value") == "true")
    return text_cell(shown or attributes.get("office:string-value", ""))


def _number(written: str, shown: str) -> Cell:
    try:
        number = float(written)
    except ValueError:
        return text_cell(shown)
    # A format of zeros shows more digits than the value has.
    digits = shown.replace(" ", "")
    return number_cell(number, len(digits) if _is_zero_filled(digits) else 0)


def _is_zero_filled(digits: str) -> bool:
    return digits.startswith("0") and digits.isascii() and digits.isdigit() and len(digits) <= 30


def _date(written: str, shown: str) -> Cell:
    try:
        return date_cell(datetime.fromisoformat(written))
    except ValueError:
        return text_cell(shown)
