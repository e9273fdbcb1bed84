"""Excel 97-2003 workbooks ([MS-XLS], BIFF8) → sheets."""

import struct
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from market.documents.compound_file import CompoundFile
from market.documents.workbook_cells import bool_cell, text_cell
from market.documents.workbook_formats import (
    EPOCH_1900,
    EPOCH_1904,
    GENERAL,
    NumberFormat,
    formatted_cell,
    number_format,
)
from market.documents.workbook_limits import (
    MAX_SHEETS,
    CellBudget,
    SheetBuilder,
    broken,
    encrypted,
    suspicious,
    too_many_cells,
    wrong_kind,
)
from market.documents.xls_strings import read_shared_strings, read_string
from market.domain.errors import Invalid
from market.domain.workbook import EMPTY_CELL, Cell, CellKind, MergedRange, Sheet

# Record numbers of [MS-XLS] 2.3.
_FORMULA, _END, _DATE_1904, _FILE_PASS = 0x0006, 0x000A, 0x0022, 0x002F
_CONTINUE, _BOUND_SHEET, _MULTIPLE_RK, _RICH_STRING = 0x003C, 0x0085, 0x00BD, 0x00D6
_STYLE, _MERGED_CELLS, _SHARED_STRINGS, _SHARED_LABEL = 0x00E0, 0x00E5, 0x00FC, 0x00FD
_NUMBER, _LABEL, _BOOL_OR_ERROR, _FORMULA_TEXT = 0x0203, 0x0204, 0x0205, 0x0207
_RK, _FORMAT, _BEGIN = 0x027E, 0x041E, 0x0809

_BIFF8 = 0x0600
_WORKSHEET = 0
_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!",
    0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip

_CELL_HEAD = struct.Struct("<3H")
_DOUBLE = struct.Struct("<d")
_RK_NUMBER = struct.Struct("<L")
_MERGED = struct.Struct("<4H")


class _Record(NamedTuple):
    kind: int
    data: bytes


class _SheetHead(NamedTuple):
    name: str
    offset: int
    is_hidden: bool


def read_xls(file: CompoundFile) -> tuple[Sheet, ...]:
    """All worksheets in their order.

    Raises Invalid for a broken, encrypted or older workbook, TooLarge past the limits.
    """
    if "Workbook" not in file:
        raise _too_old()
    stream = file.stream("Workbook")
    try:
        head = _WorkbookHead(stream)
        budget = CellBudget()
        return tuple(_sheet(head, sheet, stream, budget) for sheet in head.sheets)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise broken() from error


def _sheet(head: "_WorkbookHead", sheet: _SheetHead, stream: bytes, budget: CellBudget) -> Sheet:
    # Up to where the next sheet begins, so that no stretch of the file is read twice.
    end = min(
        (other.offset for other in head.sheets if other.offset > sheet.offset),
        default=len(stream),
    )
    builder = SheetBuilder(sheet.name, budget, is_hidden=sheet.is_hidden)
    return _SheetRecords(head, builder).read(stream[sheet.offset : end])


def _records(stream: bytes) -> Iterator[_Record]:
    """The records of one substream up to its end; raises Invalid where it is cut short."""
    depth = offset = 0
    while offset + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, offset)
        data = stream[offset + 4 : offset + 4 + size]
        offset += 4 + size
        # Charts on a sheet are substreams inside its own.
        if kind == _BEGIN:
            depth += 1
        elif kind == _END:
            depth -= 1
        if depth <= 0:
            return
        if depth == 1:
            yield _Record(kind, data)
    raise broken()


class _WorkbookHead:
    """What stands before the sheets: their names, shared strings and formats."""

    def __init__(self, stream: bytes) -> None:
        self.sheets: list[_SheetHead] = []
        self.strings: list[Cell] = []
        self.epoch: datetime = EPOCH_1900
        self._codes: dict[int, str] = {}
        self._formats_of_styles: list[int] = []
        shared: list[bytes] = []
        last = 0
        for kind, data in _records(stream):
            if kind == _CONTINUE and last == _SHARED_STRINGS:
                shared.append(data)
                continue
            last = kind
            if kind == _SHARED_STRINGS:
                shared = [data]
            else:
                self._take(kind, data)
        self.strings = [text_cell(text) for text in read_shared_strings(shared)]

    def format_of(self, style: int) -> NumberFormat:
        if style >= len(self._formats_of_styles):
            return GENERAL
        format_id = self._formats_of_styles[style]
        return number_format(str(format_id), self._codes.get(format_id))

    def _take(self, kind: int, data: bytes) -> None:
        if kind == _BEGIN and struct.unpack_from("<H", data)[0] != _BIFF8:
            raise _too_old()
        if kind == _FILE_PASS:
            raise encrypted()
        if kind == _DATE_1904 and data[:1] == b"\1":
            self.epoch = EPOCH_1904
        elif kind == _FORMAT:
            self._codes[struct.unpack_from("<H", data)[0]] = read_string(data, 2, wide_count=True)
        elif kind == _STYLE:
            self._formats_of_styles.append(struct.unpack_from("<H", data, 2)[0])
        elif kind == _BOUND_SHEET:
            offset, visibility, sheet_kind = struct.unpack_from("<LBB", data)
            if sheet_kind == _WORKSHEET:
                name = read_string(data, 6, wide_count=False)
                self._add_sheet(_SheetHead(name, offset, bool(visibility & 3)))

    def _add_sheet(self, sheet: _SheetHead) -> None:
        if any(sheet.offset == other.offset for other in self.sheets):
            raise suspicious()
        if len(self.sheets) == MAX_SHEETS:
            raise too_many_cells()
        self.sheets.append(sheet)


class _SheetRecords:
    """Collects the cells of one sheet, which may come in any order of rows."""

    def __init__(self, head: _WorkbookHead, builder: SheetBuilder) -> None:
        self._head = head
        self._builder = builder
        self._rows: dict[int, list[Cell]] = {}
        self._text_follows: tuple[int, int] | None = None
        self._handlers: dict[int, Callable[[bytes], None]] = {
            _SHARED_LABEL: self._shared_label,
            _NUMBER: self._number,
            _RK: self._rk,
            _MULTIPLE_RK: self._multiple_rk,
            _FORMULA: self._formula,
            _FORMULA_TEXT: self._formula_text,
            _LABEL: self._label,
            _RICH_STRING: self._label,
            _BOOL_OR_ERROR: self._bool_or_error,
            _MERGED_CELLS: self._merged_cells,
        }

    def read(self, stream: bytes) -> Sheet:
        for kind, data in _records(stream):
            handler = self._handlers.get(kind)
            if handler is not None:
                handler(data)
        for row, cells in self._rows.items():
            self._builder.add_row(row + 1, cells)
        return self._builder.finish()

    def _put(self, row: int, column: int, cell: Cell) -> None:
        if cell.kind is CellKind.EMPTY:
            return
        cells = self._rows.setdefault(row, [])
        cells.extend([EMPTY_CELL] * (column + 1 - len(cells)))
        cells[column] = cell

    def _put_number(self, row: int, column: int, style: int, number: float) -> None:
        form = self._head.format_of(style)
        self._put(row, column, formatted_cell(number, form, self._head.epoch))

    def _shared_label(self, data: bytes) -> None:
        row, column, _ = _CELL_HEAD.unpack_from(data)
        self._put(row, column, self._head.strings[_RK_NUMBER.unpack_from(data, 6)[0]])

    def _number(self, data: bytes) -> None:
        row, column, style = _CELL_HEAD.unpack_from(data)
        self._put_number(row, column, style, _DOUBLE.unpack_from(data, 6)[0])

    def _rk(self, data: bytes) -> None:
        row, column, style = _CELL_HEAD.unpack_from(data)
        self._put_number(row, column, style, _rk_value(_RK_NUMBER.unpack_from(data, 6)[0]))

    def _multiple_rk(self, data: bytes) -> None:
        row, first = struct.unpack_from("<2H", data)
        for index, (style, packed) in enumerate(struct.iter_unpack("<HL", data[4:-2])):
            self._put_number(row, first + index, style, _rk_value(packed))

    def _formula(self, data: bytes) -> None:
        row, column, style = _CELL_HEAD.unpack_from(data)
        result = data[6:14]
        self._text_follows = None
        if result[6:] != b"\xff\xff":
            self._put_number(row, column, style, _DOUBLE.unpack(result)[0])
        elif result[0] == 0:
            self._text_follows = row, column
        elif result[0] in (1, 2):
            self._put(row, column, _bool_or_error_cell(result[2], is_error=result[0] == 2))

    def _formula_text(self, data: bytes) -> None:
        if self._text_follows is not None:
            self._put(*self._text_follows, text_cell(read_string(data, 0, wide_count=True)))
            self._text_follows = None

    def _label(self, data: bytes) -> None:
        row, column, _ = _CELL_HEAD.unpack_from(data)
        self._put(row, column, text_cell(read_string(data, 6, wide_count=True)))

    def _bool_or_error(self, data: bytes) -> None:
        row, column, _ = _CELL_HEAD.unpack_from(data)
        self._put(row, column, _bool_or_error_cell(data[6], is_error=data[7] == 1))

    def _merged_cells(self, data: bytes) -> None:
        for top, bottom, left, right in _MERGED.iter_unpack(data[2 : 2 + (len(data) - 2) // 8 * 8]):
            self._builder.merge(MergedRange(top + 1, left, bottom + 1, right))


def _too_old() -> Invalid:
    return wrong_kind(
        "Tệp .xls này do phiên bản Excel quá cũ ghi nên không đọc được."
        " Hãy mở bằng Excel, lưu thành .xlsx rồi tải lên lần nữa."
    )


def _bool_or_error_cell(value: int, *, is_error: bool) -> Cell:
    return text_cell(_ERRORS.get(value, "#N/A")) if is_error else bool_cell(value == 1)


def _rk_value(packed: int) -> float:
    """A number in 30 bits, as an integer or the upper half of a double ([MS-XLS] 2.5.217)."""
    if packed & 2:
        whole = packed >> 2
        number = float(whole - (1 << 30) if whole >= 1 << 29 else whole)
    else:
        number = _DOUBLE.unpack(b"\0\0\0\0" + _RK_NUMBER.pack(packed & 0xFFFFFFFC))[0]
    return number / 100 if packed & 1 else number
