"""What a scan at a stall says: whose money the code takes, and is that who trades there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, and_, bindparam, or_, select
from sqlalchemy.orm import joinedload

from market.domain import vietqr
from market.domain.accounts import clean_number
from market.domain.errors import Invalid, Problem
from market.domain.payees import Payee
from market.domain.serials import check_serial, in_text
from market.domain.vietqr import Payload, PayloadRefused
from market.domain.visits import VisitResult
from market.extensions import db, vault
from market.models.account import PaymentAccount
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.sticker import ForeignCode, Sticker
from market.models.visit import Visit
from market.services import accounts

SCAN_PURPOSE = "scan"
# The small code beside the payment code leads to the public page of the sticker.
_PUBLIC_PAGE = re.compile(r".*/t/([0-9A-Za-z-]+)/?")
# No payment code is so short: it is a serial, perhaps with a character too many.
_SHORTEST_CODE = 16
# Put together once: a volunteer waits for these at every stall.
_STICKER = (
    select(Sticker)
    .where(Sticker.serial == bindparam("serial"))
    .options(joinedload(Sticker.account), joinedload(Sticker.stall))
)
_AT: BindParameter[datetime] = bindparam("at", type_=PaymentAccount.retired_at.type)
_IS_REPLACED = or_(
    and_(PaymentAccount.retired_at.is_not(None), PaymentAccount.retired_at <= _AT),
    and_(
        or_(PaymentAccount.is_preferred, PaymentAccount.becomes_preferred),
        accounts.is_overtaken(_AT),
    ),
)
_ACCOUNTS = (
    select(PaymentAccount.merchant_id, _IS_REPLACED.label("is_replaced"))
    .where(
        PaymentAccount.merchant_id.in_(bindparam("merchants", expanding=True)),
        PaymentAccount.number_hash == bindparam("number_hash"),
        PaymentAccount.in_force_from.is_not(None),
    )
    .order_by(PaymentAccount.id.desc())
)


@dataclass(frozen=True, slots=True)
class Scan:
    """What was scanned: a sticker by its serial, or a payload that may be unreadable.

    `payee_hash` tells equal payees apart from others and says nothing else.
    """

    text: str
    payee_hash: str
    payload: Payload | None = None
    sticker: Sticker | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What comparing a scan found; the tenancy is known where the code pays its merchant."""

    result: VisitResult
    tenancy: Tenancy | None = None
    foreign_code: ForeignCode | None = None


def read(scanned: str) -> Scan:
    """What the scanned or typed text is: a serial, or whatever a code may hold.

    Raises Invalid for a mistyped serial and for one that no sticker has.
    """
    text = scanned.strip()
    public = _PUBLIC_PAGE.fullmatch(text)
    if public or len(clean_number(text)) < _SHORTEST_CODE:
        sticker = _get_sticker(public[1] if public else text)
        return Scan(text, sticker.account.number_hash, sticker=sticker)
    try:
        payload = vietqr.decode(text)
    except PayloadRefused:
        return Scan(text, vault().sameness("text", text))
    return Scan(text, payee_hash(payload), payload)


def payee_hash(payload: Payload) -> str:
    """The keyed hash of whom a code pays; for an account the same as the register's."""
    pays = payload.pays
    if pays.bin is not None and pays.account is not None:
        return accounts.number_hash(pays.bin, pays.account)
    parts = (part for pair in vietqr.payee_key(payload) for part in pair)
    return vault().sameness("payee", *parts)


def paid_by(text: str | None) -> Payee | None:
    """Whom a scanned text pays; None where it is no payment code, or nothing is kept."""
    try:
        return None if text is None else vietqr.decode(text).pays
    except PayloadRefused:
        return None


def seal_text(text: str, merchant: Merchant | None) -> bytes | None:
    """What was scanned, sealed under the merchant's key; nothing is kept without one."""
    if merchant is None or merchant.wrapped_key is None:
        return None
    return vault().seal_text(merchant.wrapped_key, text, SCAN_PURPOSE)


def open_text(visit: Visit, merchant: Merchant | None) -> str | None:
    """What a visit scanned, where it was kept and its merchant's key still exists."""
    if visit.scanned_sealed is None or merchant is None or merchant.wrapped_key is None:
        return None
    return vault().open_text(merchant.wrapped_key, visit.scanned_sealed, SCAN_PURPOSE)


def compare(scan: Scan, stall: Stall, *, tenancies: Sequence[Tenancy], at: datetime) -> Finding:
    """Compare a scan with what the merchants at the stall are paid on at that moment.

    An account that was approved only later counts as right: it is theirs. One whose
    successor had taken force is an old one, whether or not it is retired yet. Of several
    merchants who share an account, the one named by the sticker comes first.
    """
    theirs = _accounts_by_tenancy(scan, tenancies, at)
    for tenancy, is_replaced in theirs:
        if not is_replaced:
            return Finding(VisitResult.MATCH, tenancy)
    code = _find_foreign_code(scan, stall, at)
    if code is not None:
        tenancy_of_code = next((row for row in tenancies if row.id == code.tenancy_id), None)
        if tenancy_of_code is not None:
            return Finding(VisitResult.MATCH, tenancy_of_code, code)
    if theirs:
        return Finding(VisitResult.OLD_ACCOUNT, theirs[0][0])
    pays_account = scan.sticker is not None or (
        scan.payload is not None and scan.payload.pays.account is not None
    )
    return Finding(VisitResult.OTHER_ACCOUNT if pays_account else VisitResult.UNKNOWN_CODE)


def _get_sticker(typed: str) -> Sticker:
    try:
        serial = check_serial(typed)
    except Invalid as error:
        raise _refused(error.message, "serial_invalid") from error
    sticker = db.session.scalar(_STICKER, {"serial": serial})
    if sticker is None:
        told = f"Không có tem nào mang số {in_text(serial)}. Hãy đọc lại số in trên tem."
        raise _refused(told, "serial_unknown")
    return sticker


def _refused(message: str, code: str) -> Invalid:
    return Invalid(message, (Problem(message, code, field="scanned"),))


def _accounts_by_tenancy(
    scan: Scan, tenancies: Sequence[Tenancy], at: datetime
) -> list[tuple[Tenancy, bool]]:
    """Whose once approved account the scanned code pays, and whether it was replaced by then."""
    merchants = {tenancy.merchant_id for tenancy in tenancies}
    asked = {"merchants": sorted(merchants), "number_hash": scan.payee_hash, "at": at}
    found = db.session.execute(_ACCOUNTS, asked).all()
    named = scan.sticker.account.merchant_id if scan.sticker is not None else None
    pairs = [
        (tenancy, account.is_replaced)
        for tenancy in tenancies
        for account in found
        if account.merchant_id == tenancy.merchant_id
    ]
    return sorted(pairs, key=lambda pair: pair[0].merchant_id != named)


def _find_foreign_code(scan: Scan, stall: Stall, at: datetime) -> ForeignCode | None:
    if scan.payload is None:
        return None
    return db.session.scalar(
        select(ForeignCode)
        .where(
            ForeignCode.stall_id == stall.id,
            ForeignCode.payee_hash == scan.payee_hash,
            ForeignCode.checked_at.is_not(None),
            ForeignCode.removed_at.is_(None) | (ForeignCode.removed_at > at),
        )
        .order_by(ForeignCode.id)
        .limit(1)
    )
