"""Merchants are entered once, change with their stickers, and trade from day to day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.domain.errors import Conflict, Invalid, NotFound
from market.domain.markets import MerchantKind
from market.domain.roles import Permission, Role
from market.domain.stickers import StickerState, VoidReason
from market.extensions import vault
from market.models.audit import AuditEntry
from market.models.merchant import Merchant, Tenancy
from market.services import merchants, tenancies
from market.services.access import Actor
from market.services.merchants import Consent, MerchantValues
from tests.factories import (
    LONG_AGO,
    NOW,
    TODAY,
    make_account,
    make_actor,
    make_market,
    make_merchant,
    make_province,
    make_section,
    make_stall,
    make_tenancy,
    make_trader,
)
from tests.trading import hang_sticker, make_trading, queued_stickers

SYSTEM = Actor.system(NOW)
VALUES = MerchantValues("Nguyễn Thị Mẫu", phone="+84 900.000.123")


def entries(session: Session, action: str) -> list[AuditEntry]:
    """What the audit log says once the transaction is over."""
    session.commit()
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_a_merchant_keeps_a_cleaned_name_and_a_sealed_phone(session: Session) -> None:
    merchant = merchants.create_merchant(
        make_market(), values=replace(VALUES, display_name="  Nguyễn  Thị Mẫu "), actor=SYSTEM
    )

    assert merchant.display_name == "Nguyễn Thị Mẫu"
    assert merchant.name_key == "nguyen thi mau"
    assert merchants.open_phone(merchant) == "0900000123"
    assert merchant.phone_last3 == "123"
    assert b"0900000123" not in (merchant.phone_sealed or b"")


def test_all_that_is_wrong_with_a_merchant_is_said_at_once(session: Session) -> None:
    values = MerchantValues(" ", phone="123", registration_code="022 123 456 789")

    with pytest.raises(Invalid) as refused:
        merchants.create_merchant(make_market(), values=values, actor=SYSTEM)

    assert {problem.field for problem in refused.value.problems} == {
        "display_name",
        "phone",
        "registration_code",
    }


def test_a_personal_number_cannot_be_stored_whoever_writes_it(session: Session) -> None:
    merchant = make_merchant(make_market())
    merchant.registration_code = "022123456789"

    with pytest.raises(IntegrityError):
        session.flush()


@pytest.mark.parametrize("code", ["22A80012345X", "0100109-0012", "22.A8.001234.567.890.12"])
def test_a_registration_code_that_is_no_personal_number_is_kept(
    code: str, session: Session
) -> None:
    values = replace(VALUES, registration_code=code)

    merchant = merchants.create_merchant(make_market(), values=values, actor=SYSTEM)

    assert merchant.registration_code == code


def test_consent_is_kept_with_its_text_and_who_took_it(session: Session) -> None:
    actor = make_actor(market=(market := make_market()))
    values = replace(VALUES, consent=Consent(TODAY, "2026-01", "in_person"))

    merchant = merchants.create_merchant(market, values=values, actor=actor)

    assert merchant.consent_on == TODAY
    assert merchant.consent_text_version == "2026-01"
    assert merchant.consent_channel == "in_person"
    assert merchant.consent_taken_by_id == actor.user_id


@pytest.mark.parametrize(
    "values",
    [
        MerchantValues("Nguyễn Thị Mẫu", phone="0900000123"),
        MerchantValues("Nguyễn Thị Mẫu", registration_code="22A8-001"),
    ],
    ids=["phone", "code"],
)
def test_the_same_folded_name_with_the_same_mark_is_entered_once(
    values: MerchantValues, session: Session
) -> None:
    market = make_market()
    merchants.create_merchant(market, values=values, actor=SYSTEM)

    with pytest.raises(Conflict):
        merchants.create_merchant(
            market, values=replace(values, display_name="NGUYEN THI MAU"), actor=SYSTEM
        )


def test_the_same_name_with_the_same_account_is_entered_once(session: Session) -> None:
    market = make_market()
    account = make_account(make_merchant(market, "Nguyễn Thị Mẫu"))

    with pytest.raises(Conflict):
        merchants.create_merchant(
            market, values=VALUES, actor=SYSTEM, account_hash=account.number_hash
        )


def test_a_name_alone_joins_nobody(session: Session) -> None:
    market = make_market()
    first = merchants.create_merchant(market, values=MerchantValues("Trần Mẫu"), actor=SYSTEM)
    second = merchants.create_merchant(
        market, values=MerchantValues("Trần Mẫu", phone="0900000456"), actor=SYSTEM
    )

    assert first.id != second.id


def test_the_same_person_in_another_market_is_another_record(session: Session) -> None:
    merchants.create_merchant(make_market(), values=VALUES, actor=SYSTEM)

    assert merchants.find_same(make_market(), values=VALUES) is None


def test_entering_a_merchant_is_one_entry_without_anything_personal_in_clear(
    session: Session,
) -> None:
    merchant = merchants.create_merchant(make_market(), values=VALUES, actor=SYSTEM)

    (entry,) = entries(session, "create")
    assert entry.entity_id == str(merchant.id)
    assert "Mẫu" not in entry.content
    assert "0900000123" not in entry.content
    assert "sealed" in entry.content


def test_a_change_says_only_what_changed(session: Session) -> None:
    merchant = merchants.create_merchant(make_market(), values=VALUES, actor=SYSTEM)

    merchants.change_merchant(
        merchant,
        values=replace(VALUES, kind=MerchantKind.COOPERATIVE),
        version=merchant.version,
        actor=SYSTEM,
    )

    (entry,) = entries(session, "change")
    assert entry.content == '{"new":{"kind":"cooperative"},"old":{"kind":"household_business"}}'


def test_saving_without_a_change_writes_nothing(session: Session) -> None:
    merchant = merchants.create_merchant(make_market(), values=VALUES, actor=SYSTEM)
    session.flush()
    version = merchant.version

    merchants.change_merchant(merchant, values=VALUES, version=version, actor=SYSTEM)

    assert entries(session, "change") == []
    assert merchant.version == version


def test_a_change_of_what_somebody_else_changed_meanwhile_is_refused(session: Session) -> None:
    merchant = merchants.create_merchant(make_market(), values=VALUES, actor=SYSTEM)
    seen = merchant.version
    merchants.change_merchant(
        merchant, values=replace(VALUES, note="một"), version=seen, actor=SYSTEM
    )

    with pytest.raises(Conflict):
        merchants.change_merchant(
            merchant, values=replace(VALUES, note="hai"), version=seen, actor=SYSTEM
        )


def test_another_name_makes_the_stickers_void_and_queues_new_ones(session: Session) -> None:
    tenancy = make_trading(make_market())
    sticker = hang_sticker(tenancy, make_account(tenancy.merchant))

    merchants.change_merchant(
        tenancy.merchant, values=MerchantValues("Trần Thị Khác"), version=None, actor=SYSTEM
    )

    assert sticker.state is StickerState.VOID
    assert sticker.void_reason is VoidReason.NAME_CHANGED
    (queued,) = queued_stickers(session)
    assert queued.merchant_name == "Trần Thị Khác"
    assert queued.replaces_id == sticker.id


def test_another_phone_leaves_the_stickers_alone(session: Session) -> None:
    tenancy = make_trading(make_market(), VALUES.display_name)
    sticker = hang_sticker(tenancy, make_account(tenancy.merchant))

    merchants.change_merchant(tenancy.merchant, values=VALUES, version=None, actor=SYSTEM)

    assert sticker.state is StickerState.ON_STALL
    assert tenancy.merchant.phone_set_at == NOW


def test_the_day_the_phone_came_stays_while_the_phone_stays(session: Session) -> None:
    merchant = merchants.create_merchant(make_market(), values=VALUES, actor=SYSTEM)
    later = Actor.system(NOW + timedelta(days=9))

    merchants.change_merchant(
        merchant, values=replace(VALUES, note="đổi ghi chú"), version=None, actor=later
    )

    assert merchant.phone_set_at == NOW


def test_a_closed_record_is_not_changed(session: Session) -> None:
    market = make_market()
    merchant = make_merchant(market)
    merchant.merged_into_id = make_merchant(market).id

    with pytest.raises(Conflict):
        merchants.change_merchant(merchant, values=VALUES, version=None, actor=SYSTEM)


def test_a_tenancy_holds_from_its_day_on(session: Session) -> None:
    market = make_market()

    tenancy = tenancies.start_tenancy(
        make_stall(market), make_merchant(market), on=date(2026, 9, 1), actor=SYSTEM
    )

    assert (tenancy.from_day, tenancy.to_day) == (date(2026, 9, 1), None)


def test_a_stall_may_be_shared(session: Session) -> None:
    market = make_market()
    stall = make_stall(market)

    for _ in range(2):
        tenancies.start_tenancy(stall, make_merchant(market), on=TODAY, actor=SYSTEM)

    assert len(session.scalars(select(Tenancy).where(Tenancy.stall_id == stall.id)).all()) == 2


@pytest.mark.parametrize("until", [None, TODAY], ids=["still there", "there on that day"])
def test_nobody_holds_a_stall_twice_at_once(until: date | None, session: Session) -> None:
    market = make_market()
    stall, merchant = make_stall(market), make_merchant(market)
    make_tenancy(stall, merchant, until=until)

    with pytest.raises(Conflict):
        tenancies.start_tenancy(stall, merchant, on=TODAY - timedelta(days=1), actor=SYSTEM)


def test_a_merchant_comes_back_on_the_day_they_left(session: Session) -> None:
    market = make_market()
    stall, merchant = make_stall(market), make_merchant(market)
    make_tenancy(stall, merchant, until=TODAY)

    assert tenancies.start_tenancy(stall, merchant, on=TODAY, actor=SYSTEM).from_day == TODAY


def test_a_tenancy_does_not_begin_on_a_day_to_come(session: Session) -> None:
    market = make_market()

    with pytest.raises(Invalid):
        tenancies.start_tenancy(
            make_stall(market), make_merchant(market), on=TODAY + timedelta(days=1), actor=SYSTEM
        )


def test_today_is_the_day_in_vietnam(session: Session) -> None:
    market = make_market()
    evening = Actor.system(datetime(2026, 9, 29, 17, 30, tzinfo=UTC))

    tenancy = tenancies.start_tenancy(
        make_stall(market), make_merchant(market), on=TODAY, actor=evening
    )

    assert tenancy.from_day == TODAY


def test_leaving_a_stall_ends_the_tenancy_and_its_stickers(session: Session) -> None:
    tenancy = make_trading(make_market())
    sticker = hang_sticker(tenancy, make_account(tenancy.merchant))

    tenancies.end_tenancy(tenancy, on=TODAY, actor=SYSTEM)

    assert tenancy.to_day == TODAY
    assert sticker.void_reason is VoidReason.STALL_MOVED
    assert queued_stickers(session) == []


def test_leaving_one_stall_keeps_the_stickers_of_the_other(session: Session) -> None:
    market = make_market()
    leaving = make_trading(market)
    account = make_account(leaving.merchant)
    staying = make_trading(market, merchant=leaving.merchant)
    kept = hang_sticker(staying, account)

    tenancies.end_tenancy(leaving, on=TODAY, actor=SYSTEM)

    assert kept.state is StickerState.ON_STALL


def test_a_tenancy_ended_on_its_first_day_was_a_mistake(session: Session) -> None:
    tenancy = make_trading(make_market())

    tenancies.end_tenancy(tenancy, on=LONG_AGO, actor=SYSTEM)

    assert tenancy.to_day == tenancy.from_day


@pytest.mark.parametrize(
    "on", [LONG_AGO - timedelta(days=1), TODAY + timedelta(days=1)], ids=["before", "to come"]
)
def test_a_tenancy_ends_neither_before_it_began_nor_in_the_future(
    on: date, session: Session
) -> None:
    tenancy = make_trading(make_market())

    with pytest.raises(Invalid):
        tenancies.end_tenancy(tenancy, on=on, actor=SYSTEM)


def test_a_tenancy_ends_once(session: Session) -> None:
    tenancy = make_trading(make_market())
    tenancies.end_tenancy(tenancy, on=TODAY, actor=SYSTEM)

    with pytest.raises(Conflict):
        tenancies.end_tenancy(tenancy, on=TODAY, actor=SYSTEM)


def test_a_stranger_finds_neither_merchant_nor_tenancy(session: Session) -> None:
    market = make_market()
    tenancy = make_trader(market)
    stranger = make_actor(market=make_market())

    with pytest.raises(NotFound):
        merchants.get_merchant(market, tenancy.merchant_id, actor=stranger)
    with pytest.raises(NotFound):
        tenancies.get_tenancy(market, tenancy.id, actor=stranger)


def test_a_merchant_is_not_found_through_another_market(session: Session) -> None:
    tenancy = make_trader(make_market())
    elsewhere = make_market()

    with pytest.raises(NotFound):
        merchants.get_merchant(
            elsewhere, tenancy.merchant_id, actor=make_actor(Role.PROVINCE_OFFICER)
        )


def test_a_volunteer_reads_the_merchants_of_the_own_section_only(session: Session) -> None:
    market = make_market()
    section = make_section(market)
    mine = make_tenancy(make_stall(market, section=section), make_merchant(market))
    other = make_trader(market)
    volunteer = make_actor(Role.VOLUNTEER, section=section)

    assert merchants.get_merchant(market, mine.merchant_id, actor=volunteer)
    with pytest.raises(NotFound):
        merchants.get_merchant(market, other.merchant_id, actor=volunteer)


def test_a_grant_elsewhere_does_not_widen_a_section(session: Session) -> None:
    market = make_market()
    other = make_trader(market)
    volunteer = make_actor(Role.VOLUNTEER, section=make_section(market))
    elsewhere = make_actor(Role.VOLUNTEER, market=make_market())
    both = replace(volunteer, grants=volunteer.grants + elsewhere.grants)

    with pytest.raises(NotFound):
        merchants.get_merchant(market, other.merchant_id, actor=both)


def test_who_went_to_another_market_is_read_about_but_not_changed(session: Session) -> None:
    before, now = make_market(), make_market()
    merchant = make_merchant(before)
    make_tenancy(make_stall(before), merchant, until=TODAY)
    make_tenancy(make_stall(now), merchant)
    board = make_actor(market=before)

    assert merchants.get_merchant(before, merchant.id, actor=board)
    with pytest.raises(NotFound):
        merchants.get_merchant(
            before, merchant.id, actor=board, permission=Permission.WRITE_REGISTRY
        )
    assert merchants.get_merchant(
        now,
        merchant.id,
        actor=make_actor(market=now),
        permission=Permission.WRITE_REGISTRY,
    )


def test_a_merchant_without_stall_belongs_to_the_market_of_entry(session: Session) -> None:
    market = make_market()
    merchant = make_merchant(market)
    officer = make_actor(Role.PROVINCE_OFFICER, province=make_province())

    for actor in (make_actor(market=market), officer):
        assert merchants.get_merchant(
            market, merchant.id, actor=actor, permission=Permission.WRITE_REGISTRY
        )


def test_a_merchant_whose_data_were_erased_has_no_phone(session: Session) -> None:
    merchant = make_merchant(make_market(), phone="0900000123")
    merchant.wrapped_key = None

    assert merchants.open_phone(merchant) is None


def test_phones_are_sealed_under_the_merchants_own_key(session: Session) -> None:
    market = make_market()
    one = make_merchant(market, phone="0900000123")
    two = make_merchant(market, phone="0900000123")

    assert one.phone_sealed != two.phone_sealed
    assert one.phone_hash == two.phone_hash == merchants.phone_hash("0900000123")
    assert one.phone_hash != vault().sameness("account", "0900000123")
    assert session.get(Merchant, one.id) is one
