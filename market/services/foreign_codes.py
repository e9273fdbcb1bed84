"""Codes that a bank or wallet issued and that hang at a stall; they count once checked."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select, union_all
from sqlalchemy.orm import aliased

from market.domain import vietqr
from market.domain.accounts import AccountState, last_four
from market.domain.errors import Conflict, Invalid, NotFound, Problem
from market.domain.roles import Permission
from market.domain.text import clean
from market.domain.vietqr import Payload, PayloadRefused
from market.extensions import db, vault
from market.models.account import BankEntry, PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.sticker import ForeignCode
from market.models.user import User
from market.services import accounts, audit, coverage, scans, visits
from market.services.access import Actor, stall_condition

MOST_CODES = 200


@dataclass(frozen=True, slots=True)
class ForeignCodeValues:
    """A code as it was scanned, and whose it is said to be at a shared stall."""

    payload: str
    tenancy_id: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignCodeRow:
    """A code as the stall's page shows it; `shared_with` counts other merchants it pays."""

    code: ForeignCode
    merchant: Merchant
    bank: str | None
    registered_by: str | None
    checked_by: str | None
    shared_with: int


def register(stall: Stall, *, values: ForeignCodeValues, actor: Actor) -> ForeignCode:
    """Note a code that hangs at the stall; it waits for somebody to confirm whose it is.

    Raises Invalid for a text that is no payment code or where nobody trades at the
    stall, Conflict where the same code is noted there already.
    """
    payload = _decoded(values.payload)
    tenancy = _tenancy(stall, values.tenancy_id, actor)
    payee_hash = scans.payee_hash(payload)
    _refuse_twice(stall, payee_hash)
    merchant = tenancy.merchant
    if merchant.wrapped_key is None:
        raise Conflict("Dữ liệu của hộ này đã được xóa theo yêu cầu; không thể ghi thêm mã.")
    account = payload.pays.account
    code = ForeignCode(
        stall_id=stall.id,
        tenancy_id=tenancy.id,
        kind=payload.pays.foreign_kind,
        payload_sealed=vault().seal_text(
            merchant.wrapped_key, payload.text, accounts.PAYLOAD_PURPOSE
        ),
        payee_hash=payee_hash,
        bin=payload.pays.bin,
        number_last4=last_four(account) if account else None,
        registered_at=actor.at,
        registered_by_id=actor.user_id,
        note=clean(values.note or "") or None,
    )
    db.session.add(code)
    db.session.flush()
    audit.record(
        actor,
        "register",
        code,
        market_id=stall.market_id,
        new={
            "stall_id": stall.id,
            "tenancy_id": tenancy.id,
            "kind": str(code.kind),
            "bin": code.bin,
            "last4": code.number_last4,
            "payload": audit.personal(merchant, payload.text),
        },
    )
    return code


def check(code_id: int, *, stall: Stall, actor: Actor) -> ForeignCode:
    """Confirm that the code pays the merchant: from now on it counts like a sticker.

    Raises NotFound, and Conflict where it was confirmed or removed meanwhile.
    """
    code = _locked(code_id, stall)
    if code.removed_at is not None or code.checked_at is not None:
        raise Conflict("Mã này đã được xác nhận hoặc đã gỡ. Hãy tải lại trang.")
    code.checked_at, code.checked_by_id = actor.at, actor.user_id
    audit.record(actor, "check", code, market_id=stall.market_id, new={"stall_id": stall.id})
    coverage.touch_stall(stall.market_id, stall.id)
    return code


def remove(code_id: int, *, stall: Stall, actor: Actor) -> ForeignCode:
    """Note that the code no longer hangs, or never was the merchant's; it stays on record.

    Raises NotFound, and Conflict where it was removed meanwhile.
    """
    code = _locked(code_id, stall)
    if code.removed_at is not None:
        raise Conflict("Mã này đã được gỡ. Hãy tải lại trang.")
    code.removed_at = actor.at
    audit.record(actor, "remove", code, market_id=stall.market_id, new={"stall_id": stall.id})
    coverage.touch_stall(stall.market_id, stall.id)
    return code


def list_of_stall(stall: Stall) -> list[ForeignCodeRow]:
    """The codes ever noted at the stall, the latest first; two queries."""
    registrar, checker = aliased(User), aliased(User)
    rows = db.session.execute(
        select(
            ForeignCode,
            Merchant,
            BankEntry.short_name,
            registrar.display_name.label("registered_by"),
            checker.display_name.label("checked_by"),
        )
        .join(Tenancy, Tenancy.id == ForeignCode.tenancy_id)
        .join(Merchant, Merchant.id == Tenancy.merchant_id)
        .outerjoin(BankEntry, BankEntry.bin == ForeignCode.bin)
        .outerjoin(registrar, registrar.id == ForeignCode.registered_by_id)
        .outerjoin(checker, checker.id == ForeignCode.checked_by_id)
        .where(ForeignCode.stall_id == stall.id)
        .order_by(ForeignCode.id.desc())
        .limit(MOST_CODES)
    ).all()
    paid = _merchants_paid(row.ForeignCode.payee_hash for row in rows)
    return [
        ForeignCodeRow(
            code=row.ForeignCode,
            merchant=row.Merchant,
            bank=row.short_name,
            registered_by=row.registered_by,
            checked_by=row.checked_by,
            shared_with=len(paid[row.ForeignCode.payee_hash] - {row.Merchant.id}),
        )
        for row in rows
    ]


def show_payees(
    rows: Iterable[ForeignCodeRow], *, stall: Stall, market: Market, actor: Actor
) -> dict[int, str]:
    """What the codes that wait pay, in full, for who may confirm them; an audit entry."""
    waiting = [row for row in rows if row.code.checked_at is None and row.code.removed_at is None]
    if not waiting or not _may_check(stall, actor):
        return {}
    shown = {row.code.id: text for row in waiting if (text := _payee_text(row))}
    if shown:
        audit.record_by_id(
            actor,
            "read_numbers",
            ForeignCode.__tablename__,
            market.code,
            market_id=market.id,
            new={"foreign_codes": sorted(shown)},
        )
    return shown


def _may_check(stall: Stall, actor: Actor) -> bool:
    """Whether the actor confirms codes here: a permission in another market gives nothing."""
    own = (
        select(Stall.id)
        .join(Market, Market.id == Stall.market_id)
        .where(Stall.id == stall.id, stall_condition(actor, Permission.APPROVE_ACCOUNTS))
    )
    return db.session.scalar(own) is not None


def _decoded(text: str) -> Payload:
    try:
        return vietqr.decode(text.strip())
    except PayloadRefused as error:
        raise _invalid("payload", error.message) from error


def _tenancy(stall: Stall, tenancy_id: int | None, actor: Actor) -> Tenancy:
    tenancies = visits.list_tenancies(stall, actor.today)
    if tenancy_id is None and len(tenancies) == 1:
        return tenancies[0]
    chosen = next((row for row in tenancies if row.id == tenancy_id), None)
    if chosen is None:
        told = "Hãy chọn hộ mà mã này trả tiền." if tenancies else "Điểm này hiện không có hộ nào."
        raise _invalid("tenancy_id", told)
    return chosen


def _refuse_twice(stall: Stall, payee_hash: str) -> None:
    """Two people who note the same code at once take turns."""
    db.session.execute(select(Stall.id).where(Stall.id == stall.id).with_for_update())
    there = db.session.scalar(
        select(ForeignCode.id)
        .where(
            ForeignCode.stall_id == stall.id,
            ForeignCode.payee_hash == payee_hash,
            ForeignCode.removed_at.is_(None),
        )
        .limit(1)
    )
    if there is not None:
        raise Conflict("Điểm này đã ghi mã trả cho cùng người nhận.")


def _locked(code_id: int, stall: Stall) -> ForeignCode:
    code = db.session.scalar(
        select(ForeignCode)
        .where(ForeignCode.id == code_id, ForeignCode.stall_id == stall.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if code is None:
        raise NotFound("Không tìm thấy mã này ở điểm.")
    return code


def _merchants_paid(hashes: Iterable[str]) -> dict[str, set[int]]:
    """Which merchants each payee stands for: by their accounts, or by codes at their stalls."""
    wanted = set(hashes)
    paid: dict[str, set[int]] = {each: set() for each in wanted}
    codes = (
        select(ForeignCode.payee_hash, Tenancy.merchant_id)
        .join(Tenancy, Tenancy.id == ForeignCode.tenancy_id)
        .where(ForeignCode.payee_hash.in_(wanted), ForeignCode.removed_at.is_(None))
    )
    owned = select(PaymentAccount.number_hash, PaymentAccount.merchant_id).where(
        PaymentAccount.number_hash.in_(wanted),
        PaymentAccount.state.in_((AccountState.AWAITING_APPROVAL, AccountState.APPROVED)),
    )
    for payee_hash, merchant_id in db.session.execute(union_all(codes, owned)):
        paid[payee_hash].add(merchant_id)
    return paid


def _payee_text(row: ForeignCodeRow) -> str | None:
    """The account number, or the identifiers a merchant code carries."""
    key, sealed = row.merchant.wrapped_key, row.code.payload_sealed
    if key is None or sealed is None:
        return None
    payload = vietqr.decode(vault().open_text(key, sealed, accounts.PAYLOAD_PURPOSE))
    account = payload.pays.account
    return account or " / ".join(value for _name, value in vietqr.payee_key(payload))


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, (Problem(message, field=field),))
