"""One sticker: found by its serial, shown to shoppers, drawn as a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market.documents.label_layouts import LogoPlace
from market.documents.sheets import Template
from market.documents.sticker_check import Confirm
from market.documents.sticker_text import Sticker as PaperSticker
from market.domain.calendar import day_of
from market.domain.errors import Conflict, Invalid, NotFound, Problem
from market.domain.roles import Permission
from market.domain.serials import check_serial
from market.domain.stickers import StickerState
from market.domain.vietqr import decode
from market.extensions import db
from market.models.account import BankEntry, PaymentAccount
from market.models.market import Market
from market.models.stall import Stall
from market.models.sticker import PrintRun, Sticker
from market.services import account_switches, accounts, audit
from market.services.access import Actor, stall_condition
from market.services.branding import Branding, logo_files
from market.services.sticker_tenants import ON_PAPER
from market.services.sticker_values import drawable_of, payee_hash

NOT_FOUND = "Không tìm thấy tem này."


class Draw(Protocol):
    """`sticker_png` or `sticker_svg`."""

    def __call__(
        self,
        sticker: PaperSticker,
        template: Template,
        *,
        accent: str,
        logos: Mapping[LogoPlace, bytes],
        confirm: Confirm,
    ) -> bytes | str: ...


@dataclass(frozen=True, slots=True)
class ShownSticker:
    """What a shopper may see of a live sticker: nothing that is not printed on it."""

    stall_code: str
    market_name: str
    holder_name: str
    bank_name: str
    number_last4: str


def get_sticker(serial: str, *, market: Market, actor: Actor, lock: bool = False) -> Sticker:
    """A sticker of a stall of that market, by its serial as typed or scanned.

    Stall, account with bank and merchant, and run are loaded. Raises Invalid for a serial
    whose check character does not fit, NotFound where there is none for this actor.
    """
    query = (
        select(Sticker)
        .join(Stall, Stall.id == Sticker.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Sticker.serial == check_serial(serial),
            Stall.market_id == market.id,
            stall_condition(actor, Permission.PRINT_STICKERS),
        )
        .options(
            joinedload(Sticker.stall).joinedload(Stall.section),
            joinedload(Sticker.account).joinedload(PaymentAccount.bank),
            joinedload(Sticker.account).joinedload(PaymentAccount.merchant),
            joinedload(Sticker.run),
        )
        .execution_options(populate_existing=True)
    )
    if lock:
        query = query.with_for_update(of=Sticker)
    sticker = db.session.scalar(query)
    if sticker is None:
        raise NotFound(NOT_FOUND)
    return sticker


def list_picked(
    serials: Sequence[str], *, run: PrintRun, all_in_stock: bool = False
) -> list[Sticker]:
    """The chosen stickers of a run, locked until the transaction ends.

    `all_in_stock` takes all that are in stock instead. Raises Invalid where nothing is
    chosen, NotFound where one is not of that run.
    """
    query = (
        select(Sticker)
        .where(Sticker.run_id == run.id)
        .options(joinedload(Sticker.stall))
        .order_by(Sticker.id)
        .with_for_update(of=Sticker)
        .execution_options(populate_existing=True)
    )
    if all_in_stock:
        query = query.where(Sticker.state == StickerState.PRINTED)
    else:
        query = query.where(Sticker.serial.in_(serials))
    found = list(db.session.scalars(query))
    if not found and not serials:
        message = "Hãy chọn ít nhất một tem."
        raise Invalid(message, (Problem(message, field="sticker"),))
    if not all_in_stock and len(found) != len(set(serials)):
        raise NotFound(NOT_FOUND)
    return found


def find_shown(typed: str, *, at: datetime) -> ShownSticker | None:
    """What `/t/SERIAL` shows; None for a sticker that does not hold any more.

    Raises NotFound for what never reached paper, and for what no sticker's serial can be:
    a stranger learns nothing from the difference.
    """
    try:
        serial = check_serial(typed)
    except Invalid as error:
        raise NotFound(NOT_FOUND) from error
    row = db.session.execute(
        select(
            Sticker.state,
            Sticker.printed_at,
            Sticker.stall_code,
            Sticker.market_name,
            PaymentAccount.holder_name,
            PaymentAccount.number_last4,
            BankEntry.short_name,
            accounts.in_force(at).label("pays"),
        )
        .join(PaymentAccount, PaymentAccount.id == Sticker.account_id)
        .join(BankEntry, BankEntry.bin == PaymentAccount.bin)
        .where(Sticker.serial == serial)
    ).one_or_none()
    if row is None or row.printed_at is None:
        raise NotFound(NOT_FOUND)
    if row.state not in ON_PAPER or not row.pays:
        return None
    return ShownSticker(
        row.stall_code, row.market_name, row.holder_name, row.short_name, row.number_last4
    )


def history_of(sticker: Sticker) -> list[tuple[datetime, StickerState | None]]:
    """When the sticker came into each state, the newest first; None: found gone."""
    known = (
        (sticker.gone_at, None),
        (sticker.void_at, StickerState.VOID),
        (sticker.spoiled_at, StickerState.SPOILED),
        (sticker.hung_at, StickerState.ON_STALL),
        (sticker.handed_out_at, StickerState.HANDED_OUT),
        (sticker.printed_at, StickerState.PRINTED),
        (sticker.queued_at, StickerState.QUEUED),
    )
    return [(at, state) for at, state in known if at is not None]


def draw_picture(
    sticker: Sticker,
    draw: Draw,
    template: Template,
    *,
    actor: Actor,
) -> bytes | str:
    """One sticker drawn alone by `sticker_png` or `sticker_svg`, its code read back first.

    Whoever gets the picture is noted: it shows the full number. Raises Conflict for a
    sticker that is not on paper or whose account is not in force.
    """
    account_switches.sweep(actor.at)
    db.session.refresh(sticker, ["state"])
    if sticker.state not in ON_PAPER:
        state = sticker.state.label
        raise Conflict(f"Tem {sticker.serial} {state[0].lower()}{state[1:]}, không dùng được.")
    printed_on = actor.today if sticker.printed_at is None else day_of(sticker.printed_at)
    drawable = drawable_of(sticker.id, printed_on=printed_on)
    look = Branding.kept(sticker.run.options.get("branding") if sticker.run else None)
    picture = draw(
        drawable.sticker,
        template,
        accent=look.accent,
        logos=logo_files(look),
        confirm=_confirm(drawable.payee),
    )
    audit.record(
        actor, "picture", sticker, market_id=sticker.stall.market_id, new={"serial": sticker.serial}
    )
    return picture


def _confirm(expected: str) -> Confirm:
    def confirm(sticker: PaperSticker, text: str) -> bool:
        is_kept = sticker.bank_bin is None
        return payee_hash(decode(text).pays, text, is_kept=is_kept) == expected

    return confirm
