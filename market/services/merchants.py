"""Merchants: entering them, where they trade from day to day, and joining doubles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.orm import joinedload

from market.domain.accounts import AccountState, check_phone, check_registration_code
from market.domain.errors import Conflict, Invalid, NotFound, Problem
from market.domain.markets import MerchantKind
from market.domain.pages import Page
from market.domain.roles import Permission
from market.domain.stickers import VoidReason
from market.domain.text import clean, fold
from market.extensions import db, vault
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.services import audit, coverage, sticker_states
from market.services.access import Actor, stall_condition
from market.services.paging import entities_page

PHONE_PURPOSE = "phone"
PHONE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Consent:
    """That the merchant agreed: when, to which version of the text, how it was given."""

    on: date
    text_version: str
    channel: str


@dataclass(frozen=True, slots=True)
class MerchantValues:
    """What is entered of a merchant."""

    display_name: str
    kind: MerchantKind = MerchantKind.HOUSEHOLD_BUSINESS
    phone: str | None = None
    registration_code: str | None = None
    note: str | None = None
    consent: Consent | None = None


def create_merchant(market: Market, *, values: MerchantValues, actor: Actor) -> Merchant:
    """Enter a merchant at a market, with a key of their own.

    Raises Invalid with a problem for each field at fault, Conflict where the same
    merchant is there already (by the rule of `find_same`).
    """
    checked = _checked(values)
    if found := find_same(market, values=checked):
        raise Conflict(f"Hộ {found.display_name} đã có trong sổ với cùng số điện thoại hoặc mã số.")
    merchant = Merchant(
        market_id=market.id,
        display_name=checked.display_name,
        name_key=fold(checked.display_name),
        kind=checked.kind,
        registration_code=checked.registration_code,
        wrapped_key=vault().new_key(),
        note=checked.note,
    )
    _set_phone(merchant, checked.phone)
    _set_consent(merchant, checked.consent, actor)
    db.session.add(merchant)
    audit.record(actor, "create", merchant, market_id=market.id, new=_told(merchant, checked))
    return merchant


def change_merchant(
    merchant: Merchant, *, values: MerchantValues, version: int, actor: Actor
) -> Merchant:
    """Change a merchant; another name makes the stickers that show the old one void.

    Raises Conflict where somebody else changed the record meanwhile.
    """
    if merchant.version != version:
        raise Conflict("Hộ này vừa được người khác sửa. Hãy tải lại trang rồi sửa lại.")
    _require_live(merchant)
    checked = _checked(values)
    before = MerchantValues(
        merchant.display_name,
        merchant.kind,
        open_phone(merchant),
        merchant.registration_code,
        merchant.note,
    )
    old = _told(merchant, before)
    has_new_name = checked.display_name != merchant.display_name
    merchant.display_name, merchant.name_key = checked.display_name, fold(checked.display_name)
    merchant.kind, merchant.note = checked.kind, checked.note
    merchant.registration_code = checked.registration_code
    _set_phone(merchant, checked.phone)
    _set_consent(merchant, checked.consent, actor)
    new = _told(merchant, checked)
    audit.record(actor, "change", merchant, market_id=merchant.market_id, old=old, new=new)
    if has_new_name:
        sticker_states.void_for_merchant(merchant, reason=VoidReason.NAME_CHANGED, actor=actor)
    return merchant


def start_tenancy(stall: Stall, merchant: Merchant, *, on: date, actor: Actor) -> Tenancy:
    """Let the merchant trade at the stall from a day on; a stall may be shared.

    Raises Conflict where the merchant is there already on that day or later, Invalid for
    a day to come.
    """
    _require_live(merchant)
    _require_past(on, actor)
    there = db.session.scalar(
        select(Tenancy.id).where(
            Tenancy.stall_id == stall.id,
            Tenancy.merchant_id == merchant.id,
            or_(Tenancy.to_day.is_(None), Tenancy.to_day > on),
        )
    )
    if there is not None:
        raise Conflict(f"Hộ này đã ở điểm {stall.code} trong thời gian đó.")
    tenancy = Tenancy(stall_id=stall.id, merchant_id=merchant.id, from_day=on)
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

    `tenancy.stall` must be loaded. Raises Conflict where it has ended already, Invalid
    for a day before it began or to come.
    """
    if tenancy.to_day is not None:
        raise Conflict("Hộ này đã rời điểm từ trước.")
    _require_past(on, actor)
    if on < tenancy.from_day:
        earliest = tenancy.from_day.strftime("%d/%m/%Y")
        raise _invalid("on", f"Ngày rời điểm sớm nhất là {earliest}.")
    tenancy.to_day = on
    audit.record(actor, "end", tenancy, market_id=tenancy.stall.market_id, new={"to": on})
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
    """A merchant who trades, or was entered, in that market; else NotFound."""
    merchant = db.session.scalar(
        select(Merchant).where(
            Merchant.id == merchant_id, of_market(market, actor=actor, permission=permission)
        )
    )
    if merchant is None:
        raise NotFound("Không tìm thấy hộ kinh doanh này.")
    return merchant


def of_market(market: Market, *, actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Merchants who trade, or were entered, in the market and in the actor's part of it."""
    traders = (
        select(Tenancy.merchant_id)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(Stall.market_id == market.id, stall_condition(actor, permission))
    )
    grants = actor.grants_for(permission)
    if not actor.is_system and all(grant.section_id is not None for grant in grants):
        return Merchant.id.in_(traders)
    return or_(Merchant.id.in_(traders), Merchant.market_id == market.id)


def page_of(market: Market, number: int, *, actor: Actor, search: str = "") -> Page[Merchant]:
    """A page of the market's merchants by name; doubles that were joined are left out."""
    return entities_page(_list(market, actor, search), number)


def stalls_of(market: Market, merchants: Sequence[Merchant]) -> dict[int, list[Stall]]:
    """The stalls that each of these holds now in the market."""
    rows = db.session.execute(
        select(Tenancy.merchant_id, Stall)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(
            Tenancy.merchant_id.in_({merchant.id for merchant in merchants}),
            Tenancy.to_day.is_(None),
            Stall.market_id == market.id,
        )
        .order_by(Stall.sort_key)
    )
    held: dict[int, list[Stall]] = {}
    for merchant_id, stall in rows:
        held.setdefault(merchant_id, []).append(stall)
    return held


def list_tenancies(merchant: Merchant, market: Market) -> Sequence[Tenancy]:
    """Where the merchant trades and traded in the market, the newest first; stalls loaded."""
    return db.session.scalars(
        select(Tenancy)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(Tenancy.merchant_id == merchant.id, Stall.market_id == market.id)
        .options(joinedload(Tenancy.stall))
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


def find_same(market: Market, *, values: MerchantValues) -> Merchant | None:
    """The merchant of this market with an equal folded name and an equal code or phone.

    A name alone never joins two people.
    """
    marks = []
    if values.phone:
        marks.append(Merchant.phone_hash == phone_hash(values.phone))
    if values.registration_code:
        marks.append(Merchant.registration_code == values.registration_code)
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


def merge(double: Merchant, into: Merchant, *, actor: Actor) -> Merchant:
    """Join a merchant entered twice; `double` stays as a closed record that points to `into`.

    Tenancies move; where both were at one stall at the same time, the double's ends.
    Accounts of the double that are in use are retired or rejected: numbers are sealed
    under each merchant's own key, and what is paid must be decided again.
    """
    if double.id == into.id:
        raise Invalid("Hãy chọn hai hộ khác nhau.")
    _require_live(double)
    _require_live(into)
    sticker_states.void_for_merchant(double, reason=VoidReason.NAME_CHANGED, actor=actor)
    _close_accounts(double, actor)
    _move_tenancies(double, into)
    double.merged_into_id, double.merged_at = into.id, actor.at
    audit.record(
        actor,
        "merge",
        double,
        market_id=double.market_id,
        new={"merged_into": into.id},
    )
    coverage.touch_merchant(into.id)
    coverage.touch_merchant(double.id)
    return into


def _list(market: Market, actor: Actor, search: str) -> Select[tuple[Merchant]]:
    query = (
        select(Merchant)
        .where(
            of_market(market, actor=actor, permission=Permission.READ_REGISTRY),
            Merchant.merged_into_id.is_(None),
            Merchant.erased_at.is_(None),
        )
        .order_by(Merchant.name_key, Merchant.id)
    )
    words = fold(search)
    if not words:
        return query
    conditions = [Merchant.name_key.contains(words, autoescape=True)]
    digits = "".join(filter(str.isdigit, search))
    if len(digits) >= PHONE_DIGITS:
        conditions.append(Merchant.phone_hash == phone_hash(_phone(digits)))
    return query.where(or_(*conditions))


def _phone(digits: str) -> str:
    try:
        return check_phone(digits, restore_zero=True)
    except Invalid:
        return digits


def _checked(values: MerchantValues) -> MerchantValues:
    problems: list[Problem] = []
    name = clean(values.display_name)
    if not name:
        problems.append(Problem("Hãy nhập tên hộ kinh doanh.", field="display_name"))
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


def _set_phone(merchant: Merchant, phone: str | None) -> None:
    if phone is None or merchant.wrapped_key is None:
        merchant.phone_sealed = merchant.phone_hash = merchant.phone_last3 = None
    elif merchant.phone_hash != phone_hash(phone):
        merchant.phone_sealed = vault().seal_text(merchant.wrapped_key, phone, PHONE_PURPOSE)
        merchant.phone_hash = phone_hash(phone)
        merchant.phone_last3 = phone[-3:]


def _set_consent(merchant: Merchant, consent: Consent | None, actor: Actor) -> None:
    if consent is None:
        return
    merchant.consent_on = consent.on
    merchant.consent_text_version = consent.text_version
    merchant.consent_channel = consent.channel
    merchant.consent_taken_by_id = actor.user_id


def _told(merchant: Merchant, values: MerchantValues) -> dict[str, object]:
    return {
        "name": audit.personal(merchant, values.display_name),
        "kind": str(values.kind),
        "phone": audit.personal(merchant, values.phone),
        "registration_code": audit.personal(merchant, values.registration_code),
        "note": audit.personal(merchant, values.note),
    }


def _require_live(merchant: Merchant) -> None:
    if merchant.merged_into_id is not None or merchant.erased_at is not None:
        raise Conflict("Hồ sơ hộ này đã đóng (đã gộp hoặc đã xóa theo yêu cầu).")


def _require_past(on: date, actor: Actor) -> None:
    if on > actor.today:
        raise _invalid("on", "Ngày này chưa đến.")


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(message, (Problem(message, field=name),))


def _close_accounts(double: Merchant, actor: Actor) -> None:
    accounts = db.session.scalars(
        select(PaymentAccount).where(
            PaymentAccount.merchant_id == double.id,
            PaymentAccount.state.in_((AccountState.AWAITING_APPROVAL, AccountState.APPROVED)),
        )
    )
    for account in accounts:
        old = str(account.state)
        account.is_preferred = False
        if account.state is AccountState.APPROVED:
            account.state, account.retired_at = AccountState.RETIRED, actor.at
            account.retire_reason = "Gộp hai hồ sơ của một hộ"
        else:
            account.state = AccountState.REJECTED
            account.decision_reason = "Gộp hai hồ sơ của một hộ"
        new = {"state": str(account.state), "reason": "merge"}
        audit.record(
            actor, "close", account, market_id=double.market_id, old={"state": old}, new=new
        )


def _move_tenancies(double: Merchant, into: Merchant) -> None:
    mine = db.session.execute(
        select(Tenancy.stall_id, Tenancy.from_day, Tenancy.to_day).where(
            Tenancy.merchant_id == into.id
        )
    ).all()
    for tenancy in db.session.scalars(select(Tenancy).where(Tenancy.merchant_id == double.id)):
        overlaps = any(
            stall_id == tenancy.stall_id
            and (to_day is None or to_day > tenancy.from_day)
            and (tenancy.to_day is None or tenancy.to_day > from_day)
            for stall_id, from_day, to_day in mine
        )
        if not overlaps:
            tenancy.merchant_id = into.id
        elif tenancy.to_day is None:
            db.session.execute(
                update(Tenancy)
                .where(Tenancy.id == tenancy.id)
                .values(to_day=tenancy.from_day)
            )
