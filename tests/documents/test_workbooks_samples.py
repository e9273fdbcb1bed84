"""The sample lists in every format boards use give exactly what they must."""

import csv
import io
import json
import unicodedata
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P

from market.documents.workbooks import read_workbook
from market.domain.business_lines import packaged_lines
from market.domain.stall_list.reading import read_list
from market.domain.stall_list.records import StallList
from tests.stall_lists import banks

SAMPLES = Path(__file__).parents[1] / "data" / "workbooks"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
WORKBOOKS = sorted(name for name in EXPECTED if name.endswith(".xlsx"))
TONES = "\u0300\u0309\u0303\u0301\u0323"


def read(data: bytes, name: str) -> StallList:
    return read_list(read_workbook(data, name), banks=banks(), lines=packaged_lines())


def summary(stall_list: StallList) -> dict[str, Any]:
    warnings = [
        {"row": warning.row, "code": warning.code}
        | ({"column": warning.column} if warning.code == "column_private" else {})
        for warning in stall_list.warnings
    ]
    return {
        "stalls": stall_list.stalls,
        "merchants": stall_list.merchants,
        "vacant": stall_list.vacant,
        "accounts": stall_list.accounts,
        "errors": [{"row": error.row, "code": error.code} for error in stall_list.errors],
        "warnings": sorted(warnings, key=str),
    }


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = EXPECTED[name]
    return found | {"warnings": sorted(found["warnings"], key=str)}


@cache
def grid(name: str) -> list[list[Any]]:
    if name.endswith(".csv"):
        text = (SAMPLES / name).read_text(encoding="utf-8-sig")
        return list(csv.reader(io.StringIO(text), delimiter=";"))
    sheet = openpyxl.load_workbook(SAMPLES / name).active
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def merged_ranges(name: str) -> list[tuple[int, int, int, int]]:
    """First and last row, first and last column, from 0."""
    sheet = openpyxl.load_workbook(SAMPLES / name).active
    return [
        (found.min_row - 1, found.max_row - 1, found.min_col - 1, found.max_col - 1)
        for found in sheet.merged_cells.ranges
    ]


def as_xls(name: str) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Danh sách", cell_overwrite_ok=True)
    for top, bottom, left, right in merged_ranges(name):
        sheet.merge(top, bottom, left, right)
    for row, values in enumerate(grid(name)):
        for column, value in enumerate(values):
            if value is not None:
                sheet.write(row, column, value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def as_ods(name: str) -> bytes:
    anchors = {(top, left): (bottom - top + 1, right - left + 1)
               for top, bottom, left, right in merged_ranges(name)}  # fmt: skip
    covered = {
        (row, column)
        for (top, left), (rows, columns) in anchors.items()
        for row in range(top, top + rows)
        for column in range(left, left + columns)
    } - anchors.keys()
    book = OpenDocumentSpreadsheet()
    table = Table(name="Danh sách")
    for row, values in enumerate(grid(name)):
        line = TableRow()
        for column, value in enumerate(values):
            line.addElement(ods_cell(value, anchors.get((row, column)), (row, column) in covered))
        line.addElement(TableCell(numbercolumnsrepeated=16_384 - len(values)))
        table.addElement(line)
    table.addElement(TableRow(numberrowsrepeated=1_000_000))
    book.spreadsheet.addElement(table)
    buffer = io.BytesIO()
    book.write(buffer)
    return buffer.getvalue()


def ods_cell(value: object, span: tuple[int, int] | None, is_covered: bool) -> Any:
    if is_covered:
        return CoveredTableCell()
    options: dict[str, Any] = {}
    if span:
        options = {"numberrowsspanned": span[0], "numbercolumnsspanned": span[1]}
    if isinstance(value, int | float):
        cell = TableCell(valuetype="float", value=repr(value), **options)
    else:
        cell = TableCell(**({"valuetype": "string"} if value else {}), **options)
    for line in str(value).split("\n") if value is not None else []:
        cell.addElement(P(text=line))
    return cell


def as_text(name: str, delimiter: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(
        ["" if value is None else value for value in row] for row in grid(name)
    )
    return buffer.getvalue()


def windows_1258(text: str) -> bytes:
    """Letters as that code page has them: vowel with its shape, then the tone by itself."""
    encoded = bytearray()
    for char in unicodedata.normalize("NFC", text):
        try:
            encoded += char.encode("cp1258")
        except UnicodeEncodeError:
            marks = unicodedata.normalize("NFD", char)
            shaped = "".join(mark for mark in marks if mark not in TONES)
            tones = "".join(mark for mark in marks if mark in TONES)
            encoded += (unicodedata.normalize("NFC", shaped) + tones).encode("cp1258")
    return bytes(encoded)


ENCODERS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode("utf-8"),
    "utf-8 with mark": lambda text: text.encode("utf-8-sig"),
    "utf-8 decomposed": lambda text: unicodedata.normalize("NFD", text).encode("utf-8"),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16 big-endian": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-16 without mark": lambda text: text.encode("utf-16-le"),
    "windows-1258": windows_1258,
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_sample_gives_exactly_what_it_must(name: str) -> None:
    assert summary(read((SAMPLES / name).read_bytes(), name)) == expected(name)


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_sample_as_an_excel_97_file_gives_the_same(name: str) -> None:
    assert summary(read(as_xls(name), "danh-sach.xls")) == expected(name)


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_sample_as_an_opendocument_file_gives_the_same(name: str) -> None:
    assert summary(read(as_ods(name), "danh-sach.ods")) == expected(name)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", sorted(ENCODERS))
def test_a_sample_as_text_gives_the_same(encoding: str, delimiter: str) -> None:
    data = ENCODERS[encoding](as_text("cho-quang-an.csv", delimiter))

    assert summary(read(data, "danh-sach.csv")) == expected("cho-quang-an.csv")


def test_a_long_sample_as_text_gives_the_same() -> None:
    data = ENCODERS["windows-1258"](as_text("cho-ha-long-1.xlsx", ","))

    assert summary(read(data, "danh-sach.csv")) == expected("cho-ha-long-1.xlsx")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_hostile_names_stay_text_in_every_delimiter(delimiter: str) -> None:
    stall_list = read(as_text("doc-hai.xlsx", delimiter).encode(), "doc-hai.txt")

    assert [record.merchant_name for record in stall_list.records] == [
        "+cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "Nguyễn Thị Lan",
    ]


def test_text_loses_number_cells_and_merged_cells_and_nothing_else() -> None:
    want = expected("cho-dam-ha.xlsx")
    want["warnings"] = [w for w in want["warnings"] if w["code"] != "account_from_number"]
    want["errors"] = [*want["errors"], {"row": 66, "code": "merchant_missing"}]
    want["stalls"] -= 1

    found = summary(read(as_text("cho-dam-ha.xlsx", ";").encode(), "cho-dam-ha.csv"))

    assert found == want


def test_dates_and_unused_rows_do_not_move_row_numbers() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["C3"] = datetime(2026, 9, 30)
    sheet["B7"], sheet["C7"] = "Số sạp", "Họ tên"
    sheet["B12"] = "A1"
    buffer = io.BytesIO()
    book.save(buffer)

    stall_list = read(buffer.getvalue(), "thua.xlsx")

    assert stall_list.header_row == 7
    assert [(error.row, error.code) for error in stall_list.errors] == [(12, "merchant_missing")]
