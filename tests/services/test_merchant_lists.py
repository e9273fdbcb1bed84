"""Merchants are found without accents, sorted as Vietnamese do, and told about in order."""

from dataclasses import replace
from datetime import timedelta

import pytest
from icu import Collator, Locale
from sqlalchemy import event
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.roles import Role
from market.extensions import db
from market.models.market import Market
from market.services import accounts, merchant_lists, merchants, tenancies
from market.services.access import Actor
from market.services.merchant_lists import Happening
from market.services.merchants import Consent, MerchantValues
from tests.factories import (
    LONG_AGO,
    NOW,
    TODAY,
    make_account,
    make_actor,
    make_market,
    make_merchant,
    make_section,
    make_stall,
    make_tenancy,
    make_trader,
)
from tests.trading import hang_sticker, make_trading

SYSTEM = Actor.system(NOW)
FAMILY = ("Nguyễn", "Đặng", "Đỗ", "Ân", "An", "Ấn", "Âu", "Ẩn", "Phạm", "Vũ", "Võ", "Dương")
GIVEN = ("Hà", "Hạ", "Hả", "Ha", "Hã", "Há", "Thủy", "Thuỷ", "Ưng", "Ung", "Ơn", "Ôn", "Đào")


def names(market: Market, search: str = "", number: int = 1, actor: Actor = SYSTEM) -> list[str]:
    """The names on a page of the market's list."""
    page = merchant_lists.page_of(market, number, actor=actor, search=search)
    return [merchant.display_name for merchant in page.items]


@pytest.mark.parametrize(
    "search", ["nguyen thi mau", "NGUYỄN", "thi  mau", "Thị", "0900 000 123", "+84900000123"]
)
def test_a_merchant_is_found_by_part_of_the_name_or_by_phone(search: str, session: Session) -> None:
    market = make_market()
    make_merchant(market, "Nguyễn Thị Mẫu", phone="0900000123")
    make_merchant(market, "Trần Khác", phone="0900000124")

    assert names(market, search) == ["Nguyễn Thị Mẫu"]


@pytest.mark.parametrize("search", ["a12", "A12", "124"])
def test_a_merchant_is_found_by_stall_or_by_the_end_of_the_phone(
    search: str, session: Session
) -> None:
    market = make_market()
    make_tenancy(make_stall(market, "A12"), make_merchant(market, "Trần Mẫu", phone="0900000124"))
    make_tenancy(make_stall(market, "A13"), make_merchant(market, "Lê Mẫu", phone="0900000125"))

    assert names(market, search) == ["Trần Mẫu"]


@pytest.mark.parametrize("search", ["%", "_", "nguyen%", "\\"])
def test_signs_of_a_pattern_are_searched_as_they_are(search: str, session: Session) -> None:
    market = make_market()
    make_merchant(market, "Nguyễn Thị Mẫu")

    assert names(market, search) == []


def test_names_stand_in_the_order_of_the_vietnamese_alphabet(session: Session) -> None:
    market = make_market()
    written = [f"{family} {given}" for family in FAMILY for given in GIVEN]
    for name in written:
        make_merchant(market, name)
    collator = Collator.createInstance(Locale("vi"))

    shown = [name for number in range(1, 5) for name in names(market, number=number)]

    assert len(shown) == len(written)
    assert shown == sorted(written, key=collator.getSortKey)


def test_the_list_leaves_out_who_was_joined_or_erased(session: Session) -> None:
    market = make_market()
    kept = make_merchant(market, "Còn Lại")
    make_merchant(market, "Gộp Rồi").merged_into_id = kept.id
    make_merchant(market, "Xóa Rồi").erased_at = NOW

    assert names(market) == ["Còn Lại"]


def test_a_volunteer_sees_only_who_trades_in_the_own_section(session: Session) -> None:
    market = make_market()
    section = make_section(market)
    make_tenancy(make_stall(market, section=section), make_merchant(market, "Trong Khu"))
    make_tenancy(make_stall(market), make_merchant(market, "Ngoài Khu"))

    assert names(market, actor=make_actor(Role.VOLUNTEER, section=section)) == ["Trong Khu"]


def test_a_stranger_sees_nobody(session: Session) -> None:
    market = make_market()
    make_trader(market)

    assert names(market, actor=make_actor(market=make_market())) == []


def test_the_standing_says_stalls_and_accounts(session: Session) -> None:
    market = make_market()
    merchant = make_merchant(market)
    for code in ("A10", "A2"):
        make_tenancy(make_stall(market, code), merchant)
    make_tenancy(make_stall(market, "A1"), merchant, until=TODAY)
    make_tenancy(make_stall(make_market(), "B1"), merchant)
    make_account(merchant)
    make_account(merchant, state=AccountState.AWAITING_APPROVAL)

    standing = merchant_lists.standings([merchant], market=market, actor=SYSTEM)[merchant.id]

    assert [stall.code for stall in standing.stalls] == ["A2", "A10"]
    assert standing.has_account
    assert standing.waiting == 1


def test_a_merchant_with_nothing_has_a_standing_too(session: Session) -> None:
    market = make_market()
    merchant = make_merchant(market)

    standing = merchant_lists.standings([merchant], market=market, actor=SYSTEM)[merchant.id]

    assert (standing.stalls, standing.has_account, standing.waiting) == ((), False, 0)


def test_the_number_of_queries_does_not_grow_with_the_list(session: Session) -> None:
    market = make_market()
    make_account(make_trading(market).merchant)
    few = count_queries(market)
    for _ in range(20):
        make_account(make_trading(market).merchant)

    assert count_queries(market) == few


def count_queries(market: Market) -> int:
    """How many statements a page of the list takes."""
    db.session.flush()
    seen: list[str] = []

    def note(*args: object) -> None:
        seen.append(str(args[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    page = merchant_lists.page_of(market, 1, actor=SYSTEM)
    merchant_lists.standings(page.items, market=market, actor=SYSTEM)
    event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)


def test_doubles_are_told_by_phone_account_or_name_the_surest_first(session: Session) -> None:
    market = make_market()
    mine = make_merchant(market, "Nguyễn Mẫu", phone="0900000123")
    make_account(mine, "8800100001")
    same_name = make_merchant(market, "Nguyen Mau")
    same_phone = make_merchant(market, "Anh Khác", phone="0900000123")
    same_account = make_merchant(market, "Bác Khác")
    make_account(same_account, "8800100001")
    surest = make_merchant(market, "NGUYỄN MẪU", phone="0900000123")
    make_merchant(market, "Không Liên Quan", phone="0900000199")

    doubles = merchant_lists.list_doubles(mine, market=market, actor=SYSTEM)

    assert doubles[0].id == surest.id
    assert {double.id for double in doubles} == {
        surest.id,
        same_name.id,
        same_phone.id,
        same_account.id,
    }


def test_two_without_phone_are_no_doubles(session: Session) -> None:
    market = make_market()
    mine = make_merchant(market, "Nguyễn Mẫu")
    make_merchant(market, "Trần Khác")

    assert merchant_lists.list_doubles(mine, market=market, actor=SYSTEM) == []


def test_the_history_tells_what_happened_the_newest_first(session: Session) -> None:
    market = make_market()
    tenancy = make_trading(market, "Nguyễn Mẫu")
    merchant = tenancy.merchant
    account = make_account(merchant)
    hang_sticker(tenancy, account)
    agreed = Actor.system(NOW - timedelta(days=10))
    consent = Consent(agreed.today, "2026-01", "in_person")
    merchants.change_merchant(
        merchant,
        values=replace(MerchantValues("Nguyễn Mẫu"), consent=consent),
        version=None,
        actor=agreed,
    )
    tenancies.end_tenancy(tenancy, on=TODAY, actor=SYSTEM)
    session.refresh(account, ["bank"])

    events = merchant_lists.history_of(merchant, [tenancy], [account])

    assert [event.happening for event in events] == [
        Happening.STICKER_VOID,
        Happening.STALL_LEFT,
        Happening.CONSENTED,
        Happening.STICKER_HUNG,
        Happening.ACCOUNT_APPROVED,
        Happening.ACCOUNT_ENTERED,
        Happening.STALL_TAKEN,
    ]
    assert events[-1].at == LONG_AGO
    assert events[-1].what == tenancy.stall.code


def test_the_history_says_why_an_account_was_rejected_or_retired(session: Session) -> None:
    market = make_market()
    merchant = make_merchant(market)
    rejected = make_account(merchant, state=AccountState.REJECTED)
    rejected.decided_at, rejected.decision_reason = NOW, "Sai tên"
    retired = make_account(
        merchant, state=AccountState.RETIRED, retired_at=NOW, retire_reason="Mất điện thoại"
    )
    retired.decided_at = NOW
    shown = accounts.list_of_merchant(merchant, market=market, actor=SYSTEM)

    events = merchant_lists.history_of(merchant, [], shown)

    said = {event.happening: event.detail for event in events}
    assert said[Happening.ACCOUNT_REJECTED] == "Sai tên"
    assert said[Happening.ACCOUNT_RETIRED] == "Mất điện thoại"
