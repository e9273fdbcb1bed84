"""What stands on stickers, read from the register: run by run, or one sticker alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, select

from market.documents.sheet_jobs import SheetJob
from market.documents.sheets import get_template
from market.documents.sticker_text import Sticker as PaperSticker
from market.domain import vietqr
from market.domain.errors import Conflict
from market.domain.payees import Payee
from market.domain.vietqr import PayloadRefused
from market.extensions import db, vault
from market.models.account import BankEntry, PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant
from market.models.sticker import PrintRun, Sticker
from market.services.accounts import NUMBER_PURPOSE, PAYLOAD_PURPOSE, number_hash
from market.services.branding import Branding, logo_files

ROWS_AT_ONCE = 500
# As long as the payload of a transfer, so that the code looks the same.
SAMPLE_TEXT = f"{'MAU TEM - KHONG THANH TOAN DUOC ':.<95}"


@dataclass(frozen=True, slots=True)
class Drawable:
    """A sticker as it is printed, and the keyed hash of whom the register says it pays."""

    sticker: PaperSticker
    payee: str


def list_drawable(run: PrintRun, *, printed_on: date) -> Iterator[Drawable]:
    """The stickers of a run in their places, a few hundred in memory at a time.

    Bank names stand as they were when the run was made: the directory may be corrected
    later, and a reprint must not differ.
    """
    banks: dict[str, str] = run.options.get("banks", {})
    rows = db.session.execute(
        _columns()
        .where(Sticker.run_id == run.id)
        .order_by(Sticker.place)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for row in rows:
        yield _drawable(row, printed_on, banks.get(row.bin, row.short_name))


def drawable_of(sticker_id: int, *, printed_on: date) -> Drawable:
    """One sticker alone."""
    row = db.session.execute(_columns().where(Sticker.id == sticker_id)).one()
    return _drawable(row, printed_on, row.short_name)


def sample_sticker(market: Market, printed_on: date, *, hotline: str | None = None) -> PaperSticker:
    """Invented words, to see how a template looks; its code pays nobody."""
    return PaperSticker(
        serial="00000000",
        payload=SAMPLE_TEXT,
        market_name=market.name,
        stall_code="A-01",
        merchant_name="Tên hộ kinh doanh",
        holder_name="TEN CHU TAI KHOAN",
        bank_short_name="Ngân hàng",
        account_number="0000000000000",
        printed_on=printed_on,
        hotline=hotline,
    )


def payee_hash(payee: Payee, text: str, *, is_kept: bool) -> str:
    """What a code read back pays, as a keyed hash to compare with the register's.

    A code kept as a wallet made it is compared whole; one of our own by bank and number,
    so that the hash is the one the account row was stored with.
    """
    if is_kept:
        return vault().sameness(PAYLOAD_PURPOSE, text)
    return number_hash(payee.bin or "", payee.account or "")


def kept_payload(row: Row[Any]) -> str | None:
    """The payload a wallet made, where the account keeps one."""
    if row.kept_payload_sealed is None:
        return None
    return _opened(row, row.kept_payload_sealed, PAYLOAD_PURPOSE)


def sheet_job(run: PrintRun, *, printed_on: date) -> SheetJob:
    """How the run's sheets are drawn."""
    options = run.options
    look = Branding.kept(options.get("branding"))
    right, down = options.get("offset", (0.0, 0.0))
    return SheetJob(
        template=get_template(run.template),
        run_number=run.number,
        title=options.get("title", f"Tem QR {run.number}"),
        made_on=printed_on,
        start=run.start_position,
        offset=(right, down),
        has_ruler=options.get("ruler", False),
        has_test_cell=options.get("test_cell", False),
        accent=look.accent,
        logos=logo_files(look),
    )


def _columns() -> Select[Any]:
    return (
        select(
            Sticker.serial,
            Sticker.market_name,
            Sticker.stall_code,
            Sticker.merchant_name,
            Sticker.hotline,
            PaymentAccount.bin,
            PaymentAccount.number_sealed,
            PaymentAccount.number_hash,
            PaymentAccount.kept_payload_sealed,
            PaymentAccount.holder_name,
            Merchant.wrapped_key,
            BankEntry.short_name,
        )
        .join(PaymentAccount, PaymentAccount.id == Sticker.account_id)
        .join(Merchant, Merchant.id == PaymentAccount.merchant_id)
        .join(BankEntry, BankEntry.bin == PaymentAccount.bin)
    )


def _drawable(row: Row[Any], printed_on: date, bank_name: str) -> Drawable:
    number = _opened(row, row.number_sealed, NUMBER_PURPOSE)
    kept = kept_payload(row)
    payload = vietqr.encode(bin=row.bin, account=number) if kept is None else kept
    if kept is not None:
        _check_kept(row, kept)
    sticker = PaperSticker(
        serial=row.serial,
        payload=payload,
        market_name=row.market_name,
        stall_code=row.stall_code,
        merchant_name=row.merchant_name,
        holder_name=row.holder_name,
        bank_short_name=bank_name,
        account_number=number,
        printed_on=printed_on,
        hotline=row.hotline,
        bank_bin=row.bin if kept is None else None,
    )
    payee = row.number_hash if kept is None else vault().sameness(PAYLOAD_PURPOSE, kept)
    return Drawable(sticker, payee)


def _opened(row: Row[Any], sealed: bytes | None, purpose: str) -> str:
    if row.wrapped_key is None or sealed is None:
        raise Conflict(
            f"Tài khoản của điểm {row.stall_code} đã được xóa theo yêu cầu của chủ hộ;"
            " không in tem này được nữa."
        )
    return vault().open_text(row.wrapped_key, sealed, purpose)


def _check_kept(row: Row[Any], kept: str) -> None:
    """A wallet's code that names a bank and number must name the register's."""
    try:
        payee = vietqr.decode(kept).pays
    except PayloadRefused as refused:
        raise Conflict(f"Mã ví của điểm {row.stall_code} không đọc được: {refused.reason}") from (
            refused
        )
    if payee.account is not None and number_hash(payee.bin or "", payee.account) != row.number_hash:
        raise Conflict(
            f"Mã ví của điểm {row.stall_code} trả vào một tài khoản khác với tài khoản trong sổ."
            " Hãy xem lại tài khoản của điểm này."
        )
