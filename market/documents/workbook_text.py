"""CSV and tab text → one sheet: its encoding and delimiter found out, records numbered."""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

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
_DELIMITER_BYTES = (b";", b"\t", b",")
_SAMPLE_LINES = 200
_LINES_PER_RECORD = 4
_LINE = re.compile(r"([^\r\n]*)(?:\r\n?|\n|(?<=[^\r\n])\Z)")
_LINE_OF_BYTES = re.compile(rb"[^\r\n]+")
# Zero bytes are the other halves of separators in UTF-16.
_NOTHING = b";,\t \0"
_SEPARATOR_LINE = re.compile(r"sep=([;,\t])\s*", re.IGNORECASE)
# What keeps zeros and signs through Excel: ="0900000001" and '+84900000001.
_FORMULA_OF_TEXT = re.compile(r'="([^"]*)"')
_MARKED_AS_TEXT = re.compile(r"'(?=[=+\-@0-9])")


def read_text(data: bytes, name: str) -> Sheet:
    """The records of a text file; blank ones count as rows, as in a spreadsheet.

    Raises Invalid for what is no text, TooLarge past the limits.
    """
    _look_over(data)
    text = _decoded(data)
    delimiter, first_line = _delimiter(text)
    builder = SheetBuilder(name, CellBudget())
    for number, record in enumerate(_records(text, delimiter, first_line), start=1):
        builder.add_row(number, [_cell(value) for value in record])
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
        return "utf-8" if _is_damaged_utf_8(data) else "cp1258"
    return "utf-8"


def _is_damaged_utf_8(data: bytes) -> bool:
    """Whether more letters fit UTF-8 than do not: it must not pass for another encoding."""
    read = data.decode("utf-8", "replace")
    bad = read.count("\ufffd")
    return sum(not char.isascii() for char in read) - bad >= bad


def _look_over(data: bytes) -> None:
    """Refuse what is too long or too wide while it is still bytes, whatever their encoding."""
    if max(data.count(delimiter) for delimiter in _DELIMITER_BYTES) > 2 * MAX_SLOTS:
        raise too_many_cells()
    # Inside quotes a record may run over several lines.
    most = MAX_ROWS if b'"' not in data else _LINES_PER_RECORD * MAX_ROWS
    filled = 0
    for found in _LINE_OF_BYTES.finditer(data):
        line = found[0]
        filled += bool(line.strip(_NOTHING))
        if filled > most:
            raise too_many_rows()
        if len(line) > LAST_COLUMN and max(map(line.count, _DELIMITER_BYTES)) >= LAST_COLUMN:
            raise too_many_cells()


def _lines(text: str, first: int = 0) -> Iterator[str]:
    return (line[1] + "\n" for line in islice(_LINE.finditer(text), first, None))


def _delimiter(text: str) -> tuple[str, int]:
    """What separates the fields, and at which line they begin.

    A first line `sep=;` tells it to Excel, which does not show the line.
    """
    sample = list(islice(_lines(text), _SAMPLE_LINES))
    if sample and (told := _SEPARATOR_LINE.fullmatch(sample[0])):
        return told[1], 1
    return max(_DELIMITERS, key=lambda delimiter: _fit(sample, delimiter)), 0


def _fit(sample: list[str], delimiter: str) -> int:
    """How well a delimiter cuts the lines into records of one width."""
    try:
        widths = Counter(
            len(record) for record in csv.reader(sample, delimiter=delimiter) if any(record)
        )
    except csv.Error:
        return -1
    return max(((width - 1) * count for width, count in widths.items()), default=0)


def _records(text: str, delimiter: str, first_line: int) -> list[list[str]]:
    """The records; where a quote is misplaced or never closed, each line is one by itself.

    Otherwise such a quote would swallow the rows after it.
    """
    try:
        lines = _lines(text, first_line)
        return _counted(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        single = (
            next(csv.reader([line.rstrip("\n")], delimiter=delimiter), [])
            for line in _lines(text, first_line)
        )
    try:
        return _counted(single)
    except csv.Error as error:
        raise broken() from error


def _counted(records: Iterable[list[str]]) -> list[list[str]]:
    kept: list[list[str]] = []
    filled = 0
    for record in records:
        filled += any(record)
        if filled > MAX_ROWS:
            raise too_many_rows()
        kept.append(record)
    return kept


def _cell(value: str) -> Cell:
    if formula := _FORMULA_OF_TEXT.fullmatch(value):
        value = formula[1]
    return text_cell(_MARKED_AS_TEXT.sub("", value, count=1) if value[:1] == "'" else value)
