"""The list of frozen reports and their adjustments as files: what the pages show, for whom."""

import csv
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime
from io import BytesIO, StringIO

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.calendar import ICT
from market.domain.levels import Level
from market.domain.roles import Role
from market.models.audit import AuditEntry
from market.models.market import Market
from market.models.merchant import Tenancy
from market.services import coverage
from tests.browsing import SignedIn
from tests.factories import make_market, make_province, make_user
from tests.ladders import make_at, see

Transaction = Callable[[], AbstractContextManager[Session]]
OFFICER, BOARD, STRANGER = "tinh@example.vn", "ban@example.vn", "khac@example.vn"
LIST, CHANGES = "/reports/file", "/reports/BC-2026-0001/adjustments/file"
AUGUST = {"since": "2026-08-01", "as_of": "2026-08-31", "denominator": "A"}
NOW = datetime(2026, 9, 15, 9, tzinfo=ICT)


@pytest.fixture
def frozen(app: Flask, transaction: Transaction) -> Flask:
    """August is frozen; then A2 at Đầm Hà turns out to have accepted, Tiên Yên stays as it was."""
    app.extensions["cho_clock"] = lambda: NOW
    with transaction():
        dam_ha = make_market("QN-DAMHA", "Chợ Đầm Hà")
        make_at(dam_ha, Level.ACCEPTS, since=date(2026, 7, 5), code="A1")
        make_at(dam_ha, Level.EQUIPPED, since=date(2026, 7, 5), code="A2")
        tien_yen = make_market("QN-TIENYEN", "Chợ Tiên Yên")
        make_at(tien_yen, Level.ACCEPTS, since=date(2026, 7, 5), code="B1")
        for market in (dam_ha, tien_yen):
            coverage.recompute_market(market.id)
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
        make_user(Role.BOARD_MANAGER, market=tien_yen, email=BOARD)
        later = make_market("QN-SAU", opened_on=date(2026, 9, 10))
        make_user(Role.BOARD_MANAGER, market=later, email=STRANGER)
    assert SignedIn(app, OFFICER).post("/reports", AUGUST).status_code == 302
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        tenancy = session.scalars(select(Tenancy).where(Tenancy.stall.has(code="A2"))).one()
        see(tenancy, on=date(2026, 8, 20), accepts=True)
        coverage.recompute_market(market.id)
    return app


def rows_of(browser: SignedIn, path: str) -> list[dict[str, str]]:
    """A download in data style."""
    answer = browser.get(f"{path}{'&' if '?' in path else '?'}style=data")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(StringIO(answer.get_data(as_text=True))))


def lines_of(browser: SignedIn, path: str) -> list[list[str]]:
    """A download in report style."""
    text = browser.get(path).get_data().decode("utf-8-sig")
    return list(csv.reader(StringIO(text), delimiter=";"))


def name_of(browser: SignedIn, path: str) -> str:
    return browser.get(path).headers["Content-Disposition"].removeprefix("attachment; filename=")


def test_adjustments_are_had_as_the_page_shows_them(frozen: Flask) -> None:
    dam_ha, tien_yen = rows_of(SignedIn(frozen, OFFICER), CHANGES)

    assert dam_ha == {
        "report": "BC-2026-0001",
        "as_of": "2026-08-31",
        "market_code": "QN-DAMHA",
        "market": "Chợ Đầm Hà",
        "state": "reported",
        "merchants_counted": "2",
        "merchants_accepting": "1",
        "merchant_share_percent": "50.00",
        "merchants_counted_change": "0",
        "merchants_accepting_change": "1",
        "merchant_share_change": "50.00",
        "stalls_accepting_change": "1",
    }
    assert (tien_yen["market_code"], tien_yen["merchants_accepting_change"]) == ("QN-TIENYEN", "0")


def test_adjustments_obey_the_filter_of_the_page(frozen: Flask) -> None:
    officer = SignedIn(frozen, OFFICER)

    lines = lines_of(officer, f"{CHANGES}?only=changed")
    everything = lines_of(officer, CHANGES)

    assert [line[2] for line in lines[1:-1]] == ["QN-DAMHA"]
    assert lines[-1][0] == "Tổng cộng (bản trích)"
    assert lines[-1][5:] == ["2", "1", "50,00", "0", "1", "50,00", "1"]
    assert everything[-1][0] == "Tổng cộng"
    assert everything[-1][5:] == ["3", "2", "66,67", "0", "1", "33,33", "1"]


def test_files_of_adjustments_are_named_for_what_they_hold(frozen: Flask) -> None:
    officer, board = SignedIn(frozen, OFFICER), SignedIn(frozen, BOARD)

    stem = "BC-2026-0001-22-dieu-chinh"
    assert name_of(officer, f"{CHANGES}?format=xlsx") == f"{stem}-2026-09-15.xlsx"
    assert name_of(officer, f"{CHANGES}?only=changed") == f"{stem}-trich-2026-09-15.csv"
    assert name_of(board, CHANGES) == f"{stem}-trich-2026-09-15.csv"


def test_the_workbook_of_adjustments_says_what_they_are(frozen: Flask) -> None:
    content = SignedIn(frozen, OFFICER).get(f"{CHANGES}?only=changed&format=xlsx").get_data()
    table, info = load_workbook(BytesIO(content)).worksheets

    told = {name.value: value.value for name, value in info.iter_rows()}
    assert (table["E2"].value, table["I2"].value) == ("Có trong báo cáo", 0)
    assert told["Số báo cáo"] == "BC-2026-0001"
    assert told["Bộ lọc: Điều chỉnh"] == "Có điều chỉnh"
    assert told["Điều chỉnh"] == (
        "Số liệu ngày 31/08/2026 tính lại ngày 15/09/2026, trừ số đã báo cáo"
    )


def test_a_market_that_is_counted_on_one_side_only_says_so(
    frozen: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        for code, opened_on in (("QN-TIENYEN", date(2026, 9, 1)), ("QN-SAU", date(2026, 8, 1))):
            market = session.scalars(select(Market).where(Market.code == code)).one()
            market.opened_on = opened_on

    lines = lines_of(SignedIn(frozen, OFFICER), CHANGES)

    states = {line[2]: line[4:8] for line in lines[1:-1]}
    assert states["QN-TIENYEN"] == ["Nay không còn được tính", "1", "1", "100,00"]
    assert states["QN-SAU"] == ["Chưa có trong báo cáo", "", "", ""]


def test_a_board_has_the_adjustments_of_its_own_markets_and_no_others(frozen: Flask) -> None:
    board = SignedIn(frozen, BOARD)

    assert [row["market_code"] for row in rows_of(board, CHANGES)] == ["QN-TIENYEN"]
    assert lines_of(board, CHANGES)[-1][0] == "Tổng cộng (bản trích)"
    assert SignedIn(frozen, STRANGER).get(CHANGES).status_code == 404


def test_the_list_of_reports_is_had_as_a_file(frozen: Flask) -> None:
    officer = SignedIn(frozen, OFFICER)
    reason = {"reason": "A2 ghi bổ sung"}
    assert officer.post("/reports/BC-2026-0001/correction", reason).status_code == 302

    newest, first = rows_of(officer, LIST)

    assert newest == {
        "report": "BC-2026-0002",
        "period": "2026-08-01/2026-08-31",
        "as_of": "2026-08-31",
        "province_code": "22",
        "province": "Quảng Ninh",
        "denominator": "A",
        "markets": "2",
        "merchants_accepting": "3",
        "merchants_counted": "3",
        "merchant_share_percent": "100.00",
        "revision": "2",
        "corrected_by": "",
        "frozen_at": "2026-09-15T09:00+07:00",
    }
    assert (first["report"], first["corrected_by"]) == ("BC-2026-0001", "BC-2026-0002")
    line = lines_of(officer, LIST)[1]
    assert (line[1], line[-1]) == ("Tháng 8/2026", "15/09/2026 09:00")


def test_the_list_obeys_the_province_and_the_scope(frozen: Flask) -> None:
    officer, board = SignedIn(frozen, OFFICER), SignedIn(frozen, BOARD)

    (own,) = rows_of(board, LIST)

    assert (own["province"], own["markets"]) == ("Quảng Ninh (phần được xem)", "1")
    assert own["merchants_counted"] == "1"
    assert name_of(board, LIST) == "bao-cao-da-chot-trich-2026-09-15.csv"
    assert name_of(officer, LIST) == "bao-cao-da-chot-2026-09-15.csv"
    assert name_of(officer, f"{LIST}?province=22") == "bao-cao-da-chot-22-2026-09-15.csv"
    assert officer.get(f"{LIST}?province=24").status_code == 404
    assert rows_of(SignedIn(frozen, STRANGER), LIST) == []


def test_the_list_tells_no_rule_by_which_nothing_was_counted(frozen: Flask) -> None:
    content = SignedIn(frozen, OFFICER).get(f"{LIST}?format=xlsx").get_data()
    _table, info = load_workbook(BytesIO(content)).worksheets

    assert [row[0].value for row in info] == [
        "Tên báo cáo",
        "Ngày chốt số liệu",
        "Phạm vi",
        "Lập lúc",
        "Người lập",
        "Số dòng",
        "SHA-256 (CSV)",
    ]


def test_pages_lead_to_their_files_and_keep_the_filter(frozen: Flask) -> None:
    officer = SignedIn(frozen, OFFICER)

    listed = officer.page("/reports?province=22").html
    shown = officer.page("/reports/BC-2026-0001?only=changed").html

    assert f'href="{LIST}?province=22&amp;format=xlsx"' in listed
    assert f'href="{CHANGES}?only=changed&amp;style=data"' in shown


def test_each_of_these_files_leaves_an_entry(frozen: Flask, transaction: Transaction) -> None:
    board = SignedIn(frozen, BOARD)
    for path in (f"{LIST}?province=22", f"{CHANGES}?only=changed&format=xlsx"):
        assert board.get(path).status_code == 200
    assert board.get(f"{CHANGES}?format=xlsx&style=data").status_code == 422

    with transaction() as session:
        chosen = select(AuditEntry).where(AuditEntry.action == "export").order_by(AuditEntry.id)
        entries = session.scalars(chosen).all()
    told = [json.loads(entry.content)["new"] for entry in entries]
    assert {entry.entity for entry in entries} == {"frozen_reports"}
    assert told == [
        {
            "format": "csv",
            "style": "report",
            "is_extract": True,
            "table": "reports",
            "province": "22",
        },
        {
            "format": "xlsx",
            "style": "report",
            "is_extract": True,
            "report": "BC-2026-0001",
            "table": "changed adjustments",
        },
    ]
