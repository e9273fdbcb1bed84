"""An account reaches paper only with a second pair of eyes, and a change of one only in time."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.account_changes import ChangeConfirmation, SkipReason
from market.domain.accounts import AccountProof, AccountSource, AccountState
from market.domain.errors import Conflict, Forbidden, FreshSignInNeeded, Invalid, NotFound
from market.domain.roles import Role
from market.domain.rules import Rules
from market.domain.stickers import StickerState, VoidReason
from market.extensions import db
from market.models.account import BankEntry, PaymentAccount
from market.models.audit import AuditEntry
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.user import User
from market.services import (
    account_decisions,
    account_entries,
    account_evidence,
    account_switches,
    sticker_states,
)
from market.services.access import Actor
from market.services.account_entries import AccountValues
from market.services.account_evidence import Evidence
from market.services.sessions import FRESH_FOR
from tests.factories import (
    NOW,
    VIETCOMBANK,
    actor_of,
    make_account,
    make_actor,
    make_bank,
    make_market,
    make_merchant,
    make_province,
    make_section,
    make_tenancy,
    make_user,
)
from tests.trading import hang_sticker, make_trading, queued_stickers

COOL_OFF = timedelta(hours=24)
IN_PERSON = Evidence(confirmation=ChangeConfirmation.IN_PERSON)
WAITING = AccountState.AWAITING_APPROVAL


@pytest.fixture
def market(session: Session) -> Market:
    """A market with its banks."""
    make_bank()
    return make_market()


@pytest.fixture
def tenancy(market: Market) -> Tenancy:
    """Somebody who trades there."""
    return make_trading(market)


@pytest.fixture
def merchant(tenancy: Tenancy) -> Merchant:
    """Who that is."""
    return tenancy.merchant


@pytest.fixture
def maker(market: Market) -> Actor:
    """A board manager who enters."""
    return make_actor(market=market)


@pytest.fixture
def approver(market: Market) -> User:
    """Another board manager, who decides."""
    return make_user(market=market)


def enter(
    merchant: Merchant, maker: Actor, number: str = "8800112345", **known: object
) -> PaymentAccount:
    """An account that waits."""
    values = AccountValues(VIETCOMBANK, number, "NGUYEN THI MAU", **known)  # type: ignore[arg-type]
    return account_entries.enter_account(merchant, values=values, actor=maker)


def approve(
    account: PaymentAccount,
    market: Market,
    actor: Actor,
    evidence: Evidence = account_evidence.NO_EVIDENCE,
) -> PaymentAccount:
    """Approve one account."""
    return account_decisions.approve(account.id, market=market, actor=actor, evidence=evidence)


def entries(session: Session, action: str) -> list[AuditEntry]:
    """What the audit log says of it once the transaction is over."""
    session.commit()
    return list(
        session.scalars(
            select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
        )
    )


# Who decides


def test_a_first_account_is_approved_and_pays_at_once(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = approve(enter(merchant, maker), market, actor_of(approver))

    assert (account.state, account.is_preferred) == (AccountState.APPROVED, True)
    assert account.in_force_from == account.decided_at == NOW
    assert account.decided_by_id == approver.id


def test_an_officer_of_the_province_may_approve(
    session: Session, market: Market, merchant: Merchant, maker: Actor
) -> None:
    officer = make_actor(Role.PROVINCE_OFFICER, province=make_province())

    assert approve(enter(merchant, maker), market, officer).state is AccountState.APPROVED


@pytest.mark.parametrize("source", [AccountSource.TYPED, AccountSource.IMPORTED])
def test_nobody_approves_what_they_entered(
    source: AccountSource, session: Session, market: Market, merchant: Merchant, maker: Actor
) -> None:
    account = enter(merchant, maker, source=source)

    with pytest.raises(Forbidden):
        approve(account, market, maker)
    assert account.state is WAITING


def test_nobody_approves_what_they_last_changed(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = enter(merchant, maker)
    account.changed_by_id = approver.id

    with pytest.raises(Forbidden):
        approve(account, market, actor_of(approver))


def test_the_maker_stays_the_maker_after_somebody_else_changed_it(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = enter(merchant, maker)
    account.changed_by_id = approver.id

    with pytest.raises(Forbidden):
        approve(account, market, maker)


def test_the_system_approves_nothing(
    session: Session, market: Market, merchant: Merchant, maker: Actor
) -> None:
    with pytest.raises(Forbidden):
        approve(enter(merchant, maker), market, Actor.system(NOW))


@pytest.mark.parametrize("role", [Role.VOLUNTEER, Role.AUDITOR])
def test_volunteers_and_auditors_never_approve(
    role: Role, session: Session, market: Market, merchant: Merchant, maker: Actor
) -> None:
    with pytest.raises(NotFound):
        approve(enter(merchant, maker), market, make_actor(role, market=market))


def test_the_board_of_another_market_finds_nothing_to_approve(
    session: Session, market: Market, merchant: Merchant, maker: Actor
) -> None:
    account = enter(merchant, maker)
    stranger = make_actor(market=(elsewhere := make_market()))

    for place in (market, elsewhere):
        with pytest.raises(NotFound):
            approve(account, place, stranger)


def test_a_keeper_of_one_section_approves_nothing_of_another(
    session: Session, market: Market, merchant: Merchant, maker: Actor
) -> None:
    with pytest.raises(NotFound):
        approve(enter(merchant, maker), market, make_actor(section=make_section(market)))


# How


@pytest.mark.parametrize("age", [None, FRESH_FOR + timedelta(seconds=1)])
def test_a_stale_sign_in_asks_for_the_password(
    age: timedelta | None,
    session: Session,
    market: Market,
    merchant: Merchant,
    maker: Actor,
    approver: User,
) -> None:
    account = enter(merchant, maker)
    stale = replace(actor_of(approver), fresh_at=NOW - age if age else None)

    with pytest.raises(FreshSignInNeeded):
        approve(account, market, stale)
    with pytest.raises(FreshSignInNeeded):
        account_decisions.approve_many(market=market, actor=stale)
    assert account.state is WAITING


def test_a_password_of_five_minutes_ago_is_fresh(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    actor = replace(actor_of(approver), fresh_at=NOW - FRESH_FOR)

    assert approve(enter(merchant, maker), market, actor).state is AccountState.APPROVED


def test_a_command_needs_no_password_but_the_same_four_eyes(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = enter(merchant, maker)

    with pytest.raises(Forbidden):
        approve(account, market, replace(maker, channel="cli", fresh_at=None))
    approved = approve(account, market, replace(actor_of(approver), channel="cli", fresh_at=None))
    assert approved.state is AccountState.APPROVED


def test_what_was_decided_is_not_decided_again(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = approve(enter(merchant, maker), market, actor_of(approver))

    with pytest.raises(Conflict):
        approve(account, market, actor_of(approver))
    with pytest.raises(Conflict):
        account_decisions.reject(account.id, "muộn", market=market, actor=actor_of(approver))


def test_approving_is_one_entry_and_taking_force_another(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = approve(enter(merchant, maker), market, actor_of(approver))

    (entry,) = entries(session, "approve")
    assert (entry.entity_id, entry.actor_id) == (str(account.id), approver.id)
    assert json.loads(entry.content)["old"] == {"state": "awaiting_approval"}
    assert json.loads(entry.content)["new"]["state"] == "approved"
    assert len(entries(session, "take_force")) == 1


# Numbers from number cells, doubtful banks


def test_a_number_from_a_number_cell_takes_evidence(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = enter(merchant, maker, came_from_number_cell=True)

    with pytest.raises(Invalid) as refused:
        approve(account, market, actor_of(approver))
    assert refused.value.problems[0].field == "proof"


@pytest.mark.parametrize(
    "evidence",
    [Evidence(proof=AccountProof.TEST_TRANSFER), Evidence(number_again="8800 1123 45")],
    ids=["proof", "number again"],
)
def test_a_proof_or_the_number_typed_again_is_evidence(
    evidence: Evidence,
    session: Session,
    market: Market,
    merchant: Merchant,
    maker: Actor,
    approver: User,
) -> None:
    account = enter(merchant, maker, came_from_number_cell=True)

    assert approve(account, market, actor_of(approver), evidence).state is AccountState.APPROVED


def test_another_number_typed_again_is_refused(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    evidence = Evidence(proof=AccountProof.TEST_TRANSFER, number_again="8800112354")

    with pytest.raises(Invalid) as refused:
        approve(enter(merchant, maker), market, actor_of(approver), evidence)
    assert refused.value.problems[0].field == "number_again"


def test_a_proof_is_kept_with_its_day_and_who_saw_it(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    evidence = Evidence(proof=AccountProof.SCAN_SHOWED_NAME)

    account = approve(enter(merchant, maker), market, actor_of(approver), evidence)

    assert account.proof is AccountProof.SCAN_SHOWED_NAME
    assert (account.proof_on, account.proof_by_id) == (actor_of(approver).today, approver.id)


@pytest.mark.parametrize("kind", ["finance", "conflict"])
def test_a_bank_that_became_doubtful_takes_evidence_too(
    kind: str, session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = enter(merchant, maker)
    bank = session.get_one(BankEntry, VIETCOMBANK)
    if kind == "finance":
        bank.kind = "finance"  # type: ignore[assignment]
    else:
        bank.notes = "CONFLICT: another BIN elsewhere"
    session.flush()
    session.expire(bank)

    with pytest.raises(Invalid):
        approve(account, market, actor_of(approver))


# A change


def test_a_change_needs_a_confirmation(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    make_account(merchant)

    with pytest.raises(Invalid) as refused:
        approve(enter(merchant, maker), market, actor_of(approver))
    assert refused.value.problems[0].field == "confirmation"


def test_a_confirmed_change_waits_a_day_while_the_old_one_pays(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    old = make_account(merchant)

    new = approve(enter(merchant, maker), market, actor_of(approver), IN_PERSON)

    assert new.in_force_from == NOW + COOL_OFF
    assert (new.state, new.is_preferred) == (AccountState.APPROVED, False)
    assert (old.state, old.is_preferred) == (AccountState.APPROVED, True)
    assert new.change_confirmed_how == "in_person"
    assert (new.change_confirmed_at, new.change_confirmed_by_id) == (NOW, approver.id)


def test_the_cool_off_is_a_setting(
    session: Session,
    market: Market,
    merchant: Merchant,
    maker: Actor,
    approver: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(account_decisions, "rules", lambda: Rules(cool_off_hours=48))
    make_account(merchant)

    new = approve(enter(merchant, maker), market, actor_of(approver), IN_PERSON)

    assert new.in_force_from == NOW + timedelta(hours=48)


def test_an_account_after_a_retired_one_cools_off_too(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    make_account(merchant, state=AccountState.RETIRED, retired_at=NOW, in_force_from=NOW)

    new = approve(enter(merchant, maker), market, actor_of(approver), IN_PERSON)

    assert new.in_force_from == NOW + COOL_OFF


def test_an_account_after_a_rejected_one_is_the_first(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    make_account(merchant, state=AccountState.REJECTED)

    assert approve(enter(merchant, maker), market, actor_of(approver)).in_force_from == NOW


def test_another_account_on_the_stickers_is_such_a_change(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    old = make_account(merchant)
    other = make_account(merchant, is_preferred=False, becomes_preferred=False)
    asked = account_entries.prefer(other.id, market=market, actor=maker)

    approve(asked, market, actor_of(approver), IN_PERSON)
    assert old.is_preferred
    account_switches.sweep(NOW + COOL_OFF)

    assert asked.is_preferred
    assert {old.state, other.state} == {AccountState.RETIRED}


def test_a_call_to_a_phone_that_was_there_before_confirms_a_change(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    make_account(merchant)
    merchant.phone_sealed = b"sealed"
    merchant.phone_set_at = NOW - timedelta(days=1)
    evidence = Evidence(confirmation=ChangeConfirmation.CALLED_BACK)

    assert approve(enter(merchant, maker), market, actor_of(approver), evidence)


@pytest.mark.parametrize("phone_set_at", [None, NOW, NOW + timedelta(minutes=1)])
def test_a_call_to_no_phone_or_a_new_one_confirms_nothing(
    phone_set_at: object,
    session: Session,
    market: Market,
    merchant: Merchant,
    maker: Actor,
    approver: User,
) -> None:
    make_account(merchant)
    merchant.phone_sealed = b"sealed" if phone_set_at else None
    merchant.phone_set_at = phone_set_at  # type: ignore[assignment]
    evidence = Evidence(confirmation=ChangeConfirmation.CALLED_BACK)

    with pytest.raises(Invalid) as refused:
        approve(enter(merchant, maker), market, actor_of(approver), evidence)
    assert refused.value.problems[0].field == "confirmation"


# Taking force


def test_nothing_is_switched_before_the_cool_off_is_over(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    old = make_account(merchant)
    approve(enter(merchant, maker), market, actor_of(approver), IN_PERSON)

    assert account_switches.sweep(NOW + COOL_OFF - timedelta(seconds=1)) == 0
    assert old.is_preferred


def test_the_sweep_switches_as_of_the_moment_the_new_one_took_force(
    session: Session,
    market: Market,
    tenancy: Tenancy,
    maker: Actor,
    approver: User,
) -> None:
    old = make_account(tenancy.merchant)
    sticker = hang_sticker(tenancy, old)
    new = approve(enter(tenancy.merchant, maker), market, actor_of(approver), IN_PERSON)

    switched = account_switches.sweep(NOW + COOL_OFF + timedelta(hours=5))

    assert switched == 1
    assert (new.is_preferred, old.state) == (True, AccountState.RETIRED)
    assert old.retired_at == sticker.void_at == NOW + COOL_OFF
    assert (sticker.state, sticker.void_reason) == (
        StickerState.VOID,
        VoidReason.ACCOUNT_CHANGED,
    )
    (queued,) = queued_stickers(session)
    assert (queued.account_id, queued.replaces_id) == (new.id, sticker.id)


def test_sweeping_twice_changes_nothing(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    make_account(merchant)
    approve(enter(merchant, maker), market, actor_of(approver), IN_PERSON)
    account_switches.sweep(NOW + COOL_OFF)

    assert account_switches.sweep(NOW + COOL_OFF * 2) == 0


def test_of_two_changes_the_later_one_ends_on_the_stickers(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    make_account(merchant)
    first, second = enter(merchant, maker), enter(merchant, maker, "8800154321")
    approve(first, market, actor_of(approver), IN_PERSON)
    approve(second, market, actor_of(approver, NOW + timedelta(hours=1)), IN_PERSON)

    account_switches.sweep(NOW + COOL_OFF * 2)

    assert second.is_preferred
    assert first.state is AccountState.RETIRED
    assert first.retired_at == NOW + timedelta(hours=25)


def test_an_additional_account_never_takes_the_place(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    old = make_account(merchant)
    account = enter(merchant, maker, becomes_preferred=False)
    approve(account, market, actor_of(approver), IN_PERSON)

    account_switches.sweep(NOW + COOL_OFF * 2)

    assert old.is_preferred
    assert (account.state, account.is_preferred) == (AccountState.APPROVED, False)


def test_a_change_that_was_retired_while_it_cooled_off_never_pays(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    old = make_account(merchant)
    new = approve(enter(merchant, maker), market, actor_of(approver), IN_PERSON)
    account_decisions.retire(new.id, "nhầm", market=market, actor=actor_of(approver))

    assert account_switches.sweep(NOW + COOL_OFF) == 0
    assert old.is_preferred


def test_the_sweep_is_written_down_as_the_systems_act(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    make_account(merchant)
    approve(enter(merchant, maker), market, actor_of(approver), IN_PERSON)

    account_switches.sweep(NOW + COOL_OFF)

    (entry,) = entries(session, "take_force")
    assert (entry.actor, entry.channel) == ("system", "job")


# In bulk


def test_bulk_approves_what_one_may_and_leaves_the_rest_with_reasons(
    session: Session, market: Market, maker: Actor, approver: User
) -> None:
    plain = enter(make_trading(market).merchant, maker, "8800100001")
    cell = enter(make_trading(market).merchant, maker, "8800100002", came_from_number_cell=True)
    own = enter(make_trading(market).merchant, actor_of(approver), "8800100003")
    changing = make_trading(market).merchant
    make_account(changing)
    change = enter(changing, maker, "8800100004")

    result = account_decisions.approve_many(market=market, actor=actor_of(approver))

    assert result.approved == [plain]
    assert result.skipped == [(cell, SkipReason.FROM_NUMBER_CELL)]
    assert [account for account, _ in result.refused] == [own, change]
    assert all(reason for _, reason in result.refused)
    assert {cell.state, own.state, change.state} == {WAITING}


def test_bulk_skips_accounts_at_finance_companies_and_in_conflict(
    session: Session, market: Market, maker: Actor, approver: User
) -> None:
    doubtful = [row.bin for row in session.scalars(select(BankEntry)) if row.needs_confirmation][:2]
    for place, bin in enumerate(doubtful):
        values = AccountValues(bin, f"880010000{place}", "NGUYEN THI MAU")
        account_entries.enter_account(make_trading(market).merchant, values=values, actor=maker)

    result = account_decisions.approve_many(market=market, actor=actor_of(approver))

    assert len(doubtful) == 2
    assert [reason for _, reason in result.skipped] == [SkipReason.UNSURE_BANK] * 2


def test_bulk_takes_only_the_chosen_ones(
    session: Session, market: Market, maker: Actor, approver: User
) -> None:
    first = enter(make_trading(market).merchant, maker, "8800100001")
    second = enter(make_trading(market).merchant, maker, "8800100002")

    result = account_decisions.approve_many(
        market=market, actor=actor_of(approver), account_ids=[second.id]
    )

    assert result.approved == [second]
    assert first.state is WAITING


def test_the_second_of_two_first_accounts_is_a_change(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    first, second = enter(merchant, maker), enter(merchant, maker, "8800154321")

    result = account_decisions.approve_many(market=market, actor=actor_of(approver))

    assert result.approved == [first]
    assert [account for account, _ in result.refused] == [second]


def test_bulk_never_reaches_another_market(
    session: Session, market: Market, merchant: Merchant, maker: Actor
) -> None:
    account = enter(merchant, maker)
    stranger = make_actor(market=(elsewhere := make_market()))

    for place in (market, elsewhere):
        result = account_decisions.approve_many(
            market=place, actor=stranger, account_ids=[account.id]
        )
        assert (result.approved, result.skipped, result.refused) == ([], [], [])


# Rejecting, withdrawing, retiring


def test_a_rejection_says_why(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = enter(merchant, maker)

    account_decisions.reject(account.id, " Sai  tên ", market=market, actor=actor_of(approver))

    assert (account.state, account.decision_reason) == (AccountState.REJECTED, "Sai tên")
    assert account.decided_by_id == approver.id


@pytest.mark.parametrize("reason", ["", "  ", "\u200b"])
def test_a_rejection_without_a_reason_is_refused(
    reason: str,
    session: Session,
    market: Market,
    merchant: Merchant,
    maker: Actor,
    approver: User,
) -> None:
    account = enter(merchant, maker)

    with pytest.raises(Invalid):
        account_decisions.reject(account.id, reason, market=market, actor=actor_of(approver))
    assert account.state is WAITING


def test_nobody_rejects_what_they_entered(
    session: Session, market: Market, merchant: Merchant, maker: Actor
) -> None:
    with pytest.raises(Forbidden):
        account_decisions.reject(enter(merchant, maker).id, "sai", market=market, actor=maker)


def test_the_maker_takes_back_a_slip(
    session: Session, market: Market, merchant: Merchant, maker: Actor
) -> None:
    account = account_decisions.withdraw(enter(merchant, maker).id, market=market, actor=maker)

    assert (account.state, account.decided_by_id) == (AccountState.REJECTED, None)
    assert len(entries(session, "withdraw")) == 1


def test_nobody_takes_back_what_somebody_else_entered(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = enter(merchant, maker)

    with pytest.raises(Forbidden):
        account_decisions.withdraw(account.id, market=market, actor=actor_of(approver))


def test_what_is_approved_is_not_taken_back(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = approve(enter(merchant, maker), market, actor_of(approver))

    with pytest.raises(Conflict):
        account_decisions.withdraw(account.id, market=market, actor=maker)


def test_retiring_makes_the_stickers_void_at_once(
    session: Session, market: Market, tenancy: Tenancy, approver: User
) -> None:
    account = make_account(tenancy.merchant)
    sticker = hang_sticker(tenancy, account)

    account_decisions.retire(account.id, "Mất điện thoại", market=market, actor=actor_of(approver))

    assert (account.state, account.is_preferred) == (AccountState.RETIRED, False)
    assert (account.retired_at, account.retire_reason) == (NOW, "Mất điện thoại")
    assert (sticker.state, sticker.void_at) == (StickerState.VOID, NOW)
    assert queued_stickers(session) == []


def test_what_waits_is_not_retired(
    session: Session, market: Market, merchant: Merchant, maker: Actor, approver: User
) -> None:
    account = enter(merchant, maker)

    with pytest.raises(Conflict):
        account_decisions.retire(account.id, "sai", market=market, actor=actor_of(approver))


def test_a_stranger_can_neither_reject_nor_retire(
    session: Session, market: Market, merchant: Merchant, maker: Actor
) -> None:
    waiting, used = enter(merchant, maker), make_account(merchant)
    stranger = make_actor(market=make_market())

    with pytest.raises(NotFound):
        account_decisions.reject(waiting.id, "sai", market=market, actor=stranger)
    with pytest.raises(NotFound):
        account_decisions.retire(used.id, "sai", market=market, actor=stranger)


# Stickers that follow


def test_a_shared_stall_gets_a_new_sticker_for_each_of_its_merchants(
    session: Session, market: Market, tenancy: Tenancy
) -> None:
    other = make_tenancy(tenancy.stall, make_merchant(market))
    db.session.refresh(other, ["stall", "merchant"])
    accounts_of = {row.id: make_account(row.merchant) for row in (tenancy, other)}
    for row in (tenancy, other):
        hang_sticker(row, accounts_of[row.id])

    sticker_states.void_for_stall(
        tenancy.stall, reason=VoidReason.STALL_MOVED, actor=Actor.system(NOW)
    )

    assert {row.account_id for row in queued_stickers(session)} == {
        account.id for account in accounts_of.values()
    }


def test_every_copy_is_replaced_by_a_copy(
    session: Session, market: Market, tenancy: Tenancy
) -> None:
    account = make_account(tenancy.merchant)
    for copy in (1, 2):
        hang_sticker(tenancy, account, copy)

    sticker_states.void_for_account(account, reason=VoidReason.WORN, actor=Actor.system(NOW))

    assert [row.copy_number for row in queued_stickers(session)] == [1, 2]


def test_a_copy_that_is_queued_already_is_not_queued_twice(
    session: Session, market: Market, tenancy: Tenancy
) -> None:
    account = make_account(tenancy.merchant)
    worn, torn = hang_sticker(tenancy, account), hang_sticker(tenancy, account)

    for sticker in (worn, torn):
        sticker_states.void_sticker(sticker, reason=VoidReason.WORN, actor=Actor.system(NOW))

    assert len(queued_stickers(session)) == 1
