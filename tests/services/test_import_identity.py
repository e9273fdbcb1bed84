"""Who a row of a list means: a name with a mark, a name at its stall, never a name alone."""

import pytest
from sqlalchemy.orm import Session

from market.domain.markets import MarketClass
from market.domain.stickers import StickerState
from market.models.market import Market
from market.models.sticker import Sticker
from tests.factories import NOW, make_account, make_market, make_merchant, make_stall, make_tenancy
from tests.importing import (
    DUNG,
    HEADINGS,
    LAN,
    apply_rows,
    changed,
    changes_of,
    kinds_of,
    later,
    merchants_of,
    tenants_of,
)
from tests.trading import hang_sticker

LAN_NAME = LAN[1]


@pytest.fixture
def market(session: Session) -> Market:
    """A market where Nguyễn Thị Lan came in at A01."""
    made: Market = make_market("QN-DAMHA", market_class=MarketClass.UNCLASSIFIED)
    apply_rows(made, LAN)
    return made


def names_of(market: Market) -> list[str]:
    """The names of all merchants entered at the market."""
    return [merchant.display_name for merchant in merchants_of(market)]


def test_a_name_alone_never_joins(market: Market) -> None:
    apply_rows(market, changed(LAN, stall="C09", phone="", account="", bank=""), actor=later())

    assert names_of(market) == [LAN_NAME, LAN_NAME]


def test_a_name_with_other_marks_never_joins(market: Market) -> None:
    other = changed(LAN, stall="C09", phone="0900000077", account="8800100077")
    apply_rows(market, other, actor=later())

    assert names_of(market) == [LAN_NAME, LAN_NAME]


def test_a_name_with_the_same_phone_is_the_same_merchant(market: Market) -> None:
    apply_rows(market, changed(LAN, stall="C09", account="", bank=""), actor=later())

    assert names_of(market) == [LAN_NAME]
    assert [name for name, _, _ in tenants_of(market, "C09")] == [LAN_NAME]


def test_a_name_with_the_same_account_is_the_same_merchant(market: Market) -> None:
    apply_rows(market, changed(LAN, stall="C09", phone=""), actor=later())

    assert names_of(market) == [LAN_NAME]


def test_a_name_with_the_same_registration_code_is_the_same_merchant(market: Market) -> None:
    headings = (*HEADINGS, "Mã số HKD")
    apply_rows(market, (*LAN, "22A8001234"), headings=headings, actor=later())

    row = changed(LAN, stall="C09", phone="", account="", bank="")
    apply_rows(market, (*row, "22a8001234"), headings=headings, actor=later())

    assert names_of(market) == [LAN_NAME]


def test_an_account_under_another_name_is_another_merchant(market: Market) -> None:
    apply_rows(market, changed(LAN, stall="C09", name="Vũ Thị Nga", phone=""), actor=later())

    assert names_of(market) == [LAN_NAME, "Vũ Thị Nga"]


def test_the_name_of_the_tenant_at_their_own_stall_is_that_tenant(market: Market) -> None:
    batch = apply_rows(market, changed(LAN, phone="0900000077", account="", bank=""), actor=later())

    assert names_of(market) == [LAN_NAME]
    assert list(changes_of(batch, 2)) == ["phone"]


def test_another_phone_is_one_that_was_not_there_before(market: Market) -> None:
    at = later().at

    apply_rows(market, changed(LAN, phone="0900000077", account="", bank=""), actor=later())

    assert [merchant.phone_set_at for merchant in merchants_of(market)] == [at]


def test_the_same_name_at_a_stall_under_another_registration_code_is_another_merchant(
    market: Market,
) -> None:
    headings = (*HEADINGS, "Mã số HKD")
    apply_rows(market, (*LAN, "22A8001234"), headings=headings, actor=later())

    row = changed(LAN, phone="", account="", bank="")
    apply_rows(market, (*row, "22A8009999"), headings=headings, actor=later(2))

    assert names_of(market) == [LAN_NAME, LAN_NAME]


def test_a_namesake_of_another_market_is_another_merchant(session: Session, market: Market) -> None:
    make_merchant(make_market(), DUNG[1], phone=DUNG[2])

    apply_rows(market, DUNG, actor=later())

    assert names_of(market) == [LAN_NAME, DUNG[1]]


def test_who_left_the_market_and_comes_back_is_the_same_merchant(market: Market) -> None:
    apply_rows(market, changed(DUNG, stall="A01"), actor=later())

    apply_rows(market, changed(LAN, stall="C09"), actor=later(2))

    assert names_of(market) == [LAN_NAME, DUNG[1]]


def test_a_merged_double_stands_for_the_record_it_points_to(
    session: Session, market: Market
) -> None:
    (lan,) = merchants_of(market)
    double = make_merchant(market, "Nguyễn Lan", phone="0900000055")
    double.merged_into_id, double.merged_at = lan.id, NOW
    session.flush()

    row = changed(LAN, stall="C09", name="Nguyễn Lan", phone="0900000055", account="", bank="")
    apply_rows(market, row, actor=later())

    assert [name for name, _, _ in tenants_of(market, "C09")] == [LAN_NAME]


def test_capitals_and_missing_accents_are_no_other_name(market: Market) -> None:
    loud = apply_rows(market, changed(LAN, name="NGUYỄN THỊ LAN"), actor=later())
    bare = apply_rows(market, changed(LAN, name="Nguyen Thi Lan"), actor=later())

    assert kinds_of(loud) == kinds_of(bare) == {"same": 1}
    assert names_of(market) == [LAN_NAME]


def test_other_accents_are_another_spelling_of_the_name(market: Market) -> None:
    batch = apply_rows(market, changed(LAN, name="Nguyễn Thị Lân"), actor=later())

    assert changes_of(batch, 2) == {"name": (LAN_NAME, "Nguyễn Thị Lân")}
    assert names_of(market) == ["Nguyễn Thị Lân"]


def test_stickers_with_the_old_spelling_are_void(session: Session, market: Market) -> None:
    merchant = make_merchant(market, DUNG[1], phone=DUNG[2])
    tenancy = make_tenancy(make_stall(market, "A02"), merchant)
    session.refresh(tenancy, ["stall", "merchant"])
    session.refresh(tenancy.stall, ["market"])
    sticker = hang_sticker(tenancy, make_account(merchant, DUNG[4], bin="970405"))

    apply_rows(market, changed(DUNG, name="Trần Văn Dụng"))

    session.expire_all()
    assert session.get_one(Sticker, sticker.id).state is StickerState.VOID
