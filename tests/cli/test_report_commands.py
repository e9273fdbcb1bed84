"""`flask reports`: freezing by hand and by the clock, once however often, and the files."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.cli import running
from market.domain.levels import Level
from market.domain.roles import Role
from market.models.audit import AuditEntry
from market.models.frozen_report import FrozenReport
from market.services import coverage
from tests.factories import make_commune, make_market, make_province, make_user
from tests.ladders import make_at

Transaction = Callable[[], AbstractContextManager[Session]]
OFFICER, BOARD = "tinh@example.vn", "ban@example.vn"


@pytest.fixture(autouse=True)
def early_september(monkeypatch: pytest.MonkeyPatch) -> None:
    """August ended three hours ago in Việt Nam; elsewhere it has not."""
    monkeypatch.setattr(running, "clock", lambda: datetime(2026, 8, 31, 20, tzinfo=UTC))


@pytest.fixture
def provinces(app: Flask, transaction: Transaction) -> Flask:
    """Two provinces with figures, a third whose market has none."""
    with transaction():
        for code, name, commune in (("22", "Quảng Ninh", "06895"), ("24", "Bắc Ninh", "09169")):
            place = make_commune(commune, name, make_province(code, name))
            market = make_market(f"T{code}", f"Chợ {name}", commune_code=place.code)
            make_at(market, Level.ACCEPTS, since=date(2026, 7, 20))
            coverage.recompute_market(market.id)
            if code == "22":
                make_user(market=market, email=BOARD)
        empty = make_commune("00001", "Ba Đình", make_province("01", "Hà Nội"))
        make_market("T01", commune_code=empty.code)
        make_user(Role.PROVINCE_OFFICER, province=make_province("22"), email=OFFICER)
    return app


def run(app: Flask, *words: str) -> Result:
    """The command, as an operator types it."""
    return app.test_cli_runner().invoke(args=["reports", *words])


def count(transaction: Transaction) -> int | None:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(FrozenReport))


def test_without_arguments_the_month_that_ended_is_frozen_everywhere(
    provinces: Flask, transaction: Transaction
) -> None:
    result = run(provinces, "freeze", "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["since"], told["as_of"]) == ("2026-08-01", "2026-08-31")
    assert {(each["number"], each["province"]) for each in told["frozen"]} == {
        ("BC-2026-0001", "24"),
        ("BC-2026-0002", "22"),
    }
    assert [each["province"] for each in told["skipped"]] == ["01"]
    assert told["already"] == []


def test_run_again_it_does_nothing_and_says_so(provinces: Flask, transaction: Transaction) -> None:
    run(provinces, "freeze")

    again = run(provinces, "freeze")

    assert again.exit_code == 0
    assert again.stdout.count("đã chốt từ trước, không làm gì thêm") == 2
    assert count(transaction) == 2
    assert len(json.loads(run(provinces, "freeze", "--json").stdout)["already"]) == 2


def test_a_period_may_be_named(provinces: Flask, transaction: Transaction) -> None:
    month = run(provinces, "freeze", "--province", "22", "--month", "7/2026")
    quarter = run(
        provinces, "freeze", "--province", "22", "--since", "2026-07-25", "--as-of", "5/8/2026"
    )

    assert "đã chốt Tháng 7/2026, tỉnh 22, 1 chợ" in month.stdout
    assert "Từ 25/07/2026 đến 05/08/2026" in quarter.stdout


UNFIT: list[tuple[list[str], str]] = [
    (["--province", "22", "--month", "2026-09"], "chưa tới"),
    (["--month", "2026-09"], "chưa tới"),
    (["--province", "22", "--month", "2020-01"], "ghi nhận đầu tiên"),
    (["--province", "22", "--month", "thang 8"], "không phải là tháng"),
    (["--province", "22", "--since", "31/02/2026", "--as-of", "2026-03-01"], "trong lịch"),
    (["--province", "22", "--since", "2026-08-02", "--as-of", "2026-08-01"], "sau ngày"),
    (["--province", "01"], "chưa có số liệu"),
    (["--province", "99"], "Không tìm thấy tỉnh"),
    (["--province", "22", "--as", BOARD], "phụ trách cả tỉnh"),
    (["--as", "khong@example.vn"], "khong@example.vn"),
]


def test_what_is_refused_freezes_nothing(provinces: Flask, transaction: Transaction) -> None:
    for words, told in UNFIT:
        result = run(provinces, "freeze", *words)

        assert result.exit_code == 1, words
        assert told in result.stderr, words
        assert result.stderr.count("\n") == 1, words
    assert count(transaction) == 0


@pytest.mark.parametrize(
    "words", [["--since", "2026-08-01"], ["--month", "2026-08", "--since", "1/8/2026"]]
)
def test_half_a_period_is_wrong_usage(provinces: Flask, words: list[str]) -> None:
    words = [*words, "--as-of", "2026-08-31"] if "--month" in words else words

    assert run(provinces, "freeze", *words).exit_code == 2


def test_an_officer_freezes_the_own_province(provinces: Flask, transaction: Transaction) -> None:
    result = run(provinces, "freeze", "--as", OFFICER)

    assert result.exit_code == 0, result.output
    with transaction() as session:
        (report,) = session.scalars(select(FrozenReport)).all()
        assert (report.province_code, report.frozen_by_id is not None) == ("22", True)


def test_reports_are_listed(provinces: Flask) -> None:
    run(provinces, "freeze")

    (own,) = json.loads(run(provinces, "list", "--as", BOARD, "--json").stdout)
    everything = run(provinces, "list").stdout.splitlines()

    assert (own["number"], own["markets"], own["share_percent"]) == ("BC-2026-0002", 1, 100.0)
    assert datetime.fromisoformat(own["frozen_at"]).isoformat() == own["frozen_at"]
    assert [line.split()[0] for line in everything] == ["BC-2026-0002", "BC-2026-0001"]
    assert everything[0].endswith("Tháng 8/2026  100,0 %  chốt 01/09/2026")


def test_reports_of_an_unknown_province_are_refused(provinces: Flask) -> None:
    run(provinces, "freeze")

    refused = run(provinces, "list", "--province", "99", "--json")
    without_any = run(provinces, "list", "--province", "01", "--json")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "Không có tỉnh mã 99" in refused.stderr
    assert json.loads(without_any.stdout) == []


def test_a_report_is_written_as_it_was_kept(
    provinces: Flask, transaction: Transaction, tmp_path: Path
) -> None:
    told = json.loads(run(provinces, "freeze", "--province", "22", "--json").stdout)["frozen"][0]
    data, again = tmp_path / "a.csv", tmp_path / "b.csv"
    book, copy = tmp_path / "a.xlsx", tmp_path / "b.xlsx"

    for path in (data, again):
        run(provinces, "export", told["number"], "--out", str(path), "--style", "data")
    for path in (book, copy):
        assert run(provinces, "export", told["number"], "--out", str(path)).exit_code == 0

    assert sha256(data.read_bytes()).hexdigest() == told["sha256"]
    assert (data.read_bytes(), book.read_bytes()) == (again.read_bytes(), copy.read_bytes())
    with transaction() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).all()
    assert [(entry.entity, entry.entity_id) for entry in entries] == [("frozen_reports", "1")] * 4


def test_a_report_that_is_not_there_leaves_the_old_file(provinces: Flask, tmp_path: Path) -> None:
    out = tmp_path / "cu.csv"
    out.write_text("cũ")

    result = run(provinces, "export", "BC-2026-0009", "--out", str(out))

    assert (result.exit_code, out.read_text()) == (1, "cũ")
    assert "Không tìm thấy báo cáo" in result.stderr
