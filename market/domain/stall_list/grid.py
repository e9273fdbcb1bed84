"""The cells of a sheet by row and column, merged ones seen from every row they cover."""

from market.domain.workbook import EMPTY_CELL, Cell, MergedRange, Sheet

# Headings run over three rows at most; more would be a letterhead merged beside them.
_DEEPEST_HEADER = 3


class Grid:
    """The cells of one sheet by row number, merged ones seen from each row they cover."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self._rows = {row.number: row for row in sheet.rows}
        self._anchors: dict[tuple[int, int], int] = {}
        self._wide: dict[tuple[int, int], int] = {}
        self._header_ends: dict[int, int] = {}
        for merged in sheet.merged:
            self._add(merged)

    def own(self, row: int, column: int) -> Cell:
        """What is written in this very cell."""
        found = self._rows.get(row)
        return found.cell(column) if found else EMPTY_CELL

    def cell(self, row: int, column: int) -> Cell:
        """What holds here: of cells merged downwards, the uppermost."""
        return self.own(self.anchor(row, column), column)

    def anchor(self, row: int, column: int) -> int:
        """The row where the cell that holds here is written."""
        return self._anchors.get((row, column), row)

    def is_merged_down(self, row: int, column: int) -> bool:
        return (row, column) in self._anchors

    def span(self, row: int, column: int) -> int:
        """How many columns the cell written here covers."""
        return self._wide.get((row, column), 1)

    def width(self, first_row: int, last_row: int) -> int:
        rows = (self._rows.get(number) for number in range(first_row, last_row + 1))
        return max((len(row.cells) for row in rows if row), default=0)

    def last_header_row(self, row: int) -> int:
        """The last row of cells merged downwards over this row, as headings are."""
        return self._header_ends.get(row, row)

    def _add(self, merged: MergedRange) -> None:
        height = merged.last_row - merged.first_row + 1
        if merged.last_column > merged.first_column:
            span = merged.last_column - merged.first_column + 1
            self._wide[merged.first_row, merged.first_column] = span
        if height > 1:
            for row in range(merged.first_row, merged.last_row + 1):
                self._anchors[row, merged.first_column] = merged.first_row
                if height <= _DEEPEST_HEADER:
                    self._header_ends[row] = max(merged.last_row, self.last_header_row(row))
