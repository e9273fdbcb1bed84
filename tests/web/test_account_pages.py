"""The pages on accounts: who sees which number, and what deciding takes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.roles import Role
from market.models.account import PaymentAccount
from market.models.audit import AuditEntry
from market.models.merchant import Merchant
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import (
    PASSWORD,
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
HERE = "/markets/QN-DAMHA/accounts"
WAITING_NUMBER, USED_NUMBER = "8800112345", "8800154321"
WAITING = AccountState.AWAITING_APPROVAL


@pytest.fixture
def ids(transaction: Transaction) -> dict[str, int]:
    """At A1 an account waits, at A2 one is in use; everybody has a user."""
    with transaction():
        market = make_market("QN-DAMHA", "Chợ Đầm Hà")
        section = make_section(market)
        maker = make_user(market=market, email="maker@example.vn")
        make_user(market=market, email="approver@example.vn")
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email="officer@example.vn")
        make_user(Role.AUDITOR, province=make_province(), email="auditor@example.vn")
        make_user(Role.VOLUNTEER, section=section, email="volunteer@example.vn")
        make_user(market=make_market("QN-KHAC"), email="stranger@example.vn")

        def trader(code: str, name: str) -> Merchant:
            merchant = make_merchant(market, name, phone="0900000111")
            make_tenancy(make_stall(market, code, section=section), merchant)
            return merchant

        waiting, used = trader("A1", "Đặng Thị Hà"), trader("A2", "Trần Mẫu")
        return {
            "waiting": make_account(
                waiting, WAITING_NUMBER, state=WAITING, entered_by_id=maker.id
            ).id,
            "used": make_account(used, USED_NUMBER).id,
            "merchant": waiting.id,
            "using": used.id,
        }


def state_of(transaction: Transaction, account_id: int) -> AccountState:
    """What became of an account."""
    with transaction() as session:
        return session.get_one(PaymentAccount, account_id).state


def shows(page: Markup, number: str) -> bool:
    """Whether the page draws the whole number, its groups joined."""
    return any(number in element.text.replace(" ", "") for element in page.all("span"))


def looks(transaction: Transaction) -> int:
    """How many looks at full numbers are written down."""
    with transaction() as session:
        return (
            session.scalar(
                select(func.count())
                .select_from(AuditEntry)
                .where(AuditEntry.action == "read_numbers")
            )
            or 0
        )


@pytest.mark.parametrize(
    ("who", "sees_waiting", "sees_used"),
    [
        ("approver", True, True),
        ("officer", True, False),
        ("volunteer", False, False),
        ("auditor", False, False),
    ],
)
def test_full_numbers_are_shown_to_those_who_may_see_them(
    app: Flask,
    ids: dict[str, int],
    who: str,
    sees_waiting: bool,
    sees_used: bool,
) -> None:
    browser = SignedIn(app, f"{who}@example.vn")

    listed = browser.page(HERE)
    waiting = browser.page(f"{HERE}/{ids['waiting']}")
    approved = browser.page(f"{HERE}?show=approved")
    used = browser.page(f"{HERE}/{ids['used']}")

    assert shows(listed, WAITING_NUMBER) is shows(waiting, WAITING_NUMBER) is sees_waiting
    assert shows(approved, USED_NUMBER) is shows(used, USED_NUMBER) is sees_used
    assert "2345" in listed.one("main").text.replace(" ", "")


def test_each_look_at_full_numbers_is_an_entry(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    browser = SignedIn(app, "approver@example.vn")

    browser.page(HERE)
    browser.page(f"{HERE}/{ids['waiting']}")

    assert looks(transaction) == 2


def test_a_look_at_last_digits_is_none(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    SignedIn(app, "volunteer@example.vn").page(HERE)

    assert looks(transaction) == 0


def test_the_list_names_merchant_stall_and_maker(app: Flask, ids: dict[str, int]) -> None:
    row = SignedIn(app, "approver@example.vn").page(HERE).all("tr")[-1].text

    assert "Đặng Thị Hà" in row
    assert "A1" in row
    assert "Gõ tay, Người dùng mẫu" in row


def test_one_account_is_approved(app: Flask, ids: dict[str, int], transaction: Transaction) -> None:
    answer = SignedIn(app, "approver@example.vn").post(f"{HERE}/{ids['waiting']}/approval")

    assert answer.status_code == 302
    assert state_of(transaction, ids["waiting"]) is AccountState.APPROVED


def test_many_are_approved_with_one_act(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    browser = SignedIn(app, "approver@example.vn")

    answer = browser.post(f"{HERE}/approvals", {"account": [ids["waiting"]]})

    assert answer.status_code == 302
    assert state_of(transaction, ids["waiting"]) is AccountState.APPROVED
    assert "Đã duyệt 1 tài khoản" in browser.page(HERE).one("main").text


def test_what_bulk_left_out_is_said_with_its_reason(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    browser = SignedIn(app, "maker@example.vn")

    browser.post(f"{HERE}/approvals", {"all": "1"})

    told = browser.page(HERE).one("main").text
    assert "Đã duyệt 0 tài khoản" in told
    assert "không được tự duyệt" in told
    assert state_of(transaction, ids["waiting"]) is WAITING


def test_the_maker_is_told_that_somebody_else_decides(app: Flask, ids: dict[str, int]) -> None:
    browser = SignedIn(app, "maker@example.vn")

    page = browser.page(f"{HERE}/{ids['waiting']}")

    assert "Bạn là người nhập tài khoản này" in page.one("main").text
    assert not [form for form in page.all("form") if form["action"].endswith("/approval")]
    assert browser.post(f"{HERE}/{ids['waiting']}/approval").status_code == 403


def test_the_maker_takes_a_slip_back(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    answer = SignedIn(app, "maker@example.vn").post(f"{HERE}/{ids['waiting']}/withdrawal")

    assert answer.status_code == 302
    assert state_of(transaction, ids["waiting"]) is AccountState.REJECTED


def later(app: Flask, minutes: float) -> None:
    """Let the service's clock run ahead."""
    app.extensions["cho_clock"] = lambda: datetime.now(UTC) + timedelta(minutes=minutes)


@pytest.mark.parametrize("path", ["/{id}/approval", "/approvals"])
def test_a_stale_sign_in_asks_for_the_password_on_the_same_page(
    app: Flask, ids: dict[str, int], transaction: Transaction, path: str
) -> None:
    browser = SignedIn(app, "approver@example.vn")
    later(app, minutes=6)
    address = HERE + path.format(id=ids["waiting"])
    fields: dict[str, object] = {"all": "1"} if path == "/approvals" else {}

    refused = browser.post(address, fields)
    wrong = browser.post(address, fields | {"password": "sai mat khau roi"})
    right = browser.post(address, fields | {"password": PASSWORD})

    assert refused.status_code == 403
    assert Markup(refused.text).one("input", name="password", type="password")
    assert wrong.status_code == 422
    assert 'href="#f-password"' in wrong.text
    assert right.status_code == 302
    assert state_of(transaction, ids["waiting"]) is AccountState.APPROVED


def test_a_rejection_asks_for_a_reason(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    browser = SignedIn(app, "approver@example.vn")

    without = browser.post(f"{HERE}/{ids['waiting']}/rejection", {"reason": " "})
    given = browser.post(f"{HERE}/{ids['waiting']}/rejection", {"reason": "Sai tên chủ"})

    assert without.status_code == 422
    assert 'href="#f-reason"' in without.text
    assert given.status_code == 302
    page = browser.page(f"{HERE}/{ids['waiting']}")
    assert "Sai tên chủ" in page.one("main").text
    assert state_of(transaction, ids["waiting"]) is AccountState.REJECTED


def test_a_change_shows_what_differs_and_asks_how_it_was_confirmed(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    with transaction() as session:
        change = make_account(
            session.get_one(Merchant, ids["using"]), "8800154312", state=WAITING
        ).id
    browser = SignedIn(app, "approver@example.vn")

    page = browser.page(f"{HERE}/{change}")
    refused = browser.post(f"{HERE}/{change}/approval")
    approved = browser.post(f"{HERE}/{change}/approval", {"confirmation": "in_person"})

    assert [mark.text for mark in page.all("mark")] == ["2", "1", "1", "2"]
    assert "0900000111" in page.one("main").text
    assert refused.status_code == 422
    assert 'href="#f-confirmation"' in refused.text
    assert approved.status_code == 302
    assert state_of(transaction, ids["used"]) is AccountState.APPROVED


def test_an_officer_compares_a_change_without_the_number_in_use(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    with transaction() as session:
        change = make_account(
            session.get_one(Merchant, ids["using"]), "8800154312", state=WAITING
        ).id

    page = SignedIn(app, "officer@example.vn").page(f"{HERE}/{change}")

    assert shows(page, "8800154312")
    assert not shows(page, USED_NUMBER)


def test_a_number_from_a_number_cell_asks_for_evidence(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    with transaction() as session:
        cell = make_account(
            session.get_one(Merchant, ids["using"]),
            "8800154399",
            state=WAITING,
            came_from_number_cell=True,
        ).id
    browser = SignedIn(app, "approver@example.vn")

    form = {"confirmation": "in_person"}
    refused = browser.post(f"{HERE}/{cell}/approval", form)
    approved = browser.post(f"{HERE}/{cell}/approval", form | {"number_again": "8800 1543 99"})

    assert (refused.status_code, approved.status_code) == (422, 302)
    assert 'href="#f-proof"' in refused.text


def test_a_number_of_letters_alone_is_pointed_out(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    with transaction() as session:
        make_account(session.get_one(Merchant, ids["using"]), "SAPRAUMAU", state=WAITING)
    browser = SignedIn(app, "approver@example.vn")

    page = browser.get(HERE)

    assert "Số toàn chữ" in page.text


def test_an_account_in_use_is_retired_with_a_reason(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    browser = SignedIn(app, "approver@example.vn")

    without = browser.post(f"{HERE}/{ids['used']}/retirement", {"reason": ""})
    given = browser.post(f"{HERE}/{ids['used']}/retirement", {"reason": "Mất điện thoại"})

    assert (without.status_code, given.status_code) == (422, 302)
    assert state_of(transaction, ids["used"]) is AccountState.RETIRED


FORM = {
    "bin": VIETCOMBANK,
    "account_number": "8800 9999 99",
    "holder_name": "DANG THI HA",
    "relation": "self",
}


@pytest.mark.parametrize("who", ["maker", "volunteer"])
def test_an_account_is_entered_and_waits(
    app: Flask, ids: dict[str, int], transaction: Transaction, who: str
) -> None:
    browser = SignedIn(app, f"{who}@example.vn")
    merchant = f"/markets/QN-DAMHA/merchants/{ids['merchant']}"

    browser.page(f"{merchant}/accounts/new")
    answer = browser.post(f"{merchant}/accounts", FORM)

    assert answer.status_code == 302
    with transaction() as session:
        entered = session.scalars(select(PaymentAccount).order_by(PaymentAccount.id.desc())).first()
        assert entered is not None
        assert (entered.state, entered.number_last4) == (WAITING, "9999")


def test_a_wrong_number_is_said_beside_its_field_and_kept(app: Flask, ids: dict[str, int]) -> None:
    merchant = f"/markets/QN-DAMHA/merchants/{ids['merchant']}"

    answer = SignedIn(app, "maker@example.vn").post(
        f"{merchant}/accounts", FORM | {"account_number": "1,9E+13"}
    )

    page = Markup(answer.text)
    assert answer.status_code == 422
    assert page.one("input", name="account_number")["value"] == "1,9E+13"
    assert page.one("input", name="account_number")["aria-invalid"] == "true"


def test_the_same_account_again_is_a_conflict_on_the_same_page(
    app: Flask, ids: dict[str, int]
) -> None:
    merchant = f"/markets/QN-DAMHA/merchants/{ids['merchant']}"

    answer = SignedIn(app, "maker@example.vn").post(
        f"{merchant}/accounts", FORM | {"account_number": WAITING_NUMBER}
    )

    assert answer.status_code == 409
    assert "đang chờ duyệt" in answer.text


def test_another_account_is_asked_for_on_the_stickers(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    with transaction() as session:
        other = make_account(
            session.get_one(Merchant, ids["using"]),
            is_preferred=False,
            becomes_preferred=False,
        ).id

    answer = SignedIn(app, "maker@example.vn").post(f"{HERE}/{other}/preference")

    assert answer.status_code == 302
    assert state_of(transaction, other) is AccountState.APPROVED


DECISIONS = {
    "/approvals": {"all": "1"},
    "/{id}/approval": {},
    "/{id}/rejection": {"reason": "sai"},
    "/{id}/retirement": {"reason": "sai"},
}


@pytest.mark.parametrize("path", DECISIONS)
@pytest.mark.parametrize("who", ["volunteer", "auditor"])
def test_who_may_not_decide_is_refused(
    app: Flask, ids: dict[str, int], transaction: Transaction, who: str, path: str
) -> None:
    browser = SignedIn(app, f"{who}@example.vn")

    answer = browser.post(HERE + path.format(id=ids["waiting"]), DECISIONS[path])

    assert answer.status_code == 403
    assert state_of(transaction, ids["waiting"]) is WAITING


@pytest.mark.parametrize("path", [*DECISIONS, "/{id}/withdrawal", "/{id}/preference"])
def test_a_stranger_finds_nothing_to_decide(
    app: Flask, ids: dict[str, int], transaction: Transaction, path: str
) -> None:
    stranger = SignedIn(app, "stranger@example.vn")

    assert stranger.get(HERE).status_code == 404
    assert stranger.get(f"{HERE}/{ids['waiting']}").status_code == 404
    assert stranger.post(HERE + path.format(id=ids["waiting"])).status_code == 404
    own = "/markets/QN-KHAC/accounts/{id}".format(id=ids["waiting"])
    assert stranger.get(own).status_code == 404
    assert state_of(transaction, ids["waiting"]) is WAITING


def test_no_page_asks_too_much_of_the_database(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    with transaction() as session:
        merchant = session.get_one(Merchant, ids["using"])
        for _ in range(30):
            make_account(merchant, state=WAITING)
    browser = SignedIn(app, "approver@example.vn")

    for path in (HERE, f"{HERE}?show=shared", f"{HERE}/{ids['waiting']}"):
        with counting_queries() as asked:
            browser.page(path)
        assert len(asked) <= MOST_QUERIES, path
