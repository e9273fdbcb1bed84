"""`flask markets` and `flask areas`: what they write, print and refuse."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.roles import Role
from market.models.area import Commune
from market.models.audit import AuditEntry
from market.models.market import Market, MarketOperator, Operator
from tests.factories import make_commune, make_market, make_operator, make_province, make_user

Transaction = Callable[[], AbstractContextManager[Session]]
CREATE = ("markets", "create", "QN-DAMHA", "--name", "Chợ Đầm Hà", "--commune", "06895")


def run(app: Flask, *words: str) -> Result:
    """The command, as an operator types it."""
    return app.test_cli_runner().invoke(args=words)


def test_a_market_is_entered_with_its_board(app: Flask, transaction: Transaction) -> None:
    with transaction():
        make_commune()

    result = run(app, *CREATE, "--operator", "Ban quản lý chợ Đầm Hà")

    with transaction() as session:
        market = session.scalars(select(Market)).one()
        runs_it = session.scalars(select(MarketOperator)).one()
        operator = session.get_one(Operator, runs_it.operator_id)
    assert result.exit_code == 0, result.output
    assert (market.code, market.commune_code) == ("QN-DAMHA", "06895")
    assert (operator.name, operator.province_code) == ("Ban quản lý chợ Đầm Hà", "22")


def test_an_operator_that_is_there_is_taken(app: Flask, transaction: Transaction) -> None:
    with transaction():
        make_commune()
        make_operator("Ban Mẫu")

    run(app, *CREATE, "--operator", "ban mau")

    with transaction() as session:
        assert len(session.scalars(select(Operator)).all()) == 1


def test_class_trade_and_first_days_are_taken(app: Flask, transaction: Transaction) -> None:
    with transaction():
        make_commune()

    days = ("--opened-on", "15/1/2025", "--programme-start", "2026-03-01")
    run(app, *CREATE, "--class", "2", "--trade", "wholesale", *days)

    with transaction() as session:
        market = session.scalars(select(Market)).one()
    assert (market.market_class, market.trade) == ("2", "wholesale")
    assert (str(market.opened_on), str(market.programme_start)) == ("2025-01-15", "2026-03-01")


def test_what_a_command_did_is_in_the_audit_log(app: Flask, transaction: Transaction) -> None:
    with transaction():
        make_commune()

    run(app, *CREATE)

    with transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.entity == "markets")).one()
    assert (entry.actor, entry.channel, entry.action) == ("system", "cli", "create")


def test_an_unknown_commune_is_refused_in_one_line(app: Flask) -> None:
    result = run(app, *CREATE)

    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "06895" in result.stderr


def test_a_code_that_is_taken_is_refused_and_nothing_is_written(
    app: Flask, transaction: Transaction
) -> None:
    with transaction():
        make_market("QN-DAMHA")

    result = run(app, *CREATE, "--operator", "Ban Mới")

    with transaction() as session:
        assert session.scalars(select(Operator)).all() == []
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["QN DAMHA", "--name", "Chợ Đầm Hà"], ["Mã chợ gồm"]),
        (["QN DAMHA", "--name", ""], ["Mã chợ gồm", "Hãy nhập tên chợ"]),
        (["QN-DAMHA", "--name", "Chợ", "--opened-on", "2099-01-01"], ["01/01/2099 chưa tới"]),
        (["QN-DAMHA", "--name", "Chợ", "--opened-on", "hôm qua"], ["“hôm qua” không phải là ngày"]),
        (["QN-DAMHA", "--name", "Chợ", "--programme-start", "31/2/2026"], ["không có trong lịch"]),
    ],
)
def test_what_is_wrong_with_a_market_is_said_in_one_line(
    app: Flask, transaction: Transaction, words: list[str], told: list[str]
) -> None:
    with transaction():
        make_commune()

    result = run(app, "markets", "create", *words, "--commune", "06895")

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert all(each in result.stderr for each in told), result.stderr
    assert "đánh dấu" not in result.stderr


def test_a_missing_name_is_wrong_usage(app: Flask) -> None:
    assert run(app, "markets", "create", "QN-DAMHA", "--commune", "06895").exit_code == 2


def test_an_officer_enters_only_in_the_own_province(app: Flask, transaction: Transaction) -> None:
    with transaction():
        make_commune()
        elsewhere = make_province("01", "Hà Nội")
        make_user(Role.PROVINCE_OFFICER, province=elsewhere, email="hn@example.vn")

    result = run(app, *CREATE, "--as", "hn@example.vn")

    assert result.exit_code == 1


def test_the_list_is_json_alone_on_standard_output(app: Flask, transaction: Transaction) -> None:
    with transaction():
        make_market("QN-DAMHA", "Chợ Đầm Hà", operator=make_operator("Ban Mẫu"))

    listed = json.loads(run(app, "markets", "list", "--json").stdout)

    assert listed == [
        {
            "code": "QN-DAMHA",
            "name": "Chợ Đầm Hà",
            "province_code": "22",
            "province": "Quảng Ninh",
            "commune_code": "06895",
            "commune": "Đầm Hà",
            "class": "3",
            "trade": "retail",
            "operator": "Ban Mẫu",
            "programme_start": "2025-01-01",
            "state": "open",
            "closed_on": None,
            "points": 0,
        }
    ]


def test_the_list_is_one_line_a_market(app: Flask, transaction: Transaction) -> None:
    with transaction():
        make_market("QN-1", "Chợ Một")
        make_market("QN-2", "Chợ Hai")

    lines = run(app, "markets", "list").stdout.splitlines()

    assert [line.split("\t")[0] for line in lines] == ["QN-2", "QN-1"]


def test_areas_are_loaded_and_counted(app: Flask, transaction: Transaction) -> None:
    result = run(app, "areas", "load")

    with transaction() as session:
        commune = session.get_one(Commune, "06895")
    assert result.exit_code == 0
    assert result.stdout.startswith("34 tỉnh, thành phố; 3321 xã, phường, đặc khu")
    assert commune.name == "Xã Đầm Hà"
