"""Importing a list: what comes in, what changes, what stays; twice is as once."""

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountSource, AccountState, HolderRelation
from market.domain.imports import BatchState
from market.domain.markets import MarketClass
from market.domain.stalls import Placement, StallState
from market.domain.stickers import StickerState
from market.extensions import db
from market.models.base import Base
from market.models.market import Market, Section
from market.models.merchant import Merchant, Tenancy
from market.models.sticker import Sticker
from market.services import accounts, import_files, merchants, stalls
from tests.factories import (
    LONG_AGO,
    NOW,
    TODAY,
    make_account,
    make_market,
    make_merchant,
    make_stall,
    make_tenancy,
)
from tests.importing import (
    DUNG,
    EMPTY,
    HEADINGS,
    LAN,
    SYSTEM,
    accounts_of,
    apply_rows,
    changed,
    changes_of,
    kinds_of,
    later,
    merchants_of,
    preview_of,
    problems_of,
    rows_of,
    stall_named,
    states_of,
    tenants_of,
)
from tests.trading import hang_sticker

LAN_NAME = LAN[1]


@pytest.fixture
def market(session: Session) -> Market:
    """An empty market."""
    made: Market = make_market("QN-DAMHA", market_class=MarketClass.UNCLASSIFIED)
    return made


def row_counts(session: Session) -> dict[str, int]:
    """How many rows each table of the register has."""
    names = ("stalls", "stall_states", "merchants", "tenancies", "payment_accounts", "sections")
    return {
        name: session.scalar(select(func.count()).select_from(Base.metadata.tables[name])) or 0
        for name in names
    }


def test_a_preview_writes_nothing_to_the_register(session: Session, market: Market) -> None:
    batch = preview_of(market, LAN, DUNG, EMPTY)

    assert kinds_of(batch) == {"new": 3}
    assert set(row_counts(session).values()) == {0}


def test_a_list_brings_in_stalls_with_their_states(market: Market) -> None:
    apply_rows(market, LAN, EMPTY)

    stall = stall_named(market, "A01")
    assert (stall.placement, stall.line_code) == (Placement.FIXED, "meat")
    assert states_of(market, "A01") == [("trading", TODAY, None)]
    assert states_of(market, "A03") == [("vacant", TODAY, None)]


def test_a_list_brings_in_merchants_at_their_stalls(market: Market) -> None:
    apply_rows(market, LAN, EMPTY)

    (merchant,) = merchants_of(market)
    assert merchant.display_name == LAN_NAME
    assert merchants.open_phone(merchant) == "0900000001"
    assert tenants_of(market, "A01") == [(LAN_NAME, TODAY, None)]
    assert tenants_of(market, "A03") == []


def test_accounts_come_in_waiting_for_approval(market: Market) -> None:
    batch = apply_rows(market, LAN)

    (account,) = accounts_of(LAN_NAME)
    db.session.refresh(account, ["merchant"])
    assert account.state is AccountState.AWAITING_APPROVAL
    assert account.source is AccountSource.IMPORTED
    assert account.import_batch_id == batch.id
    assert (account.bin, accounts.open_number(account)) == ("970418", "8800100001")
    assert account.holder_name == "NGUYEN THI LAN"
    assert account.relation is HolderRelation.SELF
    assert not account.is_preferred


def test_an_account_of_somebody_else_says_so(market: Market) -> None:
    headings = (*HEADINGS, "Chủ tài khoản")
    batch = apply_rows(market, (*LAN, "TRAN VAN BA"), headings=headings)

    (account,) = accounts_of(LAN_NAME)
    assert (account.holder_name, account.relation) == ("TRAN VAN BA", HolderRelation.OTHER)
    assert problems_of(batch) == [(2, "name_differs")]


def test_an_account_at_a_finance_company_needs_a_decision_of_its_own(market: Market) -> None:
    apply_rows(market, changed(LAN, bank="970468"), DUNG)

    assert [account.needs_own_decision for account in accounts_of(LAN_NAME)] == [True]
    assert [account.needs_own_decision for account in accounts_of(DUNG[1])] == [False]


def test_what_comes_in_is_dated_by_the_effective_day(market: Market) -> None:
    day = date(2026, 8, 1)
    apply_rows(market, LAN, on=day)

    assert states_of(market, "A01") == [("trading", day, None)]
    assert tenants_of(market, "A01") == [(LAN_NAME, day, None)]


def test_one_row_can_give_two_stalls_of_one_merchant(market: Market) -> None:
    batch = apply_rows(market, changed(LAN, stall="B10, B11"))

    assert (batch.counts["stalls"], batch.counts["merchants"]) == (2, 1)
    assert tenants_of(market, "B10") == tenants_of(market, "B11") == [(LAN_NAME, TODAY, None)]
    assert len(merchants_of(market)) == 1


def test_the_same_list_again_changes_nothing(session: Session, market: Market) -> None:
    apply_rows(market, LAN, DUNG, EMPTY)
    before = row_counts(session)

    again = apply_rows(market, LAN, DUNG, EMPTY, actor=later())

    assert kinds_of(again) == {"same": 3}
    assert row_counts(session) == before


def test_a_list_of_names_alone_again_changes_nothing(session: Session, market: Market) -> None:
    headings = ("Số ki ốt", "Họ và tên")
    apply_rows(market, ("A01", LAN_NAME), headings=headings)
    before = row_counts(session)

    again = apply_rows(market, ("A01", LAN_NAME), headings=headings, actor=later())

    assert kinds_of(again) == {"same": 1}
    assert row_counts(session) == before


def test_rows_with_errors_stay_out_and_the_others_come_in(market: Market) -> None:
    batch = apply_rows(market, changed(LAN, phone="12345"), DUNG)

    assert problems_of(batch) == [(2, "phone_invalid")]
    assert [merchant.display_name for merchant in merchants_of(market)] == [DUNG[1]]


def test_stalls_the_list_leaves_out_are_shown_and_stay(market: Market) -> None:
    apply_rows(market, LAN, DUNG)

    batch = apply_rows(market, DUNG, actor=later())

    kept = import_files.kept_preview(batch)
    assert kept is not None
    assert kept.unnamed == ["A01"]
    assert tenants_of(market, "A01") == [(LAN_NAME, TODAY, None)]


def test_a_bad_row_still_names_its_stall(market: Market) -> None:
    apply_rows(market, LAN)

    batch = preview_of(market, changed(LAN, phone="12345"))

    kept = import_files.kept_preview(batch)
    assert kept is not None
    assert kept.unnamed == []


def test_a_changed_line_and_phone_are_told_old_and_new(market: Market) -> None:
    apply_rows(market, LAN)

    row = changed(LAN, line="Rau củ quả", phone="0900000009")
    batch = apply_rows(market, row, actor=later())

    assert kinds_of(batch) == {"changed": 1}
    assert changes_of(batch, 2) == {
        "line": ("Thịt", "Rau củ quả"),
        "phone": ("••• 001", "0900000009"),
    }
    assert stall_named(market, "A01").line_code == "vegetables"
    (merchant,) = merchants_of(market)
    assert merchants.open_phone(merchant) == "0900000009"


def test_an_empty_cell_takes_nothing_away(market: Market) -> None:
    apply_rows(market, LAN)

    batch = apply_rows(market, changed(LAN, phone="", line=""), actor=later())

    assert kinds_of(batch) == {"same": 1}


def test_another_account_of_a_known_merchant_waits_beside_the_one_in_force(
    session: Session, market: Market
) -> None:
    merchant = make_merchant(market, LAN_NAME, phone="0900000001")
    make_tenancy(make_stall(market, "A01"), merchant)
    in_force = make_account(merchant, "8800155555", bin="970418")

    batch = apply_rows(market, LAN)

    old, new = accounts_of(LAN_NAME)
    assert (old.id, old.state, old.is_preferred) == (in_force.id, AccountState.APPROVED, True)
    assert (new.state, new.number_last4) == (AccountState.AWAITING_APPROVAL, "0001")
    assert changes_of(batch, 2)["account"] == ("BIDV •••• 5555", "BIDV •••• 0001")


def test_an_account_that_was_rejected_does_not_come_in_again(market: Market) -> None:
    apply_rows(market, LAN)
    (account,) = accounts_of(LAN_NAME)
    account.state = AccountState.REJECTED

    batch = apply_rows(market, LAN, actor=later())

    assert kinds_of(batch) == {"same": 1}
    assert len(accounts_of(LAN_NAME)) == 1


def test_a_waiting_account_gives_way_to_the_same_number_with_another_holder(
    market: Market,
) -> None:
    apply_rows(market, LAN)

    headings = (*HEADINGS, "Chủ tài khoản")
    apply_rows(market, (*LAN, "TRAN VAN BA"), headings=headings, actor=later())

    old, new = accounts_of(LAN_NAME)
    assert old.state is AccountState.REJECTED
    assert (new.state, new.holder_name) == (AccountState.AWAITING_APPROVAL, "TRAN VAN BA")


def test_a_new_name_at_a_stall_follows_the_old_one(market: Market) -> None:
    apply_rows(market, LAN, on=date(2026, 9, 1))

    batch = apply_rows(market, changed(DUNG, stall="A01"))

    assert changes_of(batch, 2)["merchant"] == (LAN_NAME, DUNG[1])
    assert tenants_of(market, "A01") == [
        (LAN_NAME, date(2026, 9, 1), TODAY),
        (DUNG[1], TODAY, None),
    ]


def test_the_stickers_of_who_left_are_void(session: Session, market: Market) -> None:
    merchant = make_merchant(market, LAN_NAME)
    tenancy = make_tenancy(make_stall(market, "A01"), merchant)
    session.refresh(tenancy, ["stall", "merchant"])
    session.refresh(tenancy.stall, ["market"])
    sticker = hang_sticker(tenancy, make_account(merchant, "8800177777"))

    apply_rows(market, changed(DUNG, stall="A01"))

    session.expire_all()
    assert session.get_one(Sticker, sticker.id).state is StickerState.VOID


def test_a_vacant_stall_has_nobody_any_more(market: Market) -> None:
    apply_rows(market, LAN, on=date(2026, 9, 1))

    apply_rows(market, changed(EMPTY, stall="A01"))

    assert tenants_of(market, "A01") == [(LAN_NAME, date(2026, 9, 1), TODAY)]
    assert states_of(market, "A01") == [
        ("trading", date(2026, 9, 1), TODAY),
        ("vacant", TODAY, None),
    ]


def test_a_list_that_names_one_of_two_who_share_a_stall_closes_nothing(
    session: Session, market: Market
) -> None:
    stall = make_stall(market, "A01")
    make_tenancy(stall, make_merchant(market, LAN_NAME, phone="0900000001"))
    make_tenancy(stall, make_merchant(market, DUNG[1], phone="0900000002"))

    apply_rows(market, LAN)

    assert [until for _, _, until in tenants_of(market, "A01")] == [None, None]


def test_a_state_put_right_on_the_same_day_leaves_one_span(market: Market) -> None:
    apply_rows(market, LAN)

    apply_rows(market, changed(LAN, state="Tạm nghỉ"))

    assert states_of(market, "A01") == [("resting", TODAY, None)]


def test_a_list_without_states_leaves_a_resting_stall_resting(
    session: Session, market: Market
) -> None:
    merchant = make_merchant(market, LAN_NAME)
    make_tenancy(make_stall(market, "A01", state=StallState.RESTING), merchant)

    batch = apply_rows(market, ("A01", LAN_NAME), headings=("Số ki ốt", "Họ và tên"))

    assert kinds_of(batch) == {"same": 1}


def test_a_closed_stall_that_the_list_names_opens_again(session: Session, market: Market) -> None:
    make_stall(market, "A01", state=StallState.CLOSED)

    apply_rows(market, LAN)

    assert [state for state, _, _ in states_of(market, "A01")] == ["closed", "trading"]
    assert tenants_of(market, "A01") == [(LAN_NAME, TODAY, None)]


def test_what_is_recorded_for_a_later_day_is_not_rewritten(
    session: Session, market: Market
) -> None:
    merchant = make_merchant(market, DUNG[1])
    make_tenancy(make_stall(market, "A01"), merchant, since=date(2026, 9, 15))

    batch = preview_of(market, LAN, on=date(2026, 9, 1))

    assert problems_of(batch) == [(2, "before_register")]


def test_sections_are_made_once(session: Session, market: Market) -> None:
    headings = ("Khu", *HEADINGS)
    stalls.get_or_make_section(market, "Khu A", actor=SYSTEM)

    apply_rows(market, ("khu a", *LAN), ("Khu B", *DUNG), headings=headings)

    assert row_counts(session)["sections"] == 2


def test_sections_are_walked_in_the_order_of_the_list(session: Session, market: Market) -> None:
    headings = ("Khu", *HEADINGS)
    rows = ("Khu Z", *changed(LAN, stall="Z1")), ("Khu A", *changed(DUNG, stall="A1"))

    apply_rows(market, *rows, headings=headings)

    found = session.scalars(select(Section).order_by(Section.walking_order)).all()
    assert [section.name for section in found] == ["Khu Z", "Khu A"]


def test_the_code_of_a_stall_is_matched_whatever_its_case(market: Market) -> None:
    apply_rows(market, changed(LAN, stall="b12a"))

    assert kinds_of(apply_rows(market, changed(LAN, stall="B12A"), actor=later())) == {"same": 1}


def test_codes_that_the_register_takes_for_one_are_told(market: Market) -> None:
    batch = preview_of(market, changed(LAN, stall="D1"), changed(DUNG, stall="Đ1"))

    assert problems_of(batch) == [(3, "stall_duplicate")]


def test_texts_that_no_column_holds_are_told(market: Market) -> None:
    batch = preview_of(
        market, changed(LAN, stall="Ki" + "x" * 40 + "1"), changed(DUNG, name="Lê " * 80)
    )

    assert problems_of(batch) == [(2, "too_long"), (3, "too_long")]


def test_a_class_that_disagrees_with_the_points_is_told(session: Session) -> None:
    market = make_market(market_class=MarketClass.CLASS_1)

    assert problems_of(preview_of(market, LAN)) == [(1, "class_differs")]


def test_an_account_that_another_merchant_of_the_register_has_is_told(
    session: Session, market: Market
) -> None:
    make_account(make_merchant(make_market(), "Hoàng Thị Mẫu"), "8800100001", bin="970418")

    assert problems_of(preview_of(market, LAN)) == [(2, "account_shared")]


def test_two_who_share_an_account_are_told_once_however_often_they_come(market: Market) -> None:
    rows = LAN, changed(DUNG, account=LAN[4], bank=LAN[5])
    first = apply_rows(market, *rows)

    again = preview_of(market, *rows, actor=later())

    assert problems_of(first) == problems_of(again) == [(3, "account_shared")]


def test_hostile_texts_come_in_as_texts(market: Market) -> None:
    names = ("=1+1", "<script>alert(1)</script>", "@SUM(1+1)", "+cmd|' /C calc'!A0")
    rows = [(f"X{at}", name, "", "", "", "", "") for at, name in enumerate(names)]

    apply_rows(market, *rows)

    assert [merchant.display_name for merchant in merchants_of(market)] == list(names)


def test_an_applied_list_keeps_what_it_did(market: Market) -> None:
    batch = apply_rows(market, LAN)

    assert (batch.state, batch.applied_at) == (BatchState.APPLIED, NOW)
    assert [row["kind"] for row in rows_of(batch)] == ["new"]


def test_nobody_trades_anywhere_before_the_day_the_list_holds_from(
    session: Session, market: Market
) -> None:
    apply_rows(market, LAN, on=LONG_AGO)

    first = session.scalar(select(func.min(Tenancy.from_day)))
    assert first == LONG_AGO
    assert session.scalar(select(func.count()).select_from(Merchant)) == 1
