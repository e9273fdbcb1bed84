"""A session ends when it should: at once after any change of power, by idling, and by its age."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.roles import Role, ScopeKind
from market.models.user import User, UserSession
from market.services import passwords, sessions, users
from market.services.access import Actor
from market.services.user_reach import Scope
from tests.browsing import SignedIn
from tests.factories import PASSWORD, make_market, make_user

Transaction = Callable[[], AbstractContextManager[Session]]
EMAIL = "chu@example.vn"
PAGE = "/markets/QN-DAMHA/stalls"
START = datetime(2026, 9, 30, 3, 0, tzinfo=UTC)


@pytest.fixture
def user_id(app: Flask, transaction: Transaction) -> int:
    """A board manager of Đầm Hà; the service's clock stands still."""
    set_clock(app)
    with transaction():
        user = make_user(market=make_market("QN-DAMHA"), email=EMAIL)
        return user.id


def set_clock(app: Flask, **later: float) -> None:
    """Let the service's clock stand so long after START."""
    at = START + timedelta(**later)
    app.extensions["cho_clock"] = lambda: at


def is_in(browser: SignedIn) -> bool:
    """Whether the browser's next request is answered as that of somebody signed in."""
    answer = browser.get(PAGE)
    if answer.status_code == 302:
        assert answer.location.startswith("/sign-in?next=")
    return answer.status_code == 200


def system() -> Actor:
    """The installation acting a moment later."""
    return Actor.system(START + timedelta(seconds=1))


def disable(user: User) -> None:
    users.disable(user.id, actor=system())


def change_password(user: User) -> None:
    users.reset_password(user.id, actor=system())


def give_role(user: User) -> None:
    users.grant(user, Role.AUDITOR, Scope(ScopeKind.COUNTRY), ends_on=None, actor=system())


def take_role(user: User) -> None:
    users.revoke(user.grants[0].id, user_id=user.id, actor=system())


@pytest.mark.parametrize("act", [disable, change_password, give_role, take_role])
def test_the_next_request_after_a_change_is_refused(
    app: Flask, user_id: int, transaction: Transaction, act: Callable[[User], None]
) -> None:
    browser = SignedIn(app, EMAIL)
    assert is_in(browser)

    with transaction() as session:
        user = session.get_one(User, user_id)
        session.refresh(user, ["grants"])
        act(user)

    assert not is_in(browser)


def test_a_stolen_cookie_is_worth_nothing_after_sign_out(app: Flask, user_id: int) -> None:
    browser = SignedIn(app, EMAIL)
    stolen = browser.cookie()

    answer = browser.post("/sign-out")

    thief = app.test_client()
    thief.set_cookie("cho", stolen)
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert thief.get(PAGE).status_code == 302


def test_signing_out_ends_this_browser_only(app: Flask, user_id: int) -> None:
    here, there = SignedIn(app, EMAIL), SignedIn(app, EMAIL)

    here.post("/sign-out")

    assert not is_in(here)
    assert is_in(there)


def test_another_browser_is_signed_out_from_ones_own_page(
    app: Flask, user_id: int, transaction: Transaction
) -> None:
    lost, mine = SignedIn(app, EMAIL), SignedIn(app, EMAIL)
    with transaction() as session:
        first = session.scalars(select(UserSession.id).order_by(UserSession.id)).first()

    mine.post(f"/me/sessions/{first}/end")

    assert not is_in(lost)
    assert is_in(mine)


def test_somebody_elses_session_is_not_found(
    app: Flask, user_id: int, transaction: Transaction
) -> None:
    with transaction():
        make_user(market=make_market(), email="khac@example.vn")
    theirs, mine = SignedIn(app, EMAIL), SignedIn(app, "khac@example.vn")
    with transaction() as session:
        first = session.scalars(select(UserSession.id).order_by(UserSession.id)).first()

    assert mine.post(f"/me/sessions/{first}/end").status_code == 404
    assert is_in(theirs)


def test_ones_own_new_password_ends_the_other_browsers(app: Flask, user_id: int) -> None:
    here, there = SignedIn(app, EMAIL), SignedIn(app, EMAIL)

    here.post("/me/password", {"password": PASSWORD, "new_password": "mot cau khac rat dai"})

    assert is_in(here)
    assert not is_in(there)


def test_a_session_idles_out_after_thirty_minutes(app: Flask, user_id: int) -> None:
    browser = SignedIn(app, EMAIL)

    set_clock(app, minutes=29, seconds=59)
    assert is_in(browser)
    set_clock(app, minutes=59, seconds=58)
    assert is_in(browser)
    set_clock(app, minutes=89, seconds=58)
    assert not is_in(browser)


def test_a_session_in_use_ends_after_twelve_hours(app: Flask, user_id: int) -> None:
    browser = SignedIn(app, EMAIL)

    for minutes in range(25, 12 * 60, 25):
        set_clock(app, minutes=minutes)
        assert is_in(browser)
    set_clock(app, hours=12)
    assert not is_in(browser)


def test_a_grant_that_ended_yesterday_opens_nothing(app: Flask, transaction: Transaction) -> None:
    set_clock(app)
    with transaction():
        market = make_market("QN-DAMHA")
        make_user(
            Role.VOLUNTEER,
            market=market,
            email=EMAIL,
            ends_on=START.date() - timedelta(days=1),
        )
    browser = SignedIn(app, EMAIL)

    assert browser.get(PAGE).status_code == 403
    assert browser.get("/me").status_code == 200
    assert "chưa được giao việc" in browser.page("/").one("main").text
    assert browser.post("/sign-out").status_code == 302


def test_the_cookie_names_a_random_token_and_the_database_holds_its_hash(
    app: Flask, user_id: int, transaction: Transaction
) -> None:
    SignedIn(app, EMAIL)
    SignedIn(app, EMAIL)

    with transaction() as session:
        hashes = session.scalars(select(UserSession.token_hash)).all()
    assert len(set(hashes)) == 2
    assert all(len(found) == 64 for found in hashes)


# Known and unknown users look alike


def answer_to(app: Flask, email: str, password: str = "sai mat khau roi") -> tuple[int, str]:
    """Status and text of a refused sign-in, without what was typed and the form's token."""
    browser = SignedIn.stranger(app)
    answer = browser.post("/sign-in", {"email": email, "password": password}, page="/sign-in")
    text = answer.text.replace(email, "")
    token = text.split('name="csrf_token" value="')[1].split('"')[0]
    return answer.status_code, text.replace(token, "")


def test_known_and_unknown_users_are_refused_in_the_same_words(app: Flask, user_id: int) -> None:
    assert answer_to(app, EMAIL) == answer_to(app, "khong@example.vn")


def test_a_disabled_user_is_refused_in_the_same_words_with_the_right_password(
    app: Flask, user_id: int, transaction: Transaction
) -> None:
    with transaction() as session:
        session.get_one(User, user_id).disabled_at = START

    assert answer_to(app, EMAIL, PASSWORD) == answer_to(app, "khong@example.vn")


@pytest.mark.parametrize("email", [EMAIL, "khong@example.vn"])
def test_a_password_is_hashed_whoever_asks(
    app: Flask, user_id: int, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str | None] = []

    def look(stored: str | None, password: str) -> bool:
        hashed.append(stored)
        return False

    monkeypatch.setattr(passwords, "is_right", look)

    answer_to(app, email)

    assert len(hashed) == 1


def test_nobodys_password_is_never_right() -> None:
    assert passwords.is_right(None, "nobody has this password") is False


def tries_until_throttled(app: Flask, email: str) -> list[int]:
    """Statuses of wrong sign-ins one after the other."""
    browser = SignedIn.stranger(app)
    form = {"email": email, "password": "sai mat khau roi"}
    return [browser.post("/sign-in", form, page="/sign-in").status_code for _ in range(7)]


@pytest.mark.parametrize("email", [EMAIL, "khong@example.vn", "CHU@example.vn "])
def test_after_five_wrong_passwords_a_name_waits_known_or_not(
    app: Flask, user_id: int, email: str
) -> None:
    assert tries_until_throttled(app, email) == [422] * 5 + [429] * 2


def test_the_right_password_does_not_help_while_a_name_waits(app: Flask, user_id: int) -> None:
    tries_until_throttled(app, EMAIL)

    with pytest.raises(AssertionError, match="could not sign in"):
        SignedIn(app, EMAIL)
    set_clock(app, minutes=15, seconds=1)
    assert is_in(SignedIn(app, EMAIL))


def test_a_wait_says_how_long_it_lasts(app: Flask, user_id: int) -> None:
    tries_until_throttled(app, EMAIL)

    answer = SignedIn.stranger(app).post(
        "/sign-in", {"email": EMAIL, "password": "sai mat khau roi"}, page="/sign-in"
    )

    assert answer.headers["Retry-After"] == str(15 * 60)


def test_many_names_from_one_address_wait_too(app: Flask, user_id: int) -> None:
    browser = SignedIn.stranger(app)
    limit = sessions.TRIES_PER_ADDRESS.tries

    statuses = [
        browser.post(
            "/sign-in", {"email": f"{number}@example.vn", "password": "sai"}, page="/sign-in"
        ).status_code
        for number in range(limit + 1)
    ]

    assert statuses == [422] * limit + [429]


@pytest.mark.parametrize("path", ["/confirm-password", "/me/password"])
def test_guessing_the_password_of_an_open_session_waits_too(
    app: Flask, user_id: int, path: str
) -> None:
    browser = SignedIn(app, EMAIL)
    form = {"password": "sai mat khau roi"}
    if path == "/me/password":
        form["new_password"] = "mot cau khac rat dai"

    statuses = [browser.post(path, form).status_code for _ in range(6)]

    assert statuses == [422] * 5 + [429]
