"""Files of a part, or in another denominator, say so by name and inside."""

import csv
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
from market.models.market import Operator, Section
from market.services import coverage
from tests.browsing import SignedIn
from tests.factories import (
    make_commune,
    make_market,
    make_operator,
    make_province,
    make_section,
    make_user,
)
from tests.ladders import make_at

Transaction = Callable[[], AbstractContextManager[Session]]
OFFICER, BOARD, NATION = "tinh@example.vn", "ban@example.vn", "giamsat@example.vn"
ON, DAY = "as_of=2026-09-30", "2026-09-30"
PROVINCE, MARKET = "/provinces/22", "/markets/QN-DAMHA"
SEEN, CHOSEN = "Quảng Ninh (phần được xem)", "Quảng Ninh (phần đã lọc)"


NAMES = {
    OFFICER: {
        f"{PROVINCE}/report?": "bao-cao-cho-22",
        f"{PROVINCE}/report?since=2026-09-01&": "bao-cao-cho-22",
        f"{PROVINCE}/report?since=2026-09-06&": "bao-cao-cho-22-2026-09-06-den",
        f"{PROVINCE}/report?class=1&": "bao-cao-cho-22-trich",
        f"{PROVINCE}/report?denominator=C&": "bao-cao-cho-22-mau-so-c",
        "/coverage/report?": "bao-cao-cho-trich",
        "/coverage/provinces/file?": "tong-hop-trich",
        f"{PROVINCE}/communes/file?q=tien&": "tong-hop-22-trich",
        f"{PROVINCE}/trend/file?": "xu-huong-22",
        f"{PROVINCE}/trend/file?unit=stalls&denominator=C&": "xu-huong-22-mau-so-c-theo-diem",
        f"{PROVINCE}/stalls/file?denominator=C&": "diem-22",
        f"{PROVINCE}/stalls/file?denominator=C&under=60&": "diem-22-trich-mau-so-c",
        f"{PROVINCE}/targets/file?kind=market&": "chi-tieu-22-trich",
        f"{PROVINCE}/targets/behind/file?": "cho-cham-22",
        f"{PROVINCE}/targets/behind/file?class=1&": "cho-cham-22-trich",
    },
    BOARD: {
        f"{PROVINCE}/report?": "bao-cao-cho-22-trich",
        f"{PROVINCE}/communes/file?": "tong-hop-22-trich",
        "/communes/06895/report?": "bao-cao-cho-xa-06895-trich",
        f"{PROVINCE}/trend/file?": "xu-huong-22-trich",
        f"{PROVINCE}/proofs/file?": "bang-chung-22-trich",
        f"{PROVINCE}/stalls/file?denominator=C&": "diem-22-trich",
        f"{PROVINCE}/targets/file?": "chi-tieu-22-trich",
        f"{MARKET}/report?": "bao-cao-QN-DAMHA",
        f"{MARKET}/sections/file?denominator=B&": "khu-QN-DAMHA-mau-so-b",
        f"{MARKET}/lines/file?": "nganh-hang-QN-DAMHA",
        f"{MARKET}/reasons/file?denominator=C&": "ly-do-QN-DAMHA-mau-so-c",
        f"{MARKET}/trend/file?": "xu-huong-QN-DAMHA",
        f"{MARKET}/stalls/file?": "diem-QN-DAMHA",
        f"{MARKET}/stalls/file?below=accepts&": "diem-QN-DAMHA-trich",
    },
    NATION: {
        "/coverage/report?": "bao-cao-cho",
        "/coverage/report?province=22&": "bao-cao-cho-trich",
    },
}


@pytest.fixture
def province(app: Flask, transaction: Transaction) -> Flask:
    """Đầm Hà of class 1 with a board, A1 accepts and A2 does not; Tiên Yên of class 3; Hà Nội."""
    with transaction():
        board = make_operator("Ban quản lý chợ Đầm Hà")
        dam_ha = make_market(
            "QN-DAMHA", "Chợ Đầm Hà", market_class=MarketClass.CLASS_1, operator=board
        )
        make_at(dam_ha, Level.ACCEPTS, since=date(2026, 9, 5), code="A1")
        fish = make_section(dam_ha, "Khu Cá")
        make_at(dam_ha, Level.EQUIPPED, since=date(2026, 9, 5), code="A2", section=fish)
        tien_yen = make_commune("06862", "Xã Tiên Yên")
        elsewhere = make_operator("Ban quản lý chợ Tiên Yên")
        other = make_market(
            "QN-TIENYEN", "Chợ Tiên Yên", commune_code=tien_yen.code, operator=elsewhere
        )
        make_at(other, Level.ACCEPTS, since=date(2026, 9, 5), code="A1")
        ba_dinh = make_commune("00004", "Phường Ba Đình", make_province("01", "Hà Nội"))
        far = make_market("HN-KHAC", "Chợ Khác", commune_code=ba_dinh.code)
        for market in (dam_ha, other, far):
            coverage.recompute_market(market.id)
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
        make_user(Role.BOARD_MANAGER, operator=board, email=BOARD)
        make_user(Role.AUDITOR, email=NATION)
    return app


def name_of(browser: SignedIn, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.headers["Content-Disposition"].removeprefix("attachment; filename=")


def lines_of(browser: SignedIn, path: str) -> list[list[str]]:
    """A download in report style."""
    text = browser.get(path).get_data().decode("utf-8-sig")
    return list(csv.reader(StringIO(text), delimiter=";"))


def rows_of(browser: SignedIn, path: str) -> list[dict[str, str]]:
    """A download in data style."""
    return list(csv.DictReader(StringIO(browser.get(f"{path}&style=data").get_data(as_text=True))))


def told_by(browser: SignedIn, path: str) -> dict[str, str]:
    """The second sheet of a workbook."""
    book = load_workbook(BytesIO(browser.get(f"{path}&format=xlsx").get_data()))
    return {str(name.value): str(value.value) for name, value in book.worksheets[1].iter_rows()}


@pytest.mark.parametrize("email", [OFFICER, BOARD, NATION])
def test_a_file_of_other_contents_has_another_name(province: Flask, email: str) -> None:
    browser = SignedIn(province, email)

    names = {path: name_of(browser, f"{path}{ON}") for path in NAMES[email]}

    assert names == {path: f"{stem}-{DAY}.csv" for path, stem in NAMES[email].items()}


def test_a_workbook_is_named_as_its_table(province: Flask) -> None:
    path = f"{PROVINCE}/report?{ON}&denominator=B&format=xlsx"

    assert name_of(SignedIn(province, BOARD), path) == (f"bao-cao-cho-22-trich-mau-so-b-{DAY}.xlsx")


def test_the_total_of_an_extract_is_not_taken_for_that_of_the_province(province: Flask) -> None:
    board, officer = SignedIn(province, BOARD), SignedIn(province, OFFICER)

    totals = [
        (lines_of(browser, path)[-1][0], rows_of(browser, path)[-1])
        for browser, path in (
            (board, f"{PROVINCE}/report?{ON}"),
            (officer, f"{PROVINCE}/report?{ON}&class=1"),
            (board, f"{PROVINCE}/communes/file?{ON}"),
        )
    ]

    assert [label for label, _last in totals] == ["Tổng cộng (bản trích)"] * 3
    assert "Tổng" not in str([last for _label, last in totals])
    assert lines_of(officer, f"{PROVINCE}/report?{ON}")[-1][0] == "Tổng cộng"
    book = board.get(f"{PROVINCE}/report?{ON}&format=xlsx").get_data()
    assert load_workbook(BytesIO(book)).worksheets[0]["A3"].value == "Tổng cộng (bản trích)"


def test_the_workbook_says_whose_markets_it_holds(province: Flask) -> None:
    board, officer = SignedIn(province, BOARD), SignedIn(province, OFFICER)

    part = told_by(board, f"{PROVINCE}/report?{ON}")
    whole = told_by(officer, f"{PROVINCE}/report?{ON}")

    assert part["Phạm vi"] == (
        f"{SEEN}: chỉ gồm các chợ người lập được xem. Không phải số liệu của toàn bộ."
    )
    assert part["Tên báo cáo"] == "Báo cáo Chợ 4.0 – Tháng 9/2026 (bản trích)"
    assert whole["Phạm vi"] == "Quảng Ninh (toàn bộ)"
    assert whole["Tên báo cáo"] == "Báo cáo Chợ 4.0 – Tháng 9/2026"
    assert not [name for name in whole if name.startswith("Bộ lọc")]


def test_the_workbook_says_each_filter_in_words(province: Flask) -> None:
    officer = SignedIn(province, OFFICER)
    asked = "class=1&trade=retail&running=no&under=90&unit=stalls&denominator=C&q=dam&commune=06895"

    told = told_by(officer, f"{PROVINCE}/report?{ON}&{asked}")

    assert told["Phạm vi"].startswith(f"{CHOSEN}: chỉ gồm phần theo bộ lọc ghi dưới đây.")
    assert {name: value for name, value in told.items() if name.startswith("Bộ lọc")} == {
        "Bộ lọc: Xã, phường": "Đầm Hà",
        "Bộ lọc: Hạng chợ": "Hạng 1",
        "Bộ lọc: Loại chợ": "Chợ dân sinh",
        "Bộ lọc: Triển khai": "Chưa triển khai",
        "Bộ lọc: Tỷ lệ chấp nhận": "dưới 90 % theo điểm, mẫu số C",
        "Bộ lọc: Tìm theo tên": "dam",
    }
    assert told["Mẫu số"] == "C – Tất cả điểm cố định chưa đóng"


def test_an_operator_outside_the_scope_is_named_by_no_file(
    province: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        number = session.scalars(
            select(Operator.id).where(Operator.name == "Ban quản lý chợ Tiên Yên")
        ).one()
    path = f"{PROVINCE}/report?{ON}&operator={number}"

    told = told_by(SignedIn(province, OFFICER), path)
    refused = SignedIn(province, BOARD).get(path)

    assert told["Bộ lọc: Đơn vị quản lý"] == "Ban quản lý chợ Tiên Yên"
    assert refused.status_code == 422
    assert f"Đơn vị quản lý “{number}” không có" in refused.text
    assert "Tiên Yên" not in refused.text


def test_a_list_of_missing_stalls_says_which(province: Flask, transaction: Transaction) -> None:
    with transaction() as session:
        section = session.scalars(select(Section.id).where(Section.name == "Khu Cá")).one()
    asked = f"below=accepts&level=equipped&section={section}&denominator=C"

    told = told_by(SignedIn(province, BOARD), f"{MARKET}/stalls/file?{ON}&{asked}")

    assert told["Phạm vi"].startswith("Chợ Đầm Hà (phần đã lọc): ")
    assert told["Bộ lọc: Chưa đạt bậc"] == Level.ACCEPTS.label
    assert told["Bộ lọc: Đang ở bậc"] == Level.EQUIPPED.label
    assert told["Bộ lọc: Khu"] == "Khu Cá"
    assert told["Mẫu số"].startswith("C – ")


def test_a_trend_names_the_part_of_its_area_and_its_unit(province: Flask) -> None:
    board, officer = SignedIn(province, BOARD), SignedIn(province, OFFICER)
    path = f"{PROVINCE}/trend/file?{ON}"

    assert rows_of(board, path)[-1]["area"] == SEEN
    assert rows_of(officer, f"{path}&class=1")[-1]["area"] == CHOSEN
    assert rows_of(board, f"{path}&class=1")[-1]["area"] == (
        "Quảng Ninh (phần được xem, phần đã lọc)"
    )
    assert rows_of(officer, path)[-1]["area"] == "Quảng Ninh"
    assert told_by(officer, f"{path}&unit=stalls")["Đếm theo"] == "điểm"
    proofs = rows_of(board, f"{PROVINCE}/proofs/file?{ON}")
    assert {row["area"] for row in proofs} == {SEEN}


def test_a_summary_names_the_areas_of_which_it_may_lack_some_and_keeps_codes(
    province: Flask,
) -> None:
    board, officer = SignedIn(province, BOARD), SignedIn(province, OFFICER)
    path = f"{PROVINCE}/communes/file?{ON}"

    def named(browser: SignedIn, query: str) -> list[tuple[str, str]]:
        return [(row["commune_code"], row["commune"]) for row in rows_of(browser, path + query)]

    assert named(board, "") == [("06895", "Đầm Hà (phần được xem)")]
    assert named(officer, "&class=1") == [("06895", "Đầm Hà (phần đã lọc)")]
    assert named(officer, "&commune=06862") == [("06862", "Xã Tiên Yên")]
    provinces = rows_of(officer, f"/coverage/provinces/file?{ON}")
    assert [row["province"] for row in provinces] == ["Quảng Ninh"]
    of_commune = rows_of(officer, f"/coverage/provinces/file?{ON}&commune=06895")
    assert [(row["province_code"], row["province"]) for row in of_commune] == [("22", CHOSEN)]
