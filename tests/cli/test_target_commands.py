"""`flask targets`: setting, listing and ending, and what is refused."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.levels import Level
from market.domain.roles import Role
from market.models.audit import AuditEntry
from market.models.target import Target
from market.services import coverage
from tests.factories import make_market, make_province, make_target, make_user
from tests.ladders import make_at

Transaction = Callable[[], AbstractContextManager[Session]]
OFFICER, BOARD = "tinh@example.vn", "ban@example.vn"
YEAR = ("--from", "2026-01-01", "--from-percent", "80", "--to", "31/12/2026", "--to-percent", "90")
DAY = ("--as-of", "2026-09-30")


def run(app: Flask, *words: str) -> Result:
    """The command, as an operator types it."""
    return app.test_cli_runner().invoke(args=["targets", *words])


@pytest.fixture
def province(app: Flask, transaction: Transaction) -> Flask:
    """A market where 2 of 3 accept; an officer of its province, its board."""
    with transaction():
        market = make_market("QN-DAMHA", "Chợ Đầm Hà")
        for level in (Level.ACCEPTS, Level.ACCEPTS, Level.NONE):
            make_at(market, level, since=date(2026, 8, 10))
        coverage.recompute_market(market.id)
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
        make_user(market=market, email=BOARD)
    return app


def targets_of(transaction: Transaction) -> list[Target]:
    with transaction() as session:
        return list(session.scalars(select(Target).order_by(Target.id)))


def test_a_target_is_set_for_whom_it_is_done(province: Flask, transaction: Transaction) -> None:
    result = run(
        province, "set", "--province", "22", *YEAR, "--decision", "KH 12/KH-UBND", "--as", OFFICER
    )

    assert result.exit_code == 0, result.output
    (target,) = targets_of(transaction)
    assert (target.province_code, target.to_day, str(target.unit), target.decision) == (
        "22",
        date(2026, 12, 31),
        "merchants",
        "KH 12/KH-UBND",
    )
    with transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.entity == "targets")).one()
    assert (entry.action, entry.channel, entry.actor_id) == ("create", "cli", target.set_by_id)


def test_a_target_takes_the_place_of_another(province: Flask, transaction: Transaction) -> None:
    first = json.loads(run(province, "set", "--market", "QN-DAMHA", *YEAR, "--json").stdout)["id"]

    result = run(
        province,
        "set",
        *("--market", "QN-DAMHA", "--from", "2026-07-01", "--from-percent", "82,5"),
        *("--to", "2026-12-31", "--to-percent", "88", "--unit", "stalls"),
        *("--instead-of", str(first)),
    )

    assert result.exit_code == 0, result.output
    old, new = targets_of(transaction)
    assert (old.ended_on, new.from_day, str(new.unit)) == (
        date(2026, 7, 1),
        date(2026, 7, 1),
        "stalls",
    )


def test_the_list_is_told_with_how_far_each_is(province: Flask, transaction: Transaction) -> None:
    with transaction():
        target_id = make_target(shares=("100", "100")).id

    (told,) = json.loads(run(province, "list", *DAY, "--json").stdout)

    assert told == {
        "id": target_id,
        "place": "province",
        "code": "22",
        "name": "Quảng Ninh",
        "unit": "merchants",
        "from_day": "2026-01-01",
        "from_percent": 100.0,
        "to_day": "2026-12-31",
        "to_percent": 100.0,
        "ended_on": None,
        "decision": None,
        "state": "in_force",
        "standing": {
            "as_of": "2026-09-30",
            "target_percent": 100.0,
            "numerator": 2,
            "denominator": 3,
            "share_percent": 66.67,
            "gap_points": 33.33,
            "reached": False,
            "behind": 1,
            "missing": 1,
            "weekly_pace": 1,
            "forecast": "2026-10-28",
        },
    }
    in_words = run(province, "list", *DAY, "--province", "22").stdout
    assert "Quảng Ninh\t100,00 % (01/01/2026) → 100,00 % (31/12/2026)\tĐang áp dụng" in in_words
    assert "còn thiếu 1 hộ" in in_words


def test_a_board_is_told_what_measures_its_markets(
    province: Flask, transaction: Transaction
) -> None:
    with transaction():
        make_target()
        make_target(market=make_market("QN-KHAC"))

    told = json.loads(run(province, "list", *DAY, "--as", BOARD, "--json").stdout)

    assert [(each["place"], each["standing"]) for each in told] == [("province", None)]


def test_a_target_is_ended(province: Flask, transaction: Transaction) -> None:
    with transaction():
        target_id = make_target().id

    result = run(province, "end", str(target_id), "--on", "2026-09-01", "--as", OFFICER)

    assert result.exit_code == 0, result.output
    assert [target.ended_on for target in targets_of(transaction)] == [date(2026, 9, 1)]
    assert run(province, "end", str(target_id)).exit_code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["set", "--province", "22", *YEAR, "--as", BOARD], "Chỉ cán bộ tỉnh"),
        (["set", "--province", "99", *YEAR], "Không tìm thấy tỉnh"),
        (["set", "--commune", "00000", *YEAR], "Không tìm thấy xã, phường"),
        (["set", "--market", "QN-KHONG", *YEAR], "Không tìm thấy chợ"),
        (["set", "--province", "22", *YEAR[:3], "120", *YEAR[4:]], "từ 0 đến 100"),
        (["set", "--province", "22", "--from", "2027-01-01", *YEAR[2:]], "đứng trước"),
        (["set", "--province", "22", *YEAR, "--instead-of", "99"], "Không tìm thấy chỉ tiêu"),
        (["end", "99"], "Không tìm thấy chỉ tiêu"),
        (["list", "--province", "99"], "Không có tỉnh mã 99"),
        (["list", "--as-of", "2099-01-01", "--province", "22"], "chưa tới"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    province: Flask, words: list[str], told: str
) -> None:
    result = run(province, *words)

    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("places", [[], ["--province", "22", "--market", "QN-DAMHA"]])
def test_a_target_is_for_one_place(province: Flask, places: list[str]) -> None:
    result = run(province, "set", *places, *YEAR)

    assert result.exit_code == 2


def test_overlapping_targets_are_refused(province: Flask, transaction: Transaction) -> None:
    words: tuple[Any, ...] = ("set", "--province", "22", *YEAR)
    run(province, *words)

    result = run(province, *words)

    assert result.exit_code == 1
    assert "đã có chỉ tiêu" in result.stderr
    assert len(targets_of(transaction)) == 1
