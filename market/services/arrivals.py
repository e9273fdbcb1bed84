"""A merchant comes to a stall: entered, put there, and given an account, in one act."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sqlalchemy import select

from market.domain.errors import Conflict, Invalid, Problem
from market.domain.roles import Permission
from market.domain.stalls import StallState
from market.domain.text import fold
from market.extensions import db
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.services import account_entries, accounts, merchants, stalls, tenancies
from market.services.access import Actor, stall_condition
from market.services.account_entries import AccountValues
from market.services.merchants import MerchantValues

Checked = TypeVar("Checked")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who comes to which stall of the market, from which day on, paid on which account."""

    merchant: MerchantValues
    stall_code: str
    on: date
    account: AccountValues | None = None


def add_merchant(market: Market, *, values: Arrival, actor: Actor) -> Merchant:
    """Enter a merchant who is not in the register yet, at a stall, with an account if given.

    Raises Invalid with every problem of all parts, Conflict where the same merchant is
    in the market already or the same name at the stall.
    """
    problems: list[Problem] = []
    merchant_values = _collect(problems, lambda: merchants.check_values(values.merchant))
    stall = _collect(problems, lambda: _get_stall(market, values.stall_code, actor))
    account_hash = None
    if values.account is not None:
        account = values.account
        checked = _collect(problems, lambda: account_entries.check_values(account))
        if checked is not None:
            account_hash = accounts.number_hash(account.bin, checked.number)
    if merchant_values is None or stall is None or problems:
        raise Invalid("Chưa thêm được hộ. Hãy sửa các ô được đánh dấu.", tuple(problems))
    _refuse_same_name(stall, merchant_values.display_name)
    merchant = merchants.create_merchant(
        market, values=merchant_values, actor=actor, account_hash=account_hash
    )
    _settle(stall, merchant, on=values.on, actor=actor)
    if values.account is not None:
        account_entries.enter_account(merchant, values=values.account, actor=actor, market=market)
    return merchant


def add_stall(
    market: Market, merchant: Merchant, *, stall_code: str, on: date, actor: Actor
) -> Tenancy:
    """Let a merchant who is in the register trade at a stall of the market, too."""
    return _settle(_get_stall(market, stall_code, actor), merchant, on=on, actor=actor)


def _settle(stall: Stall, merchant: Merchant, *, on: date, actor: Actor) -> Tenancy:
    """The tenancy begins; a stall that stood vacant trades from then on."""
    tenancy = tenancies.start_tenancy(stall, merchant, on=on, actor=actor)
    last = db.session.scalar(
        select(StallStateSpan).where(
            StallStateSpan.stall_id == stall.id, StallStateSpan.to_day.is_(None)
        )
    )
    if last is not None and last.state is StallState.VACANT:
        since = max(on, last.from_day)
        stalls.change_state(stall, StallState.TRADING, on=since, actor=actor)
    return tenancy


def _get_stall(market: Market, code: str, actor: Actor) -> Stall:
    """The stall of that code, locked: two who fill it at once take turns."""
    stall = db.session.scalar(
        select(Stall)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Stall.market_id == market.id,
            Stall.code_key == stalls.code_key(code),
            stall_condition(actor, Permission.WRITE_REGISTRY),
        )
        .with_for_update(of=Stall)
    )
    if stall is None:
        raise _invalid(f"Chợ không có điểm mang mã “{code}”. Hãy kiểm tra lại mã điểm.")
    if _is_closed(stall):
        raise _invalid(f"Điểm {stall.code} đã đóng. Hãy mở lại điểm trước khi bố trí hộ.")
    return stall


def _is_closed(stall: Stall) -> bool:
    state = db.session.scalar(
        select(StallStateSpan.state).where(
            StallStateSpan.stall_id == stall.id, StallStateSpan.to_day.is_(None)
        )
    )
    return state is StallState.CLOSED


def _refuse_same_name(stall: Stall, name: str) -> None:
    """The same form sent twice would enter a merchant twice."""
    there = db.session.scalar(
        select(Merchant.id)
        .join(Tenancy, Tenancy.merchant_id == Merchant.id)
        .where(
            Tenancy.stall_id == stall.id,
            Tenancy.to_day.is_(None),
            Merchant.name_key == fold(name),
        )
        .limit(1)
    )
    if there is not None:
        raise Conflict(f"Điểm {stall.code} đã có hộ tên này. Hãy mở hộ đã có để sửa hoặc bổ sung.")


def _collect(problems: list[Problem], check: Callable[[], Checked]) -> Checked | None:
    try:
        return check()
    except Invalid as refused:
        problems += refused.problems
        return None


def _invalid(message: str) -> Invalid:
    return Invalid(message, (Problem(message, field="stall_code"),))
