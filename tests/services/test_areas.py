"""Areas are loaded without losing what points to them, and found by today's and old names."""

import pytest
from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from market.domain.area_aliases import packaged_old_names
from market.domain.errors import Invalid, NotFound
from market.models.area import AreaAlias, Commune, Province
from market.services import area_search, areas, audit
from market.services.access import Actor
from tests.audit_log import list_entries
from tests.factories import NOW, make_commune, make_market

ACTOR = Actor.system(NOW)


def codes(written: str) -> list[str]:
    """The codes found for these words."""
    return [found.code for found in area_search.search_communes(written)]


def test_loading_brings_34_provinces_and_3321_communes(session: Session) -> None:
    loaded = areas.load(actor=ACTOR)

    assert (loaded.provinces, loaded.communes, loaded.gone) == (34, 3321, 0)
    assert loaded.aliases == len(packaged_old_names())
    assert session.scalar(select(func.count()).select_from(Commune)) == 3321
    assert session.get_one(Province, "22").name == "Quảng Ninh"
    assert session.get_one(Commune, "06895").name == "Xã Đầm Hà"


def test_loading_twice_changes_nothing(session: Session) -> None:
    first = areas.load(actor=ACTOR)
    aliases = session.scalar(select(func.count()).select_from(AreaAlias))

    again = areas.load(actor=ACTOR)

    assert again == first
    assert session.scalar(select(func.count()).select_from(AreaAlias)) == aliases


def test_an_area_that_left_the_list_stays_for_the_markets_that_point_to_it(
    session: Session,
) -> None:
    market = make_market(commune_code=make_commune("99999", "Xã Không Còn").code)

    loaded = areas.load(actor=ACTOR)

    assert loaded.gone == 1
    assert market.commune_code == "99999"
    assert session.get_one(Commune, "99999").is_current is False
    with pytest.raises(NotFound):
        areas.get_commune("99999")


def test_an_area_that_came_back_is_in_force_again(session: Session) -> None:
    areas.load(actor=ACTOR)
    session.get_one(Commune, "06895").is_current = False

    areas.load(actor=ACTOR)

    assert areas.get_commune("06895").is_current


def test_a_name_that_changed_is_still_found(session: Session) -> None:
    make_commune("06895", "Xã Tên Trước Kia")

    areas.load(actor=ACTOR)

    assert session.get_one(Commune, "06895").name == "Xã Đầm Hà"
    assert codes("ten truoc kia") == ["06895"]


def test_a_refresh_keeps_the_names_that_changed(session: Session) -> None:
    make_commune("06895", "Xã Tên Trước Kia")
    areas.load(actor=ACTOR)

    areas.load(actor=ACTOR)

    assert codes("ten truoc kia") == ["06895"]


def test_loading_is_in_the_audit_log(session: Session) -> None:
    areas.load(actor=ACTOR)
    audit.chain_pending(session)

    entry = list_entries(true())[0]
    assert (entry.action, entry.entity) == ("load", "communes")


@pytest.fixture
def loaded(session: Session) -> Session:
    """The whole list."""
    areas.load(actor=ACTOR)
    session.flush()
    return session


def test_a_commune_is_found_first_by_name_code_and_old_name(loaded: Session) -> None:
    expected = {
        "dam ha": "06895",
        "Đầm Hà": "06895",
        "xã đầm hà quảng ninh": "06895",
        "06895": "06895",
        "6895": "06895",
        "huyện Đầm Hà": "06895",
        "Thị trấn Quảng Hà": "06922",
        "hà giang đồng văn": "00721",
        "van don": "06994",
        "xã cẩm la": "07183",
    }

    assert {written: codes(written)[0] for written in expected} == expected


def test_an_old_district_finds_all_communes_that_came_of_it(loaded: Session) -> None:
    assert set(codes("huyen dam ha")) == {"06895", "06913"}


def test_what_is_found_by_an_old_name_says_so(loaded: Session) -> None:
    found = area_search.search_communes("xã cẩm la")[0]

    assert (found.name, found.old_names) == ("Phường Phong Cốc", ("Xã Cẩm La",))


def test_words_that_stand_apart_are_not_meant_where_somebody_holds_them_together(
    loaded: Session,
) -> None:
    assert {found.name for found in area_search.search_communes("xa quang tan")} == {"Xã Quảng Tân"}


def test_nothing_typed_or_signs_of_the_query_language_find_nothing(loaded: Session) -> None:
    assert [codes(written) for written in ("  ", "%", "_____")] == [[], [], []]


def test_provinces_near_come_first(loaded: Session) -> None:
    found = area_search.search_communes("thống nhất", near={"22"})

    assert found[0].province == "Quảng Ninh"


def test_a_name_that_only_one_commune_has_is_resolved(loaded: Session) -> None:
    assert area_search.resolve_commune("dam ha") == "06895"


def test_of_two_communes_of_one_name_the_near_one_is_meant(loaded: Session) -> None:
    assert area_search.resolve_commune("Tiên Yên", near={"22"}) == "06862"
    with pytest.raises(Invalid):
        area_search.resolve_commune("Tiên Yên")


def test_a_name_of_several_communes_is_not_guessed(loaded: Session) -> None:
    with pytest.raises(Invalid) as refused:
        area_search.resolve_commune("Thống Nhất")

    assert refused.value.problems[0].field == "commune"


def test_an_unknown_name_is_refused(loaded: Session) -> None:
    with pytest.raises(Invalid, match="Không tìm thấy"):
        area_search.resolve_commune("xa khong co that")
