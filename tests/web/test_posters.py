"""The poster of a market: who gets it, of which day, and what is said where nothing counts."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from io import BytesIO

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy.orm import Session

from market.domain.roles import Role
from market.extensions import db
from market.models.branding import OperatorBranding
from market.services import coverage
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import make_market, make_operator, make_trader, make_user

Transaction = Callable[[], AbstractContextManager[Session]]
BOARD, VOLUNTEER, STRANGER = "ban@example.vn", "doanvien@example.vn", "khac@example.vn"
ADDRESS = "/markets/QN-DAMHA/poster.pdf"


@pytest.fixture
def register(app: Flask, transaction: Transaction) -> Flask:
    """Two traders at a market, none of whom takes transfers; a market without any."""
    with transaction():
        operator = make_operator("Ban quản lý chợ Đầm Hà", hotline="0900 000 001")
        market = make_market("QN-DAMHA", "Chợ Đầm Hà", operator=operator)
        db.session.add(OperatorBranding(operator_id=operator.id, accent="#7a1f1f"))
        for _ in range(2):
            make_trader(market)
        coverage.touch(market.id)
        make_user(market=market, email=BOARD)
        make_user(Role.VOLUNTEER, market=market, email=VOLUNTEER)
        make_user(market=make_market("QN-MOI", "Chợ Mới"), email=STRANGER)
    return app


def words(pdf: bytes) -> str:
    return " ".join(PdfReader(BytesIO(pdf)).pages[0].extract_text().split())


def test_the_poster_of_today_is_a_pdf_in_the_look_of_the_operator(register: Flask) -> None:
    answer = SignedIn(register, BOARD).get(ADDRESS)

    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("inline; filename=ap-phich-QN-DAMHA-")
    assert "0/2 hộ nhận chuyển khoản" in words(answer.data)
    assert "Ban quản lý chợ Đầm Hà Đường dây nóng 0900 000 001" in words(answer.data)
    contents = PdfReader(BytesIO(answer.data)).pages[0].get_contents()
    assert contents is not None
    assert b"0.478 0.122 0.122 rg" in contents.get_data()


def test_a_past_day_can_be_asked_for(register: Flask) -> None:
    answer = SignedIn(register, BOARD).get(f"{ADDRESS}?as_of=2026-01-31")

    assert "Tính đến ngày 31/01/2026" in words(answer.data)


@pytest.mark.parametrize(
    ("day", "status", "message"),
    [
        ("2024-01-31", 422, "chưa có hộ nào được tính vào ngày 31/01/2024"),
        ("2099-01-01", 422, "2099"),
        ("hôm nay", 422, "ngày"),
    ],
)
def test_a_day_that_cannot_be_counted_is_refused(
    register: Flask, day: str, status: int, message: str
) -> None:
    answer = SignedIn(register, BOARD).get(ADDRESS, query_string={"as_of": day})

    assert answer.status_code == status
    assert message in answer.text


def test_a_market_without_households_has_no_poster(register: Flask) -> None:
    answer = SignedIn(register, STRANGER).get("/markets/QN-MOI/poster.pdf")

    assert answer.status_code == 422
    assert "Chợ Mới chưa có hộ nào được tính" in answer.text


@pytest.mark.parametrize(("email", "status"), [(VOLUNTEER, 403), (STRANGER, 404)])
def test_others_do_not_get_it(register: Flask, email: str, status: int) -> None:
    assert SignedIn(register, email).get(ADDRESS).status_code == status


def test_the_poster_asks_the_database_few_questions(register: Flask) -> None:
    browser = SignedIn(register, BOARD)

    with counting_queries() as asked:
        browser.get(ADDRESS)

    assert len(asked) <= MOST_QUERIES


def test_the_day_of_the_file_is_the_day_counted(register: Flask) -> None:
    answer = SignedIn(register, BOARD).get(f"{ADDRESS}?as_of=31/01/2026")

    metadata = PdfReader(BytesIO(answer.data)).metadata
    assert metadata is not None
    assert metadata.creation_date is not None
    assert metadata.creation_date.date() == date(2026, 1, 31)
