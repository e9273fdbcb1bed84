"""Merchants: entering and changing them, and where they trade from day to day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import joinedload

from market.domain.accounts import check_phone, check_registration_code
from market.domain.calendar import format_day
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
from market.services import audit, coverage, sticker_states
from market.services.access import Actor, stall_condition
from market.services.merchant_scope import now_of_market, of_market
from market.services.uniqueness import unique_or
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
    merchant = Merchant(
        market_id=market.id,
        display_name=checked.display_name,
        name_key=fold(checked.display_name),
        kind=checked.kind,
        registration_code=checked.registration_code,
        wrapped_key=vault().new_key(),
        note=checked.note,
    )
    _set_phone(merchant, checked.phone, actor)
    _set_consent(merchant, checked.consent, actor)
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
    _require_live(merchant)
    checked = check_values(values)
    old = _facts(merchant)
    merchant.display_name, merchant.name_key = checked.display_name, fold(checked.display_name)
    merchant.sort_key = sort_key(checked.display_name)
    merchant.kind, merchant.note = checked.kind, checked.note
    merchant.registration_code = checked.registration_code
    _set_phone(merchant, checked.phone, actor)
    _set_consent(merchant, checked.consent, actor)
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


def start_tenancy(stall: Stall, merchant: Merchant, *, on: date, actor: Actor) -> Tenancy:
    """Let the merchant trade at the stall from a day on; a stall may be shared.

    Raises Conflict where the merchant is there already on that day or later, Invalid for
    a day to come.
    """
    _require_live(merchant)
    _require_past(on, actor)
    there = Conflict(f"Hộ này đã ở điểm {stall.code} trong thời gian đó.")
    found = db.session.scalar(
        select(Tenancy.id).where(
            Tenancy.stall_id == stall.id,
            Tenancy.merchant_id == merchant.id,
            or_(Tenancy.to_day.is_(None), Tenancy.to_day > on),
        )
    )
    if found is not None:
        raise there
    tenancy = Tenancy(stall_id=stall.id, merchant_id=merchant.id, from_day=on)
    with unique_or(there):
        db.session.add(tenancy)
    audit.record(
        actor,
        "start",
        tenancy,
        market_id=stall.market_id,
        new={"stall_id": stall.id, "merchant_id": merchant.id, "from": on},
    )
    coverage.touch(stall.market_id)
    return tenancy


def end_tenancy(tenancy: Tenancy, *, on: date, actor: Actor) -> None:
    """The merchant is no longer at the stall from that day on; the stickers there are void.

    `tenancy.stall` must be loaded. One that ends on the day it began held on no day: a
    mistake put right. Raises Conflict where it has ended already, Invalid for a day
    before it began or to come.
    """
    db.session.refresh(tenancy, ["to_day"], with_for_update=True)
    if tenancy.to_day is not None:
        raise Conflict("Hộ này đã rời điểm từ trước.")
    _require_past(on, actor)
    if on < tenancy.from_day:
        raise _invalid("on", f"Hộ vào điểm ngày {format_day(tenancy.from_day)}, không rời trước.")
    tenancy.to_day = on
    db.session.flush()
    audit.record(
        actor,
        "end",
        tenancy,
        market_id=tenancy.stall.market_id,
        old={"to": None},
        new={"stall_id": tenancy.stall_id, "merchant_id": tenancy.merchant_id, "to": on},
    )
    sticker_states.void_for_tenancy(tenancy, reason=VoidReason.STALL_MOVED, actor=actor)
    coverage.touch(tenancy.stall.market_id)


def get_tenancy(market: Market, tenancy_id: int, *, actor: Actor) -> Tenancy:
    """A tenancy at a stall of that market, stall and merchant loaded; else NotFound."""
    tenancy = db.session.scalar(
        select(Tenancy)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Tenancy.id == tenancy_id,
            Stall.market_id == market.id,
            stall_condition(actor, Permission.WRITE_REGISTRY),
        )
        .options(joinedload(Tenancy.stall), joinedload(Tenancy.merchant))
    )
    if tenancy is None:
        raise NotFound("Không tìm thấy việc thuê điểm này.")
    return tenancy


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


def list_tenancies(merchant: Merchant, market: Market, *, actor: Actor) -> Sequence[Tenancy]:
    """Where the merchant trades and traded in the market, the newest first; stalls loaded."""
    return db.session.scalars(
        select(Tenancy)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Tenancy.merchant_id == merchant.id,
            Stall.market_id == market.id,
            stall_condition(actor, Permission.READ_REGISTRY),
        )
        .options(joinedload(Tenancy.stall).joinedload(Stall.section))
        .order_by(Tenancy.from_day.desc(), Tenancy.id.desc())
        .limit(200)
    ).all()


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


def _require_live(merchant: Merchant) -> None:
    if merchant.merged_into_id is not None or merchant.erased_at is not None:
        raise Conflict("Hồ sơ hộ này đã đóng (đã gộp hoặc đã xóa theo yêu cầu).")


def _require_past(on: date, actor: Actor) -> None:
    if on > actor.today:
        raise _invalid("on", "Ngày này chưa tới. Hãy chọn hôm nay hoặc một ngày đã qua.")


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(message, (Problem(message, field=name),))
