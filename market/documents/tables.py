"""Rows to CSV, safe and streamed: a style that offices open in Excel, one that programs read."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from typing import Any, BinaryIO

from market.domain.calendar import format_day
from market.domain.labels import LabelledEnum
from market.domain.shares import FILE_PLACES


class Kind(StrEnum):
    """What a column holds.

    `text` takes a str, a bool (Có/Không, true/false) or a LabelledEnum (its Vietnamese word
    for people, its value for programs). `code` is text that may look like a number
    (commune, phone, serial). `money` is whole dong. `percent` is a Decimal that was already
    rounded to two places.
    """

    TEXT = "text"
    CODE = "code"
    INTEGER = "integer"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"


class Style(StrEnum):
    """`report` for people under Vietnamese settings, `data` for programs (RFC 4180)."""

    REPORT = "report"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in data style, its heading in report style, width in characters."""

    name: str
    heading_vi: str
    kind: Kind = Kind.TEXT
    width: int = 14


Cell = str | int | Decimal | date | None
Row = Sequence[Cell]
TotalRow = Row | Callable[[], Row] | None

TOTAL_LABEL = "Tổng cộng"
_FLAG_WORDS = {True: "Có", False: "Không"}

_BATCH_ROWS = 1000
_SEPARATORS = {Style.REPORT: ";", Style.DATA: ","}
_LINE_END = "\r\n"
_BOM = b"\xef\xbb\xbf"
# Each separator that some spreadsheet splits at is quoted in both styles: unquoted, the
# second half of "chợ,=1+1" would become a cell of its own, and a formula.
_needs_quotes = re.compile('[",;\t\r\n]').search
# What most texts are: begun by a letter or digit, with nothing to quote.
_is_plain = re.compile('\\w[^",;\t\r\n]*').fullmatch
# Blank and unseen characters before the sign do not hold every spreadsheet back.
_runs_as_formula = re.compile(
    "[\t\r\n]"
    "|[\\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*[=+\\-@＝＋－＠]"
).match


def starts_a_formula(text: str) -> bool:
    """Whether a spreadsheet that reads the text from CSV, or edits it, would run it."""
    return _runs_as_formula(text) is not None


def csv_chunks(
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    style: Style = Style.REPORT,
    total_row: TotalRow = None,
) -> Iterator[bytes]:
    """Yield the file in pieces of some hundred KB, whatever its length.

    The total row stands in report style only, `Tổng cộng` in its first cell unless words of
    its own stand there; a callable is asked for it after the last row. Raises ValueError for
    a row of another length than the columns, TypeError for a value that does not fit.
    """
    encoder = _Encoder(columns, style)
    if style is Style.REPORT:
        yield _BOM
    yield encoder.heading()
    for batch in list_batches(rows, columns):
        yield encoder.encode(batch)
    if style is Style.REPORT and total_row is not None:
        yield encoder.total(as_row(total_row))


def write_csv(
    stream: BinaryIO,
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    style: Style = Style.REPORT,
    total_row: TotalRow = None,
) -> None:
    """Write what `csv_chunks` yields."""
    for chunk in csv_chunks(columns, rows, style=style, total_row=total_row):
        stream.write(chunk)


class Digest:
    """Row count and SHA-256 of the data-style CSV, taken while the rows pass through."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._encoder = _Encoder(columns, Style.DATA)
        self._hash = sha256(self._encoder.heading())
        self.row_count = 0

    def passing(self, rows: Iterable[Row]) -> Iterator[Row]:
        for batch in list_batches(rows, self._columns):
            self._hash.update(self._encoder.encode(batch))
            self.row_count += len(batch)
            yield from batch

    @property
    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def harmless(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run; every character stays."""
    return f"'{text}" if starts_a_formula(text) else text


def total_label(total: Row) -> str:
    """What stands in the first cell of a total row."""
    return total[0] if isinstance(total[0], str) else TOTAL_LABEL


def as_row(total_row: Row | Callable[[], Row]) -> Row:
    return total_row() if callable(total_row) else total_row


def list_batches(rows: Iterable[Row], columns: Sequence[Column]) -> Iterator[list[Row]]:
    """Yield the rows some at a time. Raises ValueError for a row of another length."""
    coming = iter(rows)
    while batch := list(islice(coming, _BATCH_ROWS)):
        if set(map(len, batch)) != {len(columns)}:
            raise ValueError(f"a row has not the {len(columns)} cells of its table")
        yield batch


def check_kind(column: Column, value: Cell) -> None:
    """Raise TypeError where the value does not fit: no text goes where numbers stand."""
    fits = (
        value is None
        or type(value) in _TYPES[column.kind]
        or (column.kind is Kind.TEXT and isinstance(value, LabelledEnum))
    )
    if not fits:
        raise TypeError(f"{column.name} ({column.kind}) cannot hold a {type(value).__name__}")


class _Encoder:
    """Writes rows of one table in one style."""

    def __init__(self, columns: Sequence[Column], style: Style) -> None:
        self._columns = columns
        self._style = style

    def heading(self) -> bytes:
        is_report = self._style is Style.REPORT
        names = [column.heading_vi if is_report else column.name for column in self._columns]
        return self._join([[_text_field(name)] for name in names])

    def total(self, row: Row) -> bytes:
        label = Column("total", "", Kind.TEXT)
        cells = [total_label(row), *row[1:]]
        return _Encoder([label, *self._columns[1:]], self._style).encode([cells])

    def encode(self, batch: Sequence[Row]) -> bytes:
        # By column: a value that repeats within the batch, as most do, is written once.
        written = []
        for column, values in zip(self._columns, zip(*batch, strict=True), strict=True):
            fields = _Fields(column, self._style)
            written.append([fields[value] for value in values])
        return self._join(written)

    def _join(self, fields_by_column: Sequence[Sequence[str]]) -> bytes:
        lines = map(_SEPARATORS[self._style].join, zip(*fields_by_column, strict=True))
        return (_LINE_END.join(lines) + _LINE_END).encode()


class _Fields(dict[Cell, str]):
    """The values of a column as fields, each worked out when it is first met."""

    def __init__(self, column: Column, style: Style) -> None:
        super().__init__({None: ""})
        self._column = column
        self._write = _writer(column.kind, style)

    def __missing__(self, value: Cell) -> str:
        check_kind(self._column, value)
        field = self[value] = self._write(value)
        return field


_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.TEXT: (str, bool),
    Kind.CODE: (str,),
    Kind.INTEGER: (int,),
    Kind.MONEY: (int,),
    Kind.PERCENT: (Decimal,),
    Kind.DATE: (date,),
}


def _writer(kind: Kind, style: Style) -> Callable[[Any], str]:
    """How the values of a column become fields."""
    is_report = style is Style.REPORT
    match kind:
        case Kind.TEXT:
            return lambda value: _text_field(text_of(value, style))
        case Kind.CODE:
            return _text_field
        case Kind.PERCENT:
            return _percent_vi if is_report else _percent
        case Kind.DATE:
            return format_day if is_report else date.isoformat
        case Kind.INTEGER | Kind.MONEY:
            return str


def _percent(value: Decimal) -> str:
    return f"{value:.{FILE_PLACES}f}"


def _percent_vi(value: Decimal) -> str:
    return _percent(value).replace(".", ",")


def text_of(value: str | bool, style: Style) -> str:
    """Return the words of a text cell in that style."""
    is_report = style is Style.REPORT
    if isinstance(value, bool):
        return _FLAG_WORDS[value] if is_report else str(value).lower()
    if is_report and isinstance(value, LabelledEnum):
        return value.label
    return str(value)


def _text_field(text: str) -> str:
    if _is_plain(text):
        return text
    safe = harmless(text)
    return '"' + safe.replace('"', '""') + '"' if _needs_quotes(safe) else safe
