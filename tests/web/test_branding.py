"""The page of how an operator's stickers look: who may, what is kept, what is refused."""

from base64 import b64decode
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.documents import logos
from market.domain.roles import Role
from market.models.audit import AuditEntry
from market.models.branding import OperatorBranding
from market.models.market import Operator
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import make_market, make_operator, make_province, make_user
from tests.paper import logo

Transaction = Callable[[], AbstractContextManager[Session]]
BOARD, OFFICER, VOLUNTEER = "ban@example.vn", "tinh@example.vn", "doanvien@example.vn"
NEIGHBOUR, STRANGER = "chokhac@example.vn", "khac@example.vn"


@pytest.fixture
def page(app: Flask, transaction: Transaction) -> str:
    """Address of the look of a board with two markets; five people who are near it."""
    with transaction():
        operator = make_operator("Ban quản lý chợ Đầm Hà", hotline="0900 000 001")
        market = make_market("QN-DAMHA", "Chợ Đầm Hà", operator=operator)
        make_market("QN-QUANGAN", "Chợ Quảng An", operator=operator)
        make_user(operator=operator, email=BOARD)
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
        make_user(Role.VOLUNTEER, market=market, email=VOLUNTEER)
        make_user(market=market, email=NEIGHBOUR)
        make_user(market=make_market("QN-KHAC", operator=make_operator()), email=STRANGER)
        return f"/operators/{operator.id}/branding"


def form(**new: Any) -> dict[str, Any]:
    """The form as it is sent, without files."""
    return {"accent": "#7a1f1f", "hotline": "0900 000 002", "version": "0", **new}


def upload(file: bytes, name: str = "logo.png") -> tuple[BytesIO, str]:
    return BytesIO(file), name


def red_logo() -> bytes:
    return logo("#c00000", size=(200, 100))


def kept(transaction: Transaction) -> OperatorBranding | None:
    with transaction() as session:
        return session.scalar(select(OperatorBranding))


@pytest.mark.parametrize("email", [BOARD, OFFICER])
def test_who_runs_all_its_markets_changes_the_look(
    app: Flask, page: str, transaction: Transaction, email: str
) -> None:
    answer = SignedIn(app, email).post(page, form())

    assert (answer.status_code, answer.location) == (302, page)
    with transaction() as session:
        assert session.scalars(select(OperatorBranding)).one().accent == "#7a1f1f"
        operator = session.scalars(select(Operator).order_by(Operator.id)).first()
        assert operator is not None
        assert operator.hotline == "0900 000 002"


@pytest.mark.parametrize(("email", "status"), [(VOLUNTEER, 403), (NEIGHBOUR, 403), (STRANGER, 404)])
def test_others_neither_see_nor_change_it(
    app: Flask, page: str, transaction: Transaction, email: str, status: int
) -> None:
    browser = SignedIn(app, email)

    assert browser.get(page).status_code == status
    assert browser.get(f"{page}/bank.png").status_code == status
    assert browser.post(page, form()).status_code == status
    assert browser.post(f"{page}/preview", form()).status_code == status
    assert kept(transaction) is None


def test_nobody_who_is_not_signed_in_gets_there(app: Flask, page: str) -> None:
    assert app.test_client().get(page).location.startswith("/sign-in")


def test_a_market_leads_to_its_operator(app: Flask, page: str) -> None:
    assert SignedIn(app, BOARD).get("/markets/QN-DAMHA/branding").location == page
    assert SignedIn(app, STRANGER).get("/markets/QN-DAMHA/branding").status_code == 404


def test_an_uploaded_logo_is_shown_and_can_be_taken_away(app: Flask, page: str) -> None:
    browser = SignedIn(app, BOARD)
    assert browser.get(f"{page}/bank.png").status_code == 404

    browser.post(page, form(bank_logo=upload(red_logo())))

    shown = browser.get(f"{page}/bank.png")
    assert (shown.status_code, shown.mimetype) == (200, "image/png")
    assert Image.open(BytesIO(shown.data)).size == (200, 100)
    assert f'src="{page}/bank.png"' in browser.page(page).html

    browser.post(page, form(remove_bank="1", version="1"))
    assert browser.get(f"{page}/bank.png").status_code == 404


def test_a_logo_of_an_unknown_place_is_not_there(app: Flask, page: str) -> None:
    assert SignedIn(app, BOARD).get(f"{page}/other.png").status_code == 404


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"accent": "#88ccaa"}, "quá nhạt"),
        ({"accent": "red"}, "#rrggbb"),
        ({"hotline": "gọi cô Hoa"}, "số điện thoại"),
        ({"bank_logo": (b"\xff\xd8\xff\xe0", "anh.jpg")}, "PNG hoặc SVG"),
        ({"programme_logo": (b"<svg><script/></svg>", "logo.svg")}, "không phải một hình SVG"),
    ],
)
def test_what_cannot_be_printed_is_refused_with_the_form_as_it_was_sent(
    app: Flask, page: str, transaction: Transaction, sent: dict[str, Any], message: str
) -> None:
    files = {name: upload(*value) for name, value in sent.items() if isinstance(value, tuple)}

    answer = SignedIn(app, BOARD).post(page, form(**{**sent, **files}))

    assert answer.status_code == 422
    assert message in answer.text
    assert f'href="#f-{next(iter(sent))}"' in answer.text
    assert 'value="0900 000 002"' in answer.text or "hotline" in sent
    assert kept(transaction) is None


def test_a_file_over_the_limit_is_refused_beside_its_field(
    app: Flask, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logos, "LARGEST_FILE", 1024)

    answer = SignedIn(app, BOARD).post(page, form(bank_logo=upload(bytes(5 * 1024))))

    assert answer.status_code == 422
    assert "nặng 5 KiB, nhiều nhất 1 KiB" in answer.text
    assert 'href="#f-bank_logo"' in answer.text


def test_an_older_version_is_refused(app: Flask, page: str) -> None:
    browser = SignedIn(app, BOARD)
    browser.post(page, form())

    assert browser.post(page, form(accent="#00007a")).status_code == 409


def test_the_preview_shows_what_is_in_the_form_and_keeps_nothing(
    app: Flask, page: str, transaction: Transaction
) -> None:
    sent = form(template="a4-8", programme_logo=upload(red_logo()))

    answer = SignedIn(app, BOARD).post(f"{page}/preview", sent)

    picture = answer.text.partition('src="data:image/svg+xml;base64,')[2].partition('"')[0]
    svg = b64decode(picture).decode()
    assert "0900 000 002" in svg
    assert "#7a1f1f" in svg
    assert svg.count("<image") == 1
    assert 'viewBox="0 0 99 67.7"' in svg
    assert kept(transaction) is None


def test_the_preview_says_what_is_wrong_with_the_form(app: Flask, page: str) -> None:
    answer = SignedIn(app, BOARD).post(f"{page}/preview", form(accent="#88ccaa"))

    assert answer.status_code == 200
    assert "quá nhạt" in answer.text
    assert "<img" not in answer.text


def test_a_change_stands_in_the_audit_log_with_what_was_before(
    app: Flask, page: str, transaction: Transaction
) -> None:
    SignedIn(app, BOARD).post(page, form())

    with transaction() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        told = {entry.entity: entry.content for entry in entries}
    assert '"accent":"#7a1f1f"' in told["operator_brandings"].replace(" ", "")
    assert "0900 000 001" in told["operators"]
    assert "0900 000 002" in told["operators"]


def test_the_page_asks_the_database_few_questions(app: Flask, page: str) -> None:
    browser = SignedIn(app, BOARD)
    browser.post(page, form(bank_logo=upload(red_logo())))

    with counting_queries() as asked:
        browser.page(page)

    assert len(asked) <= MOST_QUERIES
