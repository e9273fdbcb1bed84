"""The page of importing: upload, columns, preview, apply, undo; the board's alone."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from market.domain.imports import BatchState
from market.domain.jobs import JobState
from market.domain.markets import MarketClass
from market.domain.roles import Role
from market.jobs.kinds import KINDS
from market.jobs.worker import Worker
from market.models.audit import AuditEntry
from market.models.import_batch import ImportBatch
from market.models.job import Job
from market.models.market import Market
from market.models.merchant import Merchant
from market.models.user import Grant
from market.services import imports
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import (
    NOW,
    make_market,
    make_merchant,
    make_province,
    make_stall,
    make_tenancy,
    make_user,
)
from tests.importing import DUNG, EMPTY, HEADINGS, LAN, changed, csv_of

Transaction = Callable[[], AbstractContextManager[Session]]
HERE = "/markets/QN-DAMHA/imports"
BAD = changed(LAN, stall="C9", phone="12345", account="8800100009")


@pytest.fixture
def places(app: Flask, transaction: Transaction) -> Flask:
    """An empty market with its people, and a board of another market."""
    with transaction():
        market = make_market("QN-DAMHA", "Chợ Đầm Hà", market_class=MarketClass.UNCLASSIFIED)
        make_user(market=market, email="board@example.vn")
        make_user(market=market, email="colleague@example.vn")
        make_user(Role.VOLUNTEER, market=market, email="volunteer@example.vn")
        make_user(Role.AUDITOR, market=market, email="auditor@example.vn")
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email="officer@example.vn")
        make_user(market=make_market("QN-KHAC"), email="stranger@example.vn")
    return app


def board(app: Flask) -> SignedIn:
    """The browser of the market's board."""
    return SignedIn(app, "board@example.vn")


def upload(browser: SignedIn, data: bytes, name: str = "danh-sach.csv") -> TestResponse:
    """Send a file."""
    return browser.post(HERE, {"file": (BytesIO(data), name)}, page=HERE)


def uploaded(browser: SignedIn, *rows: tuple[str, ...]) -> str:
    """The address of the page of an uploaded list."""
    answer = upload(browser, csv_of(*rows))
    assert answer.status_code == 302
    return answer.location


def version_of(browser: SignedIn, address: str) -> str:
    """The version that the forms of the page carry."""
    return browser.page(address).all("input", name="version")[0]["value"]


def apply(browser: SignedIn, address: str, **fields: str) -> TestResponse:
    """Press the button under the preview."""
    values = {"version": version_of(browser, address), **fields}
    return browser.post(f"{address}/application", values, page=address)


def batches(transaction: Transaction) -> list[ImportBatch]:
    """What was uploaded."""
    with transaction() as session:
        return list(session.scalars(select(ImportBatch).order_by(ImportBatch.id)))


def merchants(transaction: Transaction) -> int:
    """How many merchants there are."""
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(Merchant)) or 0


def test_a_market_without_lists_says_what_to_do_first(places: Flask) -> None:
    assert "Chưa nhập danh sách nào" in board(places).get(HERE).text


def test_an_uploaded_list_is_previewed(places: Flask, transaction: Transaction) -> None:
    browser = board(places)

    page = browser.get(uploaded(browser, LAN, DUNG, EMPTY, BAD)).text

    assert "Nhập 2 hộ, bỏ qua 1 dòng lỗi" in page
    assert "Nguyễn Thị Lan" in page
    assert "Số điện thoại không phải số Việt Nam" in page
    assert merchants(transaction) == 0


def test_the_button_imports_and_the_page_says_what_happened(
    places: Flask, transaction: Transaction
) -> None:
    browser = board(places)
    address = uploaded(browser, LAN, DUNG, BAD)

    answer = apply(browser, address, skip_bad_rows="1")

    assert (answer.status_code, answer.location) == (302, address)
    page = browser.get(address).text
    assert "Đã nhập 2 hộ ở 2 điểm" in page
    assert "Hoàn tác" in page
    assert merchants(transaction) == 2


def test_errors_that_are_not_to_be_skipped_stop_the_import(
    places: Flask, transaction: Transaction
) -> None:
    browser = board(places)

    answer = apply(browser, uploaded(browser, LAN, BAD))

    assert answer.status_code == 422
    assert "còn 1 dòng lỗi" in answer.text
    assert merchants(transaction) == 0


def test_an_import_is_taken_back(places: Flask, transaction: Transaction) -> None:
    browser = board(places)
    address = uploaded(browser, LAN)
    apply(browser, address)

    answer = browser.post(f"{address}/undo", page=address)

    assert (answer.status_code, answer.location) == (302, address)
    assert "đã hoàn tác" in browser.get(address).text
    assert [batch.state for batch in batches(transaction)] == [BatchState.UNDONE]


def test_what_stands_in_the_way_of_undoing_is_named(
    places: Flask, transaction: Transaction
) -> None:
    browser = board(places)
    address = uploaded(browser, LAN)
    apply(browser, address)
    with transaction() as session:
        session.scalars(select(Merchant)).one().note = "nói tiếng Dao"

    answer = browser.post(f"{address}/undo", page=address)

    assert answer.status_code == 409
    assert "thông tin hộ đã được sửa" in answer.text


def test_a_register_that_moved_on_shows_a_new_preview(
    places: Flask, transaction: Transaction
) -> None:
    browser = board(places)
    address = uploaded(browser, LAN)
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        make_tenancy(make_stall(market, "A01"), make_merchant(market, "Hoàng Thị Mẫu"))

    answer = apply(browser, address)

    assert answer.status_code == 409
    assert "đã thay đổi từ lúc xem trước" in answer.text
    assert "Hoàng Thị Mẫu" in answer.text
    assert apply(browser, address).status_code == 302


def test_the_same_page_sent_twice_imports_once(places: Flask, transaction: Transaction) -> None:
    browser = board(places)
    address = uploaded(browser, LAN)
    fields = {"version": version_of(browser, address)}
    browser.post(f"{address}/application", fields, page="/me")

    answer = browser.post(f"{address}/application", fields, page="/me")

    assert answer.status_code in {302, 409}
    assert merchants(transaction) == 1


def test_a_list_without_known_headings_is_mapped_by_hand(places: Flask) -> None:
    browser = board(places)
    headings = ("Chỗ", *HEADINGS[1:])
    address = upload(browser, csv_of(LAN, headings=headings)).location
    page = browser.page(address)
    assert "Chưa tìm thấy bảng" in browser.get(address).text
    chosen = ["stall", "merchant", "phone", "line", "account_number", "bank", "state"]

    answer = browser.post(
        f"{address}/columns",
        {
            "heading": [field["value"] for field in page.all("input", name="heading")],
            "field": chosen,
            "effective_on": "2026-09-01",
            "version": page.all("input", name="version")[0]["value"],
        },
        page=address,
    )

    assert answer.status_code == 302
    assert "Nhập 1 hộ" in browser.get(address).text
    assert "01/09/2026" in browser.get(address).text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"effective_on": "2199-01-01"}, "chưa tới"),
        ({"effective_on": "mai"}, "không phải là ngày"),
        ({"field": ["khong-co"], "heading": ["Khu"]}, "Hãy chọn một mục trong danh sách"),
    ],
)
def test_wrong_columns_or_days_are_refused_with_the_page(
    places: Flask, fields: dict[str, Any], message: str
) -> None:
    browser = board(places)
    address = uploaded(browser, LAN)
    values = {"effective_on": "2026-09-01", "version": version_of(browser, address), **fields}

    answer = browser.post(f"{address}/columns", values, page=address)

    assert answer.status_code == 422
    assert message in answer.text


def test_rows_are_narrowed_down_by_kind(places: Flask) -> None:
    browser = board(places)
    address = uploaded(browser, LAN, BAD)

    page = browser.page(f"{address}?show=error")

    shown = [th.text for th in page.all("th", scope="row") if th.attributes["data-label"] == "Dòng"]
    assert shown == ["3"]


def test_the_rows_to_correct_can_be_downloaded(places: Flask, transaction: Transaction) -> None:
    browser = board(places)
    address = uploaded(browser, LAN, BAD)

    answer = browser.get(f"{address}/bad-rows.xlsx")

    rows = list(openpyxl.load_workbook(BytesIO(answer.data)).active.values)
    assert [row[0] for row in rows] == ["Số ki ốt", "C9"]
    with transaction() as session:
        assert "download_bad_rows" in session.scalars(select(AuditEntry.action)).all()


def test_hostile_texts_are_shown_as_texts(places: Flask) -> None:
    browser = board(places)
    name = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    rows = changed(LAN, name=name), changed(BAD, name=name, bank="<b>Ngân hàng</b>")

    for address in (
        uploaded(browser, *rows),
        upload(browser, csv_of(LAN, headings=(*HEADINGS[:6], "<i>x</i>")), "<u>.csv").location,
    ):
        page = browser.get(address).text
        assert "&lt;" in page
        for markup in ("<script>alert", "<img src=x", "<b>Ngân", "<i>x", "<u>"):
            assert markup not in page


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("danh-sach.xlsx", b"PK\x03\x04 hong", 422),
        ("danh-sach.exe", b"MZ", 422),
        ("danh-sach.csv", b"", 422),
        ("danh-sach.csv", b"a;b\n" * 50_002, 413),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_the_page(
    places: Flask, transaction: Transaction, name: str, data: bytes, status: int
) -> None:
    answer = upload(board(places), data, name)

    assert answer.status_code == status
    assert "chưa có gì được ghi" in answer.text
    assert batches(transaction) == []


def test_sending_no_file_is_told_at_the_field(places: Flask) -> None:
    answer = board(places).post(HERE, {"file": (BytesIO(b""), "")}, page=HERE)

    assert answer.status_code == 422
    assert "Hãy chọn tệp danh sách." in answer.text


ADDRESSES = ("", "/columns", "/application", "/undo", "/bad-rows.xlsx")


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("volunteer", 403),
        ("auditor", 403),
        ("stranger", 404),
    ],
)
def test_nobody_else_reaches_a_list(places: Flask, who: str, status: int) -> None:
    address = uploaded(board(places), LAN)
    other = SignedIn(places, f"{who}@example.vn")

    assert other.get(HERE).status_code == status
    for part in ("", "/bad-rows.xlsx"):
        assert other.get(address + part).status_code == status
    for part in ("/columns", "/application", "/undo"):
        assert other.post(address + part).status_code == status
    assert other.post(HERE, {"file": (BytesIO(csv_of(LAN)), "a.csv")}).status_code == status


def test_a_colleague_sees_and_imports_the_list(places: Flask, transaction: Transaction) -> None:
    address = uploaded(board(places), LAN)

    assert apply(SignedIn(places, "colleague@example.vn"), address).status_code == 302
    assert merchants(transaction) == 1


def test_a_list_of_another_market_does_not_exist_here(
    places: Flask, transaction: Transaction
) -> None:
    address = uploaded(board(places), LAN)
    with transaction() as session:
        make_user(email="both@example.vn", province=make_province())
        session.flush()

    both = SignedIn(places, "both@example.vn")

    assert both.get(address).status_code == 200
    assert both.get(address.replace("QN-DAMHA", "QN-KHAC")).status_code == 404


def test_an_approver_imports_without_accounts_and_is_told(
    places: Flask, transaction: Transaction
) -> None:
    officer = SignedIn(places, "officer@example.vn")

    page = officer.get(uploaded(officer, LAN)).text

    assert "Các cột tài khoản được bỏ qua" in page
    assert "8800100001" not in page
    assert [batch.counts["accounts"] for batch in batches(transaction)] == [0]


def test_full_account_numbers_do_not_stand_on_the_page(places: Flask) -> None:
    browser = board(places)

    page = browser.get(uploaded(browser, LAN)).text

    assert "8800100001" not in page
    assert "0001" in page


def test_the_page_of_a_long_list_asks_few_questions(places: Flask) -> None:
    browser = board(places)
    rows = [changed(LAN, stall=f"A{n}", phone=f"0900000{n:03}") for n in range(100, 180)]
    address = uploaded(browser, *rows)

    for path in (HERE, address, f"{address}?page=2"):
        with counting_queries() as asked:
            browser.page(path)
        assert len(asked) <= MOST_QUERIES, path


def test_a_long_list_is_left_to_the_worker(
    places: Flask, transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "LONGEST_AT_ONCE", 1)
    browser, worker = board(places), Worker(places, KINDS)

    progress = upload(browser, csv_of(LAN, DUNG, BAD)).location
    assert worker.work_once()
    address = browser.get(progress).location
    assert "Nhập 2 hộ, bỏ qua 1 dòng lỗi" in browser.get(address).text

    progress = apply(browser, address, skip_bad_rows="1").location
    assert "Xem tiến độ" in browser.get(address).text
    assert worker.work_once()
    assert browser.get(progress).location == address
    assert "Đã nhập 2 hộ ở 2 điểm" in browser.get(address).text

    progress = browser.post(f"{address}/undo", page=address).location
    assert worker.work_once()
    assert browser.get(progress).location == address
    assert "đã hoàn tác" in browser.get(address).text
    assert merchants(transaction) == 2


def test_a_long_list_without_a_table_comes_back_to_be_mapped(
    places: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "LONGEST_AT_ONCE", 1)
    browser = board(places)

    progress = upload(browser, csv_of(LAN, DUNG, headings=("Chỗ", *HEADINGS[1:]))).location
    Worker(places, KINDS).work_once()

    assert "Chưa tìm thấy bảng" in browser.get(browser.get(progress).location).text


def test_a_long_list_whose_register_moved_on_comes_back_with_a_new_preview(
    places: Flask, transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "LONGEST_AT_ONCE", 1)
    browser, worker = board(places), Worker(places, KINDS)
    upload(browser, csv_of(LAN, DUNG))
    worker.work_once()
    address = f"{HERE}/{batches(transaction)[0].id}"
    progress = apply(browser, address).location
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        make_tenancy(make_stall(market, "A01"), make_merchant(market, "Hoàng Thị Mẫu"))

    worker.work_once()

    assert "đã thay đổi từ lúc xem trước" in browser.get(progress).text
    assert "Hoàng Thị Mẫu" in browser.get(address).text
    apply(browser, address)
    worker.work_once()
    assert merchants(transaction) == 3


def test_a_job_of_who_lost_the_right_meanwhile_writes_nothing(
    places: Flask, transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "LONGEST_AT_ONCE", 1)
    browser, worker = board(places), Worker(places, KINDS)
    upload(browser, csv_of(LAN, DUNG))
    worker.work_once()
    (batch,) = batches(transaction)
    apply(browser, f"{HERE}/{batch.id}")
    with transaction() as session:
        session.scalars(
            select(Grant).where(Grant.user_id == batch.uploaded_by_id)
        ).one().revoked_at = NOW

    worker.work_once()

    with transaction() as session:
        job = session.scalars(select(Job).order_by(Job.id.desc())).first()
        assert job is not None
        assert job.state is JobState.FAILED
    assert merchants(transaction) == 0
