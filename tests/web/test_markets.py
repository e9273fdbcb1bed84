"""Pages of markets, operators and sections: who may, what is found, what is refused."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from market.domain.markets import MarketClass, MarketState
from market.domain.roles import Role
from market.extensions import db
from market.models.area import AreaAlias
from market.models.market import Market, MarketOperator, Operator, Section
from market.models.merchant import Merchant
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.closing import close_since
from tests.factories import (
    make_account,
    make_commune,
    make_market,
    make_operator,
    make_province,
    make_section,
    make_stall,
    make_trader,
    make_user,
)

Transaction = Callable[[], AbstractContextManager[Session]]
OFFICER, BOARD, STRANGER = "tinh@example.vn", "ban@example.vn", "khac@example.vn"
VOLUNTEER = "doanvien@example.vn"
DAM_HA = "/markets/QN-DAMHA"


def make_communes() -> None:
    """A few communes of two provinces, and what two of them were together before."""
    for code, name in (("06895", "Xã Đầm Hà"), ("06913", "Xã Quảng Tân"), ("06862", "Xã Tiên Yên")):
        make_commune(code, name)
    make_commune("00070", "Phường Hoàn Kiếm", make_province("01", "Hà Nội"))
    for code in ("06895", "06913"):
        old = AreaAlias(name="Huyện Đầm Hà", search="huyen dam ha", kind="district")
        old.commune_code = code
        db.session.add(old)


@pytest.fixture
def register(app: Flask, transaction: Transaction) -> Flask:
    """The market of Đầm Hà with its board, its province's officer and a stranger."""
    with transaction():
        make_communes()
        market = make_market("QN-DAMHA", "Chợ Đầm Hà")
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
        make_user(Role.BOARD_MANAGER, market=market, email=BOARD)
        make_user(Role.VOLUNTEER, market=market, email=VOLUNTEER)
        other = make_market("HN-KHAC", "Chợ Khác", commune_code="00070")
        make_user(Role.BOARD_MANAGER, market=other, email=STRANGER)
    return app


def form(**new: str) -> dict[str, str]:
    """A new market, filled in."""
    return {
        "code": "QN-TIENYEN",
        "name": "Chợ Tiên Yên",
        "commune": "Tiên Yên",
        "trade": "retail",
        "market_class": "2",
        **new,
    }


def found_market(transaction: Transaction, code: str) -> Market | None:
    """The market as it is stored."""
    with transaction() as session:
        return session.scalar(select(Market).where(Market.code == code))


def test_the_list_finds_a_market_without_accents(register: Flask) -> None:
    page = SignedIn(register, OFFICER).page("/markets?q=dam+ha")

    assert [link.text for link in page.all("a", class_="row-link")] == ["Chợ Đầm Hà"]


@pytest.mark.parametrize("words", ["QN-DAMHA", "xa dam ha", "quang ninh"])
def test_the_list_finds_a_market_by_code_and_place(register: Flask, words: str) -> None:
    assert "Chợ Đầm Hà" in SignedIn(register, OFFICER).get(f"/markets?q={words}").text


def test_the_list_holds_only_markets_within_reach(register: Flask) -> None:
    assert "Chợ Khác" not in SignedIn(register, OFFICER).get("/markets").text
    assert "Chợ Đầm Hà" not in SignedIn(register, STRANGER).get("/markets").text


def test_the_list_narrows_by_class_state_and_programme(
    register: Flask, transaction: Transaction
) -> None:
    with transaction():
        make_market("QN-1", "Chợ Hạng Nhất", market_class=MarketClass.CLASS_1)
        make_market("QN-2", "Chợ Chưa Chạy", programme_start=None)
        closed = make_market("QN-3", "Chợ Thôi Họp")
        close_since(closed, date(2026, 1, 1))
    browser = SignedIn(register, OFFICER)

    def names(query: str) -> set[str]:
        return {link.text for link in browser.page(f"/markets{query}").all("a", class_="row-link")}

    assert names("?class=1") == {"Chợ Hạng Nhất"}
    assert names("?running=no") == {"Chợ Chưa Chạy"}
    assert names("?running=yes") == {"Chợ Đầm Hà", "Chợ Hạng Nhất"}
    assert names("?state=closed") == {"Chợ Thôi Họp"}
    assert "Chợ Thôi Họp" not in names("")


def test_a_long_list_comes_in_pages_with_few_queries(
    register: Flask, transaction: Transaction
) -> None:
    with transaction():
        for number in range(60):
            make_stall(make_market(f"QN-{number:03}", f"Chợ Mẫu {number:03}"))
    browser = SignedIn(register, OFFICER)

    with counting_queries() as asked:
        first = browser.page("/markets")
    second = browser.page("/markets?page=2")

    assert len(first.all("a", class_="row-link")) == 50
    assert len(second.all("a", class_="row-link")) == 11
    assert len(asked) <= MOST_QUERIES


def test_an_officer_enters_a_market_by_the_name_of_its_commune(
    register: Flask, transaction: Transaction
) -> None:
    answer = SignedIn(register, OFFICER).post("/markets", form())

    market = found_market(transaction, "QN-TIENYEN")
    assert answer.status_code == 302
    assert answer.location == "/markets/QN-TIENYEN"
    assert market is not None
    assert (market.commune_code, market.market_class) == ("06862", MarketClass.CLASS_2)


def test_several_communes_are_offered_and_the_choice_counts(
    register: Flask, transaction: Transaction
) -> None:
    browser = SignedIn(register, OFFICER)
    unclear = browser.post("/markets", form(commune="huyện Đầm Hà"))

    chosen = form(commune="huyện Đầm Hà", commune_asked="huyện Đầm Hà", commune_code="06913")
    answer = browser.post("/markets", chosen)

    market = found_market(transaction, "QN-TIENYEN")
    assert unclear.status_code == 422
    assert 'value="06913"' in unclear.text
    assert 'value="06895"' in unclear.text
    assert answer.status_code == 302
    assert market is not None
    assert market.commune_code == "06913"


def test_a_choice_made_for_other_words_does_not_count(
    register: Flask, transaction: Transaction
) -> None:
    sent = form(commune="Tiên Yên", commune_asked="dam ha", commune_code="06895")

    SignedIn(register, OFFICER).post("/markets", sent)

    market = found_market(transaction, "QN-TIENYEN")
    assert market is not None
    assert market.commune_code == "06862"


def test_a_refused_form_keeps_what_was_typed_and_says_where(register: Flask) -> None:
    answer = SignedIn(register, OFFICER).post(
        "/markets", form(code="mã có dấu", opened_on="31/2/2026")
    )

    assert answer.status_code == 422
    assert 'value="Chợ Tiên Yên"' in answer.text
    assert 'href="#f-opened_on"' in answer.text


def test_a_code_that_is_taken_is_refused_in_the_form(register: Flask) -> None:
    answer = SignedIn(register, OFFICER).post("/markets", form(code="qn-damha"))

    assert answer.status_code == 422
    assert 'href="#f-code"' in answer.text


@pytest.mark.parametrize(("who", "status"), [(BOARD, 403), (VOLUNTEER, 403), (STRANGER, 403)])
def test_only_the_province_enters_markets(register: Flask, who: str, status: int) -> None:
    browser = SignedIn(register, who)

    assert browser.get("/markets/new").status_code == status
    assert browser.post("/markets", form()).status_code == status


def test_an_officer_enters_no_market_of_another_province(register: Flask) -> None:
    answer = SignedIn(register, OFFICER).post("/markets", form(commune="00070"))

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("who", "status"), [(OFFICER, 200), (BOARD, 200), (VOLUNTEER, 403), (STRANGER, 404)]
)
def test_a_market_is_changed_by_its_board_and_its_province(
    register: Flask, who: str, status: int
) -> None:
    assert SignedIn(register, who).get(f"{DAM_HA}/edit").status_code == status


@pytest.mark.parametrize(
    ("who", "status"), [(OFFICER, 200), (BOARD, 200), (VOLUNTEER, 200), (STRANGER, 404)]
)
def test_a_market_is_seen_by_those_it_concerns(register: Flask, who: str, status: int) -> None:
    assert SignedIn(register, who).get(DAM_HA).status_code == status


def edit_form(browser: SignedIn, **new: str) -> dict[str, str]:
    """The change form as a browser would send it, with some values new."""
    page = browser.page(f"{DAM_HA}/edit")
    version = page.all("input", name="version")[0]["value"]
    known = {"name": "Chợ Đầm Hà", "trade": "retail", "market_class": "3", "version": version}
    return {**known, **new}


def test_a_board_changes_its_market_where_it_is(register: Flask, transaction: Transaction) -> None:
    browser = SignedIn(register, BOARD)

    answer = browser.post(f"{DAM_HA}/edit", edit_form(browser, address="Phố Mẫu 1"))

    market = found_market(transaction, "QN-DAMHA")
    assert answer.status_code == 302
    assert market is not None
    assert (market.address, market.commune_code) == ("Phố Mẫu 1", "06895")
    assert market.programme_start is not None


def test_the_change_form_offers_the_commune_the_market_is_in(register: Flask) -> None:
    page = SignedIn(register, OFFICER).page(f"{DAM_HA}/edit")

    offered = page.all("input", name="commune_code")
    assert [choice["value"] for choice in offered] == ["06895"]
    assert "checked" in offered[0]


def test_a_change_over_somebody_elses_is_a_conflict(register: Flask) -> None:
    browser = SignedIn(register, BOARD)
    seen = edit_form(browser, address="Phố Mẫu 1")
    browser.post(f"{DAM_HA}/edit", seen)

    answer = browser.post(f"{DAM_HA}/edit", {**seen, "address": "Phố Mẫu 2"})

    assert answer.status_code == 409


def test_a_change_with_a_fault_shows_the_form_again(register: Flask) -> None:
    browser = SignedIn(register, BOARD)

    answer = browser.post(f"{DAM_HA}/edit", edit_form(browser, latitude="abc"))

    assert answer.status_code == 422
    assert 'value="abc"' in answer.text


def closing(browser: SignedIn, day: str) -> TestResponse:
    """The answer to closing the market from that day on."""
    version = edit_form(browser)["version"]
    return browser.post(f"{DAM_HA}/close", {"closed_on": day, "version": version})


def reopening(browser: SignedIn, day: str) -> TestResponse:
    """The answer to reopening the market from that day on."""
    version = edit_form(browser)["version"]
    return browser.post(f"{DAM_HA}/reopen", {"reopened_on": day, "version": version})


def test_the_province_closes_and_reopens_a_market(
    register: Flask, transaction: Transaction
) -> None:
    browser = SignedIn(register, OFFICER)

    closed = closing(browser, "30/08/2026")
    after = found_market(transaction, "QN-DAMHA")
    assert closed.status_code == 302
    assert after is not None
    assert after.closed_on == date(2026, 8, 30)

    again = reopening(browser, "15/09/2026")
    reopened = found_market(transaction, "QN-DAMHA")
    assert again.status_code == 302
    assert reopened is not None
    assert reopened.state is MarketState.OPEN
    assert "từ 30/08/2026 đến trước 15/09/2026" in browser.get(DAM_HA).text
    assert "mở lại từ ngày 15/09/2026" in browser.get(f"{DAM_HA}/edit").text


def test_the_page_says_how_to_take_a_closing_back(register: Flask) -> None:
    browser = SignedIn(register, OFFICER)
    closing(browser, "30/08/2026")

    hint = "chọn ngày mở lại bằng ngày đóng (30/08/2026)"
    assert hint in browser.get(f"{DAM_HA}/edit").text

    reopening(browser, "30/08/2026")
    assert "đóng nhầm, đã bỏ" in browser.get(f"{DAM_HA}/edit").text
    assert "Đã từng đóng" not in browser.get(DAM_HA).text


@pytest.mark.parametrize("day", ["2199-01-01", "", "31/2/2026"])
def test_a_market_is_not_closed_on_a_day_that_cannot_be(register: Flask, day: str) -> None:
    answer = closing(SignedIn(register, OFFICER), day)

    assert answer.status_code == 422
    assert 'href="#f-closed_on"' in answer.text


@pytest.mark.parametrize("day", ["2199-01-01", "2026-08-29", "31/2/2026", ""])
def test_a_market_is_not_reopened_on_a_day_that_cannot_be(register: Flask, day: str) -> None:
    browser = SignedIn(register, OFFICER)
    closing(browser, "30/08/2026")

    answer = reopening(browser, day)

    assert answer.status_code == 422
    assert 'href="#f-reopened_on"' in answer.text
    assert not day or f'value="{day}"' in answer.text


def test_a_board_reads_when_its_market_was_closed(register: Flask) -> None:
    closing(SignedIn(register, OFFICER), "30/08/2026")

    page = SignedIn(register, BOARD).get(f"{DAM_HA}/edit").text

    assert 'datetime="2026-08-30"' in page
    assert f"{DAM_HA}/reopen" not in page


@pytest.mark.parametrize(("who", "status"), [(BOARD, 403), (VOLUNTEER, 403), (STRANGER, 403)])
def test_only_the_province_closes_a_market(register: Flask, who: str, status: int) -> None:
    answer = SignedIn(register, who).post(
        f"{DAM_HA}/close", {"closed_on": "30/09/2026", "version": "1"}
    )

    assert answer.status_code == status


def test_who_runs_the_market_is_recorded_by_the_day(
    register: Flask, transaction: Transaction
) -> None:
    with transaction():
        operator_id = make_operator("Ban quản lý chợ Đầm Hà").id

    answer = SignedIn(register, OFFICER).post(
        f"{DAM_HA}/operator", {"operator_id": str(operator_id), "from_day": "01/06/2026"}
    )

    with transaction() as session:
        row = session.scalars(select(MarketOperator)).one()
    assert answer.status_code == 302
    assert (row.operator_id, row.from_day) == (operator_id, date(2026, 6, 1))


def test_an_operator_elsewhere_does_not_exist(register: Flask, transaction: Transaction) -> None:
    with transaction():
        operator_id = make_operator("Ban Hà Nội", province_code="01").id

    answer = SignedIn(register, OFFICER).post(
        f"{DAM_HA}/operator", {"operator_id": str(operator_id), "from_day": "01/06/2026"}
    )

    assert answer.status_code == 404


def test_a_market_without_stalls_says_what_to_do_first(register: Flask) -> None:
    page = SignedIn(register, BOARD).get(DAM_HA).text

    assert "Chợ chưa có điểm kinh doanh nào" in page
    assert "/stalls/new" in page


def test_the_days_page_shows_what_waits(register: Flask, transaction: Transaction) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        make_account(session.get_one(Merchant, make_trader(market, "A1").merchant_id))
        make_stall(market, "A2")
    browser = SignedIn(register, BOARD)

    with counting_queries() as asked:
        page = browser.page(DAM_HA)

    assert "1 điểm đang kinh doanh mà chưa ghi hộ" in page.html
    assert len(asked) <= MOST_QUERIES


def test_a_class_that_does_not_fit_the_points_is_noticed(
    register: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        market.market_class = MarketClass.CLASS_1
        make_stall(market)
    browser = SignedIn(register, BOARD)

    assert "Hạng chợ không khớp số điểm kinh doanh" in browser.get(DAM_HA).text
    assert "ứng với hạng 3" in browser.get(f"{DAM_HA}/edit").text


def test_an_operator_is_entered_for_the_officers_province(
    register: Flask, transaction: Transaction
) -> None:
    browser = SignedIn(register, OFFICER)

    answer = browser.post("/operators", {"name": "Ban Mẫu", "kind": "board", "hotline": ""})

    with transaction() as session:
        operator = session.scalars(select(Operator)).one()
    assert answer.status_code == 302
    assert (operator.name, operator.province_code) == ("Ban Mẫu", "22")
    assert "Ban Mẫu" in browser.get("/operators?q=ban+mau").text


def test_an_operator_is_changed(register: Flask, transaction: Transaction) -> None:
    with transaction():
        operator_id = make_operator("Ban Cũ").id

    answer = SignedIn(register, OFFICER).post(
        f"/operators/{operator_id}/edit", {"name": "Ban Mới", "kind": "enterprise"}
    )

    with transaction() as session:
        assert session.get_one(Operator, operator_id).name == "Ban Mới"
    assert answer.status_code == 302


def test_an_operator_without_a_name_is_refused(register: Flask) -> None:
    answer = SignedIn(register, OFFICER).post("/operators", {"name": " ", "kind": "board"})

    assert answer.status_code == 422
    assert 'href="#f-name"' in answer.text


def test_operators_are_the_provinces_business(register: Flask, transaction: Transaction) -> None:
    with transaction():
        elsewhere = make_operator("Ban Hà Nội", province_code="01").id

    assert SignedIn(register, BOARD).get("/operators").status_code == 403
    officer = SignedIn(register, OFFICER)
    assert officer.get(f"/operators/{elsewhere}/edit").status_code == 404
    assert "Ban Hà Nội" not in officer.get("/operators").text


def test_a_board_makes_names_and_closes_sections(register: Flask, transaction: Transaction) -> None:
    browser = SignedIn(register, BOARD)

    browser.post(f"{DAM_HA}/sections", {"name": "Khu cá"})
    with transaction() as session:
        section_id = session.scalars(select(Section.id)).one()
    browser.post(f"{DAM_HA}/sections/{section_id}/name", {"name": "Khu hải sản"})
    browser.post(f"{DAM_HA}/sections/{section_id}/close")

    with transaction() as session:
        section = session.scalars(select(Section)).one()
    assert section.name == "Khu hải sản"
    assert section.closed_on is not None


def test_sections_are_walked_in_the_order_sent(register: Flask, transaction: Transaction) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        first, second = make_section(market, "Khu A", 1).id, make_section(market, "Khu B", 2).id
    browser = SignedIn(register, BOARD)

    browser.post(
        f"{DAM_HA}/sections/order",
        {"section": [str(first), str(second)], "place": ["2", "1"]},
    )

    page = browser.get(f"{DAM_HA}/sections").text
    assert page.index("Khu B") < page.index("Khu A")


def test_a_section_name_that_is_taken_is_refused(register: Flask, transaction: Transaction) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        make_section(market, "Khu A")

    answer = SignedIn(register, BOARD).post(f"{DAM_HA}/sections", {"name": "KHU A"})

    assert answer.status_code == 422
    assert 'value="KHU A"' in answer.text


def test_a_section_of_another_market_does_not_exist(
    register: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        other = session.scalars(select(Market).where(Market.code == "HN-KHAC")).one()
        section_id = make_section(other).id

    browser = SignedIn(register, BOARD)

    for act in ("name", "close", "reopen"):
        answer = browser.post(f"{DAM_HA}/sections/{section_id}/{act}", {"name": "X"})
        assert answer.status_code == 404


def test_sections_are_read_by_volunteers_and_changed_by_boards(register: Flask) -> None:
    volunteer, stranger = SignedIn(register, VOLUNTEER), SignedIn(register, STRANGER)

    assert volunteer.get(f"{DAM_HA}/sections").status_code == 200
    assert volunteer.post(f"{DAM_HA}/sections", {"name": "X"}).status_code == 403
    assert stranger.get(f"{DAM_HA}/sections").status_code == 404
    assert stranger.post(f"{DAM_HA}/sections", {"name": "X"}).status_code == 404


def test_communes_are_found_on_a_page_and_as_part_of_a_form(register: Flask) -> None:
    browser = SignedIn(register, OFFICER)

    page = browser.get("/areas?q=huyen+dam+ha")
    part = browser.get("/areas?commune=huyen+dam+ha", headers={"HX-Request": "true"})

    assert "Xã Quảng Tân" in page.text
    assert "<title>" in page.text
    assert 'name="commune_code"' in part.text
    assert "<title>" not in part.text
