"""The pages of the bank directory are the administrators'."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from market.domain.roles import Role
from market.models.account import BankEntry
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import VIETCOMBANK, make_market, make_province, make_user
from tests.markup import Markup

Transaction = Callable[[], AbstractContextManager[Session]]
FORM = {
    "bin": "999001",
    "code": "NHM",
    "short_name": "NganHangMau",
    "full_name": "Ngân hàng TMCP Mẫu Mực",
    "kind": "bank",
    "aliases": "Mẫu Mực Bank\r\nNH Mẫu Mực",
    "payer_app_can_scan": "yes",
    "name_lookup": "",
    "notes": "",
}


@pytest.fixture
def admin(app: Flask, transaction: Transaction) -> SignedIn:
    """The browser of an administrator."""
    with transaction():
        make_user(Role.ADMINISTRATOR, email="admin@example.vn")
    return SignedIn(app, "admin@example.vn")


def test_the_directory_is_searched_and_paged(admin: SignedIn) -> None:
    found = admin.page("/banks?q=ngoai+thuong").all("tr")

    assert [row.text for row in found if VIETCOMBANK in row.text]
    with counting_queries() as asked:
        admin.page("/banks?page=2")
    assert len(asked) <= MOST_QUERIES


def test_a_bank_is_added(admin: SignedIn, transaction: Transaction) -> None:
    assert admin.post("/banks", FORM, page="/banks/new").status_code == 302

    with transaction() as session:
        row = session.get_one(BankEntry, "999001")
        assert row.aliases == "Mẫu Mực Bank\nNH Mẫu Mực"
        assert (row.payer_app_can_scan, row.name_lookup) == (True, None)


def test_a_refused_form_keeps_what_was_typed(admin: SignedIn) -> None:
    answer = admin.post("/banks", FORM | {"bin": "12"}, page="/banks/new")

    page = Markup(answer.text)
    assert answer.status_code == 422
    assert page.one("input", name="bin")["value"] == "12"
    assert page.one("textarea", name="aliases").text == "Mẫu Mực Bank NH Mẫu Mực"


def test_a_row_is_corrected(admin: SignedIn, transaction: Transaction) -> None:
    page = admin.page(f"/banks/{VIETCOMBANK}")
    form = {key: FORM[key] for key in FORM if key not in ("bin", "code", "aliases")}
    form |= {
        "seen": page.one("input", name="seen")["value"],
        "code": page.one("input", name="code")["value"],
        "aliases": page.one("textarea", name="aliases").parts[0].strip(),
        "short_name": "Vietcombank",
        "notes": "đã hỏi lại",
    }

    first = admin.post(f"/banks/{VIETCOMBANK}", form)
    again = admin.post(f"/banks/{VIETCOMBANK}", form)

    assert (first.status_code, again.status_code) == (302, 409)
    with transaction() as session:
        assert session.get_one(BankEntry, VIETCOMBANK).notes == "đã hỏi lại"


def test_an_unknown_bank_is_not_found(admin: SignedIn) -> None:
    assert admin.get("/banks/000000").status_code == 404


@pytest.mark.parametrize("path", ["/banks", "/banks/new", f"/banks/{VIETCOMBANK}"])
@pytest.mark.parametrize("role", [Role.PROVINCE_OFFICER, Role.BOARD_MANAGER])
def test_nobody_else_keeps_the_directory(
    app: Flask, transaction: Transaction, path: str, role: Role
) -> None:
    with transaction():
        where = make_market() if role is Role.BOARD_MANAGER else None
        make_user(role, market=where, province=make_province(), email="khac@example.vn")
    browser = SignedIn(app, "khac@example.vn")

    assert browser.get(path).status_code == 403
    assert browser.post("/banks", FORM).status_code == 403
