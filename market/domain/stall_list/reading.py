"""A workbook → the list of stalls in it, with everything that is wrong told row by row."""

from collections.abc import Iterable, Iterator, Mapping

from market.domain.banks import BankDirectory
from market.domain.business_lines import BusinessLines
from market.domain.errors import Problem
from market.domain.stall_list.headings import Field
from market.domain.stall_list.merchants import MerchantJoiner
from market.domain.stall_list.problems import problem, stall_duplicate
from market.domain.stall_list.records import BadRow, StallList, stall_key
from market.domain.stall_list.row_checks import CheckedRow, RowChecker
from market.domain.stall_list.rows import stall_rows
from market.domain.stall_list.table import Column, Table, find_table
from market.domain.workbook import EMPTY_CELL, Cell, Row, Workbook

_NO_MAPPING: Mapping[str, str] = {}


def read_list(
    workbook: Workbook,
    *,
    banks: BankDirectory,
    lines: BusinessLines,
    mapping: Mapping[str, str] = _NO_MAPPING,
) -> StallList:
    """Find the table, read its rows, check each and all of them together.

    `mapping` is what was settled by hand: headings as `Column.heading` spells them → values
    of Field, "" to leave a column out. Whether accounts and merchants are in the register
    already is not looked at. Raises Invalid with the problem
    `header_missing` where no row has a stall and a merchant column.
    """
    table = find_table(workbook, mapping)
    headings = {field: column.heading for field, column in table.by_field.items()}
    checker = RowChecker(banks, lines, headings, is_text=workbook.is_text)
    rows = [checker.check(row) for row in stall_rows(table)]
    rows = list(_without_duplicates(rows, headings.get(Field.STALL)))
    shared = _join(rows, headings.get(Field.ACCOUNT))
    good = [checked for checked in rows if not checked.errors]
    warnings = [found for checked in good for found in checked.warnings]
    return StallList(
        sheet=table.sheet.name,
        header_row=table.header_row,
        columns=table.columns,
        records=tuple(checked.record for checked in good),
        errors=_in_order(found for checked in rows for found in checked.errors),
        warnings=_in_order([*_private_columns(table), *warnings, *shared]),
        bad_rows=tuple(_bad_rows(rows, table.columns)),
    )


def _without_duplicates(rows: list[CheckedRow], heading: str | None) -> Iterator[CheckedRow]:
    """The rows, told where a stall stood before; second lines of one merged stall go.

    A stall cell merged over several merchants is one stall that they share.
    """
    first: dict[str, CheckedRow] = {}
    for checked in rows:
        source = checked.source
        earlier = [
            (code, first[stall_key(code)])
            for code in checked.record.stalls
            if stall_key(code) in first
        ]
        for code in checked.record.stalls:
            first.setdefault(stall_key(code), checked)
        anchor = source.stall_anchor
        if earlier and anchor is not None and earlier[0][1].source.stall_anchor == anchor:
            if source.merchant_anchor is None:
                yield checked
            continue
        if earlier:
            code, other = earlier[0]
            checked.errors.append(stall_duplicate(checked.row, code, other.row, heading))
        yield checked


def _join(rows: list[CheckedRow], account_heading: str | None) -> list[Problem]:
    """Join the rows that can be imported; returns the accounts that merchants share."""
    joiner = MerchantJoiner(account_heading)
    for checked in rows:
        if not checked.errors and checked.record.merchant_name:
            conflict = joiner.add(checked)
            if conflict is not None:
                checked.errors.append(conflict)
    return list(joiner.finish())


def _private_columns(table: Table) -> Iterator[Problem]:
    for column in table.columns:
        if column.is_private:
            yield problem("column_private", table.header_row, column=column.heading)


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda found: (found.row or 0, found.code)))


def _bad_rows(rows: list[CheckedRow], columns: tuple[Column, ...]) -> Iterator[BadRow]:
    last_title: Row | None = None
    for checked in rows:
        if not checked.errors:
            continue
        title = checked.source.title
        if title is not None and title is not last_title:
            last_title = title
            yield BadRow(title.number, tuple(title.cell(column.index) for column in columns))
        cells = tuple(
            EMPTY_CELL if _is_withheld(checked, column) else _cell(checked, column)
            for column in columns
        )
        reason = " ".join(found.message for found in checked.errors)
        yield BadRow(checked.row, cells, reason)


def _is_withheld(checked: CheckedRow, column: Column) -> bool:
    return column.is_private or (
        checked.has_personal_code and column.field is Field.REGISTRATION_CODE
    )


def _cell(checked: CheckedRow, column: Column) -> Cell:
    if column.field is not None:
        return checked.source.cell(column.field)
    return checked.source.row.cell(column.index)
