"""Pages of frozen reports: freezing, what was adjusted since, files, and who sees how much."""

import csv
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from hashlib import sha256
from io import StringIO

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.domain.levels import Level
from market.domain.roles import Role
from market.domain.visits import VisitResult
from market.models.audit import AuditEntry
from market.models.frozen_report import FrozenReport
from market.models.market import Market
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.services import coverage
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import NOW, make_commune, make_market, make_province, make_user
from tests.ladders import make_at, merchant_of, see

Transaction = Callable[[], AbstractContextManager[Session]]
OFFICER, BOARD, STRANGER = "tinh@example.vn", "ban@example.vn", "khac@example.vn"
VOLUNTEER, ELSEWHERE = "doanvien@example.vn", "tinhkhac@example.vn"
COUNTRY = "canuoc@example.vn"
AUGUST = {"since": "2026-08-01", "as_of": "2026-08-31"}
REPORT = "/reports/BC-2026-0001"


@pytest.fixture
def province(app: Flask, transaction: Transaction) -> Flask:
    """Đầm Hà with two traders of whom one accepts, Tiên Yên with one who accepts."""
    app.extensions["cho_clock"] = lambda: NOW
    with transaction():
        dam_ha, tien_yen = (
            make_market(code, name)
            for code, name in (("QN-DAMHA", "Chợ Đầm Hà"), ("QN-TIENYEN", "Chợ Tiên Yên"))
        )
        make_at(dam_ha, Level.ACCEPTS, since=date(2026, 7, 5), code="A1")
        make_at(dam_ha, Level.EQUIPPED, since=date(2026, 7, 5), code="A2")
        make_at(tien_yen, Level.ACCEPTS, since=date(2026, 7, 5), code="B1")
        for market in (dam_ha, tien_yen):
            coverage.recompute_market(market.id)
        bac_ninh = make_province("24", "Bắc Ninh")
        make_market("BN-QUEVO", commune_code=make_commune("09169", "Quế Võ", bac_ninh).code)
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
        make_user(Role.PROVINCE_OFFICER, province=bac_ninh, email=ELSEWHERE)
        make_user(Role.PROVINCE_OFFICER, email=COUNTRY)
        make_user(Role.BOARD_MANAGER, market=dam_ha, email=BOARD)
        later = make_market("QN-SAU", opened_on=date(2026, 9, 10))
        make_user(Role.BOARD_MANAGER, market=later, email=STRANGER)
        make_user(Role.VOLUNTEER, market=dam_ha, email=VOLUNTEER)
    return app


@pytest.fixture
def frozen(province: Flask) -> Flask:
    """The report of August is frozen."""
    assert freeze(SignedIn(province, OFFICER)) == REPORT
    return province


def freeze(browser: SignedIn, **fields: str) -> str:
    """Where freezing leads."""
    answer = browser.post("/reports", {"denominator": "A", **AUGUST, **fields})
    assert answer.status_code == 302, answer.text
    return answer.location


def accept_late(transaction: Transaction) -> None:
    """Note today that A2 accepted in August."""
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        see(tenancy_at(session, "A2"), on=date(2026, 8, 20), accepts=True)
        coverage.recompute_market(market.id)


def tenancy_at(session: Session, code: str) -> Tenancy:
    """Who trades at the stall."""
    return session.scalars(select(Tenancy).where(Tenancy.stall.has(code=code))).one()


def entries(transaction: Transaction, action: str) -> list[AuditEntry]:
    with transaction() as session:
        found = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
        return list(session.scalars(found))


def count(transaction: Transaction) -> int | None:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(FrozenReport))


def test_the_form_offers_the_periods_that_are_over(province: Flask) -> None:
    text = SignedIn(province, OFFICER).get("/reports/new").text

    for label in ("Tháng 8/2026", "Quý II/2026", "6 tháng đầu năm 2026", "Năm 2025"):
        assert label in text
    assert 'value="2026-08-01"' in text
    quarter = SignedIn(province, OFFICER).get("/reports/new?since=2026-04-01&as_of=2026-06-30")
    assert 'value="2026-04-01"' in quarter.text


def test_with_nothing_frozen_one_button_leads_to_the_first(province: Flask) -> None:
    page = SignedIn(province, OFFICER).page("/reports")

    assert [each.text for each in page.all("a", class_="button")] == ["Chốt báo cáo"]


def test_a_frozen_report_is_shown_with_all_that_belongs_to_it(frozen: Flask) -> None:
    text = SignedIn(frozen, OFFICER).get(REPORT).text

    data = SignedIn(frozen, OFFICER).get(f"{REPORT}/file?style=data").data
    for told in (
        "Tháng 8/2026",
        "2/3 hộ",
        "66,7 %",
        "Chợ Đầm Hà",
        "Chợ Tiên Yên",
        "A – Điểm cố định đang kinh doanh",
        "30/09/2026 10:00",
        "Người dùng mẫu",
        "Tính lại hôm nay vẫn như đã báo cáo.",
        sha256(data).hexdigest(),
    ):
        assert told in re.sub(r"</?strong>", "", text), told


def test_freezing_twice_leads_to_the_same_report(frozen: Flask, transaction: Transaction) -> None:
    officer = SignedIn(frozen, OFFICER)

    assert freeze(officer) == REPORT
    assert "đã được chốt từ trước" in officer.get(REPORT).text
    assert count(transaction) == 1


def test_what_is_noted_afterwards_is_shown_where_it_belongs(
    frozen: Flask, transaction: Transaction
) -> None:
    accept_late(transaction)
    officer = SignedIn(frozen, OFFICER)

    assert "Điều chỉnh sau báo cáo: +1 hộ chấp nhận" in officer.get(REPORT).text
    changed = officer.get(f"{REPORT}?only=changed").text
    assert "QN-DAMHA/coverage" in changed
    assert "QN-TIENYEN/coverage" not in changed


def test_stalls_are_told_where_no_household_differs(
    frozen: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        merchant = merchant_of(session, tenancy_at(session, "A1"))
        make_at(market, Level.ACCEPTS, since=date(2026, 7, 5), code="A3", merchant=merchant)
        coverage.recompute_market(market.id)

    text = SignedIn(frozen, OFFICER).get(REPORT).text

    assert "0 hộ chấp nhận, 0 hộ được tính, 0,00 điểm %, +1 điểm kinh doanh chấp nhận" in text


def test_markets_that_differ_are_told_where_their_sum_does_not(
    frozen: Flask, transaction: Transaction
) -> None:
    accept_late(transaction)
    with transaction() as session:
        tenancy = tenancy_at(session, "B1")
        see(tenancy, on=date(2026, 8, 20), result=VisitResult.MISSING)
        coverage.recompute_market(session.get_one(Stall, tenancy.stall_id).market_id)

    text = SignedIn(frozen, OFFICER).get(REPORT).text

    assert "Tổng vẫn như đã báo cáo; 2 chợ có điều chỉnh." in text
    assert "Tính lại hôm nay vẫn như đã báo cáo." not in text


def test_a_correction_says_what_it_corrects_and_why(
    frozen: Flask, transaction: Transaction
) -> None:
    accept_late(transaction)
    officer = SignedIn(frozen, OFFICER)

    refused = officer.post(f"{REPORT}/correction", {"reason": " "})
    done = officer.post(f"{REPORT}/correction", {"reason": "A2 ở Chợ Đầm Hà ghi bổ sung"})

    assert (refused.status_code, done.location) == (422, "/reports/BC-2026-0002")
    assert "Thay cho báo cáo BC-2026-0001" in officer.get(done.location).text
    assert "A2 ở Chợ Đầm Hà ghi bổ sung" in officer.get(done.location).text
    assert "đã được thay bằng BC-2026-0002" in officer.get(REPORT).text
    assert officer.post(f"{REPORT}/correction", {"reason": "Lần nữa"}).status_code == 409
    assert count(transaction) == 2


def test_nothing_to_correct_is_said(frozen: Flask, transaction: Transaction) -> None:
    answer = SignedIn(frozen, OFFICER).post(f"{REPORT}/correction", {"reason": "Thử"})

    assert answer.status_code == 422
    assert "không khác báo cáo này" in answer.text
    assert count(transaction) == 1


UNFIT: list[tuple[dict[str, str], int, str]] = [
    ({"as_of": "2026-10-31"}, 422, "chưa tới"),
    ({"since": "2020-01-01", "as_of": "2020-01-31"}, 422, "ghi nhận đầu tiên"),
    ({"as_of": "31/02/2026"}, 422, "không có trong lịch"),
    ({"since": "tháng tám"}, 422, "không phải là ngày"),
    ({"since": ""}, 422, "Hãy điền"),
    ({"since": "2026-09-01"}, 422, "sau ngày chốt số liệu"),
    ({"denominator": "D"}, 422, "trong danh sách"),
    ({"province_code": "24"}, 404, "Không tìm thấy tỉnh"),
    ({"province_code": "99"}, 404, "Không tìm thấy tỉnh"),
]


def test_what_cannot_be_frozen_is_said_and_nothing_is_written(
    province: Flask, transaction: Transaction
) -> None:
    officer = SignedIn(province, OFFICER)
    for fields, status, told in UNFIT:
        answer = officer.post("/reports", {**AUGUST, **fields})

        assert answer.status_code == status, fields
        assert told in answer.text, fields
    assert count(transaction) == 0
    assert entries(transaction, "freeze") == []


def test_a_province_without_figures_has_nothing_to_freeze(
    province: Flask, transaction: Transaction
) -> None:
    answer = SignedIn(province, ELSEWHERE).post("/reports", AUGUST)

    assert answer.status_code == 422
    assert "chưa có số liệu nào" in answer.text


def test_who_has_several_provinces_chooses_one(province: Flask, transaction: Transaction) -> None:
    country = SignedIn(province, COUNTRY)

    unsaid = country.post("/reports", AUGUST)

    assert (unsaid.status_code, "Hãy chọn tỉnh" in unsaid.text) == (422, True)
    assert freeze(country, province_code="22") == REPORT


def test_files_are_the_same_whenever_they_are_taken(
    frozen: Flask, transaction: Transaction
) -> None:
    officer = SignedIn(frozen, OFFICER)
    asked = ("?style=data", "?style=report", "?format=xlsx")
    before = [officer.get(f"{REPORT}/file{query}") for query in asked]

    accept_late(transaction)

    again = [officer.get(f"{REPORT}/file{query}") for query in asked]
    assert [answer.data for answer in again] == [answer.data for answer in before]
    assert [answer.headers["Content-Disposition"] for answer in before] == [
        f"attachment; filename=BC-2026-0001-22.{ending}" for ending in ("csv", "csv", "xlsx")
    ]
    assert before[0].headers["Cache-Control"] == "no-store"
    told = json.loads(entries(transaction, "export")[0].content)["new"]
    number = {"report": "BC-2026-0001"}
    assert told == {**number, "format": "csv", "style": "data", "rows": 2, "is_extract": False}


def test_a_board_sees_its_own_market_and_nothing_of_the_others(
    frozen: Flask, transaction: Transaction
) -> None:
    accept_late(transaction)
    SignedIn(frozen, OFFICER).post(f"{REPORT}/correction", {"reason": "Hỏi chợ Tiên Yên"})
    board = SignedIn(frozen, BOARD)

    for path in ("/reports", REPORT, "/reports/BC-2026-0002"):
        text = board.get(path).text
        assert "Tiên Yên" not in text, path
        assert "Chốt lại kỳ này" not in text
    assert "1/2 hộ" in board.get(REPORT).text
    answer = board.get(f"{REPORT}/file?style=data")
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert [row["market_code"] for row in rows] == ["QN-DAMHA"]
    assert "trich" in answer.headers["Content-Disposition"]


def test_the_log_tells_the_province_who_froze_and_took_a_report(frozen: Flask) -> None:
    SignedIn(frozen, BOARD).get(f"{REPORT}/file")

    officer, board = (SignedIn(frozen, email).get("/audit").text for email in (OFFICER, BOARD))

    assert officer.count("BC-2026-0001") == 2
    assert "Báo cáo đã chốt" in officer
    assert "BC-2026-0001" not in board


REFUSED = {
    (STRANGER, "GET", REPORT): 404,
    (STRANGER, "GET", f"{REPORT}/file"): 404,
    (ELSEWHERE, "GET", REPORT): 404,
    (ELSEWHERE, "POST", f"{REPORT}/correction"): 404,
    (VOLUNTEER, "GET", REPORT): 403,
    (VOLUNTEER, "GET", f"{REPORT}/file"): 403,
    (BOARD, "GET", "/reports/new"): 403,
    (BOARD, "POST", "/reports"): 403,
    (BOARD, "POST", f"{REPORT}/correction"): 403,
    (OFFICER, "GET", "/reports/BC-2026-0009"): 404,
    (OFFICER, "GET", f"{REPORT}/file?format=xlsx&style=data"): 422,
}


def test_who_may_not_is_refused(frozen: Flask, transaction: Transaction) -> None:
    browsers = {email: SignedIn(frozen, email) for email, _, _ in REFUSED}
    found = {}
    for email, method, path in REFUSED:
        fields = {"reason": "Thử"} if path.endswith("correction") else AUGUST
        browser = browsers[email]
        answer = browser.get(path) if method == "GET" else browser.post(path, fields)
        found[email, method, path] = answer.status_code

    assert found == REFUSED
    assert count(transaction) == 1
    assert entries(transaction, "export") == []


def test_markets_are_paged_and_the_queries_do_not_grow(
    province: Flask, transaction: Transaction
) -> None:
    with transaction():
        for place in range(60):
            coverage.recompute_market(make_market(f"QN-{place:03}", f"Chợ {place:03}").id)
    officer = SignedIn(province, OFFICER)
    freeze(officer)

    with counting_queries() as asked:
        first = officer.get(REPORT).text
    second = officer.get(f"{REPORT}?page=2").text

    assert len(asked) <= MOST_QUERIES
    assert ("Chợ 000" in first, "Chợ Tiên Yên" in first) == (True, False)
    assert ("Chợ 000" in second, "Chợ Tiên Yên" in second) == (False, True)
