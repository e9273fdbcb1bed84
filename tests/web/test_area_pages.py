"""Pages of areas: country, province, commune, operator; their grids, filters, proofs and files."""

import csv
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from io import BytesIO, StringIO

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.levels import Level
from market.domain.markets import MarketClass, MarketTrade
from market.domain.roles import Role
from market.domain.text import fold
from market.domain.visits import NonAcceptReason
from market.models.area import AreaAlias
from market.models.audit import AuditEntry
from market.models.market import Market, MarketOperator
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
from tests.ladders import make_at, see
from tests.markup import Markup

Transaction = Callable[[], AbstractContextManager[Session]]
OFFICER, BOARD, STRANGER = "tinh@example.vn", "ban@example.vn", "khac@example.vn"
VOLUNTEER, NATION = "doanvien@example.vn", "giamsat@example.vn"
PROVINCE, COMMUNE, OLD = "/provinces/22", "/communes/06895", "/communes/06900"
MARKET = "/markets/QN-DAMHA/coverage"
DAY = date(2026, 8, 10)
ON = "as_of=2026-09-30"


def fill(market: Market, *levels: Level) -> Market:
    for place, level in enumerate(levels):
        make_at(market, level, since=DAY, code=f"A{place + 1}")
    coverage.recompute_market(market.id)
    return market


@pytest.fixture
def nation(app: Flask, transaction: Transaction) -> Flask:
    """Đầm Hà 1 of 2 and 1 of 1 (wholesale), Tiên Yên 0 of 1, Ba Chẽ nothing; Hà Nội 1 of 1."""
    with transaction() as session:
        board = make_operator("Ban quản lý chợ Đầm Hà")
        dam_ha = make_market("QN-DAMHA", "Chợ Đầm Hà", operator=board)
        fill(dam_ha, Level.ACCEPTS, Level.EQUIPPED)
        big = make_market("QN-DAUMOI", "Chợ đầu mối Đầm Hà", trade=MarketTrade.WHOLESALE)
        fill(big, Level.ACCEPTS)
        tien_yen = make_commune("06862", "Xã Tiên Yên")
        fill(
            make_market(
                "QN-TIENYEN",
                "Chợ Tiên Yên",
                commune_code=tien_yen.code,
                market_class=MarketClass.CLASS_1,
            ),
            Level.NONE,
        )
        ba_che = make_commune("06970", "Xã Ba Chẽ")
        make_market("QN-BACHE", "Chợ Ba Chẽ", commune_code=ba_che.code)
        make_commune("06900", "Quảng Tân").is_current = False
        for old in ("Quảng Tân", "Dực Yên"):
            session.add(AreaAlias(name=old, search=fold(old), kind="commune", commune_code="06895"))
        ba_dinh = make_commune("00004", "Phường Ba Đình", make_province("01", "Hà Nội"))
        other = fill(make_market("HN-KHAC", "Chợ Khác", commune_code=ba_dinh.code), Level.ACCEPTS)
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
        make_user(Role.BOARD_MANAGER, operator=board, email=BOARD)
        make_user(Role.BOARD_MANAGER, market=other, email=STRANGER)
        make_user(Role.VOLUNTEER, market=dam_ha, email=VOLUNTEER)
        make_user(Role.AUDITOR, email=NATION)
    return app


def markets_of(page: Markup) -> list[str]:
    return [link.text for link in page.all("a", class_="row-link")]


def cells_of(page: Markup) -> list[tuple[str, str]]:
    """The cells of the grid: the class that colours them, and what they say."""
    steps = ["first", "second", "third", "fourth", "fifth", "nothing"]
    links = page.all("a")
    return [(step, link.text) for link in links for step in steps if f"step-{step}" in link.classes]


def headline(page: Markup) -> str:
    return page.one("p", class_="headline").text


def rows(browser: SignedIn, path: str) -> list[dict[str, str]]:
    """A download in data style."""
    answer = browser.get(f"{path}&style=data")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(StringIO(answer.get_data(as_text=True))))


def operator_of(transaction: Transaction) -> int:
    """The id of the one that runs Đầm Hà."""
    with transaction() as session:
        return session.scalars(
            select(MarketOperator.operator_id).join(Market).where(Market.code == "QN-DAMHA")
        ).one()


def test_each_cell_of_the_grid_says_its_share_and_where_nothing_is_counted(nation: Flask) -> None:
    page = SignedIn(nation, OFFICER).page(f"{PROVINCE}?{ON}")

    assert cells_of(page) == [
        ("nothing", "Xã Ba Chẽ chưa có số liệu"),
        ("third", "Đầm Hà 66,7 % 2/3 hộ"),
        ("first", "Xã Tiên Yên 0,0 % 0/1 hộ"),
    ]
    legend = [item.text for item in page.all("li") if "step-fifth" in item.classes]
    assert legend == ["Từ 90 % trở lên"]
    table = [row.text for row in page.all("tr")]
    assert "Đầm Hà 2/2 2 3 66,7 %" in table
    assert "Xã Ba Chẽ 1/1 – – chưa có số liệu" in table


def test_links_carry_the_day_the_denominator_and_the_unit_on(nation: Flask) -> None:
    asked = "as_of=2026-09-29&denominator=C&unit=stalls"
    page = SignedIn(nation, OFFICER).page(f"{PROVINCE}?{asked}")

    links = [link["href"] for link in page.all("a") if "coverage?" in link["href"]]
    cells = [link["href"] for link in page.all("a") if link["href"].startswith("/communes/")]
    assert len(links) == 8
    assert all(asked in href for href in [*links, *cells])


FILTERED = {
    "q=dam+ha": ["Chợ Đầm Hà", "Chợ đầu mối Đầm Hà"],
    "q=QN-TIEN": ["Chợ Tiên Yên"],
    "q=bache": ["Chợ Ba Chẽ"],
    "q=en": [],
    "q=ba+che": ["Chợ Ba Chẽ"],
    "trade=wholesale": ["Chợ đầu mối Đầm Hà"],
    "under=50": ["Chợ Tiên Yên"],
    "under=51": ["Chợ Tiên Yên", "Chợ Đầm Hà"],
    "class=1&under=100": ["Chợ Tiên Yên"],
    "q=khong+co": [],
}


def test_the_filters_hold_for_page_grid_and_files_alike(nation: Flask) -> None:
    officer = SignedIn(nation, OFFICER)

    for query, expected in FILTERED.items():
        page = officer.page(f"{PROVINCE}?{ON}&{query}")
        report = rows(officer, f"{PROVINCE}/report?{ON}&{query}")
        communes = rows(officer, f"{PROVINCE}/communes/file?{ON}&{query}")
        stalls = rows(officer, f"{PROVINCE}/stalls/file?{ON}&{query}")

        assert markets_of(page) == expected, query
        assert {row["market"] for row in report} == set(expected), query
        assert {row["market"] for row in stalls} <= set(expected), query
        assert len(communes) == len(cells_of(page)) == len({row["commune"] for row in report})


def test_the_country_is_a_grid_of_provinces_with_all_markets(nation: Flask) -> None:
    auditor = SignedIn(nation, NATION)

    page = auditor.page(f"/coverage?{ON}")

    assert headline(page).startswith("5/5 chợ triển khai; 60,0 % hộ")
    assert cells_of(page) == [
        ("fifth", "Hà Nội 100,0 % 1/1 hộ"),
        ("third", "Quảng Ninh 50,0 % 2/4 hộ"),
    ]
    assert len(markets_of(page)) == 5
    communes = [td.text for td in page.all("td") if td.attributes.get("data-label") == "Xã, phường"]
    assert "Phường Ba Đình, Hà Nội" in communes
    assert markets_of(auditor.page(f"/coverage?{ON}&province=01")) == ["Chợ Khác"]
    provinces = rows(auditor, f"/coverage/provinces/file?{ON}")
    assert [(row["province"], row["merchant_share_percent"]) for row in provinces] == [
        ("Hà Nội", "100.00"),
        ("Quảng Ninh", "50.00"),
    ]


def test_a_commune_and_an_operator_have_pages_of_their_own(
    nation: Flask, transaction: Transaction
) -> None:
    officer = SignedIn(nation, OFFICER)
    operator = operator_of(transaction)

    commune = officer.page(f"{COMMUNE}?{ON}")
    run_by = officer.page(f"/operators/{operator}/coverage?{ON}")

    assert headline(commune).startswith("2/2 chợ triển khai; 66,7 %")
    assert headline(run_by).startswith("1/1 chợ triển khai; 50,0 %")
    assert markets_of(run_by) == ["Chợ Đầm Hà"]
    assert len(run_by.all("g", class_="chart-dot")) == 24
    report = rows(officer, f"/operators/{operator}/report?{ON}")
    assert [row["market"] for row in report] == ["Chợ Đầm Hà"]
    stalls = rows(officer, f"{COMMUNE}/stalls/file?{ON}")
    assert len(stalls) == 3


def test_an_old_commune_leads_to_todays_with_a_word_about_it(nation: Flask) -> None:
    officer = SignedIn(nation, OFFICER)

    for path in (OLD, "/communes/Dực Yên", "/communes/quang tan"):
        answer = officer.get(f"{path}?{ON}&unit=stalls")

        assert answer.location == f"{COMMUNE}?{ON}&unit=stalls"
        assert "nay là Đầm Hà" in officer.get(answer.location).text


def test_a_commune_written_without_its_zero_or_kind_is_the_same_one(nation: Flask) -> None:
    officer = SignedIn(nation, OFFICER)

    for path in ("/communes/6895", "/communes/dam ha"):
        answer = officer.get(f"{path}?{ON}")

        assert answer.location == f"{COMMUNE}?{ON}"
        assert "nay là" not in officer.get(answer.location).text


def test_an_old_commune_that_still_has_markets_shows_them_and_says_so(
    nation: Flask, transaction: Transaction
) -> None:
    with transaction():
        fill(make_market("QN-CU", "Chợ Cũ", commune_code="06900"), Level.ACCEPTS)

    page = SignedIn(nation, OFFICER).page(f"{OLD}?{ON}")

    assert markets_of(page) == ["Chợ Cũ"]
    assert "không còn từ khi sắp xếp lại" in page.html
    assert f"{COMMUNE}?" in page.html


def test_a_name_that_nobody_knows_goes_to_the_search(nation: Flask) -> None:
    answer = SignedIn(nation, OFFICER).get("/communes/Atlantis")

    assert answer.location == "/areas?q=Atlantis"


LOOKS = {
    STRANGER: {
        COMMUNE: 404,
        f"{COMMUNE}/report": 404,
        f"{COMMUNE}/stalls/file": 404,
        f"{PROVINCE}/communes/file": 404,
        "/markets/QN-DAMHA/reasons/file": 404,
        "/operators/OPERATOR/coverage": 404,
        "/operators/OPERATOR/report": 404,
    },
    VOLUNTEER: {
        COMMUNE: 403,
        f"{PROVINCE}/stalls/file": 403,
    },
    BOARD: {
        "/operators/OPERATOR/coverage": 200,
        COMMUNE: 200,
        "/communes/06862": 404,
    },
    OFFICER: {
        "/communes/99999": 404,
        "/operators/999999/coverage": 404,
        "/communes/00004": 404,
        "/communes/06970": 200,
    },
}


@pytest.mark.parametrize("email", LOOKS)
def test_who_may_look(nation: Flask, transaction: Transaction, email: str) -> None:
    browser, operator = SignedIn(nation, email), str(operator_of(transaction))

    found = {
        path: browser.get(path.replace("OPERATOR", operator)).status_code for path in LOOKS[email]
    }

    assert found == LOOKS[email]


def test_a_board_is_shown_its_own_markets_of_a_commune_alone(nation: Flask) -> None:
    board = SignedIn(nation, BOARD)

    page = board.page(f"{COMMUNE}?{ON}")

    assert markets_of(page) == ["Chợ Đầm Hà"]
    assert "Chỉ gồm các chợ bạn được xem" in page.html
    assert [row["market_code"] for row in rows(board, f"{COMMUNE}/report?{ON}")] == ["QN-DAMHA"]


UNANSWERED = {
    "as_of=2099-01-01": "chưa tới",
    "as_of=2020-01-01": "ghi nhận đầu tiên",
    "as_of=homqua": "không phải là ngày",
    f"{ON}&denominator=D": "Mẫu số “D” không có",
    f"{ON}&unit=nguoi": "Cách đếm “nguoi” không có",
    f"{ON}&under=nhieu": "không phải tỷ lệ",
    f"{ON}&under=101": "không phải tỷ lệ",
    f"{ON}&class=9": "Hạng chợ “9” không có",
    f"{ON}&trade=le": "Loại chợ “le” không có",
    f"{ON}&running=maybe": "Tình trạng triển khai “maybe” không có",
    f"{ON}&operator=ai": "Đơn vị quản lý “ai” không có",
}


def test_an_operator_sees_its_own_page_as_whole(nation: Flask, transaction: Transaction) -> None:
    own = f"/operators/{operator_of(transaction)}/coverage"

    assert "Chỉ gồm các chợ bạn được xem" not in SignedIn(nation, BOARD).page(own).html


def test_lists_of_operators_and_communes_lead_to_their_figures(
    nation: Flask, transaction: Transaction
) -> None:
    officer, board = SignedIn(nation, OFFICER), SignedIn(nation, BOARD)

    operators = officer.page("/operators").html
    found = officer.page("/areas?q=tien+yen").html
    found_by_board = board.page("/areas?q=tien+yen").html

    assert f"/operators/{operator_of(transaction)}/coverage" in operators
    assert "/communes/06862" in found
    assert "Xã Tiên Yên" in found_by_board
    assert "/communes/06862" not in found_by_board


@pytest.mark.parametrize("path", [PROVINCE, f"{PROVINCE}/communes/file"])
def test_a_question_without_an_answer_is_said_so_and_kept(nation: Flask, path: str) -> None:
    officer = SignedIn(nation, OFFICER)

    for query, told in UNANSWERED.items():
        answer = officer.get(f"{path}?{query}&q=cho&commune=06895")

        assert answer.status_code == 422, query
        assert told in answer.text
        page = Markup(answer.text)
        kept = {field["name"]: field["value"] for field in page.all("input", type="hidden")}
        assert (kept["q"], kept["commune"]) == ("cho", "06895")
        assert not {"denominator", "unit", "under", "class", "running", "operator"} & set(kept)
        assert "%</strong>" not in answer.text


FILES = (
    f"{PROVINCE}/report",
    f"{PROVINCE}/communes/file",
    f"{PROVINCE}/stalls/file",
    f"{PROVINCE}/trend/file",
    f"{PROVINCE}/targets/file",
    f"{PROVINCE}/targets/behind/file",
    "/markets/QN-DAMHA/report",
    "/markets/QN-DAMHA/stalls/file",
)


@pytest.mark.parametrize("path", FILES)
def test_no_other_file_is_made_than_the_one_asked_for(
    nation: Flask, transaction: Transaction, path: str
) -> None:
    officer = SignedIn(nation, OFFICER)

    for query, told in {"format=pdf": "Loại tệp “pdf” ", "style=zz": "Kiểu tệp “zz” "}.items():
        answer = officer.get(f"{path}?{ON}&{query}")
        assert (answer.status_code, told in answer.text) == (422, True), query

    with transaction() as session:
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).all() == []


@pytest.mark.parametrize(
    ("path", "query", "told"),
    [
        (MARKET, "level=cao", "Bậc “cao” không có"),
        (MARKET, "below=cao", "Bậc chưa đạt “cao” không có"),
        (MARKET, "section=khu", "Khu “khu” không có"),
        (MARKET, "section=999999", "Khu “999999” không có"),
        (MARKET, "line=zzz", "Ngành hàng “zzz” không có"),
        (PROVINCE, "commune=99999", "Xã, phường “99999” không có"),
        (PROVINCE, "operator=999999", "Đơn vị quản lý “999999” không có"),
        ("/markets/QN-DAMHA/stalls/file", "line=zzz", "Ngành hàng “zzz” không có"),
        ("/markets/QN-DAMHA/stalls/file", "below=cao", "Bậc chưa đạt “cao” không có"),
        ("/markets/QN-DAMHA/stalls/file", "level=cao", "Bậc “cao” không có"),
        (f"{PROVINCE}/targets", "kind=huyen", "Cấp “huyen” không có"),
        (f"{PROVINCE}/targets/file", "state=xong", "Tình trạng “xong” không có"),
        (f"{PROVINCE}/targets/behind", "class=9", "Hạng chợ “9” không có"),
        (f"{PROVINCE}/targets/behind/file", "class=9", "Hạng chợ “9” không có"),
    ],
)
def test_a_filter_that_is_none_is_said_so_and_dropped(
    nation: Flask, path: str, query: str, told: str
) -> None:
    answer = SignedIn(nation, OFFICER).get(f"{path}?{ON}&{query}&q=cho")

    assert answer.status_code == 422
    assert told in answer.text
    kept = {field["name"] for field in Markup(answer.text).all("input", type="hidden")}
    assert query.partition("=")[0] not in kept


@pytest.mark.parametrize("query", ["class=&running=&under=&operator=", "class=1&class=9"])
def test_empty_and_repeated_filters_are_read_as_before(nation: Flask, query: str) -> None:
    officer = SignedIn(nation, OFFICER)

    assert officer.get(f"{PROVINCE}?{ON}&{query}").status_code == 200
    assert officer.get(f"{PROVINCE}/report?{ON}&{query}&format=&style=").status_code == 200


def test_a_period_that_ends_before_it_begins_is_kept_to_be_put_right(nation: Flask) -> None:
    answer = SignedIn(nation, OFFICER).get(f"{PROVINCE}/report?{ON}&since=2026-10-01&trade=retail")

    assert answer.status_code == 422
    page = Markup(answer.text)
    values = {field["name"]: field["value"] for field in page.all("input")}
    assert (values["since"], values["as_of"], values["trade"]) == (
        "2026-10-01",
        "2026-09-30",
        "retail",
    )


def test_the_summary_has_a_pooled_total_in_report_style_and_none_in_data_style(
    nation: Flask,
) -> None:
    officer = SignedIn(nation, OFFICER)

    report = officer.get(f"{PROVINCE}/communes/file?{ON}").get_data(as_text=True)
    book = load_workbook(
        BytesIO(officer.get(f"{PROVINCE}/communes/file?{ON}&format=xlsx").get_data())
    )

    last = report.splitlines()[-1].split(";")
    assert (last[0], last[5:7], last[-1]) == ("Tổng cộng", ["4", "4"], "50,00")
    assert "Tổng cộng" not in str(rows(officer, f"{PROVINCE}/communes/file?{ON}"))
    assert book.worksheets[0]["E2"].value == "Xã Ba Chẽ"
    assert book.worksheets[0]["N2"].value is None


def test_a_market_is_told_by_section_by_line_and_by_reason(
    nation: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        section = make_section(market, "Khu Cá")
        tenancy = make_at(market, Level.EQUIPPED, since=DAY, code="C1", section=section)
        see(tenancy, on=DAY, accepts=False, reason=NonAcceptReason.FEAR_OF_TAX)
        coverage.recompute_market(market.id)
    board = SignedIn(nation, BOARD)

    page = board.page(f"{MARKET}?{ON}&unit=stalls")

    told = [row.text for row in page.all("tr")]
    assert {"Khu Cá 0/1 0,0 %", "Chưa xếp khu 1/2 50,0 %"} <= set(told)
    assert {"Ngại thuế 1 50,0 %", "Chưa ghi lý do 1 50,0 %"} <= set(told)
    assert any(text.startswith("Quét đúng tem, hộ xác nhận") for text in told)
    assert "/markets/QN-DAMHA/poster.pdf" in page.html
    own = "/markets/QN-DAMHA"
    sections = rows(board, f"{own}/sections/file?{ON}")
    assert [(row["section"], row["stall_share_percent"]) for row in sections] == [
        ("Khu Cá", "0.00"),
        ("Chưa xếp khu", "50.00"),
    ]
    assert [row["line"] for row in rows(board, f"{own}/lines/file?{ON}")] == ["Chưa ghi ngành hàng"]
    reasons = rows(board, f"{own}/reasons/file?{ON}")
    assert [(row["reason"], row["stalls"]) for row in reasons] == [
        ("fear_of_tax", "1"),
        ("Chưa ghi lý do", "1"),
    ]


def test_the_proof_of_an_area_is_shown_beside_its_share(nation: Flask) -> None:
    officer = SignedIn(nation, OFFICER)

    now = officer.page(f"{PROVINCE}?{ON}")
    later = officer.page(f"{COMMUNE}?as_of={DAY + timedelta(days=1)}")

    assert "2/2 hộ (100,0 %) có mã được quét đúng trong 90 ngày qua" in now.html
    assert "2/2 hộ (100,0 %)" in later.html
    assert "Chưa có hộ nào chấp nhận để xét" in officer.page(f"/communes/06862?{ON}").html


def test_the_trend_is_had_as_a_file(nation: Flask) -> None:
    officer, board = SignedIn(nation, OFFICER), SignedIn(nation, BOARD)

    of_province = rows(officer, f"{PROVINCE}/trend/file?{ON}")
    of_market = rows(board, f"/markets/QN-DAMHA/trend/file?{ON}&unit=stalls")

    assert len(of_province) == len(of_market) == 24
    last = of_province[-1]
    assert (last["accepting"], last["counted"]) == ("2", "4")
    assert (last["share_percent"], last["target_percent"]) == ("50.00", "")
    assert (of_market[-1]["area"], of_market[-1]["share_percent"]) == ("Chợ Đầm Hà", "50.00")


@pytest.mark.parametrize("table", ["trend", "proofs"])
def test_no_file_is_made_of_a_market_with_nothing_to_count(nation: Flask, table: str) -> None:
    answer = SignedIn(nation, OFFICER).get(f"/markets/QN-BACHE/{table}/file?{ON}")

    assert answer.status_code == 422
    assert "Chợ chưa có gì để tính. Hãy nhập danh sách điểm kinh doanh" in answer.text


def test_the_proofs_are_had_as_a_file(nation: Flask) -> None:
    officer, board = SignedIn(nation, OFFICER), SignedIn(nation, BOARD)

    of_province = rows(officer, f"{PROVINCE}/proofs/file?{ON}")
    of_market = rows(board, f"/markets/QN-DAMHA/proofs/file?{ON}")

    assert sum(int(row["accepting"]) for row in of_province) == 2
    assert sum(int(row["accepting"]) for row in of_market) == 1


@pytest.mark.parametrize("table", ["trend", "proofs"])
def test_no_file_is_made_of_days_to_come(nation: Flask, table: str) -> None:
    tomorrow = f"{PROVINCE}/{table}/file?as_of=2099-01-01"

    assert SignedIn(nation, OFFICER).get(tomorrow).status_code == 422


def test_every_file_leaves_an_entry_with_what_was_chosen(
    nation: Flask, transaction: Transaction
) -> None:
    officer = SignedIn(nation, OFFICER)
    for path in (
        f"{PROVINCE}/communes/file?{ON}&under=90&format=xlsx",
        f"{COMMUNE}/stalls/file?{ON}",
        f"/markets/QN-DAMHA/reasons/file?{ON}",
    ):
        assert officer.get(path).status_code == 200

    with transaction() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "export").order_by(AuditEntry.id)
        ).all()
    told = [json.loads(entry.content)["new"] for entry in entries]
    assert [entry.entity for entry in entries] == ["markets", "stalls", "markets"]
    assert (told[0]["province"], told[0]["under"], told[0]["format"]) == ("22", "90", "xlsx")
    assert told[1]["commune"] == "06895"
    assert (told[2]["market"], told[2]["table"]) == ("QN-DAMHA", "ly-do")
