"""Names on pages stand in the order of the Vietnamese alphabet, which is ICU's."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import date

import icu
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from market.domain.levels import Level
from market.domain.roles import Role
from market.domain.text import sort_key
from market.services import coverage
from tests.browsing import SignedIn
from tests.factories import (
    make_commune,
    make_market,
    make_operator,
    make_province,
    make_user,
)
from tests.ladders import make_at
from tests.markup import Markup

Transaction = Callable[[], AbstractContextManager[Session]]
ADMIN, OFFICER, NATION = "quantri@example.vn", "tinh@example.vn", "giamsat@example.vn"
# The fold of accents, code points and the alphabet give three different orders of these.
PLACES = (
    "Đông Triều",
    "Cẩm Phả",
    "Hà An",
    "Cao Xanh",
    "Hoàng Quế",
    "Dương Hòa",
    "Hiệp Hòa",
    "Ân Hòa",
)
PROVINCES = ("Đồng Tháp", "Cà Mau", "Điện Biên", "Cần Thơ", "Cao Bằng", "Đà Nẵng", "Hà Nội")


@pytest.fixture
def named(app: Flask, transaction: Transaction) -> Flask:
    """A commune, a market, an operator and a user of each name, and provinces with a market."""
    with transaction():
        for number, name in enumerate(PLACES):
            commune = make_commune(f"069{number:02}", f"Phường {name}")
            board = make_operator(f"Ban quản lý chợ {name}")
            market = make_market(
                f"QN-{number}", f"Chợ {name}", commune_code=commune.code, operator=board
            )
            make_at(market, Level.ACCEPTS, since=date(2026, 8, 10))
            coverage.recompute_market(market.id)
            user = make_user(Role.AUDITOR)
            user.display_name, user.sort_key = name, sort_key(name)
        for number, name in enumerate(PROVINCES):
            province = make_province(f"{30 + number}", name)
            make_market(commune_code=make_commune(f"300{number:02}", "Xã Mẫu", province).code)
        make_user(Role.ADMINISTRATOR, email=ADMIN)
        make_user(Role.AUDITOR, email=NATION)
        make_user(Role.PROVINCE_OFFICER, province=make_province(), email=OFFICER)
    return app


def in_order(names: Iterable[str]) -> list[str]:
    return sorted(names, key=icu.Collator.createInstance(icu.Locale("vi")).getSortKey)


def menu(page: Markup, kind: str) -> list[str]:
    """What a filter of the page offers, without how many there are of each."""
    links = [link for link in page.all("a") if f"{kind}=" in link["href"]]
    return [link.text.rsplit(" ", 1)[0] for link in links if link.text.rsplit(" ", 1)[-1].isdigit()]


def told(page: Markup, element: str, before: str) -> list[str]:
    """The names that elements of the page begin with, each once."""
    found = (each.text for each in page.all(element))
    return list(
        dict.fromkeys(
            name for text in found for name in PLACES if text.startswith(f"{before}{name}")
        )
    )


def test_menus_of_a_province_offer_communes_and_operators_in_order(named: Flask) -> None:
    page = SignedIn(named, OFFICER).page("/provinces/22")

    assert menu(page, "commune") == in_order(f"Phường {name}" for name in PLACES)
    assert menu(page, "operator") == in_order(f"Ban quản lý chợ {name}" for name in PLACES)


def test_the_menu_of_the_country_offers_provinces_in_order(named: Flask) -> None:
    page = SignedIn(named, NATION).page("/coverage")

    assert menu(page, "province") == in_order([*PROVINCES, "Quảng Ninh"])


def test_the_grid_of_a_province_shows_its_communes_in_order(named: Flask) -> None:
    page = SignedIn(named, OFFICER).page("/provinces/22")

    assert told(page, "a", "Phường ") == in_order(PLACES)


@pytest.mark.parametrize("sort", ["name", "commune"])
def test_the_table_of_a_province_is_ordered_by_name(named: Flask, sort: str) -> None:
    officer = SignedIn(named, OFFICER)

    upwards = officer.page(f"/provinces/22?sort={sort}")
    downwards = officer.page(f"/provinces/22?sort=-{sort}")

    assert told(upwards, "th", "Chợ ") == in_order(PLACES)
    assert told(downwards, "th", "Chợ ") == in_order(PLACES)[::-1]


@pytest.mark.parametrize(
    ("path", "element", "before"),
    [
        ("/markets", "th", "Chợ "),
        ("/operators", "th", "Ban quản lý chợ "),
        ("/users", "th", ""),
        ("/provinces/22/targets/new", "option", "Phường "),
        ("/provinces/22/targets/new", "option", "Chợ "),
    ],
)
def test_a_list_is_ordered_by_name(named: Flask, path: str, element: str, before: str) -> None:
    page = SignedIn(named, ADMIN if path == "/users" else OFFICER).page(path)

    assert told(page, element, before) == in_order(PLACES)
