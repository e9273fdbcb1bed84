"""Stalls ready for stickers, runs made and printed for them, and finished PDFs read back."""

from binascii import crc_hqx
from io import BytesIO
from typing import Any, NamedTuple

from sqlalchemy import select
from zxingcpp import BarcodeFormat

from market.documents.pdf_file import Sink
from market.documents.sticker_pdf import PrintedSheets
from market.domain.payees import NAPAS, TO_ACCOUNT
from market.domain.print_runs import WhichStalls
from market.domain.tlv import write_object
from market.domain.vietqr import decode
from market.extensions import db, vault
from market.models.account import PaymentAccount
from market.models.audit import AuditEntry
from market.models.market import Market, Section
from market.models.merchant import Merchant, Tenancy
from market.models.sticker import PrintRun, Sticker
from market.services import audit, printing, run_making
from market.services.access import Actor
from market.services.accounts import PAYLOAD_PURPOSE
from market.services.printing import Drawn
from market.services.run_making import RunValues
from market.services.sticker_needs import Selection
from tests.audit_log import list_entries
from tests.factories import NOW, make_account, make_merchant, make_stall, make_tenancy
from tests.paper import pictures, read_codes

SYSTEM = Actor.system(NOW)


class Ready(NamedTuple):
    """A stall with its trader and the account that its sticker pays."""

    tenancy: Tenancy
    merchant: Merchant
    account: PaymentAccount


def make_ready(
    market: Market,
    code: str,
    number: str | None = None,
    *,
    section: Section | None = None,
    name: str | None = None,
    kept: str | None = None,
    **account: Any,
) -> Ready:
    """A trading stall whose merchant has an approved account in force.

    `kept` is a code of a wallet that the account keeps as it is.
    """
    merchant = make_merchant(market, name)
    if kept is not None:
        assert merchant.wrapped_key is not None
        sealed = vault().seal_text(merchant.wrapped_key, kept, PAYLOAD_PURPOSE)
        account["kept_payload_sealed"] = sealed
    tenancy = make_tenancy(make_stall(market, code, section=section), merchant)
    return Ready(tenancy, merchant, make_account(merchant, number, **account))


def wallet_code(bin: str, account: str, *, filler: int = 0) -> str:
    """A code as a wallet issues it; `filler` makes it longer by templates of its own."""
    payee = write_object("00", bin) + write_object("01", account)
    transfer = "".join(
        write_object(*part) for part in (("00", NAPAS), ("01", payee), ("02", TO_ACCOUNT))
    )
    own = [write_object(str(39 + number), "X" * 99) for number in range(filler)]
    body = "".join(
        (
            *(write_object(*part) for part in (("00", "01"), ("01", "11"), ("38", transfer))),
            *own,
            *(write_object(*part) for part in (("53", "704"), ("58", "VN"))),
            write_object("62", write_object("05", "MOMOW2W00000001")),
            "6304",
        )
    )
    return f"{body}{crc_hqx(body.encode(), 0xFFFF):04X}"


def values_of(template: str = "a4-8", **known: Any) -> RunValues:
    """How a run is made; names of a Selection's fields make the selection."""
    names = ("which", "section_id", "codes", "run", "copies", "with_equipped", "order")
    selection = Selection(**{name: known.pop(name) for name in names if name in known})
    return RunValues(selection, template, **known)


def make_run(market: Market, actor: Actor = SYSTEM, **known: Any) -> PrintRun:
    """A run of all that the market needs, unless said otherwise."""
    return run_making.make_run(market, values=values_of(**known), actor=actor)


def chosen(*codes: str) -> dict[str, Any]:
    """The selection of some stalls."""
    return {"which": WhichStalls.CHOSEN, "codes": codes}


def print_run(run: PrintRun, market: Market, actor: Actor = SYSTEM) -> tuple[bytes, Drawn]:
    """The run's PDF, and what was recorded of it."""
    file = BytesIO()
    drawn = printing.print_run(run, file, market=market, actor=actor)
    return file.getvalue(), drawn


def printed_run(market: Market, actor: Actor = SYSTEM, **known: Any) -> PrintRun:
    """A run that is on paper."""
    run = make_run(market, actor, **known)
    print_run(run, market, actor)
    return run


def fetch(run: PrintRun, market: Market, out: Sink, actor: Actor = SYSTEM) -> PrintedSheets:
    """The run's file once more, as whoever asks for it gets it."""
    drawn = printing.redraw(run, out, at=actor.at)
    printing.release_again(drawn, market=market, actor=actor)
    return drawn.sheets


def stickers_of(run: PrintRun) -> list[Sticker]:
    """The run's stickers as the database has them, in their places."""
    return list(
        db.session.scalars(
            select(Sticker)
            .where(Sticker.run_id == run.id)
            .order_by(Sticker.place)
            .execution_options(populate_existing=True)
        )
    )


def codes_of(run: PrintRun) -> list[str]:
    """The stall code on each sticker, in their places."""
    return [sticker.stall_code for sticker in stickers_of(run)]


def paid_by(pdf: bytes) -> list[tuple[str | None, str | None]]:
    """Bank and number of every payment code that a phone finds on the pages, sorted."""
    texts = [
        text for page in pictures(pdf, dpi=200) for text in read_codes(page, BarcodeFormat.QRCode)
    ]
    return sorted((paid.bin, paid.account) for paid in (decode(text).pays for text in texts))


def entries_of(action: str) -> list[AuditEntry]:
    """What the audit log holds of an act, this transaction's included."""
    audit.chain_pending(db.session())
    return list_entries(AuditEntry.action == action)
