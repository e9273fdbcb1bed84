"""Visits: what a scan says, who it is about, and what follows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.calendar import ICT
from market.domain.errors import Conflict, Invalid
from market.domain.levels import Level
from market.domain.roles import Role
from market.domain.stickers import StickerState, VoidReason
from market.domain.vietqr import encode
from market.domain.visits import NonAcceptReason, VisitResult
from market.models.account import PaymentAccount
from market.models.audit import AuditEntry
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.sticker import Sticker
from market.models.visit import Incident, Visit
from market.services import coverage, scans, visits
from market.services.access import Actor
from market.services.visits import VisitValues
from tests.factories import (
    LONG_AGO,
    NOW,
    TODAY,
    VIETCOMBANK,
    make_account,
    make_actor,
    make_market,
    make_merchant,
    make_stall,
    make_tenancy,
    make_trader,
)

NUMBER = "88001000001"
STRANGER = "88001999999"


class Place:
    """A stall with its trader, the trader's account, and who visits."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.market = make_market()
        self.tenancy: Tenancy = make_trader(self.market)
        self.stall = session.get_one(Stall, self.tenancy.stall_id)
        self.merchant = session.get_one(Merchant, self.tenancy.merchant_id)
        self.account: PaymentAccount = make_account(self.merchant, NUMBER)
        self.actor: Actor = make_actor(Role.VOLUNTEER, market=self.market)

    def record(self, **values: Any) -> Visit:
        known = {"uuid": str(uuid4()), "phone_at": NOW - timedelta(hours=1)}
        return visits.record_visit(
            self.stall, values=VisitValues(**{**known, **values}), actor=self.actor
        )

    def sticker(self, state: StickerState = StickerState.HANDED_OUT, **known: Any) -> Sticker:
        return make_sticker(self.session, self.stall, self.account, state, **known)

    def level(self, on: date = TODAY) -> Level:
        self.session.commit()
        return coverage.levels_of_stalls([self.stall.id], on)[self.stall.id]


def make_sticker(
    session: Session,
    stall: Stall,
    account: PaymentAccount,
    state: StickerState = StickerState.HANDED_OUT,
    *,
    serial: str = "00000012",
    at: datetime = NOW - timedelta(days=10),
) -> Sticker:
    is_void = state is StickerState.VOID
    sticker = Sticker(
        serial=serial,
        stall_id=stall.id,
        account_id=account.id,
        market_name="Chợ Mẫu",
        stall_code=stall.code,
        merchant_name="Nguyễn Thị Mẫu",
        state=state,
        queued_at=at,
        printed_at=None if state is StickerState.QUEUED else at,
        handed_out_at=None if state in (StickerState.QUEUED, StickerState.PRINTED) else at,
        hung_at=at if is_void or state is StickerState.ON_STALL else None,
        void_at=at if is_void else None,
        void_reason=VoidReason.WORN if is_void else None,
    )
    session.add(sticker)
    session.flush()
    return sticker


@pytest.fixture
def place(session: Session) -> Place:
    return Place(session)


def payload(number: str = NUMBER, bin: str = VIETCOMBANK) -> str:
    return encode(bin=bin, account=number)


def problem_fields(refused: pytest.ExceptionInfo[Invalid]) -> set[str | None]:
    return {problem.field for problem in refused.value.problems}


def test_a_code_that_pays_the_trader_is_a_match(place: Place) -> None:
    visit = place.record(scanned=payload())

    assert (visit.result, visit.tenancy_id) == (VisitResult.MATCH, place.tenancy.id)


def test_another_text_for_the_same_account_is_a_match_too(place: Place) -> None:
    text = encode(bin=VIETCOMBANK, account=NUMBER, amount=25_000, purpose="rau cu")

    assert place.record(scanned=text).result is VisitResult.MATCH


def test_the_same_number_at_another_bank_is_another_account(place: Place) -> None:
    visit = place.record(scanned=payload(bin="970418"))

    assert visit.result is VisitResult.OTHER_ACCOUNT


def test_an_account_the_trader_had_before_is_an_old_one(place: Place) -> None:
    old = make_account(place.merchant, "88001000002", is_preferred=False)
    old.state, old.retired_at = AccountState.RETIRED, NOW - timedelta(days=5)
    place.session.flush()

    assert place.record(scanned=payload("88001000002")).result is VisitResult.OLD_ACCOUNT


def test_on_the_day_the_old_account_still_held_it_was_right(place: Place) -> None:
    place.account.state, place.account.is_preferred = AccountState.RETIRED, False
    place.account.retired_at = NOW - timedelta(days=5)
    place.session.flush()

    late = place.record(scanned=payload(), phone_at=NOW - timedelta(days=6))

    assert late.result is VisitResult.MATCH


@pytest.mark.parametrize(
    ("hours_ago", "result"), [(3, VisitResult.MATCH), (1, VisitResult.OLD_ACCOUNT)]
)
def test_an_account_whose_successor_took_force_is_old_before_anything_is_swept(
    place: Place, hours_ago: int, result: VisitResult
) -> None:
    since = NOW - timedelta(hours=2)
    make_account(place.merchant, "88001000002", since=since, is_preferred=False)
    make_account(place.merchant, "88001000003", is_preferred=False, becomes_preferred=False)

    seen = place.record(scanned=payload(), phone_at=NOW - timedelta(hours=hours_ago))
    additional = place.record(scanned=payload("88001000003"))

    assert seen.result is result
    assert additional.result is VisitResult.MATCH


@pytest.mark.parametrize("state", [AccountState.AWAITING_APPROVAL, AccountState.REJECTED])
def test_an_account_nobody_approved_is_not_the_traders(place: Place, state: AccountState) -> None:
    make_account(place.merchant, "88001000002", state=state)

    assert place.record(scanned=payload("88001000002")).result is VisitResult.OTHER_ACCOUNT


def test_a_strangers_account_opens_an_incident_at_once(place: Place) -> None:
    visit = place.record(scanned=payload(STRANGER))

    assert visit.result is VisitResult.OTHER_ACCOUNT
    incident = place.session.scalars(select(Incident)).one()
    assert (incident.visit_id, incident.stall_id) == (visit.id, place.stall.id)
    assert incident.opened_on == TODAY


@pytest.mark.parametrize(
    "text", ["https://example.vn/khuyen-mai-cuoi-nam", "00020101021138CRC sai hoàn toàn6304ABCD"]
)
def test_what_is_no_payment_code_opens_an_incident(place: Place, text: str) -> None:
    visit = place.record(scanned=text)

    assert visit.result is VisitResult.UNKNOWN_CODE
    assert place.session.scalar(select(func.count()).select_from(Incident)) == 1


def test_the_same_stranger_seen_again_is_one_incident_until_it_is_closed(place: Place) -> None:
    place.record(scanned=payload(STRANGER))
    place.record(scanned=payload(STRANGER))
    place.record(scanned=payload("88001999998"))

    assert place.session.scalar(select(func.count()).select_from(Incident)) == 2


def test_what_was_scanned_is_kept_sealed(place: Place) -> None:
    visit = place.record(scanned=payload(STRANGER))

    assert visit.scanned_sealed is not None
    assert STRANGER.encode() not in visit.scanned_sealed
    assert scans.open_text(visit, place.merchant) == payload(STRANGER)


def test_the_audit_log_holds_no_number(place: Place) -> None:
    place.record(scanned=payload(STRANGER))
    place.session.commit()

    contents = place.session.scalars(select(AuditEntry.content)).all()
    assert not any(STRANGER in content for content in contents)


def test_a_serial_names_the_sticker_and_hangs_it(place: Place) -> None:
    sticker = place.sticker()

    visit = place.record(scanned="0000 0012")

    assert (visit.result, visit.sticker_id) == (VisitResult.MATCH, sticker.id)
    assert (sticker.state, sticker.hung_at) == (StickerState.ON_STALL, visit.phone_at)


def test_the_address_of_a_sticker_is_its_serial(place: Place) -> None:
    sticker = place.sticker()

    assert place.record(scanned="https://cho.example.vn/t/00000012").sticker_id == sticker.id


def test_a_sticker_in_stock_that_hangs_was_handed_out_unnoted(place: Place) -> None:
    sticker = place.sticker(StickerState.PRINTED)

    place.record(scanned="00000012", accepts=True)

    assert sticker.state is StickerState.ON_STALL
    assert sticker.handed_out_at is not None
    assert place.level() is Level.ACCEPTS


@pytest.mark.parametrize("order", [(5, 0), (0, 5)])
def test_a_sticker_hangs_since_it_was_first_seen_whoever_tells_first(
    place: Place, order: tuple[int, int]
) -> None:
    sticker = place.sticker(StickerState.PRINTED)

    for days_ago in order:
        at = NOW - timedelta(days=days_ago, hours=1)
        place.record(scanned="00000012", accepts=True, phone_at=at)

    first = NOW - timedelta(days=5, hours=1)
    assert (sticker.handed_out_at, sticker.hung_at) == (first, first)
    assert place.level(TODAY - timedelta(days=5)) is Level.ACCEPTS
    assert place.level(TODAY - timedelta(days=6)) is Level.ACCOUNT


def test_a_hand_out_that_was_noted_stays_where_it_was(place: Place) -> None:
    handed_out = NOW - timedelta(days=3)
    sticker = place.sticker(at=handed_out)

    for days_ago in (0, 2, 5):
        place.record(scanned="00000012", phone_at=NOW - timedelta(days=days_ago, hours=1))

    assert (sticker.handed_out_at, sticker.hung_at) == (handed_out, handed_out)


def test_a_sticker_does_not_hang_before_it_was_printed(place: Place) -> None:
    printed = NOW - timedelta(days=2)
    sticker = place.sticker(StickerState.PRINTED, at=printed)

    place.record(scanned="00000012", phone_at=NOW - timedelta(days=5))

    assert sticker.handed_out_at == printed
    assert place.level(TODAY - timedelta(days=3)) is Level.ACCOUNT


@pytest.mark.parametrize("typed", ["00000013", "000000123", "rau"])
def test_a_mistyped_serial_is_refused_not_guessed(place: Place, typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        place.record(scanned=typed)

    assert problem_fields(refused) == {"scanned"}
    assert place.session.scalar(select(func.count()).select_from(Visit)) == 0


def test_a_serial_that_no_sticker_has_is_refused(place: Place) -> None:
    with pytest.raises(Invalid, match="0000-0012"):
        place.record(scanned="00000012")


def test_another_traders_sticker_pays_another_account(place: Place) -> None:
    neighbour: Tenancy = make_trader(place.market)
    theirs = make_account(place.session.get_one(Merchant, neighbour.merchant_id))
    stall = place.session.get_one(Stall, neighbour.stall_id)
    sticker = make_sticker(place.session, stall, theirs)

    visit = place.record(scanned=sticker.serial)

    assert visit.result is VisitResult.OTHER_ACCOUNT
    assert sticker.state is StickerState.HANDED_OUT


def test_the_traders_sticker_of_their_other_stall_pays_them_but_names_no_sticker_here(
    place: Place,
) -> None:
    other = make_stall(place.market)
    make_tenancy(other, place.merchant)
    sticker = make_sticker(place.session, other, place.account)

    visit = place.record(scanned=sticker.serial)

    assert (visit.result, visit.sticker_id) == (VisitResult.MATCH, None)
    assert sticker.state is StickerState.HANDED_OUT


def test_a_void_sticker_for_the_right_account_does_not_display_anything(place: Place) -> None:
    place.sticker(StickerState.VOID)
    place.sticker(serial="00000024")

    visit = place.record(scanned="00000012", accepts=True)

    assert visit.result is VisitResult.MATCH
    assert place.level() is Level.EQUIPPED


def test_a_payment_code_hangs_one_sticker_where_none_hung(place: Place) -> None:
    first, second = place.sticker(), place.sticker(serial="00000024")

    visit = place.record(scanned=payload())

    assert visit.sticker_id is None
    assert [first.state, second.state] == [StickerState.ON_STALL, StickerState.HANDED_OUT]


def test_a_sticker_handed_out_after_a_late_visit_did_not_hang_then(place: Place) -> None:
    sticker = place.sticker(at=NOW - timedelta(days=2))

    place.record(scanned=payload(), phone_at=NOW - timedelta(days=3))

    assert sticker.state is StickerState.HANDED_OUT


def test_a_void_sticker_that_was_not_there_is_gone(place: Place) -> None:
    void = place.sticker(StickerState.VOID)
    place.sticker(serial="00000024")

    visit = place.record(scanned="00000024")

    assert void.gone_at == visit.phone_at


def test_a_visit_that_found_no_code_proves_the_void_sticker_gone(place: Place) -> None:
    void = place.sticker(StickerState.VOID)

    place.record(result=VisitResult.MISSING)

    assert void.gone_at is not None


@pytest.mark.parametrize("result", [VisitResult.STALL_SHUT, VisitResult.UNREADABLE])
def test_a_visit_that_saw_nothing_proves_nothing_of_the_void_sticker(
    place: Place, result: VisitResult
) -> None:
    void = place.sticker(StickerState.VOID)

    place.record(result=result)

    assert void.gone_at is None


def test_a_payment_code_cannot_tell_a_void_sticker_from_its_reissue(place: Place) -> None:
    void = place.sticker(StickerState.VOID)
    place.sticker(serial="00000024")

    place.record(scanned=payload())

    assert void.gone_at is None


def test_a_sticker_void_only_after_a_late_visit_is_not_gone(place: Place) -> None:
    void = place.sticker(StickerState.VOID, at=NOW - timedelta(days=1))

    place.record(result=VisitResult.MISSING, phone_at=NOW - timedelta(days=2))

    assert void.gone_at is None


def test_at_a_shared_stall_the_paid_merchant_is_the_one_visited(place: Place) -> None:
    sharer = make_merchant(place.market)
    second: Tenancy = make_tenancy(place.stall, sharer)
    make_account(sharer, "88001000002")

    visit = place.record(scanned=payload("88001000002"), tenancy_id=place.tenancy.id)

    assert (visit.result, visit.tenancy_id) == (VisitResult.MATCH, second.id)


def test_at_a_shared_stall_nothing_scanned_asks_whom_the_visit_is_about(place: Place) -> None:
    second: Tenancy = make_tenancy(place.stall, make_merchant(place.market))

    with pytest.raises(Invalid) as refused:
        place.record(result=VisitResult.MISSING)
    chosen = place.record(result=VisitResult.MISSING, tenancy_id=second.id)

    assert problem_fields(refused) == {"tenancy_id"}
    assert chosen.tenancy_id == second.id


def test_the_other_merchants_void_sticker_was_not_looked_for(place: Place) -> None:
    second: Tenancy = make_tenancy(place.stall, make_merchant(place.market))
    void = place.sticker(StickerState.VOID)

    place.record(result=VisitResult.MISSING, tenancy_id=second.id)

    assert void.gone_at is None


def test_sent_twice_it_is_kept_once(place: Place) -> None:
    values = VisitValues(uuid=str(uuid4()), phone_at=NOW, scanned=payload(STRANGER))

    first = visits.record_visit(place.stall, values=values, actor=place.actor)
    again = visits.record_visit(
        place.stall, values=replace(values, scanned=payload()), actor=place.actor
    )

    assert again is first
    assert place.session.scalar(select(func.count()).select_from(Visit)) == 1
    assert place.session.scalar(select(func.count()).select_from(Incident)) == 1


def test_a_visit_of_another_stall_cannot_be_sent_for_this_one(place: Place) -> None:
    values = VisitValues(uuid=str(uuid4()), phone_at=NOW, result=VisitResult.MATCH)
    visits.record_visit(place.stall, values=values, actor=place.actor)

    with pytest.raises(Conflict):
        visits.record_visit(make_stall(place.market), values=values, actor=place.actor)


def test_the_day_is_the_one_in_viet_nam(place: Place) -> None:
    late = datetime(2026, 9, 28, 23, 30, tzinfo=ICT)

    assert place.record(result=VisitResult.MATCH, phone_at=late).day == date(2026, 9, 28)
    assert place.record(
        result=VisitResult.MATCH, phone_at=late.astimezone(UTC) + timedelta(hours=1)
    ).day == date(2026, 9, 29)


def test_a_day_to_come_is_refused_a_clock_slightly_ahead_is_not(place: Place) -> None:
    with pytest.raises(Invalid) as refused:
        place.record(result=VisitResult.MATCH, phone_at=NOW + timedelta(hours=1))
    ahead = place.record(result=VisitResult.MATCH, phone_at=NOW + timedelta(minutes=5))

    assert problem_fields(refused) == {"day"}
    assert ahead.day == TODAY


def test_nobody_was_visited_before_they_came(session: Session) -> None:
    place = Place(session)
    place.tenancy.from_day = date(2026, 9, 1)
    session.flush()
    before = datetime(2026, 8, 31, 5, tzinfo=UTC)

    with pytest.raises(Invalid) as refused:
        place.record(result=VisitResult.MATCH, phone_at=before)
    with pytest.raises(Invalid) as chosen:
        place.record(result=VisitResult.MATCH, phone_at=before, tenancy_id=place.tenancy.id)

    assert problem_fields(refused) == {"day"}
    assert problem_fields(chosen) == {"tenancy_id"}


def test_a_stall_was_not_visited_before_it_was_there(place: Place) -> None:
    moment = datetime(LONG_AGO.year - 1, 12, 31, 5, tzinfo=UTC)

    with pytest.raises(Invalid) as refused:
        place.record(result=VisitResult.MISSING, phone_at=moment)

    assert problem_fields(refused) == {"day"}


def test_a_late_visit_finds_who_was_there_then(place: Place) -> None:
    place.tenancy.to_day = date(2026, 9, 20)
    newcomer: Tenancy = make_tenancy(
        place.stall, make_merchant(place.market), since=date(2026, 9, 20)
    )
    place.session.flush()

    then = place.record(result=VisitResult.MATCH, phone_at=datetime(2026, 9, 19, 5, tzinfo=UTC))
    now = place.record(result=VisitResult.MATCH)

    assert (then.tenancy_id, now.tenancy_id) == (place.tenancy.id, newcomer.id)


def test_an_empty_stall_can_be_visited(session: Session) -> None:
    place = Place(session)
    place.stall = make_stall(place.market)

    visit = place.record(result=VisitResult.STALL_SHUT)

    assert visit.tenancy_id is None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "result"),
        ({"result": VisitResult.OTHER_ACCOUNT}, "result"),
        ({"result": VisitResult.OLD_ACCOUNT}, "result"),
        ({"result": VisitResult.UNKNOWN_CODE}, "result"),
        ({"scanned": payload(), "result": VisitResult.MISSING}, "result"),
        ({"result": VisitResult.STALL_SHUT, "accepts": True}, "accepts"),
        ({"result": VisitResult.STALL_SHUT, "reason": NonAcceptReason.NO_PHONE}, "accepts"),
        (
            {"result": VisitResult.MATCH, "accepts": True, "reason": NonAcceptReason.NO_PHONE},
            "reason",
        ),
        ({"result": VisitResult.MATCH, "accepts": False, "use_shown": True}, "accepts"),
    ],
)
def test_what_contradicts_itself_is_refused(
    place: Place, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        place.record(**values)

    assert problem_fields(refused) == {field}


def test_a_reason_for_not_accepting_takes_the_confirmation_back(place: Place) -> None:
    place.sticker()
    place.record(scanned=payload(), accepts=True, phone_at=NOW - timedelta(days=3))
    before = place.level()

    place.record(result=VisitResult.MATCH, reason=NonAcceptReason.FEAR_OF_TAX)

    assert before is Level.ACCEPTS
    assert place.level() is Level.DISPLAYED


def test_a_visit_moves_the_level_and_a_late_one_its_past(place: Place) -> None:
    place.sticker(at=NOW - timedelta(days=60))
    coverage.touch(place.market.id)
    assert place.level() is Level.EQUIPPED

    place.record(scanned=payload(), accepts=True, use_shown=True, phone_at=NOW - timedelta(days=40))

    assert place.level(TODAY - timedelta(days=41)) is Level.EQUIPPED
    assert place.level(TODAY - timedelta(days=40)) is Level.IN_USE
    assert place.level() is Level.ACCEPTS


def test_a_test_transfer_is_a_confirmation(place: Place) -> None:
    place.sticker()

    place.record(scanned=payload(), test_transfer_acknowledged=True)

    assert place.level() is Level.ACCEPTS


def test_who_visited_and_when_is_kept(place: Place) -> None:
    visit = place.record(scanned=payload(), note="  Treo\tở quầy ")

    assert visit.visited_by_id == place.actor.user_id
    assert visit.received_at == NOW
    assert visit.note == "Treo ở quầy"
