"""Merchants: entering, changing and finding them."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select

from market.domain.accounts import check_phone, check_registration_code
from market.domain.errors import Conflict, Invalid, NotFound, Problem
from market.domain.markets import MerchantKind
from market.domain.roles import Permission
from market.domain.stickers import VoidReason
from market.domain.text import clean, fold, sort_key
from market.extensions import db, vault
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.services import audit, sticker_states
from market.services.access import Actor
from market.services.merchant_scope import now_of_market, of_market
from market.services.versions import check_version

PHONE_PURPOSE = "phone"
LONGEST_NAME = 200
# What the audit log holds sealed under the merchant's key.
PERSONAL = ("name", "phone", "registration_code", "note")


@dataclass(frozen=True, slots=True)
class Consent:
    """That the merchant agreed: when, to which version of the text, how it was given."""

    on: date
    text_version: str
    channel: str


@dataclass(frozen=True, slots=True)
class MerchantValues:
    """What is entered of a merchant; without a consent the one on record stays."""

    display_name: str
    kind: MerchantKind = MerchantKind.HOUSEHOLD_BUSINESS
    phone: str | None = None
    registration_code: str | None = None
    note: str | None = None
    consent: Consent | None = None


def create_merchant(
    market: Market, *, values: MerchantValues, actor: Actor, account_hash: str | None = None
) -> Merchant:
    """Enter a merchant at a market, with a key of their own.

    Raises Invalid with a problem for each field at fault, Conflict where the same
    merchant is there already (by the rule of `find_same`).
    """
    checked = check_values(values)
    if found := find_same(market, values=checked, account_hash=account_hash):
        raise Conflict(
            f"Hộ {found.display_name} đã có trong sổ với cùng số điện thoại, mã số hoặc tài khoản."
            " Hãy mở hộ đã có rồi thêm điểm cho hộ."
        )
    merchant = Merchant(market_id=market.id, wrapped_key=vault().new_key())
    _fill(merchant, checked, actor)
    db.session.add(merchant)
    db.session.flush()
    told = _told(merchant, _facts(merchant))
    audit.record(actor, "create", merchant, market_id=market.id, new=told)
    return merchant


def change_merchant(
    merchant: Merchant, *, values: MerchantValues, version: int | None, actor: Actor
) -> Merchant:
    """Change a merchant; another name makes the stickers that show the old one void.

    Raises Conflict where somebody else changed the record meanwhile.
    """
    check_version(merchant, version)
    require_live(merchant)
    checked = check_values(values)
    old = _facts(merchant)
    _fill(merchant, checked, actor)
    new = _facts(merchant)
    changed = {name for name in new if new[name] != old[name]}
    if not changed:
        return merchant
    db.session.flush()
    audit.record(
        actor,
        "change",
        merchant,
        market_id=merchant.market_id,
        old=_told(merchant, {name: old[name] for name in changed}),
        new=_told(merchant, {name: new[name] for name in changed}),
    )
    if "name" in changed:
        sticker_states.void_for_merchant(merchant, reason=VoidReason.NAME_CHANGED, actor=actor)
    return merchant


def get_merchant(
    market: Market,
    merchant_id: int,
    *,
    actor: Actor,
    permission: Permission = Permission.READ_REGISTRY,
) -> Merchant:
    """A merchant of that market; else NotFound.

    Everybody who ever traded there can be read about, only who belongs there now changed.
    """
    belongs = of_market if permission is Permission.READ_REGISTRY else now_of_market
    merchant = db.session.scalar(
        select(Merchant).where(
            Merchant.id == merchant_id, belongs(market, actor=actor, permission=permission)
        )
    )
    if merchant is None:
        raise NotFound("Không tìm thấy hộ kinh doanh này.")
    return merchant


def open_phone(merchant: Merchant) -> str | None:
    """The phone in clear, where one was given."""
    if merchant.phone_sealed is None or merchant.wrapped_key is None:
        return None
    return vault().open_text(merchant.wrapped_key, merchant.phone_sealed, PHONE_PURPOSE)


def phone_hash(phone: str) -> str:
    """The keyed hash by which equal phones are found."""
    return vault().sameness("phone", phone)


def find_same(
    market: Market, *, values: MerchantValues, account_hash: str | None = None
) -> Merchant | None:
    """The merchant of this market with an equal folded name and an equal code, phone or account.

    A name alone never joins two people.
    """
    marks = _marks(values, account_hash)
    if not marks:
        return None
    traders = (
        select(Tenancy.merchant_id)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(Stall.market_id == market.id)
    )
    return db.session.scalar(
        select(Merchant)
        .where(
            Merchant.name_key == fold(values.display_name),
            Merchant.merged_into_id.is_(None),
            Merchant.erased_at.is_(None),
            or_(Merchant.market_id == market.id, Merchant.id.in_(traders)),
            or_(*marks),
        )
        .order_by(Merchant.id)
        .limit(1)
    )


def check_values(values: MerchantValues) -> MerchantValues:
    """The values as they are kept; raises Invalid with a problem for each field at fault."""
    problems: list[Problem] = []
    name = clean(values.display_name)
    if not name:
        problems.append(Problem("Hãy nhập tên hộ kinh doanh.", field="display_name"))
    if len(name) > LONGEST_NAME:
        message = f"Tên nhiều nhất {LONGEST_NAME} ký tự."
        problems.append(Problem(message, field="display_name"))
    phone, code = values.phone, values.registration_code
    try:
        phone = check_phone(phone, restore_zero=False) if phone else None
    except Invalid as error:
        problems += error.problems
    try:
        code = check_registration_code(code) if code else None
    except Invalid as error:
        problems += error.problems
    if problems:
        raise Invalid("Hãy sửa các ô được đánh dấu.", tuple(problems))
    return MerchantValues(name, values.kind, phone, code, values.note, values.consent)


def require_live(merchant: Merchant) -> None:
    """Raises Conflict for a merchant merged into another or erased at their request."""
    if merchant.merged_into_id is not None or merchant.erased_at is not None:
        raise Conflict("Hồ sơ hộ này đã đóng (đã gộp hoặc đã xóa theo yêu cầu).")


def _marks(values: MerchantValues, account_hash: str | None) -> list[ColumnElement[bool]]:
    """What tells that a merchant of the same name is the same: phone, code, account."""
    marks: list[ColumnElement[bool]] = []
    if values.phone:
        marks.append(Merchant.phone_hash == phone_hash(values.phone))
    if values.registration_code:
        marks.append(Merchant.registration_code == values.registration_code)
    if account_hash:
        holders = select(PaymentAccount.merchant_id).where(
            PaymentAccount.number_hash == account_hash
        )
        marks.append(Merchant.id.in_(holders))
    return marks


def _fill(merchant: Merchant, checked: MerchantValues, actor: Actor) -> None:
    merchant.display_name, merchant.name_key = checked.display_name, fold(checked.display_name)
    merchant.sort_key = sort_key(checked.display_name)
    merchant.kind, merchant.note = checked.kind, checked.note
    merchant.registration_code = checked.registration_code
    _set_phone(merchant, checked.phone, actor)
    _set_consent(merchant, checked.consent, actor)


def _set_phone(merchant: Merchant, phone: str | None, actor: Actor) -> None:
    if phone is None or merchant.wrapped_key is None:
        merchant.phone_sealed = merchant.phone_hash = merchant.phone_last3 = None
        merchant.phone_set_at = None
    elif merchant.phone_hash != phone_hash(phone):
        merchant.phone_set_at = actor.at
        merchant.phone_sealed = vault().seal_text(merchant.wrapped_key, phone, PHONE_PURPOSE)
        merchant.phone_hash = phone_hash(phone)
        merchant.phone_last3 = phone[-3:]


def _set_consent(merchant: Merchant, consent: Consent | None, actor: Actor) -> None:
    if consent is None:
        return
    merchant.consent_on = consent.on
    merchant.consent_text_version = consent.text_version
    merchant.consent_channel = str(consent.channel)
    merchant.consent_taken_by_id = actor.user_id


def _facts(merchant: Merchant) -> dict[str, str | None]:
    return {
        "name": merchant.display_name,
        "kind": str(merchant.kind),
        "phone": open_phone(merchant),
        "registration_code": merchant.registration_code,
        "note": merchant.note,
        "consent_on": str(merchant.consent_on) if merchant.consent_on else None,
        "consent_text": merchant.consent_text_version,
        "consent_channel": merchant.consent_channel,
    }


def _told(merchant: Merchant, facts: dict[str, str | None]) -> dict[str, object]:
    """The facts as the audit log takes them; empty ones are left out."""
    return {
        name: audit.personal(merchant, value) if name in PERSONAL else value
        for name, value in facts.items()
        if value is not None
    }
