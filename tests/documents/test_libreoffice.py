"""Reports opened by LibreOffice Calc under Vietnamese settings: what an office really sees."""

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from odf import teletype
from odf.opendocument import load
from odf.table import Table, TableCell, TableRow

from market.documents.report_columns import MARKET_COLUMNS
from market.documents.spreadsheets import Colophon, write_xlsx
from market.documents.tables import Cell, Kind, Row, write_csv
from market.domain.labels import worded
from tests.hostile_cells import HOSTILE

# Separator ;, quotes ", UTF-8, from the first row, Vietnamese (LCID 1066), dates recognised.
VIETNAMESE_CSV = "CSV:59,34,76,1,,1066,false,true"
NAMES = [column.name for column in MARKET_COLUMNS]
NAME = "Chợ Đầm Hà – Quảng Ninh, xã Đường Hoa"


class Seen(NamedTuple):
    """A cell as Calc took it: the kind of its value, the value, the text on the screen."""

    kind: str | None
    value: str | None
    text: str


class Opened(NamedTuple):
    """The rows of a table, and how many of its cells are formulas."""

    rows: list[list[Seen]]
    formulas: int

    def cell(self, row: int, name: str) -> Seen:
        return self.rows[row][NAMES.index(name)]


def a_row(market: str) -> Row:
    """A row of the provincial report."""
    filled: dict[Kind, Cell] = {
        Kind.TEXT: market,
        Kind.CODE: "06895",
        Kind.INTEGER: 1486,
        Kind.PERCENT: Decimal("-1.25"),
        Kind.DATE: date(2026, 9, 3),
    }
    period = worded("2026-09", "Tháng 9/2026")
    return [period, *(filled[column.kind] for column in MARKET_COLUMNS[1:])]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Opened]:
    """The report in report style, as CSV and as a workbook; one start of LibreOffice."""
    folder = tmp_path_factory.mktemp("libreoffice")
    rows = [a_row(market) for market in (NAME, *HOSTILE)]
    total = [None, *a_row("")[1:]]
    with (folder / "csv.csv").open("wb") as file:
        write_csv(file, MARKET_COLUMNS, rows, total_row=total)
    with (folder / "xlsx.xlsx").open("wb") as file:
        colophon = Colophon(datetime(2026, 9, 30, tzinfo=UTC))
        write_xlsx(file, MARKET_COLUMNS, rows, colophon=colophon, total_row=total)
    convert(folder, "csv.csv", "xlsx.xlsx")
    return {kind: read(folder / f"{kind}.ods") for kind in ("csv", "xlsx")}


def convert(folder: Path, *names: str) -> None:
    """Open the files with a profile of their own and save them as ODS."""
    done = subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            f"--infilter={VIETNAMESE_CSV}",
            "--convert-to",
            "ods",
            "--outdir",
            str(folder),
            *(str(folder / name) for name in names),
        ],
        env={**os.environ, "HOME": str(folder), "SAL_USE_VCLPLUGIN": "svp"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def read(path: Path) -> Opened:
    """The first table of a document."""
    table = load(str(path)).spreadsheet.getElementsByType(Table)[0]
    cells = table.getElementsByType(TableCell)
    rows = [list(cells_of(row)) for row in table.getElementsByType(TableRow)]
    return Opened(rows, sum(cell.getAttribute("formula") is not None for cell in cells))


def cells_of(row: TableRow) -> Iterator[Seen]:
    """The cells of a row; one that stands for several is given as often, within the table."""
    for cell in row.getElementsByType(TableCell):
        value = cell.getAttribute("value") or cell.getAttribute("datevalue")
        seen = Seen(cell.getAttribute("valuetype"), value, teletype.extractText(cell))
        for _ in range(min(int(cell.getAttribute("numbercolumnsrepeated") or 1), len(NAMES))):
            yield seen


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_cell_is_in_its_column(opened: dict[str, Opened], kind: str) -> None:
    heading, row = opened[kind].rows[:2]

    assert [cell.text for cell in heading[: len(NAMES)]] == [
        each.heading_vi for each in MARKET_COLUMNS
    ]
    assert opened[kind].cell(1, "market").text == NAME
    assert row[0].text == "Tháng 9/2026"
    assert len([cell for cell in row if cell.kind]) == len(NAMES)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_numbers_are_numbers_and_days_are_days(opened: dict[str, Opened], kind: str) -> None:
    for row in (1, len(HOSTILE) + 2):
        assert opened[kind].cell(row, "stalls_total")[:2] == ("float", "1486")
        assert opened[kind].cell(row, "merchant_share_change")[:2] == ("float", "-1.25")
        assert opened[kind].cell(row, "as_of")[:2] == ("date", "2026-09-03")
    assert opened[kind].rows[len(HOSTILE) + 2][0].text == "Tổng cộng"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_nothing_becomes_a_formula(opened: dict[str, Opened], kind: str) -> None:
    found = opened[kind]

    assert found.formulas == 0
    assert len(HOSTILE) == 21
    for row, text in enumerate(HOSTILE, start=2):
        cell = found.cell(row, "market")
        assert cell.kind == "string"
        # Calc breaks lines into paragraphs, which have no line ends of their own.
        assert without_line_ends(cell.text).removeprefix("'") == without_line_ends(text)
        assert found.cell(row, "stalls_total").value == "1486"


def test_codes_keep_their_zeros_in_a_workbook(opened: dict[str, Opened]) -> None:
    assert opened["xlsx"].cell(1, "commune_code") == ("string", None, "06895")


def without_line_ends(text: str) -> str:
    """The text in one line."""
    return text.replace("\r", "").replace("\n", "")
