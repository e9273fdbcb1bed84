"""CSV and tab text → one sheet: its encoding and delimiter found out, records numbered."""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from market.documents.workbook_cells import text_cell
from market.documents.workbook_limits import (
    LAST_COLUMN,
    MAX_ROWS,
    MAX_SLOTS,
    CellBudget,
    SheetBuilder,
    broken,
    too_many_cells,
    too_many_rows,
    wrong_kind,
)
from market.domain.workbook import Cell, Sheet

_DELIMITERS = ";\t,"
_SAMPLE_LINES = 200
_SEPARATOR_LINE = re.compile(r"sep=([;,\t])\s*", re.IGNORECASE)
# What keeps zeros and signs through Excel: ="0900000001" and '+84900000001.
_FORMULA_OF_TEXT = re.compile(r'="([^"]*)"')
_MARKED_AS_TEXT = re.compile(r"'(?=[=+\-@0-9])")


def read_text(data: bytes, name: str) -> Sheet:
    """The records of a text file; blank ones count as rows, as in a spreadsheet.

    Raises Invalid for what is no text, TooLarge past the limits.
    """
    if max(data.count(delimiter) for delimiter in (b";", b",", b"\t")) > 2 * MAX_SLOTS:
        raise too_many_cells()
    text = _decoded(data)
    _look_over(text)
    delimiter, lines = _delimiter(text)
    builder = SheetBuilder(name, CellBudget())
    try:
        for number, record in enumerate(_records(lines, delimiter), start=1):
            builder.add_row(number, [_cell(value) for value in record])
    except csv.Error as error:
        raise broken() from error
    return builder.finish()


def _decoded(data: bytes) -> str:
    """UTF-8 or UTF-16, with or without its mark, else Windows-1258; always NFC."""
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError as error:
        raise wrong_kind(
            "Không nhận ra bảng mã chữ của tệp. Hãy mở bằng Excel, lưu thành .xlsx"
            " rồi tải lên lần nữa."
        ) from error
    if "\0" in text:
        raise wrong_kind("Tệp không phải văn bản CSV. Hãy lưu danh sách thành .xlsx hoặc .csv.")
    return unicodedata.normalize("NFC", text)


def _encoding(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = data[:4096]
    low, high = start[::2].count(0), start[1::2].count(0)
    if low or high:
        return "utf-16-le" if high > low else "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1258"
    return "utf-8"


def _lines(text: str) -> Iterator[str]:
    return iter(io.StringIO(text, newline=None))


def _look_over(text: str) -> None:
    """Refuse what is too long or too wide before any record is built."""
    filled = 0
    # Inside quotes a record may run over several lines.
    may_count = '"' not in text
    for line in _lines(text):
        if len(line) > LAST_COLUMN and max(map(line.count, _DELIMITERS)) >= LAST_COLUMN:
            raise too_many_cells()
        filled += bool(line.strip(_DELIMITERS + " \r\n"))
        if filled > MAX_ROWS:
            if may_count:
                raise too_many_rows()
            return


def _delimiter(text: str) -> tuple[str, list[str]]:
    """What separates the fields, and the lines without a `sep=;` that only Excel reads."""
    lines = list(_lines(text))
    if lines and (told := _SEPARATOR_LINE.fullmatch(lines[0])):
        return told[1], lines[1:]
    sample = lines[:_SAMPLE_LINES]
    return max(_DELIMITERS, key=lambda delimiter: _fit(sample, delimiter)), lines


def _fit(sample: list[str], delimiter: str) -> int:
    """How well a delimiter cuts the lines into records of one width."""
    try:
        widths = Counter(
            len(record) for record in csv.reader(sample, delimiter=delimiter) if any(record)
        )
    except csv.Error:
        return -1
    return max(((width - 1) * count for width, count in widths.items()), default=0)


def _records(lines: list[str], delimiter: str) -> list[list[str]]:
    """The records; where a quote is misplaced or never closed, each line is one by itself.

    Otherwise such a quote would swallow the rows after it.
    """
    records: list[list[str]] = []
    filled = 0
    try:
        for record in csv.reader(lines, delimiter=delimiter, strict=True):
            records.append(record)
            filled += any(record)
            if filled > MAX_ROWS:
                raise too_many_rows()
    except csv.Error:
        return _records_of_single_lines(lines, delimiter)
    return records


def _records_of_single_lines(lines: list[str], delimiter: str) -> list[list[str]]:
    return [next(csv.reader([line.rstrip("\n")], delimiter=delimiter), []) for line in lines]


def _cell(value: str) -> Cell:
    if formula := _FORMULA_OF_TEXT.fullmatch(value):
        value = formula[1]
    return text_cell(_MARKED_AS_TEXT.sub("", value, count=1) if value[:1] == "'" else value)
