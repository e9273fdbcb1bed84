"""`flask coverage`: figures as JSON and in words, refusals, and finding wrong counts."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from market.domain.levels import Level
from market.domain.rules import Rules
from market.models.coverage import CoverageDay, TenancyLevel
from market.models.market import Market
from market.services import coverage
from tests.factories import make_commune, make_market, make_province, make_target, make_user
from tests.ladders import make_at

Transaction = Callable[[], AbstractContextManager[Session]]
DAY = date(2026, 8, 10)


def run(app: Flask, *words: str) -> Result:
    """The command, as an operator types it."""
    return app.test_cli_runner().invoke(args=["coverage", *words])


@pytest.fixture
def province(app: Flask, transaction: Transaction) -> Flask:
    """Two markets: 2 of 3 accept since 10/8/2026 in one, nobody trades in the other."""
    with transaction() as session:
        market = make_market("QN-DAMHA")
        for level in (Level.ACCEPTS, Level.ACCEPTS, Level.NONE):
            make_at(market, level, since=DAY)
        make_market("QN-TRONG", programme_start=None)
        make_user(market=market, email="ban@example.vn")
        session.flush()
        coverage.recompute_market(market.id)
    return app


def test_the_json_has_exactly_the_promised_keys(province: Flask) -> None:
    result = run(province, "--as-of", "2026-09-30", "--json")

    assert result.exit_code == 0, result.output
    figures = {
        "counted": 3,
        "account": 2,
        "equipped": 2,
        "displayed": 2,
        "accepting": 2,
        "in_use": 0,
    }
    assert json.loads(result.stdout) == {
        "as_of": "2026-09-30",
        "denominator": "A",
        "markets": {"total": 2, "running": 1, "passed": 0},
        "merchants": figures,
        "stalls": figures,
        "merchant_share_percent": 66.67,
        "stall_share_percent": 66.67,
        "mean_market_share_percent": 66.67,
        "merchant_share_percent_running": 66.67,
    }


def test_markets_that_passed_are_counted(province: Flask, transaction: Transaction) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        market.cashless_fees, market.cashless_fees_since = "Phí chợ", DAY
        make_target(shares=("60", "66.66"), from_day=DAY, to_day=date(2026, 9, 30))

    def passed(*words: str) -> int:
        found = json.loads(run(province, "--province", "22", "--json", *words).stdout)
        return int(found["markets"]["passed"])

    assert passed("--as-of", "2026-09-30") == 1
    assert passed("--as-of", "2026-08-09") == 0


def test_a_past_day_has_its_own_figures(province: Flask) -> None:
    before = json.loads(run(province, "--as-of", "9/8/2026", "--json").stdout)

    assert (before["merchants"]["accepting"], before["merchant_share_percent"]) == (0, 0.0)


def test_nothing_to_count_is_null(province: Flask) -> None:
    found = json.loads(run(province, "--market", "QN-TRONG", "--json").stdout)

    assert found["merchants"]["counted"] == 0
    assert found["merchant_share_percent"] is None
    assert found["mean_market_share_percent"] is None
    assert found["merchant_share_percent_running"] is None


@pytest.mark.parametrize("words", [("--market", "QN-TRONG"), ("--commune", "06999")])
@pytest.mark.parametrize("day", ["1990-01-01", "2026-09-29"])
def test_a_past_day_with_nothing_on_record_is_refused(
    province: Flask, transaction: Transaction, words: tuple[str, ...], day: str
) -> None:
    with transaction():
        other = make_commune("06999", "Xã Khác", make_province())
        make_market("QN-KHAC", commune_code=other.code, programme_start=None)

    result = run(province, *words, "--as-of", day, "--json")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "đến ngày đó chưa ghi nhận gì" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("known", ["opened_on", "programme_start"])
def test_a_market_without_stalls_is_on_record_since_it_began(
    province: Flask, transaction: Transaction, known: str
) -> None:
    with transaction() as session:
        session.execute(update(Market).where(Market.code == "QN-TRONG").values({known: DAY}))

    found = json.loads(
        run(province, "--market", "QN-TRONG", "--as-of", "10/8/2026", "--json").stdout
    )
    before = run(province, "--market", "QN-TRONG", "--as-of", "9/8/2026", "--json")

    assert (found["markets"]["total"], found["merchant_share_percent"]) == (1, None)
    assert before.exit_code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--market", "QN-DAMHA", "--province", "01"), "QN-DAMHA không thuộc tỉnh mã 01"),
        (("--market", "QN-DAMHA", "--commune", "06999"), "không thuộc xã, phường mã 06999"),
        (("--commune", "06895", "--province", "01"), "mã 06895 không thuộc tỉnh mã 01"),
    ],
)
def test_areas_that_do_not_lie_in_one_another_are_refused(
    province: Flask, transaction: Transaction, words: tuple[str, ...], told: str
) -> None:
    with transaction():
        make_commune("06999", "Xã Khác", make_province())
        make_province("01", "Hà Nội")

    result = run(province, *words, "--json")

    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_market_is_found_in_its_commune_and_province(province: Flask) -> None:
    words = ("--market", "QN-DAMHA", "--commune", "06895", "--province", "22", "--json")

    assert json.loads(run(province, *words).stdout)["markets"]["total"] == 1


def test_without_json_it_says_so_in_words(province: Flask) -> None:
    result = run(province, "--as-of", "2026-09-30", "--province", "22")

    told = "Tính đến 30/09/2026, mẫu số A: 1/2 chợ triển khai, 0 chợ đạt chỉ tiêu"
    assert told in result.stdout
    assert "2/3 hộ chấp nhận: 66,7 %" in result.stdout


def test_a_user_sees_their_own_markets(province: Flask) -> None:
    found = json.loads(run(province, "--as", "ban@example.vn", "--json").stdout)

    assert found["markets"]["total"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--as-of", "2099-01-01"], "chưa tới"),
        (["--as-of", "2020-01-01"], "ghi nhận đầu tiên"),
        (["--as-of", "hôm qua"], "không phải là ngày"),
        (["--province", "99"], "Không có tỉnh mã 99"),
        (["--commune", "00000"], "Không có xã, phường mã 00000"),
        (["--market", "QN-KHONG"], "QN-KHONG"),
        (["--as", "khong@example.vn"], "khong@example.vn"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_line(
    province: Flask, words: list[str], told: str
) -> None:
    result = run(province, *words, "--json")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unknown_denominator_is_wrong_usage(province: Flask) -> None:
    assert run(province, "--denominator", "D").exit_code == 2


def test_a_commune_has_its_markets(province: Flask, transaction: Transaction) -> None:
    with transaction():
        make_commune("06999", "Xã Khác", make_province())

    assert json.loads(run(province, "--commune", "06895", "--json").stdout)["markets"]["total"] == 2
    assert json.loads(run(province, "--commune", "06999", "--json").stdout)["markets"]["total"] == 0


def test_verifying_names_the_first_wrong_day(province: Flask, transaction: Transaction) -> None:
    right = run(province, "verify")
    with transaction() as session:
        session.execute(
            update(CoverageDay)
            .where(CoverageDay.day == DAY)
            .values(a_merchants_accepting=CoverageDay.a_merchants_accepting - 1)
        )

    wrong = run(province, "verify")

    assert right.exit_code == 0
    assert wrong.exit_code == 1
    assert wrong.stderr == "QN-DAMHA: 10/08/2026\n"


def test_verifying_finds_a_level_that_no_fact_gives(
    province: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        session.execute(
            update(TenancyLevel).where(TenancyLevel.day == DAY).values(level=Level.EQUIPPED)
        )

    result = run(province, "verify")

    assert result.exit_code == 1
    assert result.stderr.splitlines() == ["QN-DAMHA: 10/08/2026"]


def test_counting_again_puts_it_right(province: Flask, transaction: Transaction) -> None:
    with transaction() as session:
        session.execute(update(CoverageDay).values(a_merchants_accepting=0))

    recounted = run(province, "recount")

    assert recounted.exit_code == 0
    assert "Đã đếm lại 2 chợ" in recounted.stdout
    assert run(province, "verify").exit_code == 0


def test_another_number_of_days_counts_all_markets_again_once(
    province: Flask, transaction: Transaction
) -> None:
    words = ("--as-of", "2026-09-30", "--json")
    assert "Đã đếm lại 2 chợ" in run(province, "recount", "--if-changed").stdout
    province.extensions["cho_rules"] = Rules(stale_days=30)

    recounted = run(province, "recount", "--if-changed")
    again = run(province, "recount", "--if-changed")

    assert "Đã đếm lại 2 chợ" in recounted.stdout
    assert (again.exit_code, again.stdout) == (0, "")
    assert json.loads(run(province, *words).stdout)["merchants"]["accepting"] == 0
