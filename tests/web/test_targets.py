"""Pages of targets: setting, changing, ending, who lags behind, and for whom they are meant."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.coverage import Unit
from market.domain.levels import Level
from market.domain.roles import Role
from market.models.audit import AuditEntry
from market.models.market import Market
from market.models.target import Target
from market.services import coverage
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import make_commune, make_market, make_province, make_target, make_user
from tests.ladders import make_at
from tests.markup import Markup

Transaction = Callable[[], AbstractContextManager[Session]]
OFFICER, BOARD, STRANGER = "tinh@example.vn", "ban@example.vn", "khac@example.vn"
LIST, BEHIND, NEW = ("/provinces/22/targets" + rest for rest in ("", "/behind", "/new"))
ON = "as_of=2026-09-30"
YEAR = {
    "place": "province:22",
    "unit": "merchants",
    "from_day": "2026-01-01",
    "from_percent": "80",
    "to_day": "31/12/2026",
    "to_percent": "90",
}


@pytest.fixture
def province(app: Flask, transaction: Transaction) -> Flask:
    """Đầm Hà 2 of 4, Tiên Yên 1 of 1; another province with its own officer."""
    with transaction():
        dam_ha = make_market("QN-DAMHA", "Chợ Đầm Hà")
        tien_yen = make_market(
            "QN-TIENYEN", "Chợ Tiên Yên", commune_code=make_commune("06862", "Tiên Yên").code
        )
        fill = {dam_ha: (2, 2), tien_yen: (1, 0)}
        for market, (accepting, others) in fill.items():
            for level in [Level.ACCEPTS] * accepting + [Level.NONE] * others:
                make_at(market, level, since=date(2026, 8, 10))
            coverage.recompute_market(market.id)
        hanoi = make_province("01", "Hà Nội")
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
        make_user(market=dam_ha, email=BOARD)
        make_user(Role.PROVINCE_OFFICER, province=hanoi, email=STRANGER)
    return app


def target(transaction: Transaction, **known: Any) -> int:
    """The number of a target of the province, unless said otherwise."""
    with transaction():
        return int(make_target(**known).id)


def targets_of(transaction: Transaction) -> list[Target]:
    with transaction() as session:
        return list(session.scalars(select(Target).order_by(Target.id)))


def rows_of(page: Markup) -> list[str]:
    return [link.text for link in page.all("a", class_="row-link")]


def test_an_officer_sets_a_target(province: Flask, transaction: Transaction) -> None:
    officer = SignedIn(province, OFFICER)

    answer = officer.post(LIST, {**YEAR, "decision": "KH 12/KH-UBND"}, page=NEW)

    (row,) = targets_of(transaction)
    assert answer.location == f"/targets/{row.id}"
    assert (row.province_code, row.to_day, row.decision) == (
        "22",
        date(2026, 12, 31),
        "KH 12/KH-UBND",
    )
    page = officer.page(answer.location)
    assert "KH 12/KH-UBND" in page.html


@pytest.mark.parametrize("place", ["commune:06862", "market:QN-DAMHA"])
def test_the_form_offers_communes_and_markets(
    province: Flask, transaction: Transaction, place: str
) -> None:
    officer = SignedIn(province, OFFICER)
    assert f'value="{place}"' in officer.get(NEW).text

    officer.post(LIST, {**YEAR, "place": place}, page=NEW)

    (row,) = targets_of(transaction)
    assert (row.commune_code == "06862") is place.startswith("commune")
    assert (row.market_id is not None) is place.startswith("market")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"from_percent": "tám mươi"}, "Phải là số từ 0 đến 100"),
        ({"to_percent": "101"}, "Phải là số từ 0 đến 100"),
        ({"to_percent": ""}, "Hãy điền ô này"),
        ({"from_day": "2027-01-01"}, "đứng trước ngày bắt đầu"),
        ({"from_day": "hôm nay"}, "không phải là ngày"),
        ({"place": ""}, "Hãy chọn nơi đặt chỉ tiêu"),
        ({"place": "xóm:1"}, "Hãy chọn nơi đặt chỉ tiêu"),
        ({"unit": "chợ"}, "Hãy chọn một mục"),
        ({"decision": "x" * 101}, "Nhiều nhất 100 ký tự"),
    ],
)
def test_what_is_wrong_is_told_beside_what_was_typed(
    province: Flask, transaction: Transaction, wrong: dict[str, str], told: str
) -> None:
    answer = SignedIn(province, OFFICER).post(LIST, {**YEAR, **wrong}, page=NEW)

    assert answer.status_code == 422
    assert told in answer.text
    assert 'value="80"' in answer.text or "from_percent" in wrong
    assert targets_of(transaction) == []


def test_a_second_target_of_those_days_is_refused(
    province: Flask, transaction: Transaction
) -> None:
    target(transaction)

    answer = SignedIn(province, OFFICER).post(LIST, YEAR, page=NEW)

    assert answer.status_code == 422
    assert "đã có chỉ tiêu từ 01/01/2026 đến 31/12/2026" in answer.text


def test_a_change_takes_the_place_of_what_was_there(
    province: Flask, transaction: Transaction
) -> None:
    number = target(transaction)
    page = f"/targets/{number}"
    changed = {**YEAR, "from_day": "2026-07-01", "to_percent": "88,5", "version": "1"}
    del changed["place"]

    answer = SignedIn(province, OFFICER).post(f"{page}/change", changed, page=page)

    old, new = targets_of(transaction)
    assert answer.location == f"/targets/{new.id}"
    assert (old.ended_on, new.from_day, str(new.to_percent)) == (
        date(2026, 7, 1),
        date(2026, 7, 1),
        "88.50",
    )


def test_a_change_that_does_not_fit_keeps_what_was_typed(
    province: Flask, transaction: Transaction
) -> None:
    page = f"/targets/{target(transaction)}"
    next_year = {"from_day": date(2027, 1, 1), "to_day": date(2027, 12, 31)}
    target(transaction, **next_year)
    changed = {**YEAR, "to_day": "2027-06-30", "version": "1"}
    del changed["place"]

    answer = SignedIn(province, OFFICER).post(f"{page}/change", changed, page=page)

    assert answer.status_code == 422
    assert "đã có chỉ tiêu từ 01/01/2027" in answer.text
    assert 'value="2027-06-30"' in answer.text
    assert [row.ended_on for row in targets_of(transaction)] == [None, None]


def test_what_somebody_else_changed_is_not_changed_again(
    province: Flask, transaction: Transaction
) -> None:
    page = f"/targets/{target(transaction)}"
    officer = SignedIn(province, OFFICER)

    answer = officer.post(f"{page}/end", {"ended_on": "2026-09-30", "version": "2"}, page=page)

    assert answer.status_code == 409
    assert [row.ended_on for row in targets_of(transaction)] == [None]


def test_a_target_is_ended_and_told_in_its_history(
    province: Flask, transaction: Transaction
) -> None:
    page = f"/targets/{target(transaction)}"
    officer = SignedIn(province, OFFICER)

    officer.post(f"{page}/end", {"ended_on": "2026-09-30", "version": "1"}, page=page)

    assert [row.ended_on for row in targets_of(transaction)] == [date(2026, 9, 30)]
    shown = officer.page(page)
    assert "30/09/2026" in [cell.text for cell in shown.all("td")]
    assert shown.all("form", action=f"{page}/end") == []


def test_a_target_does_not_end_before_it_begins(province: Flask, transaction: Transaction) -> None:
    page = f"/targets/{target(transaction)}"
    before = {"ended_on": "2025-12-31", "version": "1"}

    answer = SignedIn(province, OFFICER).post(f"{page}/end", before, page=page)

    assert answer.status_code == 422
    assert "bắt đầu ngày 01/01/2026" in answer.text


def test_the_list_tells_what_is_missing_the_pace_and_when_it_will_be_there(
    province: Flask, transaction: Transaction
) -> None:
    target(transaction, shares=("100", "100"))

    text = SignedIn(province, OFFICER).get(f"{LIST}?{ON}").text

    assert "Còn 2 hộ để đạt 100 % vào 31/12/2026; 1 hộ mỗi tuần." in text
    assert "8 tuần qua +3 hộ: với tốc độ này thì đạt khoảng 07/11/2026, trước hạn." in text
    assert "Chậm 40,0 điểm %" in text
    assert '60,0 %<br> <span class="meta">3/5 hộ</span>' in text


def test_the_list_narrows_by_kind_and_state(province: Flask, transaction: Transaction) -> None:
    target(transaction)
    target(transaction, from_day=date(2025, 1, 1), to_day=date(2025, 12, 31))
    target(transaction, commune=make_commune_in(transaction))
    officer = SignedIn(province, OFFICER)

    assert rows_of(officer.page(f"{LIST}?{ON}")) == ["Quảng Ninh", "Đầm Hà"]
    assert rows_of(officer.page(f"{LIST}?{ON}&kind=commune")) == ["Đầm Hà"]
    assert rows_of(officer.page(f"{LIST}?{ON}&state=past")) == ["Quảng Ninh"]
    none = officer.page(f"{LIST}?{ON}&kind=market")
    assert rows_of(none) == []
    assert none.one("p", class_="empty-title").text == "Không có chỉ tiêu nào phù hợp"


def make_commune_in(transaction: Transaction) -> Any:
    with transaction():
        return make_commune()


def test_markets_behind_come_with_how_far(province: Flask, transaction: Transaction) -> None:
    target(transaction, shares=("100", "100"))
    officer = SignedIn(province, OFFICER)

    page = officer.page(f"{BEHIND}?{ON}")

    assert page.one("p", class_="headline").text == ("1/2 chợ chậm so với chỉ tiêu ngày 30/09/2026")
    assert rows_of(page) == ["Chợ Đầm Hà"]
    assert "Chậm 50,0 điểm %" in page.html
    assert "50,0 % 2/4 hộ" in [cell.text for cell in page.all("td")]
    missing = [link["href"] for link in page.all("a") if "#missing" in link["href"]]
    assert missing == ["/markets/QN-DAMHA/coverage?as_of=2026-09-30&unit=merchants#missing"]
    narrowed = officer.page(f"{BEHIND}?{ON}&commune=06862")
    assert rows_of(narrowed) == []
    assert "Không có chợ chậm nào phù hợp" in narrowed.html


def test_the_share_of_a_market_leads_to_who_is_missing_there(
    province: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        make_target(market=market)
        make_target()

    page = SignedIn(province, OFFICER).page(f"{LIST}?{ON}")

    cells = [cell.text for cell in page.all("td")]
    assert {"60,0 % 3/5 hộ", "50,0 % 2/4 hộ"} <= set(cells)
    missing = [link["href"] for link in page.all("a") if "#missing" in link["href"]]
    assert missing == ["/markets/QN-DAMHA/coverage?as_of=2026-09-30&unit=merchants#missing"]


def test_before_there_is_a_target_the_pages_say_what_to_do(province: Flask) -> None:
    officer = SignedIn(province, OFFICER)

    assert "Đặt chỉ tiêu cho cả tỉnh trước" in officer.get(LIST).text
    assert "Chưa có chợ nào theo chỉ tiêu" in officer.get(BEHIND).text


@pytest.mark.parametrize("path", [LIST, BEHIND])
def test_a_day_that_is_none_is_refused(province: Flask, path: str) -> None:
    officer = SignedIn(province, OFFICER)

    told = {
        "2099-01-01": "chưa tới",
        "hôm qua": "không phải là ngày",
        "2020-01-01": "ghi nhận đầu tiên là ngày 01/01/2025",
    }
    for day, words in told.items():
        answer = officer.get(f"{path}?as_of={day}")
        assert answer.status_code == 422
        assert f'value="{day}"' in answer.text
        assert words in answer.text
        assert "chợ chậm so với chỉ tiêu" not in answer.text
        assert officer.get(f"{path}/file?as_of={day}").status_code == 422


def test_the_lists_come_as_files_and_are_told_in_the_log(
    province: Flask, transaction: Transaction
) -> None:
    target(transaction, shares=("100", "100"))
    officer = SignedIn(province, OFFICER)

    data = officer.get(f"{LIST}/file?{ON}&style=data").text.splitlines()
    report = officer.get(f"{BEHIND}/file?{ON}&format=csv").text
    book = load_workbook(BytesIO(officer.get(f"{BEHIND}/file?{ON}&format=xlsx").data))

    assert data[1] == (
        "2026-09-30,province,22,Quảng Ninh,merchants,2026-01-01,100.00,2026-12-31,100.00,,"
        "in_force,100.00,3,5,60.00,40.00,2,1,2026-11-07"
    )
    assert (
        'QN-DAMHA;Chợ Đầm Hà;06895;Đầm Hà;;"Tỉnh, thành phố";hộ;100,00;2;4;50,00;50,00;2' in report
    )
    assert book.worksheets[0]["C2"].value == "Chợ Đầm Hà"
    with transaction() as session:
        exports = select(AuditEntry).where(AuditEntry.action == "export")
        entries = session.scalars(exports.order_by(AuditEntry.id)).all()
    assert len(entries) == 3
    assert '"table":"behind"' in entries[-1].content


def test_a_board_reads_the_targets_of_its_markets_and_sets_none(
    province: Flask, transaction: Transaction
) -> None:
    number = target(transaction)
    with transaction() as session:
        other = session.scalars(select(Market).where(Market.code == "QN-TIENYEN")).one()
        hidden = make_target(market=other).id
    board = SignedIn(province, BOARD)

    page = board.page(f"{LIST}?{ON}")

    assert rows_of(page) == ["Quảng Ninh"]
    assert "Còn" not in page.one("tbody").text
    assert NEW not in page.html
    assert board.get(f"/targets/{number}").status_code == 200
    assert board.get(NEW).status_code == 403
    assert board.post(f"/targets/{number}/end", {}).status_code == 403
    assert board.get(f"/targets/{hidden}").status_code == 404


def test_for_another_province_there_are_no_targets(
    province: Flask, transaction: Transaction
) -> None:
    number = target(transaction)
    stranger = SignedIn(province, STRANGER)

    for path in (LIST, BEHIND, NEW, f"/targets/{number}", f"{LIST}/file"):
        assert stranger.get(path).status_code == 404
    for path in (LIST, f"/targets/{number}/change", f"/targets/{number}/end"):
        assert stranger.post(path, YEAR).status_code == 404
    assert len(targets_of(transaction)) == 1


def test_the_menu_leads_to_the_only_province(province: Flask) -> None:
    officer = SignedIn(province, OFFICER)

    assert 'href="/targets"' in officer.get("/markets").text
    assert officer.get("/targets").location == LIST


def test_the_way_to_the_only_province_keeps_the_day(province: Flask) -> None:
    answer = SignedIn(province, OFFICER).get("/targets?as_of=2020-01-01")

    assert answer.headers["Location"].endswith("/provinces/22/targets?as_of=2020-01-01")


def test_who_reads_several_provinces_chooses_one(province: Flask, transaction: Transaction) -> None:
    with transaction():
        hanoi = make_commune("00004", "Ba Đình", make_province("01", "Hà Nội"))
        make_market("HN-MAU", commune_code=hanoi.code)
        make_user(Role.AUDITOR, email="giamsat@example.vn")

    page = SignedIn(province, "giamsat@example.vn").page("/targets")

    assert {link.text: link["href"] for link in page.all("a", class_="row-link")} == {
        "Hà Nội": "/provinces/01/targets",
        "Quảng Ninh": LIST,
    }


def test_pages_ask_no_more_for_more_targets(province: Flask, transaction: Transaction) -> None:
    with transaction():
        for place in range(30):
            market = make_market(f"QN-{place:03}")
            make_target(market=market)
            make_target(market=market, from_day=date(2027, 1, 1), to_day=date(2027, 2, 1))
    officer = SignedIn(province, OFFICER)

    for path in (LIST, BEHIND, NEW):
        with counting_queries() as asked:
            officer.page(path)
        assert len(asked) <= MOST_QUERIES


def test_the_form_for_a_change_bends_the_line_today(
    province: Flask, transaction: Transaction
) -> None:
    number = target(transaction, shares=("85.5", "85.5"))

    page = SignedIn(province, OFFICER).page(f"/targets/{number}")

    assert page.one("input", name="from_percent")["value"] == "85,5"
    assert page.one("input", name="from_day")["value"] > "2026-01-01"


def test_the_pages_on_shares_tell_the_target_and_draw_it(
    province: Flask, transaction: Transaction
) -> None:
    target(transaction, shares=("100", "100"))
    officer = SignedIn(province, OFFICER)

    for path in ("/provinces/22", "/communes/06895", "/markets/QN-DAMHA/coverage"):
        page = officer.page(f"{path}?{ON}")
        panel = page.one("section", id="target").text
        assert "Còn 2 hộ để đạt 100 % vào 31/12/2026; 1 hộ mỗi tuần." in panel
        # Nine ends of months of 2026, the last of them the day asked about.
        (dashed,) = page.all("polyline", class_="chart-target")
        assert dashed["stroke-dasharray"]
        assert len(dashed["points"].split()) == 9
        cells = [cell.text for cell in page.all("td")]
        assert cells.count("100,0 %") >= 9
        assert "chưa đạt chỉ tiêu 100 %" in page.html


def test_a_target_on_stalls_is_told_but_not_drawn_over_households(
    province: Flask, transaction: Transaction
) -> None:
    target(transaction, shares=("100", "100"), unit=Unit.STALLS)
    officer = SignedIn(province, OFFICER)

    of_merchants = officer.page(f"/provinces/22?{ON}")
    of_stalls = officer.page(f"/provinces/22?{ON}&unit=stalls")

    assert "Còn 2 điểm để đạt 100 %" in of_merchants.one("section", id="target").text
    assert of_merchants.all("polyline", class_="chart-target") == []
    assert len(of_stalls.all("polyline", class_="chart-target")) == 1


@pytest.mark.parametrize("query", ["class=3", "running=yes", "q=dam"])
def test_filtered_markets_have_no_target_of_their_own(
    province: Flask, transaction: Transaction, query: str
) -> None:
    target(transaction)

    page = SignedIn(province, OFFICER).page(f"/provinces/22?{ON}&{query}")

    assert page.all("section", id="target") == []


def test_a_board_sees_the_target_of_its_market_but_none_over_part_of_the_province(
    province: Flask, transaction: Transaction
) -> None:
    target(transaction)
    board = SignedIn(province, BOARD)

    assert board.page(f"/provinces/22?{ON}").all("section", id="target") == []
    assert board.page(f"/markets/QN-DAMHA/coverage?{ON}").one("section", id="target")
    today = board.page("/markets/QN-DAMHA").one("section", id="target").text
    assert "Theo chỉ tiêu của: Tỉnh, thành phố." in today


def test_without_a_target_the_pages_on_shares_tell_of_none(province: Flask) -> None:
    officer = SignedIn(province, OFFICER)

    for path in (f"/provinces/22?{ON}", f"/markets/QN-DAMHA/coverage?{ON}", "/markets/QN-DAMHA"):
        page = officer.page(path)
        assert page.all("section", id="target") == []
        assert page.all("line", class_="bar-target") == []
