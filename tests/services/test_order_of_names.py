"""The stored order of names: there for what was there before, and kept when a name changes."""

import flask_migrate
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from market.domain.markets import OperatorKind
from market.domain.roles import Role
from market.domain.text import sort_key
from market.models.area import Commune, Province
from market.models.market import Market, Operator
from market.models.user import User
from market.services import areas, operators, users
from market.services.access import Actor
from market.services.operators import OperatorValues
from tests.factories import (
    NOW,
    make_commune,
    make_market,
    make_operator,
    make_province,
    make_user,
)

SYSTEM = Actor.system(NOW)
NAMED = (
    (Province, Province.name),
    (Commune, Commune.name),
    (Operator, Operator.name),
    (Market, Market.name),
    (User, User.display_name),
)


def keys_of(session: Session) -> list[tuple[str, str]]:
    """Every name that has a key, with its key."""
    return [
        (row[0], row[1])
        for entity, name in NAMED
        for row in session.execute(select(name, entity.sort_key))
    ]


def make_names() -> None:
    """A row of each entity, named as no fold of accents would order them."""
    make_commune("06895", "Đầm Hà", make_province("22", "Quảng Ninh"))
    make_commune("06896", "Dầm Hạ")
    make_market(operator=make_operator("Ban quản lý chợ Ông Đề"))
    make_user(Role.AUDITOR)


@pytest.mark.both_databases
def test_a_register_from_before_gets_its_keys_by_migrating(session: Session) -> None:
    make_names()
    session.commit()

    flask_migrate.downgrade(revision="0007")
    flask_migrate.upgrade(revision="0008")

    found = keys_of(session)
    assert [key for _name, key in found] == [sort_key(name) for name, _key in found]
    assert {"Đầm Hà", "Quảng Ninh", "Ban quản lý chợ Ông Đề"} <= {name for name, _key in found}


def test_what_is_added_has_its_key(session: Session) -> None:
    make_names()
    operators.create_operator(
        OperatorValues("Hợp tác xã Ấp Đông", OperatorKind.COOPERATIVE, "22"), actor=SYSTEM
    )
    session.flush()

    found = keys_of(session)

    assert [key for _name, key in found] == [sort_key(name) for name, _key in found]


def test_a_new_name_of_an_operator_has_its_key(session: Session) -> None:
    operator = make_operator("Ban quản lý chợ Ông Đề")
    values = OperatorValues("Ban quản lý chợ Ô Đê", OperatorKind.BOARD, operator.province_code)

    operators.change_operator(operator, values, actor=SYSTEM)

    assert operator.sort_key == sort_key("Ban quản lý chợ Ô Đê")


def test_a_new_name_of_a_user_has_its_key(session: Session) -> None:
    user = make_user(Role.AUDITOR)

    users.rename(user.id, "Đặng Thị Mẫu", version=user.version, actor=SYSTEM)

    assert user.sort_key == sort_key("Đặng Thị Mẫu")


def test_the_official_areas_are_loaded_with_their_keys(session: Session) -> None:
    areas.load(actor=SYSTEM)
    session.execute(update(Commune).where(Commune.code == "06895").values(name="Tên cũ"))
    session.expire_all()
    areas.load(actor=SYSTEM)
    session.flush()

    found = keys_of(session)

    assert [key for _name, key in found] == [sort_key(name) for name, _key in found]
