"""How much a board's file may hold, and what is said when it holds more or cannot be read."""

from market.domain.errors import Invalid, Problem, TooLarge
from market.domain.workbook import Cell, CellKind, MergedRange, Row, Sheet

MEGABYTE = 1024 * 1024
MAX_FILE_BYTES = 20 * MEGABYTE
MAX_ROWS = 50_000
# 50,000 rows of 40 columns, counted with the gaps up to the last filled cell of a row.
MAX_SLOTS = 2_000_000
MAX_SHEETS = 200
MAX_MERGED = 200_000
# Excel's own limit for the text of one cell.
MAX_CELL_CHARACTERS = 32_767
LAST_ROW = 1_048_576
LAST_COLUMN = 16_384


def broken() -> Invalid:
    return _refused(
        "file_broken",
        "Tệp bị hỏng nên không đọc được. Hãy mở bằng Excel, lưu lại rồi tải lên lần nữa.",
    )


def encrypted() -> Invalid:
    return _refused(
        "file_encrypted",
        "Tệp có mật khẩu nên không đọc được. Hãy bỏ mật khẩu, lưu lại rồi tải lên lần nữa.",
    )


def wrong_kind(message: str) -> Invalid:
    return _refused("file_kind", message)


def suspicious() -> Invalid:
    """For what no spreadsheet program writes: links, entities, names that stand twice."""
    return _refused(
        "file_suspicious",
        "Tệp có cấu trúc bất thường nên không được nhận."
        " Hãy mở bằng Excel, lưu thành tệp .xlsx mới rồi tải lên lần nữa.",
    )


def too_large(message: str) -> TooLarge:
    return TooLarge(message, (Problem(message, code="file_too_large"),))


def too_many_rows() -> TooLarge:
    return too_large(
        f"Danh sách dài quá {MAX_ROWS:,} dòng.".replace(",", ".")
        + " Hãy chia thành nhiều tệp rồi tải lên từng tệp."
    )


def too_many_cells() -> TooLarge:
    return too_large(
        "Bảng có quá nhiều ô. Hãy xóa các cột, dòng và trang tính thừa,"
        " lưu lại rồi tải lên lần nữa."
    )


def _refused(code: str, message: str) -> Invalid:
    return Invalid(message, (Problem(message, code=code),))


class CellBudget:
    """What one file may still put into memory, over all its sheets."""

    def __init__(self, slots: int = MAX_SLOTS) -> None:
        self._left = slots

    def take(self, slots: int) -> None:
        """Raises TooLarge once the file has used up what it may hold."""
        self._left -= slots
        if self._left < 0:
            raise too_many_cells()


class SheetBuilder:
    """Collects the rows of one sheet and refuses those past the limits."""

    def __init__(self, name: str, budget: CellBudget, *, is_hidden: bool = False) -> None:
        self._name = name
        self._budget = budget
        self._is_hidden = is_hidden
        self._rows: list[Row] = []
        self._merged: list[MergedRange] = []

    def add_row(self, number: int, cells: list[Cell]) -> None:
        """Keep a row unless it is empty; `cells` start at the first column.

        Raises TooLarge past 50,000 rows or the cells one file may hold.
        """
        while cells and cells[-1].kind is CellKind.EMPTY:
            cells.pop()
        if not cells:
            return
        if len(self._rows) == MAX_ROWS:
            raise too_many_rows()
        self._budget.take(len(cells))
        self._rows.append(Row(number, tuple(cells)))

    def merge(self, merged: MergedRange) -> None:
        """Raises TooLarge past the merged ranges any list could use."""
        if len(self._merged) == MAX_MERGED:
            raise too_many_cells()
        self._merged.append(merged)

    def finish(self) -> Sheet:
        """The sheet with its rows in order and merged ranges cut to where rows are.

        Raises Invalid where two rows bear one number, TooLarge where merged ranges
        together cover more than one file may hold.
        """
        rows = sorted(self._rows, key=_number)
        if any(rows[i].number == rows[i + 1].number for i in range(len(rows) - 1)):
            raise broken()
        last_row = rows[-1].number if rows else 0
        width = max((len(row.cells) for row in rows), default=0)
        kept: list[MergedRange] = []
        for found in self._merged:
            cut = _cut(found, last_row, width)
            if cut is not None:
                self._budget.take(_area(cut))
                kept.append(cut)
        return Sheet(self._name, tuple(rows), tuple(sorted(kept)), self._is_hidden)


def _number(row: Row) -> int:
    return row.number


def _cut(merged: MergedRange, last_row: int, width: int) -> MergedRange | None:
    cut = merged._replace(
        last_row=min(merged.last_row, last_row), last_column=min(merged.last_column, width - 1)
    )
    if cut.first_row > cut.last_row or cut.first_column > cut.last_column:
        return None
    return cut if _area(cut) > 1 else None


def _area(merged: MergedRange) -> int:
    rows = merged.last_row - merged.first_row + 1
    return rows * (merged.last_column - merged.first_column + 1)
