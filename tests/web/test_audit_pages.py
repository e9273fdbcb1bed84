"""The audit log page: within one's scope, filtered, readable, nothing personal."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from market.domain.roles import Role
from market.services import audit, merchants
from market.services.access import Actor
from market.services.merchants import MerchantValues
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import (
    NOW,
    make_commune,
    make_market,
    make_operator,
    make_province,
    make_section,
    make_target,
    make_user,
)

Transaction = Callable[[], AbstractContextManager[Session]]
LATER = Actor.system(NOW + timedelta(days=2))


@pytest.fixture
def log(transaction: Transaction) -> None:
    """Entries at two markets of Quảng Ninh, one elsewhere, one at none; everybody has a user."""
    with transaction():
        operator = make_operator()
        here = make_market("QN-DAMHA", "Chợ Đầm Hà", operator=operator)
        near = make_market("QN-KHAC", "Chợ Khác")
        there = make_province("24", "Bắc Ninh")
        far = make_market(
            "BN-XA", "Chợ Xa", commune_code=make_commune("07210", "Tam Sơn", there).code
        )
        make_user(Role.ADMINISTRATOR, email="admin@example.vn")
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email="officer@example.vn")
        make_user(operator=operator, email="board@example.vn")
        make_user(Role.AUDITOR, market=near, email="auditor@example.vn")
        make_user(section=make_section(here), email="keeper@example.vn")
        make_user(Role.VOLUNTEER, market=here, email="volunteer@example.vn")
        merchants.create_merchant(
            here,
            values=MerchantValues("Hộ Tên Kín", phone="0900000123"),
            actor=Actor.system(NOW),
        )
        audit.record(LATER, "change", near, market_id=near.id, new={"name": "Tên gần"})
        audit.record(LATER, "change", far, market_id=far.id, new={"name": "Tên xa"})
        audit.record_by_id(LATER, "load", "provinces", 34, new={"provinces": "Tên nước"})


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("admin", {"hộ", "gần", "xa", "nước"}),
        ("officer", {"hộ", "gần"}),
        ("board", {"hộ"}),
        ("auditor", {"gần"}),
        ("keeper", set()),
    ],
)
def test_entries_are_seen_within_the_scope(app: Flask, log: None, who: str, sees: set[str]) -> None:
    text = SignedIn(app, f"{who}@example.vn").page("/audit").one("main").text

    told = {
        "hộ": "Thêm: Hộ kinh doanh",
        "gần": "Tên gần",
        "xa": "Tên xa",
        "nước": "Tên nước",
    }
    assert {name for name, words in told.items() if words in text} == sees


def test_personal_values_stay_hidden(app: Flask, log: None) -> None:
    page = SignedIn(app, "admin@example.vn").page("/audit")

    assert "Tên: đã che" in page.one("main").text
    assert "Điện thoại: đã che" in page.one("main").text
    assert "Kín" not in page.html
    assert "0900000123" not in page.html


def test_targets_are_told_in_per_cent(app: Flask, log: None, transaction: Transaction) -> None:
    with transaction():
        aim = make_target()
        audit.record(LATER, "set", aim, new={"from_percent": "80", "to_percent": "90"})

    page = SignedIn(app, "admin@example.vn").page("/audit")

    assert "Tỷ lệ ngày đầu (%): 80" in page.one("main").text


@pytest.mark.parametrize(
    ("query", "sees"),
    [
        ("entity=merchants", {"Hộ kinh doanh"}),
        ("entity=markets", {"Tên gần", "Tên xa"}),
        ("market=BN-XA", {"Tên xa"}),
        ("day=2026-09-30", {"Hộ kinh doanh"}),
        ("day=02/10/2026&entity=markets", {"Tên gần", "Tên xa"}),
        ("day=2026-01-01", set()),
        ("entity=markets&market=QN-KHAC", {"Tên gần"}),
    ],
)
def test_entries_are_filtered(app: Flask, log: None, query: str, sees: set[str]) -> None:
    page = SignedIn(app, "admin@example.vn").page(f"/audit?{query}")

    shown = page.all("tbody")
    text = shown[0].text if shown else ""
    words = {"Hộ kinh doanh", "Tên gần", "Tên xa", "Tên nước"}
    assert {word for word in words if word in text} == sees


def test_a_day_that_is_none_is_said_and_not_filtered_by(app: Flask, log: None) -> None:
    page = SignedIn(app, "admin@example.vn").page("/audit?day=hom+qua")

    assert page.one("div", class_="error-summary")
    assert "Tên xa" in page.one("main").text


def test_a_filter_reaches_no_further_than_the_scope(app: Flask, log: None) -> None:
    page = SignedIn(app, "board@example.vn").page("/audit?market=BN-XA")

    assert page.one("div", class_="empty")


@pytest.mark.parametrize("place", ["abc", "-1", "9" * 30, "²"])
def test_a_place_that_is_none_begins_at_the_newest(app: Flask, log: None, place: str) -> None:
    page = SignedIn(app, "admin@example.vn").page(f"/audit?page={place}")

    assert "Tên nước" in page.one("main").text


def test_older_entries_are_one_link_away(app: Flask, log: None, transaction: Transaction) -> None:
    with transaction():
        market = make_market("QN-DAI")
        for place in range(60):
            audit.record(LATER, "change", market, market_id=market.id, new={"name": f"Mục {place}"})
    admin = SignedIn(app, "admin@example.vn")

    with counting_queries() as asked:
        newest = admin.page("/audit?market=QN-DAI")
    older = admin.page("/audit" + newest.all("a", class_="button")[-1]["href"])

    assert len(newest.all("tr")) == 51
    assert len(older.all("tr")) == 11
    assert "Mục 0" in older.one("main").text
    assert len(asked) <= MOST_QUERIES


def test_who_may_not_read_the_log_is_refused(app: Flask, log: None) -> None:
    assert SignedIn(app, "volunteer@example.vn").get("/audit").status_code == 403
