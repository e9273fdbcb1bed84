"""Pages on shares: of a market, a province, all provinces, on any day, for whom they are meant."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.levels import Level
from market.domain.markets import MarketClass
from market.domain.roles import Role
from market.models.market import Market
from market.services import coverage
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.closing import close_between, close_since
from tests.factories import (
    make_commune,
    make_market,
    make_operator,
    make_province,
    make_section,
    make_user,
)
from tests.ladders import make_at
from tests.markup import Markup

Transaction = Callable[[], AbstractContextManager[Session]]
OFFICER, BOARD, STRANGER = "tinh@example.vn", "ban@example.vn", "khac@example.vn"
VOLUNTEER, NATION = "doanvien@example.vn", "giamsat@example.vn"
MARKET, PROVINCE = "/markets/QN-DAMHA/coverage", "/provinces/22"
DAY = date(2026, 8, 10)
COMMUNE = "/communes/06895"
ON = "as_of=2026-09-30"


def fill(market: Market, *levels: Level) -> Market:
    for place, level in enumerate(levels):
        make_at(market, level, since=DAY, code=f"A{place + 1}")
    coverage.recompute_market(market.id)
    return market


@pytest.fixture
def province(app: Flask, transaction: Transaction) -> Flask:
    """Quảng Ninh: Đầm Hà 2 of 4, Tiên Yên 1 of 1, Ba Chẽ not running, Vạn Yên without stalls."""
    with transaction():
        dam_ha = fill(
            make_market("QN-DAMHA", "Chợ Đầm Hà", market_class=MarketClass.CLASS_1),
            Level.IN_USE,
            Level.ACCEPTS,
            Level.DISPLAYED,
            Level.NONE,
        )
        tien_yen = make_commune("06862", "Tiên Yên")
        fill(
            make_market(
                "QN-TIENYEN",
                "Chợ Tiên Yên",
                commune_code=tien_yen.code,
                operator=make_operator("Ban Tiên Yên"),
            ),
            Level.ACCEPTS,
        )
        fill(make_market("QN-BACHE", "Chợ Ba Chẽ", programme_start=None), Level.NONE, Level.NONE)
        make_market("QN-VANYEN", "Chợ Vạn Yên")
        ba_dinh = make_commune("00004", "Ba Đình", make_province("01", "Hà Nội"))
        other = make_market("QN-KHAC", "Chợ Khác", commune_code=ba_dinh.code)
        fill(other, Level.ACCEPTS)
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
        make_user(Role.BOARD_MANAGER, market=dam_ha, email=BOARD)
        make_user(Role.BOARD_MANAGER, market=other, email=STRANGER)
        make_user(Role.VOLUNTEER, market=dam_ha, email=VOLUNTEER)
        make_user(Role.AUDITOR, email=NATION)
    return app


def headline(page: Markup) -> str:
    return page.one("p", class_="headline").text


def markets_of(page: Markup) -> list[str]:
    """The markets of the table, in its order."""
    return [link.text for link in page.all("a", class_="row-link")]


def cells_of(page: Markup) -> list[str]:
    """The cells of the grid, as they are read."""
    return [
        link.text
        for link in page.all("a")
        if any(name.startswith("step-") for name in link.classes)
    ]


def test_the_headline_says_it_in_words(province: Flask) -> None:
    page = SignedIn(province, OFFICER).page(f"{PROVINCE}?{ON}")

    assert headline(page) == (
        "3/4 chợ triển khai; 42,9 % hộ kinh doanh chấp nhận thanh toán điện tử, tính đến 30/09/2026"
    )
    assert "3/7 hộ · 42,9 %" in [each.text for each in page.all("p", class_="share-text")]
    facts = {each.text for each in page.all("dd")}
    assert {"3/5 hộ · 60,0 %", "50,0 %", "1"} <= facts


def test_the_share_of_an_area_leads_to_its_markets_by_who_is_missing(province: Flask) -> None:
    officer = SignedIn(province, OFFICER)
    page = officer.page(f"{PROVINCE}?{ON}&class=3&page=2")

    (link,) = (each for each in page.all("a") if each["href"].endswith("#markets"))
    assert link["href"] == "?as_of=2026-09-30&class=3&sort=-gap#markets"
    shown = officer.get(PROVINCE + link["href"])
    assert 'id="markets"' in shown.text
    assert 'aria-sort="descending"' in shown.text


def test_stalls_can_be_counted_instead(province: Flask) -> None:
    page = SignedIn(province, OFFICER).page(f"{PROVINCE}?{ON}&unit=stalls&denominator=C")

    assert "42,9 % điểm kinh doanh chấp nhận" in headline(page)


def test_each_market_shows_its_share_with_its_counts_and_leads_to_who_is_missing(
    province: Flask,
) -> None:
    asked = "as_of=2026-09-30&denominator=A&unit=merchants"
    officer = SignedIn(province, OFFICER)

    page = officer.page(f"{PROVINCE}?{ON}")

    shares = {cell.text for cell in page.all("td") if "/" in cell.text and "%" in cell.text}
    links = {link["href"]: link.text for link in page.all("a") if "#missing" in link["href"]}
    assert shares == {"50,0 % 2/4 hộ", "100,0 % 1/1 hộ", "0,0 % 0/2 hộ"}
    assert links == {
        f"/markets/QN-DAMHA/coverage?{asked}#missing": "50,0 %",
        f"/markets/QN-TIENYEN/coverage?{asked}#missing": "100,0 %",
        f"/markets/QN-BACHE/coverage?{asked}#missing": "0,0 %",
    }
    for address in links:
        assert 'id="missing"' in officer.get(address.partition("#")[0]).text


def test_a_day_with_nobody_to_count_has_no_percentage(province: Flask) -> None:
    page = SignedIn(province, OFFICER).page(f"{PROVINCE}?{ON}&class=unclassified")

    assert headline(page) == (
        "0/0 chợ triển khai; chưa có hộ kinh doanh nào để tính, tính đến 30/09/2026"
    )
    assert "0,0 %" not in page.html


def test_markets_can_be_ordered(province: Flask) -> None:
    officer = SignedIn(province, OFFICER)

    def ordered(sort: str) -> list[str]:
        return markets_of(officer.page(f"{PROVINCE}?{ON}&sort={sort}"))

    assert ordered("") == ["Chợ Ba Chẽ", "Chợ Đầm Hà", "Chợ Tiên Yên", "Chợ Vạn Yên"]
    assert ordered("-share") == ["Chợ Tiên Yên", "Chợ Đầm Hà", "Chợ Ba Chẽ", "Chợ Vạn Yên"]
    assert ordered("-counted")[0] == "Chợ Đầm Hà"
    assert ordered("name") == ["Chợ Ba Chẽ", "Chợ Đầm Hà", "Chợ Tiên Yên", "Chợ Vạn Yên"]
    assert ordered("-gap")[:2] == ["Chợ Ba Chẽ", "Chợ Đầm Hà"]
    assert ordered("gap") == ["Chợ Tiên Yên", "Chợ Ba Chẽ", "Chợ Đầm Hà", "Chợ Vạn Yên"]


@pytest.mark.parametrize("sort", ["", "name", "change"])
def test_markets_tell_what_changed_however_they_are_ordered(
    province: Flask, transaction: Transaction, sort: str
) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-TIENYEN")).one()
        make_at(market, Level.ACCEPTS, since=date(2026, 9, 5), code="A2")
        coverage.recompute_market(market.id)

    page = SignedIn(province, OFFICER).page(f"{PROVINCE}?{ON}&sort={sort}")

    changes = [cell.text for cell in page.all("td", data_label="Thay đổi")]
    assert dict(zip(markets_of(page), changes, strict=True)) == {
        "Chợ Tiên Yên": "+50,0",
        "Chợ Đầm Hà": "0,0",
        "Chợ Ba Chẽ": "0,0",
        "Chợ Vạn Yên": "–",
    }
    if sort == "change":
        assert markets_of(page)[2:] == ["Chợ Tiên Yên", "Chợ Vạn Yên"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("commune=06862", ["Chợ Tiên Yên"]),
        ("class=1", ["Chợ Đầm Hà"]),
        ("running=no", ["Chợ Ba Chẽ"]),
        ("commune=06862&running=no", []),
    ],
)
def test_markets_can_be_narrowed(province: Flask, query: str, expected: list[str]) -> None:
    page = SignedIn(province, OFFICER).page(f"{PROVINCE}?{ON}&{query}")

    assert markets_of(page) == expected
    assert f"Chỉ tính {len(expected)} chợ đã lọc" in page.html


@pytest.mark.parametrize("operator", ["999999999999999", "999999999999999999999"])
def test_an_operator_that_is_not_there_is_refused(province: Flask, operator: str) -> None:
    answer = SignedIn(province, OFFICER).get(f"{PROVINCE}?{ON}&operator={operator}")

    assert answer.status_code == 422
    assert f"Đơn vị quản lý “{operator[:20]}” không có" in answer.text


def test_the_trend_is_drawn_and_told_as_a_table(province: Flask) -> None:
    page = SignedIn(province, OFFICER).page(f"{PROVINCE}?{ON}")

    assert len(page.all("g", class_="chart-dot")) == 24
    rows = [row.text for row in page.all("tr")]
    assert "30/09/2026 3 7 42,9 %" in rows
    assert "31/08/2026 3 7 42,9 %" in rows
    assert "31/07/2026 0 7 0,0 %" in rows
    # Nothing is on record before 2025.
    assert "30/11/2024 – – –" in rows


def test_a_board_is_told_that_it_is_not_the_whole_province(province: Flask) -> None:
    page = SignedIn(province, BOARD).page(f"{PROVINCE}?{ON}")

    assert markets_of(page) == ["Chợ Đầm Hà"]
    assert "Đây không phải số liệu của cả tỉnh." in page.html
    assert "Tiên Yên" not in page.html


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2099-01-01", "chưa tới"),
        ("2020-01-01", "ghi nhận đầu tiên là ngày 01/01/2025"),
        ("30/02/2026", "không có trong lịch"),
        ("hôm qua", "không phải là ngày"),
    ],
)
@pytest.mark.parametrize("path", [PROVINCE, MARKET, COMMUNE, "/coverage"])
def test_a_day_that_cannot_be_answered_is_said_so_without_figures(
    province: Flask, path: str, day: str, told: str
) -> None:
    email = NATION if path == "/coverage" else OFFICER
    answer = SignedIn(province, email).get(f"{path}?as_of={day}")

    assert answer.status_code == 422
    assert told in answer.text
    assert "%</strong>" not in answer.text
    assert 'id="f-as_of"' in answer.text


@pytest.mark.parametrize(
    ("email", "path", "status"),
    [
        (STRANGER, PROVINCE, 404),
        (STRANGER, MARKET, 404),
        (VOLUNTEER, PROVINCE, 403),
        (VOLUNTEER, MARKET, 403),
        (OFFICER, "/provinces/99", 404),
        (OFFICER, "/provinces/01", 404),
        (NATION, "/provinces/01", 200),
    ],
)
def test_who_may_look(province: Flask, email: str, path: str, status: int) -> None:
    assert SignedIn(province, email).get(path).status_code == status


def test_one_province_is_gone_to_at_once_several_are_listed(province: Flask) -> None:
    officer = SignedIn(province, OFFICER).get("/coverage")
    page = SignedIn(province, NATION).page(f"/coverage?{ON}")

    assert officer.location == PROVINCE
    assert cells_of(page) == ["Hà Nội 100,0 % 1/1 hộ", "Quảng Ninh 42,9 % 3/7 hộ"]
    rows = [row.text for row in page.all("tr")]
    assert "Quảng Ninh 3/4 3 7 42,9 %" in rows


def test_a_market_has_its_share_its_funnel_and_the_missing(province: Flask) -> None:
    page = SignedIn(province, BOARD).page(f"{MARKET}?{ON}")

    texts = [each.text for each in page.all("p", class_="share-text")]
    assert texts == [
        "2/4 hộ · 50,0 %",
        "3/4 hộ · 75,0 %",
        "3/4 hộ · 75,0 %",
        "3/4 hộ · 75,0 %",
        "2/4 hộ · 50,0 %",
        "0/4 hộ · 0,0 %",
    ]
    assert "Còn thiếu: 2 điểm chưa tới bậc “Chấp nhận thanh toán”" in page.html
    assert markets_of(page) == ["A3", "A4"]
    assert "Chưa hỏi hộ có nhận không" in page.html
    assert "Chưa có tài khoản" in page.html


def test_a_step_of_the_funnel_leads_to_those_below_it(province: Flask) -> None:
    board = SignedIn(province, BOARD)
    page = board.page(f"{MARKET}?{ON}")
    steps = [link["href"] for link in page.all("a") if link["href"].endswith("#missing")]

    below_account = board.page(MARKET + steps[1].removesuffix("#missing"))

    assert markets_of(below_account) == ["A4"]
    assert "as_of=2026-09-30" in steps[1]


def test_the_missing_can_be_narrowed_by_section_and_level(
    province: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        market = session.query(Market).filter_by(code="QN-DAMHA").one()
        section = make_section(market, "Khu Cá")
        make_at(market, Level.NONE, since=DAY, code="C1", section=section)
        coverage.recompute_market(market.id)
        section_id = section.id
    board = SignedIn(province, BOARD)

    assert markets_of(board.page(f"{MARKET}?{ON}&section={section_id}")) == ["C1"]
    assert markets_of(board.page(f"{MARKET}?{ON}&level=displayed")) == ["A3"]
    assert markets_of(board.page(f"{MARKET}?{ON}&line=fruit")) == []


def test_a_market_without_stalls_says_what_to_do(province: Flask) -> None:
    page = SignedIn(province, OFFICER).page("/markets/QN-VANYEN/coverage")

    assert "Chợ chưa có gì để tính" in page.html
    assert "0,0 %" not in page.html


def test_a_closed_market_is_not_counted_from_that_day_on(
    province: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        market = session.query(Market).filter_by(code="QN-DAMHA").one()
        close_since(market, date(2026, 9, 1))
    board = SignedIn(province, BOARD)

    assert "Chợ đã đóng từ ngày 01/09/2026" in board.page(f"{MARKET}?{ON}").html
    assert "2/4 hộ" in board.page(f"{MARKET}?as_of=2026-08-31").html


def test_a_market_that_reopened_is_not_counted_on_the_days_it_was_closed(
    province: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        market = session.query(Market).filter_by(code="QN-DAMHA").one()
        close_between(market, date(2026, 8, 20), date(2026, 9, 1))
    board = SignedIn(province, BOARD)

    with counting_queries() as queries:
        closed = board.page(f"{MARKET}?as_of=2026-08-31").html
    assert len(queries) <= MOST_QUERIES
    assert "Từ ngày đó đến trước ngày 01/09/2026 chợ không tính vào tỷ lệ." in closed
    assert "Chợ đã đóng" not in board.page(f"{MARKET}?{ON}").html
    assert "2/4 hộ" in board.page(f"{MARKET}?as_of=2026-08-19").html


def test_pages_beyond_the_last_are_empty_not_broken(province: Flask) -> None:
    officer = SignedIn(province, OFFICER)

    assert officer.get(f"{PROVINCE}?{ON}&page=99").status_code == 200
    assert officer.get(f"{MARKET}?{ON}&page=99").status_code == 200


@pytest.mark.parametrize("path", [PROVINCE, MARKET])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    province: Flask, transaction: Transaction, path: str
) -> None:
    officer = SignedIn(province, OFFICER)
    with counting_queries() as few:
        officer.get(f"{path}?{ON}")
    with transaction() as session:
        market = session.query(Market).filter_by(code="QN-DAMHA").one()
        for place in range(15):
            make_at(market, Level.EQUIPPED, since=DAY + timedelta(days=place))
        coverage.recompute_market(market.id)
        for _ in range(10):
            fill(make_market(operator=make_operator()), Level.ACCEPTS)

    with counting_queries() as many:
        officer.get(f"{path}?{ON}")

    assert len(many) == len(few) <= MOST_QUERIES
