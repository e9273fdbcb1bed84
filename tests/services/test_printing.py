"""Printing runs: every code read back and compared with the register, then recorded."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.documents import sticker_check
from market.documents.label_layouts import LogoPlace
from market.documents.logos import read_logo
from market.documents.qr_code import Modules, modules_of
from market.documents.sticker_check import WrongCode
from market.domain import vietqr
from market.domain.accounts import AccountState
from market.domain.errors import Conflict, Invalid
from market.domain.stickers import RunState, StickerState, VoidReason
from market.models.market import Operator
from market.models.sticker import PrintRun
from market.services import (
    account_decisions,
    branding,
    print_runs,
    printing,
    run_making,
    sticker_moves,
    sticker_states,
)
from market.services.branding import BrandingValues
from market.services.reading import reading
from market.services.sticker_values import sheet_job
from tests.factories import (
    NOW,
    VIETCOMBANK,
    make_account,
    make_actor,
    make_bank,
    make_market,
    make_merchant,
    make_operator,
)
from tests.paper import logo
from tests.print_shop import (
    SYSTEM,
    codes_of,
    entries_of,
    fetch,
    make_ready,
    make_run,
    paid_by,
    print_run,
    printed_run,
    stickers_of,
    values_of,
    wallet_code,
)

LATER = replace(SYSTEM, at=NOW + timedelta(days=1))


def test_every_code_on_the_finished_pages_pays_the_account_of_its_stall(session: Session) -> None:
    make_bank("970405", "Agribank")
    market = make_market()
    numbers = [f"88001{number:07}" for number in range(10)]
    for number in numbers:
        bank = VIETCOMBANK if int(number) % 2 else "970405"
        make_ready(market, f"A{number[-2:]}", number, bin=bank)

    pdf, drawn = print_run(make_run(market), market)

    assert paid_by(pdf) == sorted(
        (VIETCOMBANK if int(number) % 2 else "970405", number) for number in numbers
    )
    assert (drawn.sheets.stickers, drawn.sheets.verified) == (10, 10)


def test_a_long_run_is_checked_to_the_last_sticker(session: Session) -> None:
    """From 500 stickers on, other processes draw."""
    market = make_market()
    ready = [make_ready(market, f"A{number}") for number in range(30)]
    run = make_run(market, copies=20)

    _pdf, drawn = print_run(run, market)

    stickers = stickers_of(run)
    hashes = {each.account.id: each.account.number_hash for each in ready}
    assert list(drawn.payees) == [sticker.serial for sticker in stickers]
    assert list(drawn.payees.values()) == [hashes[sticker.account_id] for sticker in stickers]
    assert drawn.sheets.verified == 600
    assert {sticker.state for sticker in stickers} == {StickerState.PRINTED}


def test_a_printed_run_knows_its_file(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    actor = make_actor(market=market)
    run = make_run(market, actor)

    pdf, _drawn = print_run(run, market, actor)

    assert run.state is RunState.PRINTED
    assert (run.printed_at, run.printed_by_id) == (actor.at, actor.user_id)
    assert (run.sha256, run.size_bytes, run.pages) == (
        hashlib.sha256(pdf).hexdigest(),
        len(pdf),
        1,
    )
    (sticker,) = stickers_of(run)
    assert (sticker.state, sticker.printed_at) == (StickerState.PRINTED, actor.at)


def test_printing_is_in_the_audit_log(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = printed_run(market)
    (entry,) = entries_of("print")

    assert entry.entity_id == str(run.id)
    assert run.sha256 is not None
    assert run.sha256 in entry.content


def test_a_run_is_printed_once(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = printed_run(market)

    with pytest.raises(Conflict, match="đã được in"):
        print_run(run, market)


def test_a_code_that_a_wallet_made_is_printed_as_it_is(session: Session) -> None:
    market = make_market()
    kept = wallet_code(VIETCOMBANK, "99MM24001M00000001")
    make_ready(market, "A1", "99MM24001M00000001", kept=kept)

    pdf, drawn = print_run(make_run(market), market)

    assert paid_by(pdf) == [(VIETCOMBANK, "99MM24001M00000001")]
    assert drawn.sheets.verified == 1


def test_a_kept_code_that_pays_somebody_else_stops_the_run(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1", "8800100001", kept=wallet_code(VIETCOMBANK, "8800100002"))

    with pytest.raises(Conflict, match="A1"):
        make_run(market)


@pytest.mark.parametrize("place", range(11))
def test_any_digit_changed_in_the_drawing_stops_the_run_and_names_the_stall(
    session: Session, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    market = make_market()
    make_ready(market, "A1", "88001000001")
    make_ready(market, "A2", "88001000002")
    run = make_run(market)
    session.commit()

    def drawn_wrong(payloads: list[str]) -> list[Modules]:
        return modules_of([_with_other_digit(payload, place) for payload in payloads])

    monkeypatch.setattr(sticker_check, "modules_of", drawn_wrong)
    with pytest.raises(WrongCode, match="A1"):
        print_run(run, market)
    session.rollback()

    session.refresh(run)
    assert run.state is RunState.MADE
    assert {sticker.state for sticker in stickers_of(run)} == {StickerState.QUEUED}


@pytest.mark.parametrize("place", range(11))
def test_any_digit_changed_before_the_drawing_stops_the_run(
    session: Session, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    market = make_market()
    make_ready(market, "A1", "88001000001")
    run = make_run(market)
    encode = vietqr.encode

    def written_wrong(*, bin: str, account: str) -> str:
        return _with_other_digit(encode(bin=bin, account=account), place)

    monkeypatch.setattr(vietqr, "encode", written_wrong)

    with pytest.raises(WrongCode, match="A1"):
        print_run(run, market)


def test_a_number_that_opens_to_another_one_than_was_approved_stops_the_run(
    session: Session,
) -> None:
    """The keyed hash of the account row is not made from the sealed number."""
    market = make_market()
    ready = make_ready(market, "A1", "88001000001", state=AccountState.DRAFT, is_preferred=False)
    other = make_account(ready.merchant, "88001000002", state=AccountState.DRAFT)
    ready.account.number_hash = other.number_hash
    session.flush()
    ready.account.state, ready.account.in_force_from = AccountState.APPROVED, NOW
    ready.account.is_preferred = True
    run = make_run(market)

    with pytest.raises(WrongCode, match="A1"):
        print_run(run, market)


def test_an_account_retired_after_the_run_was_made_stops_it_and_names_the_stall(
    session: Session,
) -> None:
    market = make_market()
    make_ready(market, "A1")
    ready = make_ready(market, "A2")
    run = make_run(market)
    account_decisions.retire(ready.account.id, "Đổi ngân hàng", market=market, actor=SYSTEM)

    with pytest.raises(Conflict, match="A2") as refused:
        print_run(run, market)

    assert "A1" not in refused.value.message


def test_an_account_replaced_after_the_run_was_made_stops_it(session: Session) -> None:
    market = make_market()
    ready = make_ready(market, "A1")
    run = make_run(market)
    make_account(ready.merchant, is_preferred=False, in_force_from=NOW)

    with pytest.raises(Conflict, match="A1"):
        print_run(run, market)


def test_an_account_replaced_while_the_run_is_drawn_stops_it(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    ready = make_ready(market, "A2")
    run = make_run(market)
    session.commit()
    with reading():
        drawn = printing.draw(run, BytesIO(), on=SYSTEM.today)
    make_account(ready.merchant, is_preferred=False, in_force_from=NOW)
    session.commit()

    with pytest.raises(Conflict, match="A2"):
        printing.record_print(drawn, market=market, actor=SYSTEM)
    session.rollback()

    session.refresh(run)
    assert run.state is RunState.MADE


def test_what_was_drawn_is_recorded_where_nothing_changed(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = make_run(market)
    session.commit()
    with reading():
        drawn = printing.draw(run, BytesIO(), on=SYSTEM.today)

    printing.record_print(drawn, market=market, actor=SYSTEM)

    assert {sticker.state for sticker in stickers_of(run)} == {StickerState.PRINTED}


def test_what_was_drawn_must_pay_what_the_register_says_when_it_is_recorded(
    session: Session,
) -> None:
    market = make_market()
    make_ready(market, "A1", "88001000001")
    other = make_account(make_merchant(market), "88001000002")
    run = make_run(market)
    drawn = printing.draw(run, BytesIO(), on=SYSTEM.today)
    (serial,) = drawn.payees
    drawn = replace(drawn, payees={serial: other.number_hash})

    with pytest.raises(Conflict, match="A1"):
        printing.record_print(drawn, market=market, actor=SYSTEM)


def test_progress_is_told_sticker_by_sticker(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    make_ready(market, "A2")
    told: list[tuple[int, int]] = []

    printing.draw(
        make_run(market),
        BytesIO(),
        on=SYSTEM.today,
        progress=lambda done, total, step: told.append((done, total)),
    )

    assert told == [(0, 2), (1, 2), (2, 2)]


def test_the_same_release_draws_the_same_bytes_again(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = make_run(market, has_ruler=True)
    first, _drawn = print_run(run, market)
    market.name = "Chợ Tên Mới"
    session.get_one(type(make_bank()), VIETCOMBANK).short_name = "VCB"
    session.flush()
    again = BytesIO()

    fetch(run, market, again, LATER)

    assert again.getvalue() == first


def test_a_run_keeps_the_look_it_was_made_with(session: Session) -> None:
    operator = make_operator()
    market = make_market(operator=operator)
    make_ready(market, "A1")
    set_look(operator, "#7a1f1f")
    run = make_run(market, template="a4-4xa6")
    first, _drawn = print_run(run, market)
    set_look(operator, "#1f1f7a")
    again = BytesIO()

    fetch(run, market, again, LATER)

    assert again.getvalue() == first
    assert sheet_job(run, printed_on=run.printed_on).accent == "#7a1f1f"
    assert b"/Image" in first


def test_a_file_that_comes_out_differently_is_not_given_away(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = printed_run(market)
    run.options = {**run.options, "title": "Tên khác"}

    with pytest.raises(Conflict, match="khác với tệp đã in"):
        fetch(run, market, BytesIO(), SYSTEM)


def test_another_release_may_draw_differently(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = printed_run(market)
    run.options = {**run.options, "title": "Tên khác"}
    monkeypatch.setattr(printing, "drawing_release", lambda: "another")

    assert fetch(run, market, BytesIO(), SYSTEM).verified == 1


def test_getting_the_file_is_in_the_audit_log(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = printed_run(market)
    actor = make_actor(market=market)

    fetch(run, market, BytesIO(), actor)

    (entry,) = entries_of("download")
    assert (entry.actor_id, entry.entity_id) == (actor.user_id, str(run.id))


def test_a_reprint_is_noted_with_its_reason(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = printed_run(market)

    printing.reprint(run.number, "Máy in kẹt giấy", market=market, actor=SYSTEM)

    (entry,) = entries_of("reprint")
    assert run.reprints == 1
    assert "Máy in kẹt giấy" in entry.content


def test_a_reprint_needs_a_reason(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")

    with pytest.raises(Invalid):
        printing.reprint(printed_run(market).number, " ", market=market, actor=SYSTEM)


@pytest.mark.parametrize("end", ["void", "spoil"])
def test_a_run_with_a_dead_sticker_is_not_printed_again(session: Session, end: str) -> None:
    market = make_market()
    make_ready(market, "A1")
    make_ready(market, "A2")
    run = printed_run(market)
    dead = stickers_of(run)[:1]
    if end == "void":
        sticker_moves.void(dead, VoidReason.LOST, market=market, actor=SYSTEM)
    else:
        sticker_moves.spoil(dead, market=market, actor=SYSTEM)

    with pytest.raises(Conflict, match="các tem còn hiệu lực"):
        printing.reprint(run.number, "Mất", market=market, actor=SYSTEM)
    with pytest.raises(Conflict, match="các tem còn hiệu lực"):
        fetch(run, market, BytesIO(), SYSTEM)


def test_a_run_whose_account_was_replaced_since_is_not_printed_again(session: Session) -> None:
    market = make_market()
    ready = make_ready(market, "A1")
    run = printed_run(market)
    make_account(ready.merchant, is_preferred=False, in_force_from=NOW + timedelta(hours=1))

    with pytest.raises(Conflict):
        fetch(run, market, BytesIO(), LATER)


def test_a_sticker_voided_while_the_file_is_drawn_again_keeps_it_back(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = printed_run(market)
    drawn = printing.redraw(run, BytesIO(), at=NOW)
    sticker_states.void_sticker(stickers_of(run)[0], reason=VoidReason.WORN, actor=SYSTEM)

    with pytest.raises(Conflict, match="A1"):
        printing.release_again(drawn, market=market, actor=SYSTEM)
    assert entries_of("download") == []


def test_a_run_that_was_not_printed_cannot_be_printed_again(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = make_run(market)

    with pytest.raises(Conflict, match="chưa in"):
        fetch(run, market, BytesIO(), SYSTEM)


def test_a_run_of_stickers_erased_since_says_so(session: Session) -> None:
    market = make_market()
    ready = make_ready(market, "A1")
    run = make_run(market)
    ready.merchant.wrapped_key = None

    with pytest.raises(Conflict, match="đã được xóa"):
        print_run(run, market)


def test_a_run_given_up_is_not_printed(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = make_run(market)
    print_runs.cancel(run.number, market=market, actor=SYSTEM)

    with pytest.raises(Conflict, match="đã bỏ"):
        print_run(run, market)


def test_a_sticker_voided_before_the_print_stops_the_run(session: Session) -> None:
    market = make_market()
    ready = make_ready(market, "A1")
    run = make_run(market)
    sticker_states.void_for_tenancy(ready.tenancy, reason=VoidReason.STALL_MOVED, actor=SYSTEM)

    with pytest.raises(Conflict, match="A1"):
        print_run(run, market)


def test_making_and_printing_of_one_transaction_leave_nothing_where_they_fail(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = make_market()
    make_ready(market, "A1")
    session.commit()
    monkeypatch.setattr(printing, "draw", _fail)

    run = run_making.make_run(market, values=values_of(), actor=SYSTEM)
    with pytest.raises(OSError, match="disk full"):
        print_run(run, market)
    session.rollback()

    assert session.scalars(select(PrintRun)).all() == []
    assert codes_of(make_run(market)) == ["A1"]


def set_look(operator: Operator, accent: str) -> None:
    """The operator's accent and the bank's logo."""
    look = branding.branding_of(operator)
    logos = {LogoPlace.BANK: read_logo(logo(accent, size=(200, 100)))}
    values = BrandingValues(accent, None, logos)
    branding.change_branding(operator, values, version=look.version, actor=SYSTEM)


def _fail(*args: object, **known: object) -> Iterator[None]:
    raise OSError("disk full")


def _with_other_digit(payload: str, place: int) -> str:
    """The payload of another account, told apart by one digit, its CRC made to fit."""
    paid = vietqr.decode(payload).pays
    assert paid.account is not None
    assert paid.bin is not None
    digit = str((int(paid.account[place]) + 1) % 10)
    account = paid.account[:place] + digit + paid.account[place + 1 :]
    return _ENCODE(bin=paid.bin, account=account)


_ENCODE = vietqr.encode
