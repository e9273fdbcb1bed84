"""Accounts come in sealed and waiting; full numbers are shown to few, and that is written down."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.domain.accounts import AccountKind, AccountState, HolderRelation
from market.domain.errors import Conflict, Invalid, NotFound
from market.domain.roles import Role
from market.models.account import BankEntry, PaymentAccount
from market.models.audit import AuditEntry
from market.models.market import Market
from market.models.merchant import Merchant
from market.services import account_entries, accounts
from market.services.access import Actor
from market.services.account_entries import AccountValues
from tests.factories import (
    NOW,
    TODAY,
    VIETCOMBANK,
    make_account,
    make_actor,
    make_bank,
    make_market,
    make_merchant,
    make_province,
    make_section,
    make_stall,
    make_tenancy,
)

VALUES = AccountValues(VIETCOMBANK, "8800 1123-45", "  NGUYEN THI  MAU ")


@pytest.fixture
def market(session: Session) -> Market:
    """A market with its banks."""
    make_bank()
    return make_market()


@pytest.fixture
def merchant(market: Market) -> Merchant:
    """Somebody who trades there."""
    merchant = make_merchant(market)
    make_tenancy(make_stall(market), merchant)
    return merchant


def looks(session: Session) -> list[AuditEntry]:
    """Entries about full numbers that were shown."""
    session.commit()
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == "read_numbers")))


def test_an_account_waits_with_a_cleaned_number_and_holder(
    session: Session, market: Market, merchant: Merchant
) -> None:
    actor = make_actor(market=market)

    account = account_entries.enter_account(merchant, values=VALUES, actor=actor)

    assert account.state is AccountState.AWAITING_APPROVAL
    assert accounts.open_number(account) == "8800112345"
    assert account.number_last4 == "2345"
    assert account.holder_name == "NGUYEN THI MAU"
    assert account.entered_by_id == account.changed_by_id == actor.user_id
    assert not account.is_preferred


def test_the_database_holds_the_number_sealed_only(
    session: Session, market: Market, merchant: Merchant
) -> None:
    account_entries.enter_account(merchant, values=VALUES, actor=make_actor(market=market))
    session.flush()

    row = session.execute(text("SELECT * FROM payment_accounts")).one()

    assert b"8800112345" not in b"|".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        for value in row
    )


def test_the_kind_follows_the_house(session: Session, merchant: Merchant) -> None:
    entry = session.scalars(select(BankEntry).where(BankEntry.kind == "wallet")).first()
    assert entry is not None

    account = account_entries.enter_account(
        merchant, values=replace(VALUES, bin=entry.bin), actor=Actor.system(NOW)
    )

    assert account.kind is AccountKind.WALLET


def test_all_that_is_wrong_is_said_at_once(session: Session, merchant: Merchant) -> None:
    values = AccountValues("000000", "9704123412341234", " ")

    with pytest.raises(Invalid) as refused:
        account_entries.enter_account(merchant, values=values, actor=Actor.system(NOW))

    assert {(problem.field, problem.code) for problem in refused.value.problems} >= {
        ("account_number", "account_is_card"),
        ("bin", "bank_unknown"),
    }
    assert "holder_name" in {problem.field for problem in refused.value.problems}


def test_what_waits_is_not_entered_twice(session: Session, merchant: Merchant) -> None:
    account_entries.enter_account(merchant, values=VALUES, actor=Actor.system(NOW))

    with pytest.raises(Conflict):
        account_entries.enter_account(merchant, values=VALUES, actor=Actor.system(NOW))


def test_what_waits_as_an_additional_account_is_not_entered_for_the_stickers(
    session: Session, merchant: Merchant
) -> None:
    additional = replace(VALUES, becomes_preferred=False)
    account_entries.enter_account(merchant, values=additional, actor=Actor.system(NOW))

    with pytest.raises(Conflict, match="đang chờ duyệt"):
        account_entries.enter_account(merchant, values=VALUES, actor=Actor.system(NOW))


def test_what_waits_cannot_stand_twice_in_the_database(
    session: Session, merchant: Merchant
) -> None:
    for _ in range(2):
        make_account(merchant, state=AccountState.REJECTED)
    session.flush()

    with pytest.raises(IntegrityError):
        session.execute(
            text(
                "UPDATE payment_accounts SET state = 'awaiting_approval', bin = :bin,"
                " number_hash = 'the same' WHERE state = 'rejected'"
            ).bindparams(bin=VIETCOMBANK)
        )


def test_what_is_approved_is_not_entered_again(session: Session, merchant: Merchant) -> None:
    make_account(merchant, "8800112345")

    with pytest.raises(Conflict):
        account_entries.enter_account(merchant, values=VALUES, actor=Actor.system(NOW))


@pytest.mark.parametrize("state", [AccountState.RETIRED, AccountState.REJECTED])
def test_what_was_retired_or_rejected_may_come_again(
    state: AccountState, session: Session, merchant: Merchant
) -> None:
    retired_at = NOW if state is AccountState.RETIRED else None
    make_account(merchant, "8800112345", state=state, retired_at=retired_at)

    account = account_entries.enter_account(merchant, values=VALUES, actor=Actor.system(NOW))

    assert account.state is AccountState.AWAITING_APPROVAL


def test_a_record_that_was_joined_to_another_takes_no_account(
    session: Session, market: Market, merchant: Merchant
) -> None:
    merchant.merged_into_id = make_merchant(market).id

    with pytest.raises(Conflict):
        account_entries.enter_account(merchant, values=VALUES, actor=Actor.system(NOW))


def test_a_merchant_whose_data_were_erased_takes_no_account(
    session: Session, merchant: Merchant
) -> None:
    merchant.wrapped_key = None

    with pytest.raises(Conflict):
        account_entries.enter_account(merchant, values=VALUES, actor=Actor.system(NOW))


def test_entering_is_one_entry_with_number_and_holder_sealed(
    session: Session, market: Market, merchant: Merchant
) -> None:
    account_entries.enter_account(merchant, values=VALUES, actor=Actor.system(NOW))
    session.commit()

    entry = session.scalars(select(AuditEntry)).one()
    told = json.loads(entry.content)["new"]
    assert (entry.action, entry.market_id) == ("enter", market.id)
    assert told["last4"] == "2345"
    assert set(told["number"]) == set(told["holder"]) == {"sealed"}
    assert "8800112345" not in entry.content
    # With its blanks: three letters alone may stand in what is sealed, by chance.
    assert "NGUYEN THI MAU" not in entry.content


def test_a_wallets_own_code_is_kept_sealed_as_it_is(session: Session, merchant: Merchant) -> None:
    values = replace(VALUES, kept_payload="00020101021138…6304ABCD")

    account = account_entries.enter_account(merchant, values=values, actor=Actor.system(NOW))

    assert account.kept_payload_sealed is not None
    assert b"000201" not in account.kept_payload_sealed
    assert account_entries.values_of(account).kept_payload == values.kept_payload


def test_asking_for_another_account_on_the_stickers_is_a_change(
    session: Session, market: Market, merchant: Merchant
) -> None:
    make_account(merchant)
    other = make_account(merchant, "8800112345", is_preferred=False, becomes_preferred=False)
    actor = make_actor(market=market)

    asked = account_entries.prefer(other.id, market=market, actor=actor)

    assert asked.id != other.id
    assert asked.number_hash == other.number_hash
    assert (asked.state, asked.entered_by_id) == (AccountState.AWAITING_APPROVAL, actor.user_id)
    assert other.state is AccountState.APPROVED


def test_what_is_on_the_stickers_is_not_asked_for_again(
    session: Session, market: Market, merchant: Merchant
) -> None:
    account = make_account(merchant)

    with pytest.raises(Conflict):
        account_entries.prefer(account.id, market=market, actor=make_actor(market=market))


def test_a_board_sees_full_numbers_and_each_look_is_written_down(
    session: Session, market: Market, merchant: Merchant
) -> None:
    approved = make_account(merchant, "8800112345")
    session.refresh(approved, ["merchant"])
    actor = make_actor(market=market)

    shown = accounts.show_numbers([approved], market=market, actor=actor)

    assert shown == {approved.id: "8800112345"}
    (entry,) = looks(session)
    assert (entry.actor_id, entry.market_id) == (actor.user_id, market.id)
    assert json.loads(entry.content)["new"] == {"accounts": [approved.id]}


def test_an_officer_sees_full_numbers_only_of_what_waits(
    session: Session, market: Market, merchant: Merchant
) -> None:
    approved = make_account(merchant)
    waiting = make_account(merchant, "8800154321", state=AccountState.AWAITING_APPROVAL)
    for account in (approved, waiting):
        session.refresh(account, ["merchant"])
    officer = make_actor(Role.PROVINCE_OFFICER, province=make_province())

    shown = accounts.show_numbers([approved, waiting], market=market, actor=officer)

    assert shown == {waiting.id: "8800154321"}
    assert json.loads(looks(session)[0].content)["new"] == {"accounts": [waiting.id]}


@pytest.mark.parametrize("role", [Role.VOLUNTEER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_others_see_no_full_number_and_nothing_is_written(
    role: Role, session: Session, market: Market, merchant: Merchant
) -> None:
    waiting = make_account(merchant, state=AccountState.AWAITING_APPROVAL)
    session.refresh(waiting, ["merchant"])

    shown = accounts.show_numbers(
        [waiting], market=market, actor=make_actor(role, province=make_province())
    )

    assert shown == {}
    assert looks(session) == []


def test_a_board_of_another_market_that_only_reads_here_sees_no_full_number(
    session: Session, market: Market, merchant: Merchant
) -> None:
    account = make_account(merchant)
    session.refresh(account, ["merchant"])
    auditor = make_actor(Role.AUDITOR, market=market)
    elsewhere = make_actor(market=make_market())
    both = replace(auditor, grants=auditor.grants + elsewhere.grants)

    assert accounts.show_numbers([account], market=market, actor=both) == {}


def test_accounts_of_another_market_are_not_found(
    session: Session, market: Market, merchant: Merchant
) -> None:
    account = make_account(merchant)
    stranger = make_actor(market=(elsewhere := make_market()))

    for place in (market, elsewhere):
        with pytest.raises(NotFound):
            accounts.get_account(account.id, market=place, actor=stranger)


def test_a_volunteer_finds_accounts_of_the_own_section_only(
    session: Session, market: Market, merchant: Merchant
) -> None:
    section = make_section(market)
    mine = make_merchant(market)
    make_tenancy(make_stall(market, section=section), mine)
    volunteer = make_actor(Role.VOLUNTEER, section=section)

    assert accounts.get_account(make_account(mine).id, market=market, actor=volunteer)
    with pytest.raises(NotFound):
        accounts.get_account(make_account(merchant).id, market=market, actor=volunteer)


def test_accounts_of_who_went_to_another_market_belong_to_that_market(
    session: Session, market: Market
) -> None:
    now = make_market()
    moved = make_merchant(market)
    make_tenancy(make_stall(market), moved, until=TODAY)
    make_tenancy(make_stall(now), moved)
    account = make_account(moved)

    with pytest.raises(NotFound):
        accounts.get_account(account.id, market=market, actor=make_actor(market=market))
    assert accounts.get_account(account.id, market=now, actor=make_actor(market=now))
    assert accounts.list_of_merchant(moved, market=market, actor=make_actor(market=market)) == []


def in_force(session: Session, **later: float) -> list[int]:
    """Accounts that stickers pay some time after NOW."""
    at = NOW + timedelta(**later)
    return list(session.scalars(select(PaymentAccount.id).where(accounts.in_force(at))))


def test_an_account_pays_from_its_moment_on_before_any_sweep(
    session: Session, merchant: Merchant
) -> None:
    old = make_account(merchant)
    new = make_account(merchant, is_preferred=False, in_force_from=NOW + timedelta(hours=24))

    assert in_force(session, hours=23) == [old.id]
    assert in_force(session, hours=24) == [new.id]


def test_of_two_that_are_due_the_later_one_pays(session: Session, merchant: Merchant) -> None:
    make_account(merchant)
    make_account(merchant, is_preferred=False, in_force_from=NOW)
    last = make_account(merchant, is_preferred=False, in_force_from=NOW + timedelta(hours=1))

    assert in_force(session, hours=2) == [last.id]


def test_an_additional_account_is_not_on_the_stickers(session: Session, merchant: Merchant) -> None:
    preferred = make_account(merchant)
    make_account(merchant, is_preferred=False, becomes_preferred=False, in_force_from=NOW)

    assert in_force(session, hours=1) == [preferred.id]


@pytest.mark.parametrize(
    "state", [AccountState.AWAITING_APPROVAL, AccountState.REJECTED, AccountState.RETIRED]
)
def test_what_is_not_approved_never_pays(
    state: AccountState, session: Session, merchant: Merchant
) -> None:
    retired_at = NOW if state is AccountState.RETIRED else None
    make_account(merchant, state=state, in_force_from=NOW, retired_at=retired_at)

    assert in_force(session, hours=1) == []


SETTLED = {
    "bin": "bin = '970405'",
    "number": "number_hash = 'another'",
    "sealed number": "number_sealed = :blob",
    "holder": "holder_name = 'KE KHAC'",
}


@pytest.mark.parametrize("change", SETTLED.values(), ids=SETTLED.keys())
@pytest.mark.parametrize("state", [AccountState.AWAITING_APPROVAL, AccountState.APPROVED])
def test_the_database_refuses_to_change_who_is_paid(
    state: AccountState, change: str, session: Session, merchant: Merchant
) -> None:
    make_bank("970405", "Agribank")
    make_account(merchant, state=state)
    session.flush()
    statement = text(f"UPDATE payment_accounts SET {change}")
    if ":blob" in change:
        statement = statement.bindparams(blob=b"another")

    with pytest.raises(IntegrityError, match="settled_accounts_never_change"):
        session.execute(statement)


def test_the_database_refuses_to_delete_an_account(session: Session, merchant: Merchant) -> None:
    make_account(merchant)
    session.flush()

    with pytest.raises(IntegrityError, match="accounts_never_go"):
        session.execute(text("DELETE FROM payment_accounts"))


def test_the_database_refuses_an_approver_who_changed_the_account(
    session: Session, market: Market, merchant: Merchant
) -> None:
    maker = make_actor(market=market).user_id
    account = make_account(merchant, changed_by_id=maker)
    account.decided_by_id = maker

    with pytest.raises(IntegrityError):
        session.flush()


def test_a_relative_is_recorded_as_such(session: Session, merchant: Merchant) -> None:
    values = replace(VALUES, relation=HolderRelation.RELATIVE)

    account = account_entries.enter_account(merchant, values=values, actor=Actor.system(NOW))

    assert account.relation is HolderRelation.RELATIVE
