"""Where in a workbook the list stands: its header, its columns, the rows below."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from market.domain.errors import Invalid, Problem
from market.domain.stall_list.grid import Grid
from market.domain.stall_list.headings import Field, Heading, heading_key, read_heading
from market.domain.text import clean
from market.domain.workbook import Cell, CellKind, Row, Sheet, Workbook

# Letterhead, titles and notes take far less; rows below are data, costly to read as headings.
_HEADER_WITHIN = 300
_MOST_CELLS = 100_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column under the header; `index` counts from 0.

    A private column is never read. `width` is how many cells a heading spans whose
    columns have no headings of their own, as a name written in two cells.
    """

    index: int
    heading: str
    field: Field | None = None
    is_private: bool = False
    is_ordinal: bool = False
    width: int = 1


@dataclass(frozen=True)
class Table:
    """A header and what stands below it on its sheet."""

    grid: Grid
    header_row: int
    last_header_row: int
    columns: tuple[Column, ...]

    @property
    def sheet(self) -> Sheet:
        return self.grid.sheet

    @cached_property
    def by_field(self) -> dict[Field, Column]:
        return {column.field: column for column in self.columns if column.field}

    @property
    def is_complete(self) -> bool:
        return Field.STALL in self.by_field and Field.MERCHANT in self.by_field

    def rows(self) -> Iterator[Row]:
        return (row for row in self.sheet.rows if row.number > self.last_header_row)


def find_table(workbook: Workbook, mapping: Mapping[str, str]) -> Table:
    """The first table with a stall and a merchant column, visible sheets before hidden ones.

    `mapping` gives headings, as `Column.heading` spells them, the value of a Field, or ""
    to leave the column out. Raises Invalid with the problem `header_missing`.
    """
    for table in _candidates(workbook, mapping):
        if table.is_complete:
            return table
    raise Invalid(
        message := "Không tìm thấy dòng tiêu đề có cột số điểm kinh doanh (ki-ốt, quầy, sạp)"
        " và cột tên hộ. Hãy thêm dòng tiêu đề hoặc chọn nghĩa cho từng cột.",
        (Problem(message, code="header_missing"),),
    )


def guess_table(workbook: Workbook, mapping: Mapping[str, str]) -> Table | None:
    """The row most like a header, for mapping its columns by hand; None in an empty file."""
    return max(
        _candidates(workbook, mapping),
        key=lambda table: (len(table.by_field), len(table.columns)),
        default=None,
    )


def _candidates(workbook: Workbook, mapping: Mapping[str, str]) -> Iterator[Table]:
    """Every row that could be a header, from the top of the first sheet on."""
    known = _known(mapping)
    cells = 0
    for sheet in _in_reading_order(workbook):
        grid = Grid(sheet)
        for row in sheet.rows[:_HEADER_WITHIN]:
            cells += len(row.cells)
            if cells > _MOST_CELLS:
                return
            table = _table_at(grid, row, known)
            if table is not None:
                yield table


def _in_reading_order(workbook: Workbook) -> list[Sheet]:
    return sorted(workbook.sheets, key=lambda sheet: sheet.is_hidden)


def _known(mapping: Mapping[str, str]) -> dict[str, Heading]:
    """What was settled by hand; it outranks every heading that is only recognised."""
    return {
        heading_key(heading): Heading(Field(value) if value else None, rank=-1)
        for heading, value in mapping.items()
    }


def _table_at(grid: Grid, row: Row, known: Mapping[str, Heading]) -> Table | None:
    """The table whose header begins in this row, None where fewer than two texts stand."""
    if sum(cell.kind is CellKind.TEXT for cell in row.cells) < 2:
        return None
    alone = Table(grid, row.number, row.number, _columns(_flat(grid, row), known))
    depth = _last_header_row(grid, row, known)
    if depth == row.number:
        return alone
    deep = Table(grid, row.number, depth, _columns(_deep(grid, row, depth), known))
    return deep if deep.is_complete or not alone.is_complete else alone


class _Draft:
    """A column as it is read: the texts that may be its heading, best first."""

    def __init__(self, index: int, *forms: str, heading: str, width: int = 1) -> None:
        self.index = index
        self.heading = heading
        self.width = width
        self._forms = forms

    def read(self, known: Mapping[str, Heading]) -> Heading:
        read = [read_heading(form) for form in self._forms]
        if any(heading.is_private for heading in read):
            return Heading(is_private=True)
        settled = known.get(heading_key(self.heading))
        if settled is not None:
            return settled
        return next((heading for heading in read if heading != Heading()), Heading())


def _flat(grid: Grid, row: Row) -> list[_Draft]:
    drafts = []
    for index in range(grid.width(row.number, row.number)):
        text = _text(grid.cell(row.number, index))
        if text:
            width = grid.span(grid.anchor(row.number, index), index)
            drafts.append(_Draft(index, text, heading=text, width=width))
    return drafts


def _deep(grid: Grid, row: Row, last: int) -> list[_Draft]:
    """Columns of a header over several rows: a group and, below it, its own headings."""
    drafts: list[_Draft] = []
    group, group_end = "", -1
    for index in range(grid.width(row.number, last)):
        own = _text(grid.own(row.number, index))
        if own:
            group, group_end = own, _group_end(grid, row.number, index)
        over = group if index <= group_end else _text(grid.cell(row.number, index))
        below = _text_below(grid, row.number, last, index)
        if below and over:
            forms = (f"{below} {over}", below, f"{over} {below}")
            speaks_alone = read_heading(below) != Heading()
            heading = below if speaks_alone else f"{over}: {below}"
            drafts.append(_Draft(index, *forms, heading=heading))
        elif below or own or (over and grid.is_merged_down(row.number, index)):
            text = below or own or over
            drafts.append(_Draft(index, text, heading=text))
    return drafts


def _group_end(grid: Grid, row: int, column: int) -> int:
    """The last column of a group; without merged cells it reaches to the next text."""
    if not grid.sheet.merged:
        return grid.width(row, row + 1)
    return column + grid.span(row, column) - 1


def _text_below(grid: Grid, row: int, last: int, column: int) -> str:
    texts = (_text(grid.own(number, column)) for number in range(row + 1, last + 1))
    return " ".join(text for text in texts if text)


def _last_header_row(grid: Grid, row: Row, known: Mapping[str, Heading]) -> int:
    reach = grid.last_header_row(row.number)
    if reach > row.number:
        return reach
    return row.number + 1 if _only_divides_groups(grid, row, known) else row.number


def _only_divides_groups(grid: Grid, row: Row, known: Mapping[str, Heading]) -> bool:
    """Whether the row below holds headings, some of them under a group of this row."""
    below = row.number + 1
    cells = {index: grid.own(below, index) for index in range(grid.width(below, below))}
    filled = {index for index, cell in cells.items() if cell.kind is not CellKind.EMPTY}
    if not any(
        grid.span(row.number, index) > 1 or not _text(grid.own(row.number, index))
        for index in filled
    ):
        return False
    if any(cells[index].kind is not CellKind.TEXT for index in filled):
        return False
    drafts = [draft for draft in _deep(grid, row, below) if draft.index in filled]
    recognised = sum(draft.read(known) != Heading() for draft in drafts)
    return recognised * 2 > len(drafts)


def _columns(drafts: list[_Draft], known: Mapping[str, Heading]) -> tuple[Column, ...]:
    """One column a field: the best of those that would do, then the leftmost."""
    _name_distinctly(drafts)
    read = [(draft, draft.read(known)) for draft in drafts]
    best: dict[Field, tuple[int, int]] = {}
    for draft, heading in read:
        if heading.field:
            claim = (heading.rank, draft.index)
            best[heading.field] = min(claim, best.get(heading.field, claim))
    return tuple(
        Column(
            index=draft.index,
            heading=draft.heading,
            field=heading.field
            if heading.field and best[heading.field] == (heading.rank, draft.index)
            else None,
            is_private=heading.is_private,
            is_ordinal=heading.is_ordinal,
            width=draft.width,
        )
        for draft, heading in read
    )


def _name_distinctly(drafts: list[_Draft]) -> None:
    """Number headings that stand twice, so that each column can be mapped by its own."""
    times: dict[str, int] = defaultdict(int)
    for draft in drafts:
        times[draft.heading] += 1
        if times[draft.heading] > 1:
            draft.heading = f"{draft.heading} ({times[draft.heading]})"


def _text(cell: Cell) -> str:
    return clean(cell.text) if cell.kind is not CellKind.EMPTY else ""
