"""Printing a run: drawn, every code read back and compared with the register, then recorded.

Drawing only reads, so a long run need not hold anybody up: a job draws in a reading
transaction and records in a short one, which looks at every account once more under lock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Row, func, select, update

from market.documents.drawing_release import drawing_release
from market.documents.pdf_file import Sink
from market.documents.sticker_pdf import PrintedSheets, write_stickers
from market.documents.sticker_text import Sticker as PaperSticker
from market.domain.errors import Conflict, Invalid, Problem
from market.domain.stickers import RunState, StickerState
from market.domain.text import clean
from market.domain.vietqr import decode
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant
from market.models.sticker import PrintRun, Sticker
from market.services import account_switches, accounts, audit, print_runs
from market.services.access import Actor
from market.services.jobs import Progress, silent
from market.services.sticker_needs import name_some
from market.services.sticker_values import (
    ROWS_AT_ONCE,
    kept_payload,
    list_drawable,
    payee_hash,
    sheet_job,
)

PRINT_JOB = "print_run"
# Longer runs are printed in the background.
MOST_AT_ONCE = 500
STEP = "Đang vẽ và đọc lại từng mã"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn on a day: the sheets, and whom each code read back pays, by serial."""

    run_number: str
    printed_on: date
    sheets: PrintedSheets
    payees: Mapping[str, str]


def print_run(
    run: PrintRun, out: Sink, *, market: Market, actor: Actor, progress: Progress = silent
) -> Drawn:
    """Draw the run into `out` and record it as printed, in one transaction.

    Raises Conflict, naming the stalls, where an account is not in force any more or a code
    does not say what the register says; what was written to `out` must be thrown away.
    """
    account_switches.sweep(actor.at)
    run = print_runs.get_run(run.number, market=market, actor=actor, lock=True)
    _check_made(run)
    _lock_accounts(run)
    _refuse_stale(run, at=actor.at)
    drawn = draw(run, out, on=actor.today, progress=progress)
    _record(run, drawn, actor=actor)
    return drawn


def draw(run: PrintRun, out: Sink, *, on: date, progress: Progress = silent) -> Drawn:
    """Draw the run's sheets, read every code back and compare it; only reads.

    Raises WrongCode for the first that differs, with its stall and serial.
    """
    expected: dict[str, str] = {}
    payees: dict[str, str] = {}
    # Where nobody watches, nobody need count.
    total = 0 if progress is silent else print_runs.balance(run).total

    def flow() -> Iterator[PaperSticker]:
        for done, drawable in enumerate(list_drawable(run, printed_on=on)):
            expected[drawable.sticker.serial] = drawable.payee
            progress(done, total, STEP)
            yield drawable.sticker

    def confirm(sticker: PaperSticker, text: str) -> bool:
        is_kept = sticker.bank_bin is None
        found = payee_hash(decode(text).pays, text, is_kept=is_kept)
        payees[sticker.serial] = found
        return found == expected.pop(sticker.serial)

    sheets = write_stickers(flow(), sheet_job(run, printed_on=on), out, confirm=confirm)
    progress(total, total, STEP)
    return Drawn(run.number, on, sheets, payees)


def record_print(drawn: Drawn, *, market: Market, actor: Actor) -> PrintRun:
    """Record a run drawn before as printed, if the register still says what was drawn.

    Raises Conflict as `print_run` does, and where the run was printed or given up since.
    """
    account_switches.sweep(actor.at)
    run = print_runs.get_run(drawn.run_number, market=market, actor=actor, lock=True)
    _check_made(run)
    _lock_accounts(run)
    _record(run, drawn, actor=actor)
    return run


def redraw(run: PrintRun, out: Sink, *, at: datetime) -> Drawn:
    """Draw a printed run again from its items; only reads, and `release_again` comes after.

    The same release gives the same bytes. Raises Conflict for a run that is not printed,
    once a sticker in it is void or spoiled, or where the bytes differ all the same.
    """
    _check_whole(run, at)
    drawn = draw(run, out, on=run.printed_on)
    is_same_release = run.release == drawing_release()
    if is_same_release and run.sha256 not in (None, drawn.sheets.sha256):
        raise Conflict(
            f"Tệp vẽ lại của đợt {run.number} khác với tệp đã in, nên không được phát hành."
            " Hãy lập đợt in mới và báo người quản trị hệ thống."
        )
    return drawn


def release_again(drawn: Drawn, *, market: Market, actor: Actor) -> None:
    """Give away what `redraw` drew, if the register still says so; whoever gets it is noted.

    Raises Conflict, naming the stalls, where an account or a sticker changed since.
    """
    account_switches.sweep(actor.at)
    run = print_runs.get_run(drawn.run_number, market=market, actor=actor)
    _refuse_stale(run, at=actor.at, payees=drawn.payees)
    new = {"sha256": drawn.sheets.sha256, "release": drawing_release()}
    audit.record(actor, "download", run, market_id=run.market_id, new=new)


def reprint(number: str, reason: str, *, market: Market, actor: Actor) -> PrintRun:
    """Note that the run goes onto paper again, and why; the file is drawn by `redraw`.

    Raises Conflict once a sticker in it is void or spoiled: a new run of the live ones is
    the way then.
    """
    reason = clean(reason)
    if not reason:
        message = "Hãy ghi lý do in lại."
        raise Invalid(message, (Problem(message, field="reason"),))
    account_switches.sweep(actor.at)
    run = print_runs.get_run(number, market=market, actor=actor, lock=True)
    _check_whole(run, actor.at)
    run.reprints += 1
    audit.record(
        actor,
        "reprint",
        run,
        market_id=run.market_id,
        new={"reason": reason, "reprints": run.reprints, "sha256": run.sha256},
    )
    return run


def _check_made(run: PrintRun) -> None:
    if run.state is RunState.PRINTED:
        raise Conflict(f"Đợt {run.number} đã được in. Muốn in thêm lần nữa, hãy dùng “In lại”.")
    if run.state is RunState.CANCELLED:
        raise Conflict(f"Đợt {run.number} đã bỏ. Hãy lập đợt in mới.")


def _check_whole(run: PrintRun, at: datetime) -> None:
    if run.state is not RunState.PRINTED:
        raise Conflict(f"Đợt {run.number} chưa in.")
    balance = print_runs.balance(run)
    if not balance.is_whole:
        raise Conflict(
            f"Đợt {run.number} có {balance.void} tem đã hủy và {balance.spoiled} tem in hỏng nên"
            " không in lại được. Hãy lập đợt mới cho các tem còn hiệu lực."
        )
    _refuse_stale(run, at=at)


def _lock_accounts(run: PrintRun) -> None:
    """Until the transaction ends nobody takes one of the run's accounts out of force."""
    paid = select(Sticker.account_id).where(Sticker.run_id == run.id)
    accounts_paid = (
        select(PaymentAccount.id)
        .where(PaymentAccount.id.in_(paid))
        .order_by(PaymentAccount.id)
        .with_for_update(read=True)
    )
    db.session.execute(select(func.count()).select_from(accounts_paid.subquery()))


def _record(run: PrintRun, drawn: Drawn, *, actor: Actor) -> None:
    _refuse_stale(run, at=actor.at, payees=drawn.payees)
    printed = db.session.execute(
        update(Sticker)
        .where(Sticker.run_id == run.id, Sticker.state == StickerState.QUEUED)
        .values(state=StickerState.PRINTED, printed_at=actor.at, version=Sticker.version + 1)
    )
    # Each was among the drawn ones a moment ago, and the run is locked.
    if cast(CursorResult[Any], printed).rowcount != len(drawn.payees):
        raise Conflict(f"Đợt {run.number} vừa thay đổi trong lúc in. Hãy in lại từ đầu.")
    sheets = drawn.sheets
    run.state = RunState.PRINTED
    run.printed_at, run.printed_by_id = actor.at, actor.user_id
    run.printed_on, run.release = drawn.printed_on, drawing_release()
    run.pages, run.size_bytes, run.sha256 = sheets.pages, sheets.bytes, sheets.sha256
    audit.record(
        actor,
        "print",
        run,
        market_id=run.market_id,
        old={"state": str(RunState.MADE)},
        new={
            "state": str(RunState.PRINTED),
            "sha256": sheets.sha256,
            "release": run.release,
            "pages": sheets.pages,
            "verified": sheets.verified,
            "flagged": sheets.flagged,
        },
    )
    db.session.flush()


def _refuse_stale(run: PrintRun, *, at: datetime, payees: Mapping[str, str] | None = None) -> None:
    """Raise Conflict, naming the stalls, where the register says otherwise by now.

    `payees` holds what the drawn codes pay, by serial; without it only states are looked at.
    """
    rows = db.session.execute(
        select(
            Sticker.serial,
            Sticker.stall_code,
            Sticker.state,
            accounts.in_force(at).label("in_force"),
            PaymentAccount.number_hash,
            PaymentAccount.kept_payload_sealed,
            Merchant.wrapped_key,
        )
        .join(PaymentAccount, PaymentAccount.id == Sticker.account_id)
        .join(Merchant, Merchant.id == PaymentAccount.merchant_id)
        .where(Sticker.run_id == run.id)
        .order_by(Sticker.place)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    stale = [row.stall_code for row in rows if _is_stale(row, payees)]
    if stale:
        raise Conflict(
            f"Tài khoản hoặc tem của điểm {name_some(list(dict.fromkeys(stale)))} đã thay đổi từ"
            f" khi lập đợt {run.number}. Không tem nào được phát hành. Hãy bỏ đợt này rồi lập"
            " đợt mới."
        )


def _is_stale(row: Row[Any], payees: Mapping[str, str] | None) -> bool:
    is_dead = row.state in (StickerState.VOID, StickerState.SPOILED)
    if is_dead or not row.in_force:
        return True
    return payees is not None and payees.get(row.serial) != _payee_now(row)


def _payee_now(row: Row[Any]) -> str:
    kept = kept_payload(row)
    if kept is None:
        return str(row.number_hash)
    return payee_hash(decode(kept).pays, kept, is_kept=True)
