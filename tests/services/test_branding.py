"""The look of an operator's stickers: who may set it, what is kept, what a run keeps of it."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.documents.accents import ACCENT
from market.documents.label_layouts import LogoPlace
from market.documents.logos import Logo, read_logo
from market.domain.errors import Conflict, Forbidden, Invalid, NotFound
from market.domain.roles import Role
from market.extensions import db
from market.models.branding import LogoFile
from market.models.market import MarketOperator
from market.services import branding
from market.services.access import Actor
from market.services.branding import Branding, BrandingValues
from tests.closing import close_since
from tests.factories import (
    TODAY,
    make_actor,
    make_commune,
    make_market,
    make_operator,
    make_province,
    make_section,
)
from tests.paper import logo

OWN = "#7a1f1f"
BANK, PROGRAMME = LogoPlace.BANK, LogoPlace.PROGRAMME

pytestmark = pytest.mark.usefixtures("session")


def red() -> Logo:
    return read_logo(logo("#c00000", size=(200, 100)))


def blue() -> Logo:
    return read_logo(logo("#0000c0", size=(200, 100)))


def values(accent: str = OWN, hotline: str | None = None, **known: Any) -> BrandingValues:
    return BrandingValues(accent, hotline, **known)


def system() -> Actor:
    return make_actor(Role.PROVINCE_OFFICER, province=make_province())


# Who may


def test_a_province_officer_sets_the_look_of_operators_of_the_province() -> None:
    operator = make_operator()
    officer = make_actor(Role.PROVINCE_OFFICER, province=make_province())

    assert branding.get_operator(operator.id, actor=officer) == operator


def test_a_manager_of_the_operator_sets_its_look() -> None:
    operator = make_operator()
    manager = make_actor(operator=operator)

    assert branding.get_operator(operator.id, actor=manager) == operator


def test_a_manager_of_its_only_market_sets_its_look() -> None:
    operator = make_operator()
    manager = make_actor(market=make_market(operator=operator))

    assert branding.get_operator(operator.id, actor=manager) == operator


def test_a_closed_market_of_the_operator_does_not_count() -> None:
    operator = make_operator()
    close_since(make_market(operator=operator), date(2026, 1, 1))
    manager = make_actor(market=make_market(operator=operator))

    assert branding.get_operator(operator.id, actor=manager) == operator


def test_a_manager_of_one_of_its_markets_may_not() -> None:
    operator = make_operator()
    make_market(operator=operator)
    manager = make_actor(market=make_market(operator=operator))

    with pytest.raises(Forbidden, match="mọi chợ của đơn vị"):
        branding.get_operator(operator.id, actor=manager)


@pytest.mark.parametrize("role", [Role.VOLUNTEER, Role.AUDITOR])
def test_who_may_not_write_the_registry_may_not(role: Role) -> None:
    operator = make_operator()
    actor = make_actor(role, market=make_market(operator=operator))

    with pytest.raises(Forbidden):
        branding.get_operator(operator.id, actor=actor)


def test_for_others_the_operator_does_not_exist() -> None:
    operator = make_operator()
    make_market(operator=operator)
    elsewhere = make_commune("00070", "Hoàn Kiếm", make_province("01", "Hà Nội"))
    strangers = (
        make_actor(Role.PROVINCE_OFFICER, province=make_province("01", "Hà Nội")),
        make_actor(operator=make_operator()),
        make_actor(market=make_market(commune_code=elsewhere.code)),
    )

    for stranger in strangers:
        with pytest.raises(NotFound):
            branding.get_operator(operator.id, actor=stranger)


def test_an_operator_without_a_market_does_not_exist_for_a_manager_of_a_market() -> None:
    manager = make_actor(market=make_market(operator=make_operator()))

    with pytest.raises(NotFound):
        branding.get_operator(make_operator().id, actor=manager)


def test_who_ran_the_market_before_may_no_longer() -> None:
    before, now = make_operator(), make_operator()
    market = make_market(operator=before)
    span = db.session.scalars(select(MarketOperator)).one()
    span.to_day = TODAY
    db.session.add(MarketOperator(market_id=market.id, operator_id=now.id, from_day=TODAY))
    manager = make_actor(market=market)

    assert branding.get_operator(now.id, actor=manager) == now
    with pytest.raises(NotFound):
        branding.get_operator(before.id, actor=manager)
    assert branding.operator_of(market, on=TODAY) == now
    assert branding.operator_of(market, on=date(2026, 9, 29)) == before


# What is kept


def test_an_operator_has_the_look_of_the_project_at_first() -> None:
    assert branding.branding_of(make_operator()) == Branding(ACCENT, {}, version=0)


def test_a_look_is_kept_and_found_by_operator_and_market() -> None:
    operator = make_operator()
    market = make_market(operator=operator)

    branding.change_branding(operator, values(new_logos={BANK: red()}), version=0, actor=system())

    expected = Branding(OWN, {BANK: red().sha256}, version=1)
    assert branding.branding_of(operator) == expected
    assert branding.branding_of_market(market.id, TODAY) == expected
    assert branding.logo_files(expected) == {BANK: red().png}


def test_a_market_that_nobody_runs_has_the_look_of_the_project() -> None:
    market = make_market()

    assert branding.branding_of_market(market.id, TODAY) == Branding()
    with pytest.raises(NotFound, match="chưa ghi đơn vị quản lý"):
        branding.operator_of(market, on=TODAY)


def test_logos_that_are_not_mentioned_stay_and_others_go_or_come() -> None:
    operator = make_operator()
    both = {BANK: red(), PROGRAMME: blue()}
    branding.change_branding(operator, values(new_logos=both), version=0, actor=system())

    branding.change_branding(
        operator,
        values(new_logos={PROGRAMME: red()}, removed=frozenset({BANK})),
        version=1,
        actor=system(),
    )

    assert branding.branding_of(operator).logos == {PROGRAMME: red().sha256}


def test_a_logo_used_twice_is_kept_once_and_an_old_one_stays() -> None:
    first, second = make_operator(), make_operator()
    for operator in (first, second):
        branding.change_branding(
            operator, values(new_logos={BANK: red()}), version=0, actor=system()
        )
    made_with = branding.branding_of(first)

    branding.change_branding(first, values(new_logos={BANK: blue()}), version=1, actor=system())

    assert db.session.scalar(select(func.count()).select_from(LogoFile)) == 2
    assert branding.logo_files(made_with) == {BANK: red().png}


def test_a_run_can_keep_a_look_as_json() -> None:
    look = Branding(OWN, {BANK: "0" * 64})

    assert Branding.kept(look.as_json()) == look
    assert Branding.kept({}) == Branding.kept(None) == Branding()


def test_the_hotline_is_set_with_the_look() -> None:
    operator = make_operator(hotline="0900 000 001")

    branding.change_branding(operator, values(hotline="0900 000 002"), version=0, actor=system())

    assert operator.hotline == "0900 000 002"


def test_who_looked_at_an_older_version_is_told() -> None:
    operator = make_operator()
    branding.change_branding(operator, values(), version=0, actor=system())
    branding.change_branding(operator, values(hotline="0900 000 002"), version=1, actor=system())

    for seen in (0, 1):
        with pytest.raises(Conflict, match="vừa được người khác thay đổi"):
            branding.change_branding(operator, values(), version=seen, actor=system())
    assert operator.hotline == "0900 000 002"


def test_too_pale_an_accent_is_refused_and_nothing_is_kept() -> None:
    operator = make_operator()

    with pytest.raises(Invalid, match="quá nhạt"):
        branding.change_branding(
            operator, values("#88ccaa", "0900 000 002"), version=0, actor=system()
        )

    assert branding.branding_of(operator).version == 0
    assert operator.hotline is None


# The preview


def test_the_preview_shows_the_look_with_a_code_that_pays_nobody(session: Session) -> None:
    operator = make_operator(hotline="0900 000 001")
    make_market(name="Chợ Đầm Hà", operator=operator)
    branding.change_branding(operator, values(new_logos={BANK: red()}), version=0, actor=system())

    asked = values("#00007a", "0900 000 002", new_logos={PROGRAMME: blue()})
    picture = branding.preview(operator, asked, template="a4-4xa6", on=TODAY)

    assert "#00007a" in picture
    assert "0900 000 002" in picture
    assert "Chợ Đầm Hà" in picture
    assert picture.count("<image") == 2
    assert not session.new
    assert not session.dirty


def test_the_preview_leaves_out_a_logo_that_is_to_go() -> None:
    operator = make_operator()
    branding.change_branding(operator, values(new_logos={BANK: red()}), version=0, actor=system())

    asked = values(removed=frozenset({BANK}))

    assert "<image" not in branding.preview(operator, asked, template="a6-card", on=TODAY)


def test_a_preview_on_an_unknown_template_is_not_found() -> None:
    with pytest.raises(NotFound, match="a7"):
        branding.preview(make_operator(), values(), template="a7", on=TODAY)


def test_sections_of_a_market_give_no_right_over_its_operator() -> None:
    market = make_market(operator=make_operator())
    operator = branding.operator_of(market, on=TODAY)
    actor = make_actor(Role.VOLUNTEER, section=make_section(market))

    with pytest.raises(Forbidden):
        branding.get_operator(operator.id, actor=actor)
