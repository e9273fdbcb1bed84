"""Pages of stalls: the list and its filters, one stall's history, entering and changing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.roles import Role
from market.domain.stalls import Placement, StallState
from market.models.market import Market, Section
from market.models.merchant import Tenancy
from market.models.stall import Stall, StallStateSpan
from market.services import coverage
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import (
    make_account,
    make_market,
    make_merchant,
    make_province,
    make_section,
    make_stall,
    make_tenancy,
    make_user,
)
from tests.trading import hang_sticker

Transaction = Callable[[], AbstractContextManager[Session]]
OFFICER, BOARD, STRANGER = "tinh@example.vn", "ban@example.vn", "khac@example.vn"
VOLUNTEER, READER = "doanvien@example.vn", "giamsat@example.vn"
STALLS = "/markets/QN-DAMHA/stalls"


@pytest.fixture
def register(app: Flask, transaction: Transaction) -> Flask:
    """The market of Đầm Hà: A1 of Đỗ Thị Mẫu with account and sticker, A2 vacant, B1 closed."""
    with transaction() as session:
        market = make_market("QN-DAMHA", "Chợ Đầm Hà")
        own, other = make_section(market, "Khu A", 1), make_section(market, "Khu B", 2)
        stall = make_stall(market, "A1", section=own)
        merchant = make_merchant(market, "Đỗ Thị Mẫu")
        tenancy = make_tenancy(stall, merchant)
        session.refresh(tenancy, ["stall", "merchant"])
        session.refresh(stall, ["market"])
        hang_sticker(tenancy, make_account(merchant, "8800112345"))
        make_stall(market, "A2", section=own, state=StallState.VACANT)
        make_stall(market, "B1", section=other, state=StallState.CLOSED)
        coverage.touch(market.id)
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
        make_user(Role.BOARD_MANAGER, market=market, email=BOARD)
        make_user(Role.AUDITOR, market=market, email=READER)
        make_user(Role.VOLUNTEER, market=market, section=other, email=VOLUNTEER)
        make_user(Role.BOARD_MANAGER, market=make_market("QN-KHAC"), email=STRANGER)
    return app


def stall_named(transaction: Transaction, code: str) -> int:
    """The id of a stall."""
    with transaction() as session:
        return session.scalars(select(Stall.id).where(Stall.code == code)).one()


def codes(browser: SignedIn, query: str = "") -> list[str]:
    """The stalls of the list."""
    return [link.text for link in browser.page(STALLS + query).all("a", class_="row-link")]


def form(**new: str) -> dict[str, str]:
    """A new stall, filled in."""
    return {"code": "A10", "placement": "fixed", "state": "trading", **new}


def test_the_list_shows_what_hangs_on_a_stall(register: Flask) -> None:
    row = SignedIn(register, BOARD).page(STALLS).all("tr")[1].text

    assert row.startswith("A1Khu A Đỗ Thị Mẫu")
    assert "Vietcombank" in row
    assert "2345" in row
    assert "8800112345" not in row
    assert "Đang treo" in row


def test_closed_stalls_are_shown_only_when_asked_for(register: Flask) -> None:
    browser = SignedIn(register, BOARD)

    assert codes(browser) == ["A1", "A2"]
    assert codes(browser, "?state=closed") == ["B1"]


@pytest.mark.parametrize("words", ["do thi", "Đỗ+Thị+Mẫu", "mẫu", "a1", "A1"])
def test_a_stall_is_found_by_code_and_merchant_without_accents(register: Flask, words: str) -> None:
    assert codes(SignedIn(register, BOARD), f"?q={words}") == ["A1"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?state=vacant", ["A2"]),
        ("?level=equipped", ["A1"]),
        ("?level=none", ["A2"]),
        ("?line=meat", []),
        ("?line=%00", ["A1", "A2"]),
        ("?missing=check", ["A1"]),
        ("?missing=sticker", []),
        ("?q=%25", []),
        ("?section=999999999999999999999", ["A1", "A2"]),
        ("?state=nonsense&page=-3", ["A1", "A2"]),
    ],
)
def test_the_list_narrows_by(register: Flask, query: str, expected: list[str]) -> None:
    assert codes(SignedIn(register, BOARD), query) == expected


def test_the_list_narrows_by_section(register: Flask, transaction: Transaction) -> None:
    with transaction() as session:
        section_id = session.scalars(select(Section.id).where(Section.name == "Khu B")).one()

    assert codes(SignedIn(register, BOARD), f"?section={section_id}&state=closed") == ["B1"]


def test_a_stall_that_lacks_something_is_listed_under_it(
    register: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        make_tenancy(make_stall(market, "C1"), make_merchant(market))
        payable = make_merchant(market)
        make_tenancy(make_stall(market, "C2"), payable)
        make_account(payable)
        make_stall(market, "C3")
    browser = SignedIn(register, BOARD)

    assert codes(browser, "?missing=account") == ["C1"]
    assert codes(browser, "?missing=sticker") == ["C2"]
    assert codes(browser, "?missing=tenant") == ["C3"]


def test_a_long_list_comes_in_pages_in_the_order_people_count(
    register: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        for number in range(1, 61):
            merchant = make_merchant(market)
            make_tenancy(make_stall(market, f"C{number}"), merchant)
            make_account(merchant)
    browser = SignedIn(register, BOARD)

    with counting_queries() as asked:
        first = codes(browser)
    second = codes(browser, "?page=2")

    assert first[:4] == ["A1", "A2", "C1", "C2"]
    assert (len(first), len(second), second[-1]) == (50, 12, "C60")
    assert len(asked) <= MOST_QUERIES


def test_a_page_beyond_the_end_is_empty(register: Flask) -> None:
    assert codes(SignedIn(register, BOARD), "?page=99") == []


@pytest.mark.parametrize(
    ("who", "status"), [(OFFICER, 200), (BOARD, 200), (READER, 200), (STRANGER, 404)]
)
def test_the_list_is_for_those_the_market_concerns(register: Flask, who: str, status: int) -> None:
    assert SignedIn(register, who).get(STALLS).status_code == status


def test_a_volunteer_sees_the_stalls_of_the_own_section(
    register: Flask, transaction: Transaction
) -> None:
    volunteer = SignedIn(register, VOLUNTEER)

    assert codes(volunteer) == []
    assert codes(volunteer, "?state=closed") == ["B1"]
    assert volunteer.get(f"{STALLS}/{stall_named(transaction, 'A1')}").status_code == 404
    assert volunteer.get(f"{STALLS}/{stall_named(transaction, 'B1')}").status_code == 200


def test_one_stall_shows_its_facts_and_history(register: Flask, transaction: Transaction) -> None:
    browser = SignedIn(register, BOARD)
    stall_id = stall_named(transaction, "A1")

    with counting_queries() as asked:
        page = browser.page(f"{STALLS}/{stall_id}")

    history = page.one("ol", class_="history").text
    assert "Đỗ Thị Mẫu" in history
    assert "Treo tem" in history
    assert "Chuyển sang: Đang kinh doanh" in history
    assert "8800112345" not in page.html
    assert len(asked) <= MOST_QUERIES


def test_a_trading_stall_without_merchant_is_noticed(
    register: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        stall_id = make_stall(market, "C3").id

    page = SignedIn(register, BOARD).get(f"{STALLS}/{stall_id}").text

    assert "chưa ghi hộ nào" in page


def test_a_stall_of_another_market_does_not_exist(
    register: Flask, transaction: Transaction
) -> None:
    stall_id = stall_named(transaction, "A1")
    stranger = SignedIn(register, STRANGER)

    for path in ("", "/edit"):
        assert stranger.get(f"/markets/QN-KHAC/stalls/{stall_id}{path}").status_code == 404
        assert stranger.get(f"{STALLS}/{stall_id}{path}").status_code == 404


def test_a_board_enters_a_stall_in_a_new_section(register: Flask, transaction: Transaction) -> None:
    sent = form(new_section="Khu C", line_code="meat", area_m2="6,5", since="01/03/2026")

    answer = SignedIn(register, BOARD).post(STALLS, sent)

    with transaction() as session:
        stall = session.scalars(select(Stall).where(Stall.code == "A10")).one()
        section = session.get_one(Section, stall.section_id)
        state = session.scalars(
            select(StallStateSpan).where(StallStateSpan.stall_id == stall.id)
        ).one()
    assert answer.location == f"{STALLS}/{stall.id}"
    assert (section.name, stall.line_code, str(stall.area_m2)) == ("Khu C", "meat", "6.50")
    assert (state.state, state.from_day) == (StallState.TRADING, date(2026, 3, 1))


@pytest.mark.parametrize(
    ("new", "field"),
    [
        ({"code": "a1"}, "code"),
        ({"code": ""}, "code"),
        ({"area_m2": "nhiều"}, "area_m2"),
        ({"since": "2199-01-01"}, "since"),
        ({"since": "31/02/2026"}, "since"),
        ({"line_code": "khong-co"}, "line_code"),
        ({"placement": "bay"}, "placement"),
    ],
)
def test_a_faulty_form_comes_back_with_what_was_typed(
    register: Flask, new: dict[str, str], field: str
) -> None:
    answer = SignedIn(register, BOARD).post(STALLS, form(form="Sạp tôn", **new))

    assert answer.status_code == 422
    assert f'href="#f-{field}"' in answer.text
    assert 'value="Sạp tôn"' in answer.text


def test_a_field_that_is_not_of_the_form_is_refused(register: Flask) -> None:
    assert SignedIn(register, BOARD).post(STALLS, form(market_id="2")).status_code == 422


@pytest.mark.parametrize(
    ("who", "status"), [(OFFICER, 302), (READER, 403), (VOLUNTEER, 403), (STRANGER, 404)]
)
def test_a_stall_is_entered_by_who_may_write_there(register: Flask, who: str, status: int) -> None:
    assert SignedIn(register, who).post(STALLS, form()).status_code == status


def edited(browser: SignedIn, stall_id: int, **new: str) -> dict[str, str]:
    """The change form as a browser would send it."""
    page = browser.page(f"{STALLS}/{stall_id}/edit")
    version = page.all("input", name="version")[0]["value"]
    return {"code": "A2", "placement": "fixed", "version": version, **new}


def test_a_stall_is_changed(register: Flask, transaction: Transaction) -> None:
    browser, stall_id = SignedIn(register, BOARD), stall_named(transaction, "A2")

    answer = browser.post(
        f"{STALLS}/{stall_id}/edit", edited(browser, stall_id, code="A2B", placement="mobile")
    )

    with transaction() as session:
        stall = session.get_one(Stall, stall_id)
    assert answer.status_code == 302
    assert (stall.code, stall.code_key, stall.placement) == ("A2B", "a2b", Placement.MOBILE)


def test_a_change_over_somebody_elses_is_a_conflict(
    register: Flask, transaction: Transaction
) -> None:
    browser, stall_id = SignedIn(register, BOARD), stall_named(transaction, "A2")
    seen = edited(browser, stall_id, form="Sạp")
    browser.post(f"{STALLS}/{stall_id}/edit", seen)

    answer = browser.post(f"{STALLS}/{stall_id}/edit", {**seen, "form": "Kệ"})

    assert answer.status_code == 409


def test_a_code_of_another_stall_is_refused_in_the_form(
    register: Flask, transaction: Transaction
) -> None:
    browser, stall_id = SignedIn(register, BOARD), stall_named(transaction, "A2")

    answer = browser.post(f"{STALLS}/{stall_id}/edit", edited(browser, stall_id, code="a1"))

    assert answer.status_code == 422
    assert 'href="#f-code"' in answer.text


def test_a_state_of_the_past_is_recorded(register: Flask, transaction: Transaction) -> None:
    stall_id = stall_named(transaction, "A2")

    answer = SignedIn(register, BOARD).post(
        f"{STALLS}/{stall_id}/state", {"state": "repair", "on": "01/06/2026"}
    )

    with transaction() as session:
        states = session.scalars(
            select(StallStateSpan.state)
            .where(StallStateSpan.stall_id == stall_id)
            .order_by(StallStateSpan.from_day)
        ).all()
    assert answer.status_code == 302
    assert states == [StallState.VACANT, StallState.REPAIR]


def test_a_state_of_a_day_to_come_is_refused(register: Flask, transaction: Transaction) -> None:
    stall_id = stall_named(transaction, "A2")

    answer = SignedIn(register, BOARD).post(
        f"{STALLS}/{stall_id}/state", {"state": "repair", "on": "2199-01-01"}
    )

    assert answer.status_code == 422
    assert 'href="#f-on"' in answer.text


def test_a_stall_somebody_holds_is_not_closed(register: Flask, transaction: Transaction) -> None:
    stall_id = stall_named(transaction, "A1")

    answer = SignedIn(register, BOARD).post(f"{STALLS}/{stall_id}/close", {"on": "01/10/2026"})

    assert answer.status_code == 409
    assert "Hãy kết thúc bố trí của hộ trước" in answer.text


def test_a_stall_whose_merchant_left_is_closed(register: Flask, transaction: Transaction) -> None:
    stall_id = stall_named(transaction, "A1")
    with transaction() as session:
        session.scalars(select(Tenancy)).one().to_day = date(2026, 9, 30)

    answer = SignedIn(register, BOARD).post(f"{STALLS}/{stall_id}/close", {"on": "01/10/2026"})

    assert answer.status_code == 302
    assert codes(SignedIn(register, BOARD), "?state=closed") == ["A1", "B1"]


@pytest.mark.parametrize(
    ("who", "status"), [(OFFICER, 302), (READER, 403), (VOLUNTEER, 403), (STRANGER, 404)]
)
@pytest.mark.parametrize("act", ["state", "close"])
def test_states_are_recorded_by_who_may_write_there(
    register: Flask, transaction: Transaction, act: str, who: str, status: int
) -> None:
    sent = {"on": "01/10/2026", **({"state": "repair"} if act == "state" else {})}

    answer = SignedIn(register, who).post(f"{STALLS}/{stall_named(transaction, 'A2')}/{act}", sent)

    assert answer.status_code == status
