"""The preview of a list: worked out, kept under seal, read back page by page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from market.documents.row_archive import RowArchive, pack
from market.domain.accounts import check_registration_code
from market.domain.errors import Invalid, Problem
from market.domain.import_rows import RowPlan
from market.domain.imports import RowKind
from market.domain.market_classes import class_by_points, is_class_doubtful
from market.domain.stall_list.headings import Field
from market.domain.stall_list.problems import account_shared
from market.domain.text import clean
from market.domain.workbook import Row
from market.models.market import Market
from market.services.bulk import uncollected
from market.services.import_comparison import make_plan
from market.services.import_plan import Plan
from market.services.import_reading import ColumnView, Directories, WantedList
from market.services.import_register import find_holders, read_register

ALL, WARNING, BAD = "all", "warning", "bad"
FILTERS = (ALL, *RowKind, WARNING)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a list would do, with the list itself and what is told about it as a whole."""

    wanted: WantedList
    plan: Plan
    notes: tuple[Problem, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The counts of the plan, and how many stalls the list leaves unsaid."""
        return {
            **self.plan.counts,
            "rows": len(self.plan.rows),
            "warning": sum(bool(row.warnings) for row in self.plan.rows),
            "unnamed": len(self.plan.unnamed),
        }

    def errors(self) -> list[Problem]:
        """All of them, in the order of rows."""
        return _in_order(problem for row in self.plan.rows for problem in row.errors)

    def warnings(self) -> list[Problem]:
        """All of them, those about the whole list too."""
        of_rows = (problem for row in self.plan.rows for problem in row.warnings)
        return _in_order((*self.notes, *of_rows))


@uncollected()
def work_out(
    wanted: WantedList, *, market: Market, effective_on: date, directories: Directories
) -> Preview:
    """Compare a list with the register of its market; only reads."""
    register = read_register(market, on=effective_on)
    plan = make_plan(wanted.rows, register, effective_on=effective_on, words=directories.words)
    _warn_of_shared(plan, wanted)
    return Preview(wanted, plan, (*wanted.notes, *_class_note(plan, market, wanted.header_row)))


@uncollected()
def pack_preview(preview: Preview) -> bytes:
    """The preview as it is kept."""
    cells = _bad_cells(preview)
    rows = [_row_json(row, cells) for row in preview.plan.rows]
    titles = [
        {"row": row.number, "cells": [clean(cell.text) for cell in row.cells]}
        for row in preview.wanted.bad_rows
        if not row.reason
    ]
    header = {
        "digest": preview.plan.digest,
        "counts": preview.counts,
        "sheet": preview.wanted.sheet,
        "columns": [_column_json(column) for column in preview.wanted.columns],
        "notes": [problem_json(problem) for problem in preview.notes],
        "unnamed": list(preview.plan.unnamed),
        "index": _index(preview.plan.rows, titles),
    }
    return pack(header, [*rows, *titles])


def pack_columns(columns: Sequence[ColumnView], refusal: str) -> bytes:
    """What is kept where no table was found: the columns to be mapped by hand, and why."""
    header = {"columns": [_column_json(column) for column in columns], "refusal": refusal}
    return pack(header, [])


class KeptPreview:
    """A preview as it was kept."""

    def __init__(self, data: bytes) -> None:
        self._archive = RowArchive(data)
        header = self._archive.header
        self.columns: list[dict[str, Any]] = header["columns"]
        self.refusal: str | None = header.get("refusal")
        self.digest: str | None = header.get("digest")
        self.notes: list[dict[str, Any]] = header.get("notes", [])
        self.unnamed: list[str] = header.get("unnamed", [])
        self._index: dict[str, list[int]] = header.get("index", {})

    def places(self, name: str) -> Sequence[int]:
        """Where the rows of a filter are."""
        return self._index.get(name, ())

    def rows(self, places: Iterable[int]) -> list[dict[str, Any]]:
        """The rows at these places."""
        return self._archive.read(places)

    def problems(self, name: str) -> list[dict[str, Any]]:
        """All `errors`, or all `warnings` with those about the whole list."""
        kind = RowKind.ERROR.value if name == "errors" else WARNING
        told = [problem for row in self.rows(self.places(kind)) for problem in row[name]]
        told += self.notes if name == "warnings" else []
        return sorted(told, key=lambda problem: (problem["row"] or 0, problem["code"]))


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem as commands print it and previews keep it."""
    told = {"row": problem.row, "code": problem.code, "message": problem.message}
    return {**told, "column": problem.column} if problem.column else told


def _warn_of_shared(plan: Plan, wanted: WantedList) -> None:
    """Tell of accounts that merchants outside the list have too; the list told of its own."""
    accounts = [(person, person.wanted.account) for person in plan.merchants]
    in_list: dict[str, set[int]] = {}
    for person, account in accounts:
        if account and person.known:
            in_list.setdefault(account.hash, set()).add(person.known.id)
    holders = find_holders({account.hash for _, account in accounts if account})
    rows = {row.number: row for row in plan.rows}
    heading = next((c.heading for c in wanted.columns if c.field is Field.ACCOUNT), None)
    for person, account in accounts:
        row = rows[person.row]
        if (
            account
            and holders.get(account.hash, set()) - in_list.get(account.hash, set())
            and not any(found.code == "account_shared" for found in row.warnings)
        ):
            row.warnings = (*row.warnings, account_shared(row.number, None, heading))


def _class_note(plan: Plan, market: Market, header_row: int) -> Iterable[Problem]:
    if is_class_doubtful(market.market_class, plan.points):
        yield Problem(
            f"Chợ đang ghi {market.market_class.label.lower()} nhưng có {plan.points} điểm,"
            f" ứng với {class_by_points(plan.points).label.lower()}."
            " Hãy kiểm tra lại quyết định phân hạng.",
            code="class_differs",
            row=header_row,
        )


def _bad_cells(preview: Preview) -> dict[int, list[str]]:
    """The cells of rows with errors, as they were; what is private stays out."""
    cells = {
        row.number: [clean(cell.text) for cell in row.cells]
        for row in preview.wanted.bad_rows
        if row.reason
    }
    late = {row.number for row in preview.plan.rows if row.errors} - set(cells)
    if late:
        name = preview.wanted.sheet
        sheet = next(sheet for sheet in preview.wanted.workbook.sheets if sheet.name == name)
        rows = (row for row in sheet.rows if row.number in late)
        cells |= {row.number: _public_cells(row, preview.wanted) for row in rows}
    return cells


def _public_cells(row: Row, wanted: WantedList) -> list[str]:
    return [
        _public(clean(row.cell(index).text), column)
        for index, column in zip(wanted.indexes, wanted.columns, strict=True)
    ]


def _public(text: str, column: ColumnView) -> str:
    if column.is_private:
        return ""
    if column.field is Field.REGISTRATION_CODE and text:
        try:
            check_registration_code(text)
        except Invalid:
            return ""
    return text


def _row_json(row: RowPlan, cells: Mapping[int, list[str]]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "row": row.number,
        "kind": row.kind,
        "codes": list(row.codes),
        "merchant": row.merchant,
        "changes": [[change.part, change.old, change.new] for change in row.changes],
        "errors": [problem_json(problem) for problem in row.errors],
        "warnings": [problem_json(problem) for problem in row.warnings],
    }
    if row.errors:
        told["cells"] = cells.get(row.number, [])
    return told


def _column_json(column: ColumnView) -> dict[str, Any]:
    return {
        "heading": column.heading,
        "field": column.field.value if column.field else "",
        "is_private": column.is_private,
        "is_ordinal": column.is_ordinal,
        "samples": list(column.samples),
    }


def _index(rows: Sequence[RowPlan], titles: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    """The places of rows by filter; a title that gave a section comes before its bad rows."""
    index: dict[str, list[int]] = {name: [] for name in FILTERS}
    bad: list[tuple[int, int]] = []
    for place, row in enumerate(rows):
        index[ALL].append(place)
        index[row.kind].append(place)
        if row.warnings:
            index[WARNING].append(place)
        if row.errors:
            bad.append((row.number, place))
    bad += [(title["row"], len(rows) + at) for at, title in enumerate(titles)]
    return {**index, BAD: [place for _, place in sorted(bad)]}


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.row or 0, problem.code))
