"""Rows to XLSX: real numbers, text that stays text, the same bytes for the same rows."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import BinaryIO, Protocol

import xlsxwriter

from market.documents.tables import (
    Cell,
    Column,
    Digest,
    Kind,
    Row,
    Style,
    TotalRow,
    as_row,
    check_kind,
    starts_a_formula,
    text_of,
    total_label,
)
from market.domain.errors import TooLarge

MAX_SHEET_ROWS = 1_048_576
MAX_CELL_CHARACTERS = 32_767
REASON_HEADING = "Lý do"

_DATA_SHEET = "Số liệu"
_COLOPHON_SHEET = "Thông tin"
_ERROR_SHEET = "Dòng cần sửa"
_TEXT_FORMAT = "@"
_NUMBER_FORMATS = {
    Kind.TEXT: _TEXT_FORMAT,
    Kind.CODE: _TEXT_FORMAT,
    Kind.INTEGER: "#,##0",
    Kind.MONEY: "#,##0",
    Kind.PERCENT: "0.00",
    Kind.DATE: "dd/mm/yyyy",
}
_A4 = 9
_HEADING_STYLE = {
    "bold": True,
    "text_wrap": True,
    "valign": "vcenter",
    "border": 1,
    "bg_color": "#E3EFEC",
    "num_format": _TEXT_FORMAT,
}


@dataclass(frozen=True, slots=True)
class Colophon:
    """What a workbook says of itself: the pairs of its second sheet, and when it was made.

    The pairs name the day, the denominator, the rule settings, and who made it; row count
    and SHA-256 are added. `made_at` is the only time in the file.
    """

    made_at: datetime
    pairs: tuple[tuple[str, str], ...] = ()
    title: str = ""


def write_xlsx(
    stream: BinaryIO,
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    colophon: Colophon,
    total_row: TotalRow = None,
) -> Digest:
    """Write the report style as a workbook and return the digest that its second sheet shows.

    Memory does not grow with the rows. Raises TooLarge where they do not fit on a sheet,
    TypeError and ValueError as `csv_chunks` does.
    """
    digest = Digest(columns)
    with _workbook(stream, colophon) as book:
        sheet = _Sheet(book, _DATA_SHEET, columns)
        for row in digest.passing(rows):
            sheet.write(row)
        sheet.finish(total_row)
        digest_pairs = (("Số dòng", f"{digest.row_count}"), ("SHA-256 (CSV)", digest.hexdigest))
        _write_colophon(book, (*colophon.pairs, *digest_pairs))
    return digest


def write_rows_xlsx(
    stream: BinaryIO,
    heading: Sequence[str],
    rows: Sequence[tuple[Sequence[str], str]],
    *,
    made_at: datetime,
) -> None:
    """Write rows of a list as they were, all text, each with the reason it was refused."""
    width = max([len(heading), *(len(cells) for cells, _ in rows)])
    names = [*heading, *[""] * (width - len(heading)), REASON_HEADING]
    columns = [Column(f"column_{at}", name) for at, name in enumerate(names)]
    with _workbook(stream, Colophon(made_at)) as book:
        sheet = _Sheet(book, _ERROR_SHEET, columns)
        for cells, reason in rows:
            sheet.write([*cells, *[""] * (width - len(cells)), reason])
        sheet.finish(None)


class _CellFormat(Protocol):
    def set_quote_prefix(self) -> None: ...


class _Worksheet(Protocol):
    """The part of XlsxWriter's untyped worksheet that is used here."""

    def write_string(self, row: int, col: int, text: str, style: _CellFormat) -> int: ...
    def write_rich_string(self, row: int, col: int, *parts: object) -> int: ...
    def write_number(self, row: int, col: int, number: float, style: _CellFormat) -> int: ...
    def write_datetime(self, row: int, col: int, day: date, style: _CellFormat) -> int: ...
    def set_column(self, first: int, last: int, width: float) -> int: ...
    def freeze_panes(self, row: int, col: int) -> None: ...
    def set_landscape(self) -> None: ...
    def set_paper(self, paper: int) -> None: ...
    def fit_to_pages(self, width: int, height: int) -> None: ...
    def repeat_rows(self, first: int) -> None: ...
    def set_footer(self, footer: str) -> None: ...
    def autofilter(self, row: int, col: int, last_row: int, last_col: int) -> None: ...


class _Workbook(Protocol):
    def add_worksheet(self, name: str) -> _Worksheet: ...
    def add_format(self, properties: dict[str, object]) -> _CellFormat: ...
    def set_properties(self, properties: dict[str, object]) -> None: ...


@contextmanager
def _workbook(stream: BinaryIO, colophon: Colophon) -> Iterator[_Workbook]:
    """Open a workbook that is written to the stream in the end, or not at all."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "book.xlsx")
        options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False}
        # Closing also closes XlsxWriter's row files, so it must follow a failure as well.
        with closing(xlsxwriter.Workbook(path, options)) as book:
            made_at = colophon.made_at.astimezone(UTC).replace(tzinfo=None)
            book.set_properties({"title": colophon.title, "created": made_at})
            yield book
        with path.open("rb") as written:
            copyfileobj(written, stream)


class _Styles:
    """The formats of a sheet, by column."""

    def __init__(self, book: _Workbook, columns: Sequence[Column], bold: bool = False) -> None:
        formats = {}
        for kind, number_format in _NUMBER_FORMATS.items():
            properties: dict[str, object] = {"num_format": number_format, "bold": bold}
            # Editing a cell would otherwise make a formula of what was text until then.
            quoted = properties | {"quote_prefix": True}
            formats[kind] = (book.add_format(properties), book.add_format(quoted))
        self.of_column = [formats[column.kind] for column in columns]


class _Sheet:
    """A sheet with a heading row, written from top to bottom."""

    def __init__(self, book: _Workbook, name: str, columns: Sequence[Column]) -> None:
        self._book = book
        self._columns = columns
        self._sheet = book.add_worksheet(name)
        self._styles = _Styles(book, columns)
        self._next_row = 1
        self._set_up_print()
        heading = book.add_format(_HEADING_STYLE)
        for at, column in enumerate(columns):
            self._sheet.set_column(at, at, column.width)
            if column.heading_vi:
                _write_text(self._sheet, (0, at), column.heading_vi, heading)

    def write(self, row: Row) -> None:
        """Add the next row. Raises TooLarge where the sheet is full."""
        if self._next_row >= MAX_SHEET_ROWS - 1:
            raise TooLarge(
                "Quá nhiều dòng cho một tệp Excel. Hãy chọn phạm vi nhỏ hơn hoặc tải tệp CSV."
            )
        for at, value in enumerate(row):
            self._write_cell(at, value, self._styles)
        self._next_row += 1

    def finish(self, total_row: TotalRow) -> None:
        """Close the table, with the total row where there is one."""
        self._sheet.autofilter(0, 0, self._next_row - 1, len(self._columns) - 1)
        if total_row is None:
            return
        bold = _Styles(self._book, self._columns, bold=True)
        total = as_row(total_row)
        _write_text(self._sheet, (self._next_row, 0), total_label(total), bold.of_column[0][0])
        for at, value in enumerate(total[1:], start=1):
            self._write_cell(at, value, bold)

    def _write_cell(self, at: int, value: Cell, styles: _Styles) -> None:
        if value is None or value == "":
            return
        check_kind(self._columns[at], value)
        plain, quoted = styles.of_column[at]
        match value:
            case str() | bool():
                text = text_of(value, Style.REPORT)
                style = quoted if starts_a_formula(text) else plain
                _write_text(self._sheet, (self._next_row, at), text, style)
            case int() | Decimal():
                self._sheet.write_number(self._next_row, at, float(value), plain)
            case _:
                self._sheet.write_datetime(self._next_row, at, value, plain)

    def _set_up_print(self) -> None:
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_landscape()
        self._sheet.set_paper(_A4)
        self._sheet.fit_to_pages(1, 0)
        self._sheet.repeat_rows(0)
        self._sheet.set_footer("&L&A&RTrang &P/&N")


def _write_colophon(book: _Workbook, pairs: Sequence[tuple[str, str]]) -> None:
    sheet = book.add_worksheet(_COLOPHON_SHEET)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 70)
    name_style = book.add_format({"bold": True, "num_format": _TEXT_FORMAT})
    value_style = book.add_format({"num_format": _TEXT_FORMAT, "text_wrap": True})
    for at, (name, value) in enumerate(pairs):
        _write_text(sheet, (at, 0), name, name_style)
        _write_text(sheet, (at, 1), value, value_style)


def _write_text(sheet: _Worksheet, place: tuple[int, int], text: str, style: _CellFormat) -> None:
    if len(text) > MAX_CELL_CHARACTERS:
        # XlsxWriter would leave the cell empty without a word.
        text = text[: MAX_CELL_CHARACTERS - 1] + "…"
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter takes such a string for markup of its own and does not escape it.
        sheet.write_rich_string(*place, text[:1], text[1:2], text[2:], style)
    else:
        sheet.write_string(*place, text, style)
