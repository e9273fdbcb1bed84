"""`flask export`: files that are complete or not there, and the entries they leave."""

import csv
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.documents.report_columns import MARKET_COLUMNS
from market.domain.levels import Level
from market.models.audit import AuditEntry
from market.services import coverage
from tests.factories import make_market, make_user
from tests.ladders import make_at

Transaction = Callable[[], AbstractContextManager[Session]]
DAY = date(2026, 8, 10)


@pytest.fixture
def province(app: Flask, transaction: Transaction) -> Flask:
    """Two markets with a trader each who accepts since 10/8/2026."""
    with transaction():
        for code in ("QN-DAMHA", "QN-TIENYEN"):
            market = make_market(code, f"Chợ {code}")
            make_at(market, Level.ACCEPTS, since=DAY, code="A1")
            coverage.recompute_market(market.id)
            make_user(market=market, email=f"{code.lower()}@example.vn")
    return app


def run(app: Flask, *words: str) -> Result:
    """The command, as an operator types it."""
    return app.test_cli_runner().invoke(args=["export", *words])


def entries(transaction: Transaction) -> list[AuditEntry]:
    with transaction() as session:
        exports = select(AuditEntry).where(AuditEntry.action == "export")
        return list(session.scalars(exports.order_by(AuditEntry.id)))


def test_the_report_of_a_month_is_written(province: Flask, tmp_path: Path) -> None:
    out = tmp_path / "bao-cao.csv"

    result = run(province, "markets", "--out", str(out), "--as-of", "2026-08-31")

    assert result.exit_code == 0, result.output
    rows = list(csv.reader(StringIO(out.read_text("utf-8-sig")), delimiter=";"))
    assert rows[0] == [column.heading_vi for column in MARKET_COLUMNS]
    assert [row[6] for row in rows[1:3]] == ["QN-DAMHA", "QN-TIENYEN"]
    assert rows[1][0] == "Tháng 8/2026"
    assert rows[3][0] == "Tổng cộng"
    assert "2 dòng" in result.stdout


def test_since_moves_the_day_that_is_compared_with(province: Flask, tmp_path: Path) -> None:
    out = tmp_path / "bao-cao.csv"
    asked = ["markets", "--out", str(out), "--style", "data", "--as-of", "2026-08-31"]

    run(province, *asked)
    (usual, _) = csv.DictReader(StringIO(out.read_text()))
    run(province, *asked, "--since", "2026-08-15")
    (later, _) = csv.DictReader(StringIO(out.read_text()))

    assert (usual["period"], usual["merchant_share_change"]) == ("2026-08-01/2026-08-31", "100.00")
    assert (later["period"], later["merchant_share_change"]) == ("2026-08-15/2026-08-31", "0.00")


def test_the_name_of_the_file_says_that_it_is_a_workbook(province: Flask, tmp_path: Path) -> None:
    out = tmp_path / "bao-cao.xlsx"

    assert run(province, "markets", "--out", str(out)).exit_code == 0

    assert load_workbook(out).worksheets[0].max_row == 4


def test_stalls_are_written_with_the_chosen_columns(province: Flask, tmp_path: Path) -> None:
    out = tmp_path / "diem.csv"
    chosen = ["--columns", "stall, level", "--style", "data", "--market", "QN-DAMHA"]

    result = run(province, "stalls", "--out", str(out), "--as-of", "2026-09-30", *chosen)

    assert result.exit_code == 0, result.output
    assert out.read_text() == "stall,level\nA1,accepts\n"


def test_stalls_of_a_period_are_those_of_its_last_day(province: Flask, tmp_path: Path) -> None:
    out = tmp_path / "diem.csv"
    asked = ["stalls", "--out", str(out), "--as-of", "2026-08-31"]

    run(province, *asked)
    plain = out.read_bytes()
    result = run(province, *asked, "--since", "2026-08-15")

    assert result.exit_code == 0, result.output
    assert out.read_bytes() == plain


def test_an_export_is_an_entry_of_who_took_it(
    province: Flask, transaction: Transaction, tmp_path: Path
) -> None:
    run(province, "markets", "--out", str(tmp_path / "a.csv"), "--as", "qn-damha@example.vn")
    run(province, "stalls", "--out", str(tmp_path / "b.csv"))

    mine, everything = entries(transaction)
    assert (mine.actor_id is not None, mine.entity) == (True, "markets")
    assert (everything.actor, everything.entity) == ("system", "stalls")
    assert (tmp_path / "a.csv").read_text("utf-8-sig").count("QN-") == 2
    assert "QN-TIENYEN" not in (tmp_path / "a.csv").read_text("utf-8-sig")


def test_a_workbook_of_some_of_the_markets_says_so(province: Flask, tmp_path: Path) -> None:
    out, place = tmp_path / "bao-cao.xlsx", ["--province", "22"]
    scopes, totals = [], []

    for words in ([*place, "--as", "qn-damha@example.vn"], place, ["--market", "QN-DAMHA"]):
        run(province, "markets", "--out", str(out), *words)
        table, told = load_workbook(out).worksheets
        scopes += [row[1].value.split(":")[0] for row in told if row[0].value == "Phạm vi"]
        totals.append(table.cell(table.max_row, 1).value)

    assert scopes == [
        "Quảng Ninh (phần được xem)",
        "Quảng Ninh (toàn bộ)",
        "Chợ QN-DAMHA (toàn bộ)",
    ]
    assert totals == ["Tổng cộng (bản trích)", "Tổng cộng", "Tổng cộng"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["markets", "--as-of", "2099-01-01"], "chưa tới"),
        (["markets", "--as-of", "2020-01-01"], "ghi nhận đầu tiên"),
        (["markets", "--as-of", "31/02/2026"], "không có trong lịch"),
        (["markets", "--since", "2026-10-01", "--as-of", "2026-09-30"], "sau ngày chốt"),
        (["markets", "--since", ""], "Thiếu ngày"),
        (["markets", "--province", "99"], "Không có tỉnh"),
        (["markets", "--format", "xlsx", "--style", "data"], "kiểu báo cáo"),
        (["stalls", "--columns", "phone"], "Không có cột phone"),
        (["stalls", "--since", "2026-10-01", "--as-of", "2026-09-30"], "sau ngày chốt"),
        (["stalls", "--market", "QN-KHONG"], "QN-KHONG"),
    ],
)
def test_what_is_refused_leaves_the_old_file_and_no_entry(
    province: Flask, transaction: Transaction, tmp_path: Path, words: list[str], told: str
) -> None:
    out = tmp_path / "cu.csv"
    out.write_text("cũ")

    result = run(province, *words, "--out", str(out))

    assert result.exit_code == 1
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert out.read_text() == "cũ"
    assert [path.name for path in tmp_path.iterdir()] == ["cu.csv"]
    assert entries(transaction) == []


def test_a_folder_that_is_not_there_is_said_so(province: Flask, tmp_path: Path) -> None:
    result = run(province, "markets", "--out", str(tmp_path / "khong" / "a.csv"))

    assert result.exit_code == 1
    assert "Không ghi được tệp" in result.stderr


def test_without_a_file_it_is_wrong_usage(province: Flask) -> None:
    assert run(province, "markets").exit_code == 2
