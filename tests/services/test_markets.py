"""Markets, their operators and sections: entered, changed, closed, within what is whose."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.errors import Conflict, Forbidden, Invalid, NotFound
from market.domain.markets import MarketState, MarketTrade, OperatorKind
from market.domain.roles import Permission, Role
from market.models.audit import AuditEntry
from market.models.market import Market, Operator
from market.services import access, audit, market_lists, markets, operators, sections
from market.services.access import Actor
from market.services.markets import MarketValues
from market.services.operators import OperatorValues
from tests.audit_log import list_entries
from tests.factories import (
    LONG_AGO,
    NOW,
    TODAY,
    make_actor,
    make_commune,
    make_market,
    make_operator,
    make_province,
    make_section,
    make_stall,
)

SYSTEM = Actor.system(NOW)


def values(**new: object) -> MarketValues:
    """The market of Đầm Hà, with some values new."""
    known = {"code": "QN-DAMHA", "name": "Chợ Đầm Hà", "commune_code": make_commune().code}
    return MarketValues(**{**known, **new})  # type: ignore[arg-type]


def opened(market: Market) -> Market:
    """The market as a page has it: commune and province loaded."""
    return access.get_market(market.code, actor=SYSTEM, permission=Permission.READ_REGISTRY)


def officer(province_code: str = "22") -> Actor:
    """An officer of a province."""
    return make_actor(Role.PROVINCE_OFFICER, province=make_province(province_code))


def problems_of(refused: pytest.ExceptionInfo[Invalid]) -> set[str | None]:
    """The fields at fault."""
    return {problem.field for problem in refused.value.problems}


def test_a_market_is_entered_open_and_found_without_accents(session: Session) -> None:
    market = markets.create_market(values(), actor=officer())

    assert (market.state, market.search) == (MarketState.OPEN, "cho dam ha")


def test_a_market_of_another_province_is_not_the_officers(session: Session) -> None:
    make_commune("00070", "Phường Hoàn Kiếm", make_province("01", "Hà Nội"))

    with pytest.raises(Forbidden):
        markets.create_market(values(commune_code="00070"), actor=officer())


def test_an_unknown_commune_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound, match="flask areas load"):
        markets.create_market(values(commune_code="00000"), actor=SYSTEM)


@pytest.mark.parametrize("code", ["QN-DAMHA", "qn-damha"])
def test_a_code_is_taken_in_any_case(session: Session, code: str) -> None:
    markets.create_market(values(), actor=SYSTEM)

    with pytest.raises(Invalid) as refused:
        markets.create_market(values(code=code), actor=SYSTEM)

    assert problems_of(refused) == {"code"}


@pytest.mark.parametrize("code", ["", "A", "CHỢ", "A/B", "new", "A B", "-AB", "A" * 33])
def test_a_code_that_does_not_fit_an_address_is_refused(session: Session, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        markets.create_market(values(code=code), actor=SYSTEM)

    assert problems_of(refused) == {"code"}


def test_every_field_at_fault_is_named_at_once(session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        markets.create_market(
            values(
                name=" ",
                opened_on=TODAY + timedelta(days=1),
                cashless_fees="Vé chợ",
                latitude=Decimal("21.3"),
                class_decision="12/QĐ-UBND",
            ),
            actor=SYSTEM,
        )

    assert problems_of(refused) == {
        "name",
        "opened_on",
        "cashless_fees_since",
        "longitude",
        "market_class",
    }


def test_a_change_is_recorded_with_old_and_new(session: Session) -> None:
    market = opened(markets.create_market(values(), actor=SYSTEM))

    markets.change_market(
        market,
        values(name="Chợ Đầm Hà mới", trade=MarketTrade.WHOLESALE),
        version=market.version,
        actor=SYSTEM,
    )
    audit.chain_pending(session)

    entry = list_entries(AuditEntry.entity == "markets")[0]
    assert '"new":{"name":"Chợ Đầm Hà mới","trade":"wholesale"}' in entry.content
    assert '"old":{"name":"Chợ Đầm Hà","trade":"retail"}' in entry.content
    assert market.search == "cho dam ha moi"


def test_a_change_that_changes_nothing_is_not_recorded(session: Session) -> None:
    market = opened(markets.create_market(values(), actor=SYSTEM))

    markets.change_market(market, values(), version=market.version, actor=SYSTEM)
    audit.chain_pending(session)

    assert len(list_entries(AuditEntry.entity == "markets")) == 1


def test_the_code_stays(session: Session) -> None:
    market = opened(markets.create_market(values(), actor=SYSTEM))

    markets.change_market(market, values(code="OTHER"), version=market.version, actor=SYSTEM)

    assert market.code == "QN-DAMHA"


def test_a_change_by_two_people_at_once_is_a_conflict(session: Session) -> None:
    market = opened(markets.create_market(values(), actor=SYSTEM))
    seen = market.version
    markets.change_market(market, values(name="Một"), version=seen, actor=SYSTEM)
    session.flush()

    with pytest.raises(Conflict):
        markets.change_market(market, values(name="Hai"), version=seen, actor=SYSTEM)


def test_a_board_sets_neither_the_place_nor_the_start_of_the_programme(session: Session) -> None:
    market = opened(markets.create_market(values(programme_start=LONG_AGO), actor=SYSTEM))
    board = make_actor(Role.BOARD_MANAGER, market=market)
    other = make_commune("06913", "Xã Quảng Tân")

    markets.change_market(
        market,
        values(name="Chợ mới", commune_code=other.code, programme_start=None),
        version=market.version,
        actor=board,
    )

    assert (market.name, market.commune_code) == ("Chợ mới", "06895")
    assert market.programme_start == LONG_AGO


def test_an_officer_moves_a_market_within_the_province_only(session: Session) -> None:
    market = opened(markets.create_market(values(), actor=SYSTEM))
    near = make_commune("06913", "Xã Quảng Tân")
    far = make_commune("00070", "Phường Hoàn Kiếm", make_province("01", "Hà Nội"))
    actor = officer()

    markets.change_market(
        market, values(commune_code=near.code), version=market.version, actor=actor
    )
    session.flush()

    assert market.commune_code == "06913"
    with pytest.raises(Forbidden):
        markets.change_market(
            market, values(commune_code=far.code), version=market.version, actor=actor
        )


def history(market: Market) -> list[tuple[str, date, date | None]]:
    """Who ran the market, in order."""
    return [
        (row.operator.name, row.from_day, row.to_day)
        for row in reversed(markets.list_operators(market))
    ]


def test_operators_follow_each_other_by_the_day(session: Session) -> None:
    first, second = make_operator("Ban Một"), make_operator("Ban Hai")
    market = opened(make_market())
    markets.change_operator(market, first, on=LONG_AGO, actor=SYSTEM)

    markets.change_operator(market, second, on=TODAY, actor=SYSTEM)

    assert history(market) == [("Ban Một", LONG_AGO, TODAY), ("Ban Hai", TODAY, None)]


def test_an_operator_of_the_past_lasts_until_the_next_one(session: Session) -> None:
    first, second = make_operator("Ban Một"), make_operator("Ban Hai")
    market = opened(make_market())
    markets.change_operator(market, second, on=TODAY, actor=SYSTEM)

    markets.change_operator(market, first, on=LONG_AGO, actor=SYSTEM)

    assert history(market) == [("Ban Một", LONG_AGO, TODAY), ("Ban Hai", TODAY, None)]


def test_an_operator_named_wrongly_is_corrected_on_its_first_day(session: Session) -> None:
    first, second = make_operator("Ban Một"), make_operator("Ban Hai")
    market = opened(make_market())
    markets.change_operator(market, first, on=TODAY, actor=SYSTEM)

    markets.change_operator(market, second, on=TODAY, actor=SYSTEM)

    assert history(market) == [("Ban Hai", TODAY, None)]


def test_the_same_operator_again_changes_nothing(session: Session) -> None:
    operator = make_operator()
    market = opened(make_market(operator=operator))

    assert markets.change_operator(market, operator, on=TODAY, actor=SYSTEM) is False


def test_an_operator_of_another_province_is_refused(session: Session) -> None:
    elsewhere = make_operator(province_code=make_province("01", "Hà Nội").code)

    with pytest.raises(Invalid) as refused:
        markets.change_operator(opened(make_market()), elsewhere, on=TODAY, actor=SYSTEM)

    assert problems_of(refused) == {"operator_id"}


def test_who_runs_the_markets_of_an_operator_follows_the_change(session: Session) -> None:
    first, second = make_operator("Ban Một"), make_operator("Ban Hai")
    market = opened(make_market(operator=first))
    actor = make_actor(Role.BOARD_MANAGER, operator=first)

    markets.change_operator(market, second, on=TODAY, actor=SYSTEM)

    assert list(access.list_markets(actor, Permission.READ_REGISTRY)) == []


def test_operators_are_those_of_the_officers_province(session: Session) -> None:
    make_operator("Ban Quảng Ninh")
    make_operator("Ban Hà Nội", province_code=make_province("01", "Hà Nội").code)

    page = operators.page_of_operators(officer(), search="ban", number=1)

    assert [row.name for row in page.items] == ["Ban Quảng Ninh"]


def test_an_operator_elsewhere_does_not_exist_for_the_officer(session: Session) -> None:
    elsewhere = make_operator(province_code=make_province("01", "Hà Nội").code)

    with pytest.raises(NotFound):
        operators.get_operator(elsewhere.id, actor=officer())


def test_an_operator_is_made_in_the_officers_province_only(session: Session) -> None:
    make_province("01", "Hà Nội")

    with pytest.raises(Forbidden):
        operators.create_operator(
            OperatorValues("Ban Hà Nội", OperatorKind.BOARD, "01"), actor=officer()
        )


def test_two_operators_of_a_province_have_different_names(session: Session) -> None:
    make_operator("Ban Một")
    with pytest.raises(Invalid) as refused:
        operators.create_operator(
            OperatorValues("Ban  Một", OperatorKind.BOARD, "22"), actor=SYSTEM
        )

    assert problems_of(refused) == {"name"}


def test_an_operator_keeps_its_province(session: Session) -> None:
    operator = make_operator("Ban Một")

    operators.change_operator(
        operator, OperatorValues("Ban Hai", OperatorKind.ENTERPRISE, "01"), actor=SYSTEM
    )

    assert (operator.name, operator.province_code) == ("Ban Hai", "22")


def test_an_operator_is_found_by_name_or_made(session: Session) -> None:
    make_province()
    made = operators.get_or_make("Ban Quản lý chợ Mẫu", province_code="22", actor=SYSTEM)

    assert operators.get_or_make("ban quan ly CHO mau", province_code="22", actor=SYSTEM) is made
    assert session.scalars(select(Operator)).one() is made


def test_sections_walk_in_the_order_given(session: Session) -> None:
    market = make_market()
    first = sections.create_section(market, "Khu cá", actor=SYSTEM)
    second = sections.create_section(market, "Khu rau", actor=SYSTEM)

    sections.set_walking_order(market, {first.id: 2, second.id: 1}, actor=SYSTEM)
    session.flush()

    listed = sections.list_sections(market, actor=SYSTEM)
    assert [row.name for row in listed] == ["Khu rau", "Khu cá"]


@pytest.mark.parametrize("name", ["KHU  CA", ""])
def test_a_section_needs_a_name_of_its_own(session: Session, name: str) -> None:
    market = make_market()
    sections.create_section(market, "Khu cá", actor=SYSTEM)
    other = sections.create_section(market, "Khu rau", actor=SYSTEM)

    with pytest.raises(Invalid):
        sections.create_section(market, name, actor=SYSTEM)
    with pytest.raises(Invalid):
        sections.rename_section(other, name, actor=SYSTEM)

    assert other.name == "Khu rau"


def test_a_section_with_stalls_is_not_closed(session: Session) -> None:
    market = make_market()
    section = make_section(market)
    make_stall(market, section=section)

    with pytest.raises(Conflict, match="còn 1 điểm"):
        sections.close_section(section, actor=SYSTEM)


def test_an_empty_section_closes_and_leaves_the_list(session: Session) -> None:
    market = make_market()
    section = make_section(market)

    sections.close_section(section, actor=SYSTEM)
    session.flush()

    assert list(sections.list_sections(market, actor=SYSTEM)) == []
    assert [row.stalls for row in sections.list_with_counts(market, actor=SYSTEM)] == [0]


def test_a_section_of_another_market_is_not_found(session: Session) -> None:
    elsewhere = make_section(make_market())

    with pytest.raises(NotFound):
        sections.get_section(make_market(), elsewhere.id)


def test_markets_stand_in_the_order_of_the_vietnamese_alphabet(session: Session) -> None:
    for name in ("Chợ Đầm Hà", "Chợ Cẩm Phả", "Chợ Cao Xanh", "Chợ Dực Yên"):
        make_market(name=name)

    rows = market_lists.list_all(SYSTEM)

    assert [row.market.name for row in rows] == [
        "Chợ Cao Xanh",
        "Chợ Cẩm Phả",
        "Chợ Dực Yên",
        "Chợ Đầm Hà",
    ]


def test_a_renamed_market_moves_in_the_order(session: Session) -> None:
    market = opened(markets.create_market(values(name="Chợ An"), actor=SYSTEM))
    make_market(name="Chợ Bình")

    markets.change_market(market, values(name="Chợ Xuân"), version=market.version, actor=SYSTEM)
    session.flush()

    assert [row.market.name for row in market_lists.list_all(SYSTEM)] == ["Chợ Bình", "Chợ Xuân"]
