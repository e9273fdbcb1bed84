"""The pages on merchants: a market's own people use them, nobody else finds them."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.roles import Role
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import (
    NOW,
    TODAY,
    VIETCOMBANK,
    make_account,
    make_market,
    make_merchant,
    make_province,
    make_section,
    make_stall,
    make_tenancy,
    make_user,
)
from tests.markup import Markup

Transaction = Callable[[], AbstractContextManager[Session]]
HERE = "/markets/QN-DAMHA/merchants"
USERS = {
    "board": Role.BOARD_MANAGER,
    "officer": Role.PROVINCE_OFFICER,
    "volunteer": Role.VOLUNTEER,
    "auditor": Role.AUDITOR,
}
FORM = {
    "display_name": "Nguyễn Thị Mẫu",
    "kind": "household_business",
    "phone": "+84 900.000.123",
    "stall_code": "A12",
    "on": TODAY.isoformat(),
}
ACCOUNT = {
    "bin": VIETCOMBANK,
    "account_number": "8800 1123 45",
    "holder_name": "NGUYEN THI MAU",
    "relation": "self",
}


@pytest.fixture
def merchant_id(transaction: Transaction) -> int:
    """A merchant at stall A11 of Đầm Hà; A12 stands empty; everybody has a user."""
    with transaction():
        market = make_market("QN-DAMHA", "Chợ Đầm Hà")
        section = make_section(market)
        for name, role in USERS.items():
            make_user(
                role,
                email=f"{name}@example.vn",
                market=market if name == "board" else None,
                section=section if name == "volunteer" else None,
                province=make_province() if name in ("officer", "auditor") else None,
            )
        make_user(email="stranger@example.vn", market=make_market("QN-KHAC"))
        merchant = make_merchant(market, "Đặng Thị Hà", phone="0900000111")
        make_tenancy(make_stall(market, "A11", section=section), merchant)
        make_stall(market, "A12", section=section)
        make_account(merchant, "8800154321")
        return merchant.id


def board(app: Flask) -> SignedIn:
    """The browser of the market's board."""
    return SignedIn(app, "board@example.vn")


def test_the_list_names_the_merchant_with_stall_phone_and_account(
    app: Flask, merchant_id: int
) -> None:
    page = board(app).page(f"{HERE}?q=dang+thi+ha")

    row = page.all("tr")[-1].text
    assert "Đặng Thị Hà" in row
    assert "A11" in row
    assert "111" in row
    assert "0900000111" not in page.html
    assert "Đã duyệt" in row


def test_a_list_without_match_says_what_to_do(app: Flask, merchant_id: int) -> None:
    page = board(app).page(f"{HERE}?q=khong+co+ai")

    assert page.one("div", class_="empty").text.startswith("Không có hộ nào phù hợp")


def test_adding_a_merchant_asks_at_most_six_things(app: Flask, merchant_id: int) -> None:
    page = board(app).page(f"{HERE}/new")

    controls = page.all("input") + page.all("select") + page.all("textarea")
    assert len([control for control in controls if "required" in control]) <= 6


def test_a_merchant_is_added_at_a_stall_with_two_page_loads(
    app: Flask, merchant_id: int, transaction: Transaction
) -> None:
    with transaction() as session:
        stall = session.scalars(
            select(Tenancy.stall_id).where(Tenancy.merchant_id == merchant_id)
        ).one()
    browser = board(app)

    page = browser.page(f"{HERE}/new?stall={stall}")
    answer = browser.post(HERE, FORM | ACCOUNT, page=f"{HERE}/new")

    assert page.one("input", name="stall_code")["value"] == "A11"
    assert answer.status_code == 302
    with transaction() as session:
        merchant = session.scalars(
            select(Merchant).where(Merchant.display_name == "Nguyễn Thị Mẫu")
        ).one()
        assert merchant.phone_last3 == "123"
        assert merchant.consent_on is None
        tenancy = session.scalars(select(Tenancy).where(Tenancy.merchant_id == merchant.id)).one()
        assert tenancy.from_day == TODAY
        account = session.scalars(
            select(PaymentAccount).where(PaymentAccount.merchant_id == merchant.id)
        ).one()
        assert account.state is AccountState.AWAITING_APPROVAL


def test_consent_is_never_ticked_beforehand(app: Flask, merchant_id: int) -> None:
    page = board(app).page(f"{HERE}/new")

    assert "checked" not in page.one("input", name="agreed")


def test_consent_is_recorded_where_it_was_ticked(
    app: Flask, merchant_id: int, transaction: Transaction
) -> None:
    board(app).post(HERE, FORM | {"agreed": "1", "consent_channel": "signed"}, page=f"{HERE}/new")

    with transaction() as session:
        merchant = session.scalars(select(Merchant).order_by(Merchant.id.desc())).first()
        assert merchant is not None
        assert (merchant.consent_channel, merchant.consent_text_version) == ("signed", "2026-01")
        assert merchant.consent_taken_by_id is not None


def test_a_refused_form_keeps_what_was_typed_and_says_what_is_wrong(
    app: Flask, merchant_id: int, transaction: Transaction
) -> None:
    answer = board(app).post(HERE, FORM | {"stall_code": "Z99", "phone": "12"}, page=f"{HERE}/new")

    page = Markup(answer.text)
    assert answer.status_code == 422
    assert page.one("input", name="display_name")["value"] == "Nguyễn Thị Mẫu"
    assert {link["href"] for link in page.all("a")} >= {"#f-stall_code", "#f-phone"}
    with transaction() as session:
        assert session.scalars(select(Merchant.id)).all() == [merchant_id]


def test_half_an_account_is_refused_by_its_missing_half(app: Flask, merchant_id: int) -> None:
    half = {"bin": VIETCOMBANK, "account_number": "8800112345", "holder_name": ""}

    answer = board(app).post(HERE, FORM | half, page=f"{HERE}/new")

    assert answer.status_code == 422
    assert 'href="#f-holder_name"' in answer.text


def test_a_merchant_who_is_there_already_is_shown_as_such(app: Flask, merchant_id: int) -> None:
    same = {"display_name": "Dang Thi Ha", "phone": "0900000111"}

    answer = board(app).post(HERE, FORM | same, page=f"{HERE}/new")

    assert answer.status_code == 409
    assert "đã có trong sổ" in answer.text


def test_an_officer_enters_merchants_but_no_accounts(app: Flask, merchant_id: int) -> None:
    officer = SignedIn(app, "officer@example.vn")

    page = officer.page(f"{HERE}/new")

    assert page.all("select", name="bin") == []
    assert officer.post(HERE, FORM | ACCOUNT, page=f"{HERE}/new").status_code == 403
    assert officer.post(HERE, FORM, page=f"{HERE}/new").status_code == 302


def test_the_page_of_a_merchant_tells_stalls_accounts_and_history(
    app: Flask, merchant_id: int
) -> None:
    page = board(app).page(f"{HERE}/{merchant_id}")

    text = page.one("main").text
    assert "A11" in text
    assert "4321" in text
    assert "8800154321" not in page.html
    assert "Vào điểm A11" in text
    assert "0900000111" in text


def test_a_reason_somebody_typed_is_shown_as_it_was_typed(
    app: Flask, merchant_id: int, transaction: Transaction
) -> None:
    reason = "<b>50 % sai</b> %(tên)s"
    with transaction() as session:
        merchant = session.get_one(Merchant, merchant_id)
        rejected = make_account(merchant, state=AccountState.REJECTED, decision_reason=reason)
        rejected.decided_at = NOW

    page = SignedIn(app, "board@example.vn").page(f"{HERE}/{merchant_id}")

    assert reason in page.one("main").text
    assert page.all("b") == []


@pytest.mark.parametrize("name", ["volunteer", "auditor"])
def test_readers_see_neither_the_phone_nor_ways_to_change(
    app: Flask, merchant_id: int, name: str
) -> None:
    page = SignedIn(app, f"{name}@example.vn").page(f"{HERE}/{merchant_id}")

    assert "0900000111" not in page.html
    assert f"{HERE}/{merchant_id}/edit" not in page.html


def test_a_merchant_is_changed(app: Flask, merchant_id: int, transaction: Transaction) -> None:
    browser = board(app)
    page = browser.page(f"{HERE}/{merchant_id}/edit")
    form = {
        "version": page.one("input", name="version")["value"],
        "display_name": "Đặng Thị Hà",
        "kind": "cooperative",
        "phone": page.one("input", name="phone")["value"],
    }

    answer = browser.post(f"{HERE}/{merchant_id}/edit", form)

    assert answer.status_code == 302
    with transaction() as session:
        assert session.get_one(Merchant, merchant_id).kind == "cooperative"


def test_a_change_on_an_old_form_is_refused(app: Flask, merchant_id: int) -> None:
    form = {"version": "7", "display_name": "Khác", "kind": "individual"}

    assert board(app).post(f"{HERE}/{merchant_id}/edit", form).status_code == 409


def test_a_merchant_gets_another_stall_and_leaves_the_first(
    app: Flask, merchant_id: int, transaction: Transaction
) -> None:
    browser = board(app)
    with transaction() as session:
        first = session.scalars(select(Tenancy.id)).one()
    form = {"stall_code": "a12", "on": TODAY.isoformat()}

    started = browser.post(f"{HERE}/{merchant_id}/tenancies", form)
    ended = browser.post(f"{HERE}/{merchant_id}/tenancies/{first}/end", {"on": TODAY.isoformat()})

    assert (started.status_code, ended.status_code) == (302, 302)
    with transaction() as session:
        rows = session.scalars(select(Tenancy).order_by(Tenancy.id)).all()
        assert [row.to_day for row in rows] == [TODAY, None]


def test_leaving_before_coming_is_refused_on_the_same_page(
    app: Flask, merchant_id: int, transaction: Transaction
) -> None:
    with transaction() as session:
        tenancy = session.scalars(select(Tenancy.id)).one()

    answer = board(app).post(f"{HERE}/{merchant_id}/tenancies/{tenancy}/end", {"on": "2020-01-01"})

    assert answer.status_code == 422
    assert "không rời trước" in answer.text


def test_two_records_become_one_after_a_look_at_what_will_happen(
    app: Flask, merchant_id: int, transaction: Transaction
) -> None:
    with transaction() as session:
        kept = session.get_one(Merchant, merchant_id)
        market = session.get_one(Market, kept.market_id)
        double = make_merchant(market, "Dang Thi Ha")
        make_tenancy(make_stall(market, "A13"), double)
        double_id = double.id
    browser = board(app)

    chosen = browser.page(f"{HERE}/{merchant_id}/merge")
    confirm = browser.page(f"{HERE}/{merchant_id}/merge/{double_id}")
    answer = browser.post(f"{HERE}/{merchant_id}/merge/{double_id}")

    assert f"{HERE}/{merchant_id}/merge/{double_id}" in {
        link["href"] for link in chosen.all("a", class_="button")
    }
    assert "A13" in confirm.one("main").text
    assert answer.status_code == 302
    closed = browser.page(f"{HERE}/{double_id}")
    assert "đã gộp vào hồ sơ khác" in closed.one("main").text


@pytest.mark.parametrize(
    "path",
    ["", "/new", "/{id}", "/{id}/edit", "/{id}/merge", "/{id}/merge/{id}"],
)
def test_a_stranger_finds_none_of_it(app: Flask, merchant_id: int, path: str) -> None:
    stranger = SignedIn(app, "stranger@example.vn")

    assert stranger.get(HERE + path.format(id=merchant_id)).status_code == 404
    own = f"/markets/QN-KHAC/merchants/{merchant_id}"
    assert stranger.get(own).status_code == 404


@pytest.mark.parametrize("path", ["", "/{id}/edit", "/{id}/tenancies", "/{id}/merge/{id}"])
def test_a_volunteer_changes_nothing(app: Flask, merchant_id: int, path: str) -> None:
    volunteer = SignedIn(app, "volunteer@example.vn")

    assert volunteer.post(HERE + path.format(id=merchant_id), FORM).status_code == 403


@pytest.mark.parametrize("path", ["", "/{id}", "/new", "/{id}/edit", "/{id}/merge"])
def test_no_page_asks_too_much_of_the_database(app: Flask, merchant_id: int, path: str) -> None:
    browser = board(app)

    with counting_queries() as asked:
        browser.page(HERE + path.format(id=merchant_id))

    assert len(asked) <= MOST_QUERIES
