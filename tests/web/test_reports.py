"""Downloads from the pages on shares: what the screen shows, for whom, and the entry it leaves."""

import csv
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from io import BytesIO, StringIO

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.levels import Level
from market.domain.markets import MarketClass
from market.domain.roles import Role
from market.models.audit import AuditEntry
from market.services import coverage
from tests.browsing import SignedIn
from tests.factories import make_market, make_province, make_user
from tests.ladders import make_at

Transaction = Callable[[], AbstractContextManager[Session]]
OFFICER, BOARD, STRANGER = "tinh@example.vn", "ban@example.vn", "khac@example.vn"
VOLUNTEER = "doanvien@example.vn"
REPORT, STALLS = "/provinces/22/report", "/markets/QN-DAMHA/stalls/file"
OWN_REPORT = "/markets/QN-DAMHA/report"
ON = "as_of=2026-09-30"


@pytest.fixture
def province(app: Flask, transaction: Transaction) -> Flask:
    """Đầm Hà of class 1 with A1 who accepts and A2 who does not; Tiên Yên of class 3."""
    with transaction():
        dam_ha = make_market("QN-DAMHA", "Chợ Đầm Hà", market_class=MarketClass.CLASS_1)
        make_at(dam_ha, Level.ACCEPTS, since=date(2026, 9, 5), code="A1")
        make_at(dam_ha, Level.EQUIPPED, since=date(2026, 9, 5), code="A2")
        tien_yen = make_market("QN-TIENYEN", "Chợ Tiên Yên")
        make_at(tien_yen, Level.ACCEPTS, since=date(2026, 9, 5), code="A1")
        for market in (dam_ha, tien_yen):
            coverage.recompute_market(market.id)
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
        make_user(Role.BOARD_MANAGER, market=dam_ha, email=BOARD)
        make_user(Role.BOARD_MANAGER, market=tien_yen, email=STRANGER)
        make_user(Role.VOLUNTEER, market=dam_ha, email=VOLUNTEER)
    return app


def rows(browser: SignedIn, path: str) -> list[dict[str, str]]:
    """A download in data style."""
    answer = browser.get(f"{path}&style=data")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(StringIO(answer.get_data(as_text=True))))


def test_the_report_is_of_the_markets_on_the_screen(province: Flask) -> None:
    officer = SignedIn(province, OFFICER)

    everything = rows(officer, f"{REPORT}?{ON}")
    narrowed = rows(officer, f"{REPORT}?{ON}&class=1")

    assert [row["market_code"] for row in everything] == ["QN-DAMHA", "QN-TIENYEN"]
    assert [row["market_code"] for row in narrowed] == ["QN-DAMHA"]
    assert everything[0]["merchant_share_percent"] == "50.00"


def test_a_file_is_named_for_what_it_is_and_kept_nowhere(province: Flask) -> None:
    answer = SignedIn(province, OFFICER).get(f"{REPORT}?{ON}&format=xlsx")

    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=bao-cao-cho-22-2026-09-30.xlsx"
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert load_workbook(BytesIO(answer.data)).worksheets[0]["G2"].value == "QN-DAMHA"


def test_text_says_its_charset_once(province: Flask) -> None:
    officer = SignedIn(province, OFFICER)

    for style in ("report", "data"):
        answer = officer.get(f"{REPORT}?{ON}&style={style}")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_a_board_takes_its_own_row(province: Flask) -> None:
    board = SignedIn(province, BOARD)

    assert [row["market_code"] for row in rows(board, f"{REPORT}?{ON}")] == ["QN-DAMHA"]
    assert [row["market_code"] for row in rows(board, f"{OWN_REPORT}?{ON}")] == ["QN-DAMHA"]


def test_stalls_come_all_or_as_the_list_of_missing_shows_them(province: Flask) -> None:
    board = SignedIn(province, BOARD)

    assert [row["stall"] for row in rows(board, f"{STALLS}?{ON}")] == ["A1", "A2"]
    assert [row["stall"] for row in rows(board, f"{STALLS}?{ON}&below=accepts")] == ["A2"]
    chosen = rows(board, f"{STALLS}?{ON}&column=stall&column=level")
    assert chosen[0] == {"stall": "A1", "level": "accepts"}


def test_no_file_holds_a_full_number(province: Flask) -> None:
    text = SignedIn(province, BOARD).get(f"{STALLS}?{ON}").get_data(as_text=True)

    assert "88001" not in text


def test_a_download_is_an_entry_with_what_was_chosen(
    province: Flask, transaction: Transaction
) -> None:
    SignedIn(province, OFFICER).get(f"{REPORT}?{ON}&class=1&format=xlsx")
    SignedIn(province, BOARD).get(f"{STALLS}?{ON}&below=accepts")

    with transaction() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "export").order_by(AuditEntry.id)
        ).all()
    assert [entry.entity for entry in entries] == ["markets", "stalls"]
    told = json.loads(entries[0].content)["new"]
    assert (told["format"], told["class"], told["as_of"]) == ("xlsx", "1", "2026-09-30")
    assert json.loads(entries[1].content)["new"]["below"] == "accepts"


@pytest.mark.parametrize(
    ("email", "path", "status"),
    [
        (STRANGER, STALLS, 404),
        (STRANGER, OWN_REPORT, 404),
        (VOLUNTEER, STALLS, 403),
        (VOLUNTEER, REPORT, 403),
        (OFFICER, "/provinces/01/report", 404),
        (OFFICER, f"{REPORT}?as_of=2099-01-01", 422),
        (OFFICER, f"{REPORT}?as_of=x", 422),
        (OFFICER, f"{REPORT}?{ON}&since=2026-10-01", 422),
        (OFFICER, f"{REPORT}?{ON}&format=xlsx&style=data", 422),
        (BOARD, f"{STALLS}?{ON}&column=phone", 422),
    ],
)
def test_what_is_refused_leaves_no_entry(
    province: Flask, transaction: Transaction, email: str, path: str, status: int
) -> None:
    assert SignedIn(province, email).get(path).status_code == status

    with transaction() as session:
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).all() == []
