"""The pages on users: giving and taking within one's reach, passwords that are shown once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.roles import Role
from market.models.user import Grant, User
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import (
    make_market,
    make_operator,
    make_province,
    make_section,
    make_user,
)
from tests.markup import Markup

Transaction = Callable[[], AbstractContextManager[Session]]
SOON = (date.today() + timedelta(days=30)).isoformat()
FORM = {
    "display_name": "Đoàn Viên Mới",
    "email": "moi@example.vn",
    "role": "volunteer",
    "scope": "market:QN-DAMHA",
    "ends_on": SOON,
}


@pytest.fixture
def ids(transaction: Transaction) -> dict[str, int]:
    """Everybody who may manage somebody, a volunteer of Đầm Hà and one of another market."""
    with transaction():
        operator = make_operator()
        market = make_market("QN-DAMHA", "Chợ Đầm Hà", operator=operator)
        other = make_market("QN-KHAC", "Chợ Khác")
        make_section(market, "Khu A")
        make_user(Role.ADMINISTRATOR, email="admin@example.vn")
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email="officer@example.vn")
        make_user(operator=operator, email="board@example.vn")
        make_user(market=other, email="stranger@example.vn")
        make_user(Role.AUDITOR, province=make_province(), email="auditor@example.vn")
        mine = make_user(Role.VOLUNTEER, market=market, email="helper@example.vn")
        theirs = make_user(Role.VOLUNTEER, market=other, email="other@example.vn")
        return {"mine": mine.id, "grant": mine.grants[0].id, "theirs": theirs.id}


def shown_password(answer_text: str) -> str:
    """The password on the page that shows it."""
    return Markup(answer_text).one("code").text


def found(transaction: Transaction, email: str) -> User:
    """The user with that email."""
    with transaction() as session:
        return session.scalars(select(User).where(User.email == email)).one()


@pytest.mark.parametrize(
    ("who", "seen", "unseen"),
    [
        ("board", ["helper@example.vn"], ["other@example.vn", "officer@example.vn"]),
        ("officer", ["helper@example.vn", "other@example.vn"], ["admin@example.vn"]),
        ("admin", ["helper@example.vn", "officer@example.vn", "admin@example.vn"], []),
    ],
)
def test_the_list_shows_who_is_within_reach(
    app: Flask, ids: dict[str, int], who: str, seen: list[str], unseen: list[str]
) -> None:
    table = SignedIn(app, f"{who}@example.vn").page("/users").one("table").text

    assert [email for email in seen if email not in table] == []
    assert [email for email in unseen if email in table] == []


def test_a_new_user_signs_in_with_the_password_shown_once_and_has_to_change_it(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    board = SignedIn(app, "board@example.vn")

    made = board.post("/users", FORM, page="/users/new")
    password = shown_password(made.text)
    helper = SignedIn(app, "moi@example.vn", password)

    assert made.status_code == 200
    assert password not in board.get(f"/users/{found(transaction, 'moi@example.vn').id}").text
    kept_out = helper.get("/markets/QN-DAMHA/stalls")
    assert (kept_out.status_code, kept_out.location) == (302, "/me")
    assert "Hãy đổi mật khẩu" in helper.page("/me").one("main").text
    changed = helper.post(
        "/me/password", {"password": password, "new_password": "mot cau moi rat dai"}
    )
    assert changed.status_code == 302
    assert helper.get("/markets/QN-DAMHA/stalls").status_code == 200


def test_a_refused_form_keeps_what_was_typed(app: Flask, ids: dict[str, int]) -> None:
    answer = SignedIn(app, "board@example.vn").post(
        "/users", FORM | {"email": "khong phai email", "ends_on": ""}, page="/users/new"
    )

    page = Markup(answer.text)
    assert answer.status_code == 422
    assert page.one("input", name="display_name")["value"] == "Đoàn Viên Mới"
    assert page.one("option", value="market:QN-DAMHA", selected="")


def test_an_email_in_use_is_a_conflict_on_the_same_page(app: Flask, ids: dict[str, int]) -> None:
    answer = SignedIn(app, "board@example.vn").post(
        "/users", FORM | {"email": "stranger@example.vn"}, page="/users/new"
    )

    assert answer.status_code == 409
    assert "Đã có người dùng với email này" in answer.text


@pytest.mark.parametrize(
    "wanted",
    [{"role": "board_manager", "ends_on": ""}, {"scope": "market:QN-KHAC"}],
    ids=["role", "scope"],
)
def test_a_board_gives_no_more_than_volunteers_of_its_markets(
    app: Flask, ids: dict[str, int], transaction: Transaction, wanted: dict[str, str]
) -> None:
    answer = SignedIn(app, "board@example.vn").post("/users", FORM | wanted, page="/users/new")

    assert answer.status_code == 403
    with transaction() as session:
        assert session.scalars(select(User).where(User.email == "moi@example.vn")).all() == []


def test_a_market_that_is_not_listed_is_named_by_its_code(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    form = FORM | {"scope": "", "market_code": "QN-DAMHA"}
    browser = SignedIn(app, "officer@example.vn")

    unknown = browser.post("/users", form | {"market_code": "KHONG-CO"}, page="/users/new")
    made = browser.post("/users", form, page="/users/new")

    assert unknown.status_code == 422
    assert 'href="#f-market_code"' in unknown.text
    assert made.status_code == 200


def test_a_role_is_given_and_taken(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    officer = SignedIn(app, "officer@example.vn")
    user = f"/users/{ids['mine']}"

    given = officer.post(f"{user}/grants", {"role": "auditor", "scope": "province:22"})
    taken = officer.post(f"{user}/grants/{ids['grant']}/revocation")

    assert (given.status_code, taken.status_code) == (302, 302)
    page = officer.page(user).one("main").text
    assert "Kiểm tra, giám sát" in page
    with transaction() as session:
        assert session.get_one(Grant, ids["grant"]).revoked_at is not None


def test_a_user_is_shut_out_and_let_in_again(app: Flask, ids: dict[str, int]) -> None:
    board = SignedIn(app, "board@example.vn")
    helper = SignedIn(app, "helper@example.vn")
    user = f"/users/{ids['mine']}"

    assert board.post(f"{user}/disabling").status_code == 302
    assert helper.get("/me").location.startswith("/sign-in")
    assert "Đã khóa" in board.page(user).one("main").text
    assert board.post(f"{user}/enabling").status_code == 302
    assert SignedIn(app, "helper@example.vn").get("/me").status_code == 200


def test_a_new_password_is_shown_once_and_the_old_one_is_gone(
    app: Flask, ids: dict[str, int]
) -> None:
    board = SignedIn(app, "board@example.vn")

    answer = board.post(f"/users/{ids['mine']}/password")

    assert SignedIn(app, "helper@example.vn", shown_password(answer.text))
    with pytest.raises(AssertionError, match="could not sign in"):
        SignedIn(app, "helper@example.vn")


def test_a_name_is_corrected(app: Flask, ids: dict[str, int], transaction: Transaction) -> None:
    board = SignedIn(app, "board@example.vn")
    user = f"/users/{ids['mine']}"
    version = board.page(user).one("input", name="version")["value"]

    answer = board.post(f"{user}/name", {"display_name": "Tên Đúng", "version": version})

    assert answer.status_code == 302
    assert found(transaction, "helper@example.vn").display_name == "Tên Đúng"


ACTS = ["/name", "/grants", "/grants/{grant}/revocation", "/disabling", "/enabling", "/password"]
FIELDS = {
    "/name": {"display_name": "Khác", "version": "1"},
    "/grants": {"role": "volunteer", "scope": "market:QN-KHAC", "ends_on": SOON},
}


@pytest.mark.parametrize("act", ["", *ACTS])
def test_a_stranger_finds_nobody(app: Flask, ids: dict[str, int], act: str) -> None:
    stranger = SignedIn(app, "stranger@example.vn")
    path = f"/users/{ids['mine']}" + act.format(grant=ids["grant"])

    answer = stranger.post(path, FIELDS.get(act)) if act else stranger.get(path)

    assert answer.status_code == 404


@pytest.mark.parametrize("who", ["helper", "auditor"])
@pytest.mark.parametrize("path", ["/users", "/users/new", "/users/{mine}"])
def test_who_manages_nobody_is_refused(
    app: Flask, ids: dict[str, int], who: str, path: str
) -> None:
    browser = SignedIn(app, f"{who}@example.vn")

    assert browser.get(path.format(mine=ids["mine"])).status_code == 403


def test_no_page_asks_too_much_of_the_database(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    with transaction():
        market = make_market()
        for _ in range(30):
            make_user(Role.VOLUNTEER, market=market)
    browser = SignedIn(app, "officer@example.vn")

    for path in ("/users", "/users/new", f"/users/{ids['mine']}"):
        with counting_queries() as asked:
            browser.page(path)
        assert len(asked) <= MOST_QUERIES, path
