"""`flask import-stalls`: the samples give exactly what they must, refusals write nothing."""

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.domain.markets import MarketClass
from market.domain.roles import Role
from market.models.account import PaymentAccount
from market.models.audit import AuditEntry
from market.models.import_batch import ImportBatch
from market.models.market import Market
from market.models.merchant import Merchant
from market.models.stall import Stall
from tests.factories import make_market, make_section, make_user
from tests.importing import DUNG, LAN, changed, csv_of

Transaction = Callable[[], AbstractContextManager[Session]]
SAMPLES = Path(__file__).parents[1] / "data" / "workbooks"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
COUNTS = ("stalls", "merchants", "vacant", "accounts")


@pytest.fixture
def market(transaction: Transaction) -> str:
    """The code of an empty market."""
    with transaction():
        make_market("QN-DAMHA", market_class=MarketClass.UNCLASSIFIED)
    return "QN-DAMHA"


def run(app: Flask, file: Path, *options: str) -> Result:
    """The command on the market of Đầm Hà."""
    arguments = ["import-stalls", str(file), "--market", "QN-DAMHA", *options]
    return app.test_cli_runner().invoke(args=arguments)


def told(app: Flask, file: Path, *options: str) -> dict[str, Any]:
    """The JSON it prints."""
    found: dict[str, Any] = json.loads(run(app, file, "--json", *options).stdout)
    return found


def places(problems: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Row, code and column of problems."""
    return sorted(
        (problem["row"], problem["code"], problem.get("column") or "") for problem in problems
    )


def totals(transaction: Transaction) -> tuple[int, int, int]:
    """How many stalls, merchants and accounts there are."""
    with transaction() as session:
        counts = [
            session.scalar(select(func.count()).select_from(entity)) or 0
            for entity in (Stall, Merchant, PaymentAccount)
        ]
    return counts[0], counts[1], counts[2]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_sample_gives_exactly_what_it_must(app: Flask, market: str, name: str) -> None:
    expected = EXPECTED[name]

    found = told(app, SAMPLES / name)

    assert {key: found[key] for key in COUNTS} == {key: expected[key] for key in COUNTS}
    assert places(found["errors"]) == places(expected["errors"])
    assert places(found["warnings"]) == places(expected["warnings"])


def test_the_json_has_the_documented_keys(app: Flask, market: str) -> None:
    found = told(app, SAMPLES / "cho-dam-ha.xlsx")

    assert list(found) == [
        "market",
        "applied",
        "stalls",
        "merchants",
        "vacant",
        "accounts",
        "new",
        "same",
        "changed",
        "errors",
        "warnings",
    ]
    assert set(found["errors"][0]) >= {"row", "code", "message"}


def test_a_preview_writes_nothing(app: Flask, transaction: Transaction, market: str) -> None:
    found = told(app, SAMPLES / "cho-quang-an.csv")

    assert (found["applied"], found["new"]) == (False, 40)
    assert totals(transaction) == (0, 0, 0)
    with transaction() as session:
        assert session.scalars(select(ImportBatch)).all() == []


def test_a_list_without_errors_is_applied_and_is_the_same_again(
    app: Flask, transaction: Transaction, market: str
) -> None:
    first = told(app, SAMPLES / "cho-quang-an.csv", "--apply")
    again = told(app, SAMPLES / "cho-quang-an.csv", "--apply")

    assert (first["applied"], first["new"], first["same"]) == (True, 40, 0)
    assert (again["applied"], again["new"], again["same"], again["changed"]) == (True, 0, 40, 0)
    assert totals(transaction) == (40, 40, 40)


def test_errors_refuse_the_whole_list_and_are_told_all_the_same(
    app: Flask, transaction: Transaction, market: str
) -> None:
    result = run(app, SAMPLES / "cho-dam-ha.xlsx", "--apply", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["applied"] is False
    assert len(json.loads(result.stdout)["errors"]) == 7
    assert len(result.stderr.strip().splitlines()) == 1
    assert totals(transaction) == (0, 0, 0)


def test_bad_rows_can_be_skipped(app: Flask, transaction: Transaction, market: str) -> None:
    result = run(app, SAMPLES / "cho-dam-ha.xlsx", "--apply", "--skip-bad-rows", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["applied"] is True
    assert totals(transaction) == (50, 47, 46)


def test_changed_rows_are_counted(
    app: Flask, transaction: Transaction, market: str, tmp_path: Path
) -> None:
    file = tmp_path / "danh-sach.csv"
    file.write_bytes(csv_of(LAN, DUNG))
    run(app, file, "--apply")
    file.write_bytes(csv_of(LAN, changed(DUNG, line="Vải"), changed(LAN, stall="C9")))

    found = told(app, file, "--apply")

    assert (found["new"], found["same"], found["changed"]) == (1, 1, 1)


def test_without_json_it_speaks_in_words(app: Flask, market: str) -> None:
    result = run(app, SAMPLES / "cho-dam-ha.xlsx")

    assert result.exit_code == 0
    assert "50 điểm, 47 hộ" in result.stdout
    assert "Dòng 31:" in result.stdout


def test_without_a_user_the_system_is_the_maker(
    app: Flask, transaction: Transaction, market: str
) -> None:
    run(app, SAMPLES / "doc-hai.xlsx", "--apply")

    with transaction() as session:
        assert set(session.scalars(select(AuditEntry.actor))) == {"system"}


def test_it_acts_for_the_user_that_is_named(
    app: Flask, transaction: Transaction, market: str
) -> None:
    with transaction() as session:
        here = session.scalars(select(Market).where(Market.code == market)).one()
        make_user(market=here, email="ban@example.vn")

    assert run(app, SAMPLES / "doc-hai.xlsx", "--apply", "--as", "ban@example.vn").exit_code == 0

    with transaction() as session:
        entered = set(session.scalars(select(PaymentAccount.entered_by_id)))
        assert entered == {session.scalars(select(ImportBatch.uploaded_by_id)).one()}
        assert None not in entered


@pytest.mark.parametrize("who", ["stranger", "volunteer", "section"])
def test_whoever_may_not_import_there_writes_nothing(
    app: Flask, transaction: Transaction, market: str, who: str
) -> None:
    with transaction() as session:
        here = session.scalars(select(Market).where(Market.code == market)).one()
        if who == "stranger":
            make_user(market=make_market("QN-KHAC"), email="ai@example.vn")
        elif who == "volunteer":
            make_user(Role.VOLUNTEER, market=here, email="ai@example.vn")
        else:
            make_user(section=make_section(here), email="ai@example.vn")

    result = run(app, SAMPLES / "doc-hai.xlsx", "--apply", "--as", "ai@example.vn")

    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert totals(transaction) == (0, 0, 0)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"PK\x03\x04 hong", b"A;B;C\n1;2;3"])
def test_a_file_that_is_no_list_is_refused_in_one_line(
    app: Flask, transaction: Transaction, market: str, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "danh-sach.csv"
    file.write_bytes(content)

    result = run(app, file, "--apply", "--json")

    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.strip().splitlines()) == 1
    assert totals(transaction) == (0, 0, 0)


def test_an_unknown_market_is_refused_in_one_line(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "cho.csv"
    shutil.copyfile(SAMPLES / "cho-quang-an.csv", file)

    result = run(app, file)

    assert result.exit_code == 1
    assert result.stderr.strip() == "Không tìm thấy chợ này."


def test_a_missing_file_is_wrong_usage(app: Flask, market: str, tmp_path: Path) -> None:
    assert run(app, tmp_path / "khong-co.xlsx").exit_code == 2
