"""Who has one role here and another there is offered here what they may do here."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from market.domain.roles import Role, ScopeKind
from market.models.user import Grant
from tests.browsing import SignedIn
from tests.factories import NOW, make_market, make_merchant, make_operator, make_user

Transaction = Callable[[], AbstractContextManager[Session]]
PHONE = "0900000456"


@pytest.fixture
def browser(app: Flask, transaction: Transaction) -> SignedIn:
    """Runs the market of Đầm Hà by its operator, and only reads that of Tiên Yên."""
    with transaction() as session:
        operator = make_operator("Ban quản lý chợ Đầm Hà")
        for code in ("QN-DAMHA", "QN-TIENYEN"):
            market = make_market(code, operator=operator if code == "QN-DAMHA" else None)
            make_merchant(market, f"Hộ mẫu {code}", phone=PHONE)
        user = make_user(operator=operator, email="haivai@example.vn")
        session.add(
            Grant(
                user_id=user.id,
                role=Role.AUDITOR,
                scope=ScopeKind.MARKET,
                market_id=market.id,
                granted_at=NOW,
            )
        )
    return SignedIn(app, "haivai@example.vn")


@pytest.mark.parametrize(("code", "is_offered"), [("QN-DAMHA", True), ("QN-TIENYEN", False)])
def test_only_steps_that_are_open_here_are_offered(
    code: str, is_offered: bool, browser: SignedIn
) -> None:
    page = browser.get(f"/markets/{code}/merchants").text

    assert (f"/markets/{code}/merchants/new" in page) is is_offered
    assert (f'href="/markets/{code}/imports"' in page) is is_offered


@pytest.mark.parametrize(("merchant_id", "is_shown"), [(1, True), (2, False)])
def test_a_phone_is_shown_where_the_register_is_theirs(
    merchant_id: int, is_shown: bool, browser: SignedIn
) -> None:
    code = "QN-DAMHA" if merchant_id == 1 else "QN-TIENYEN"

    page = browser.get(f"/markets/{code}/merchants/{merchant_id}").text

    assert ("0900" in page) is is_shown


def test_the_other_market_stays_in_the_switch(browser: SignedIn) -> None:
    page = browser.get("/markets/QN-TIENYEN/merchants").text

    assert "/markets/QN-DAMHA" in page
