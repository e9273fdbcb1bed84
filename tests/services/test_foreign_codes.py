"""Codes of banks and wallets: noted, confirmed by the board, found again at visits."""

from binascii import crc_hqx
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.errors import Conflict, Invalid, NotFound
from market.domain.levels import Level
from market.domain.payees import VNPAY
from market.domain.roles import Role
from market.domain.stickers import ForeignCodeKind
from market.domain.tlv import write_object
from market.domain.vietqr import encode
from market.domain.visits import VisitResult
from market.models.audit import AuditEntry
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.sticker import ForeignCode
from market.models.visit import Visit
from market.services import coverage, foreign_codes, visits
from market.services.access import Actor
from market.services.foreign_codes import ForeignCodeValues
from market.services.visits import VisitValues
from tests.factories import (
    NOW,
    TODAY,
    VIETCOMBANK,
    actor_of,
    make_account,
    make_actor,
    make_market,
    make_merchant,
    make_stall,
    make_tenancy,
    make_trader,
    make_user,
)

NUMBER = "88001000007"
OWN_NUMBER = "88001000017"
PAYLOAD = encode(bin=VIETCOMBANK, account=NUMBER)


def merchant_code(name: str) -> str:
    """A merchant code of VNPAY: no account in it, told by its merchant identifier."""
    body = "".join(
        (
            write_object("00", "01"),
            write_object("01", "11"),
            write_object("26", write_object("00", VNPAY) + write_object("01", "8800100001")),
            write_object("53", "704"),
            write_object("58", "VN"),
            write_object("59", name),
            "6304",
        )
    )
    return f"{body}{crc_hqx(body.encode(), 0xFFFF):04X}"


class Place:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.market = make_market()
        self.tenancy: Tenancy = make_trader(self.market)
        self.stall = session.get_one(Stall, self.tenancy.stall_id)
        self.merchant = session.get_one(Merchant, self.tenancy.merchant_id)
        self.volunteer = make_actor(Role.VOLUNTEER, market=self.market)
        self.board = make_actor(Role.BOARD_MANAGER, market=self.market)
        coverage.recompute_market(self.market.id)

    def register(self, payload: str = PAYLOAD, tenancy_id: int | None = None) -> ForeignCode:
        return foreign_codes.register(
            self.stall,
            values=ForeignCodeValues(payload, tenancy_id),
            actor=self.volunteer,
        )

    def visit(self, scanned: str, **known: object) -> Visit:
        values = VisitValues(
            uuid=str(uuid4()),
            phone_at=NOW,
            scanned=scanned,
            **known,  # type: ignore[arg-type]
        )
        return visits.record_visit(self.stall, values=values, actor=self.volunteer)

    def level(self) -> Level:
        self.session.commit()
        return coverage.levels_of_stalls([self.stall.id], TODAY)[self.stall.id]


@pytest.fixture
def place(session: Session) -> Place:
    return Place(session)


def test_a_noted_code_counts_only_once_it_is_confirmed(place: Place) -> None:
    code = place.register()
    before = place.level()

    foreign_codes.check(code.id, stall=place.stall, actor=place.board)

    assert before is Level.NONE
    assert place.level() is Level.EQUIPPED


def test_a_removed_code_counts_no_more(place: Place) -> None:
    code = place.register()
    foreign_codes.check(code.id, stall=place.stall, actor=place.board)
    place.session.commit()

    foreign_codes.remove(code.id, stall=place.stall, actor=place.board)

    assert place.level() is Level.NONE


def test_a_visit_finds_the_confirmed_code_whatever_amount_it_carries(place: Place) -> None:
    code = place.register()
    foreign_codes.check(code.id, stall=place.stall, actor=place.board)

    visit = place.visit(encode(bin=VIETCOMBANK, account=NUMBER, amount=10_000), accepts=True)

    assert (visit.result, visit.foreign_code_id) == (VisitResult.MATCH, code.id)
    assert place.level() is Level.ACCEPTS


def test_a_code_is_not_proved_by_a_scan_of_the_traders_own_account(place: Place) -> None:
    make_account(place.merchant, number=OWN_NUMBER, since=NOW - timedelta(days=2))
    code = place.register()
    foreign_codes.check(code.id, stall=place.stall, actor=place.board)

    own = place.visit(encode(bin=VIETCOMBANK, account=OWN_NUMBER), accepts=True)
    after_own = place.level()
    place.visit(PAYLOAD)

    assert (own.result, own.foreign_code_id) == (VisitResult.MATCH, None)
    assert after_own is Level.EQUIPPED
    assert place.level() is Level.ACCEPTS


def test_a_merchant_code_is_found_by_its_identifier(place: Place) -> None:
    code = place.register(merchant_code("QUAY RAU"))
    foreign_codes.check(code.id, stall=place.stall, actor=place.board)

    visit = place.visit(merchant_code("QUAY CA"))

    assert code.kind is ForeignCodeKind.MERCHANT_PAYMENT
    assert (visit.result, visit.foreign_code_id) == (VisitResult.MATCH, code.id)


def test_a_code_that_nobody_confirmed_is_not_the_traders(place: Place) -> None:
    place.register()

    assert place.visit(PAYLOAD).result is VisitResult.OTHER_ACCOUNT


def test_an_unknown_merchant_code_is_not_recognised(place: Place) -> None:
    assert place.visit(merchant_code("QUAY RAU")).result is VisitResult.UNKNOWN_CODE


def test_the_same_code_twice_at_a_stall_is_refused(place: Place) -> None:
    place.register()

    with pytest.raises(Conflict):
        place.register(encode(bin=VIETCOMBANK, account=NUMBER, amount=5_000))


def test_what_is_no_payment_code_is_refused_with_the_place_of_the_fault(place: Place) -> None:
    with pytest.raises(Invalid) as refused:
        place.register(PAYLOAD[:-1] + "X")

    assert {problem.field for problem in refused.value.problems} == {"payload"}


def test_at_a_shared_stall_somebody_says_whose_it_is(place: Place) -> None:
    second: Tenancy = make_tenancy(place.stall, make_merchant(place.market))

    with pytest.raises(Invalid) as refused:
        place.register()
    code = place.register(tenancy_id=second.id)

    assert {problem.field for problem in refused.value.problems} == {"tenancy_id"}
    assert code.tenancy_id == second.id


def test_an_empty_stall_has_no_code(session: Session) -> None:
    place = Place(session)
    place.stall = make_stall(place.market)

    with pytest.raises(Invalid, match="không có hộ"):
        place.register()


def test_a_confirmed_code_is_not_confirmed_again(place: Place) -> None:
    code = place.register()
    foreign_codes.check(code.id, stall=place.stall, actor=place.board)

    with pytest.raises(Conflict):
        foreign_codes.check(code.id, stall=place.stall, actor=place.board)


def test_a_removed_code_is_neither_confirmed_nor_removed_again(place: Place) -> None:
    code = place.register()
    foreign_codes.remove(code.id, stall=place.stall, actor=place.board)

    with pytest.raises(Conflict):
        foreign_codes.check(code.id, stall=place.stall, actor=place.board)
    with pytest.raises(Conflict):
        foreign_codes.remove(code.id, stall=place.stall, actor=place.board)


def test_a_code_of_another_stall_is_not_found_here(place: Place) -> None:
    code = place.register()

    with pytest.raises(NotFound):
        foreign_codes.check(code.id, stall=make_stall(place.market), actor=place.board)


def test_the_list_says_with_how_many_other_merchants_a_code_is_shared(place: Place) -> None:
    make_account(make_merchant(place.market), NUMBER)
    place.register()

    (row,) = foreign_codes.list_of_stall(place.stall)

    assert (row.shared_with, row.bank, row.code.number_last4) == (1, "Vietcombank", "0007")


def shown_to(place: Place, actor: Actor) -> dict[int, str]:
    """What that user sees in full of the codes at the stall."""
    rows = foreign_codes.list_of_stall(place.stall)
    return foreign_codes.show_payees(rows, stall=place.stall, market=place.market, actor=actor)


def test_who_confirms_elsewhere_and_only_reads_here_sees_no_number(place: Place) -> None:
    place.register()
    board_elsewhere = make_user(Role.BOARD_MANAGER, market=make_market())
    reader_here = make_user(Role.AUDITOR, market=place.market)
    both = replace(actor_of(reader_here), grants=(*reader_here.grants, *board_elsewhere.grants))

    assert shown_to(place, both) == {}


def test_only_who_confirms_sees_the_number_and_the_look_is_an_entry(place: Place) -> None:
    code = place.register()

    hidden = shown_to(place, place.volunteer)
    shown = shown_to(place, place.board)
    place.session.commit()

    assert hidden == {}
    assert shown == {code.id: NUMBER}
    looks = place.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "read_numbers")
    ).all()
    assert [entry.actor_id for entry in looks] == [place.board.user_id]


def test_a_confirmed_code_is_shown_by_its_last_digits_only(place: Place) -> None:
    code = place.register()
    foreign_codes.check(code.id, stall=place.stall, actor=place.board)

    assert shown_to(place, place.board) == {}


def test_a_code_removed_before_a_late_visit_was_still_right_then(place: Place) -> None:
    code = place.register()
    foreign_codes.check(code.id, stall=place.stall, actor=place.board)
    code.removed_at = NOW - timedelta(days=1)
    place.session.flush()
    values = VisitValues(uuid=str(uuid4()), phone_at=NOW - timedelta(days=2), scanned=PAYLOAD)

    visit = visits.record_visit(place.stall, values=values, actor=place.volunteer)

    assert visit.result is VisitResult.MATCH
