"""Joining a merchant who was entered twice; what was ever counted stays as it was."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market.domain.accounts import AccountState
from market.domain.errors import Conflict, Forbidden, Invalid
from market.domain.roles import Permission
from market.domain.stickers import VoidReason
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.services import account_entries, audit, coverage, sticker_states, tenancies
from market.services.access import Actor, stall_condition

LIVE = (AccountState.AWAITING_APPROVAL, AccountState.APPROVED)
REASON = "Gộp hai hồ sơ của một hộ"


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What joining will do: stalls the merchant gets, shared already, accounts that end.

    `carried` is the double's account that is entered anew, to be decided again.
    """

    moving: tuple[Stall, ...]
    shared: tuple[Stall, ...]
    ending: tuple[PaymentAccount, ...]
    carried: PaymentAccount | None


def plan(double: Merchant, into: Merchant, *, actor: Actor) -> MergePlan:
    """What `merge` would do; raises as it does."""
    _require_mergeable(double, into)
    leaving = _open_tenancies(double)
    _require_all_in_reach(leaving, actor)
    held = {tenancy.stall_id for tenancy in _open_tenancies(into)}
    ending = _live_accounts(double)
    return MergePlan(
        moving=tuple(row.stall for row in leaving if row.stall_id not in held),
        shared=tuple(row.stall for row in leaving if row.stall_id in held),
        ending=tuple(ending),
        carried=_to_carry(ending, into, actor),
    )


def merge(double: Merchant, into: Merchant, *, actor: Actor) -> Merchant:
    """Join a merchant entered twice; `double` stays as a closed record that points to `into`.

    From today `into` holds the double's stalls; what was before stays with the double,
    as it was counted and reported. The double's accounts are closed and their stickers
    void: numbers are sealed under each merchant's own key, and what is paid must be
    decided again. Where `into` has no account, the double's is entered anew for it.

    Raises Invalid for one and the same, Conflict where one of them is closed, Forbidden
    where the double trades outside the actor's reach.
    """
    _lock(double, into)
    planned = plan(double, into, actor=actor)
    carried = None if planned.carried is None else account_entries.values_of(planned.carried)
    for account in planned.ending:
        _close(account, actor)
    db.session.flush()
    for tenancy in _open_tenancies(double):
        tenancies.end_tenancy(tenancy, on=actor.today, actor=actor)
    sticker_states.void_for_merchant(double, reason=VoidReason.NAME_CHANGED, actor=actor)
    double.merged_into_id, double.merged_at = into.id, actor.at
    db.session.flush()
    for stall in planned.moving:
        tenancies.start_tenancy(stall, into, on=actor.today, actor=actor)
    if carried is not None:
        account_entries.enter_account(into, values=carried, actor=actor)
    new = {"merged_into": into.id}
    audit.record(actor, "merge", double, market_id=double.market_id, new=new)
    coverage.touch_merchant(double.id)
    coverage.touch_merchant(into.id)
    return into


def _require_mergeable(double: Merchant, into: Merchant) -> None:
    if double.id == into.id:
        raise Invalid("Hãy chọn hai hộ khác nhau.")
    if any(row.merged_into_id or row.erased_at for row in (double, into)):
        raise Conflict("Một trong hai hồ sơ đã đóng (đã gộp hoặc đã xóa theo yêu cầu).")


def _lock(double: Merchant, into: Merchant) -> None:
    """Two people who join the same records at once take turns, whichever way round."""
    ids = sorted({double.id, into.id})
    locked = select(Merchant).where(Merchant.id.in_(ids)).order_by(Merchant.id)
    db.session.scalars(locked.with_for_update().execution_options(populate_existing=True)).all()


def _require_all_in_reach(leaving: Sequence[Tenancy], actor: Actor) -> None:
    reachable = db.session.scalars(
        select(Stall.id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Stall.id.in_({row.stall_id for row in leaving}),
            stall_condition(actor, Permission.WRITE_REGISTRY),
        )
    ).all()
    if {row.stall_id for row in leaving} - set(reachable):
        raise Forbidden(
            "Hộ này còn kinh doanh ở nơi bạn không quản lý. Hãy nhờ cán bộ của tỉnh gộp hồ sơ."
        )


def _open_tenancies(merchant: Merchant) -> Sequence[Tenancy]:
    return db.session.scalars(
        select(Tenancy)
        .where(Tenancy.merchant_id == merchant.id, Tenancy.to_day.is_(None))
        .options(joinedload(Tenancy.stall))
        .order_by(Tenancy.id)
    ).all()


def _live_accounts(merchant: Merchant) -> Sequence[PaymentAccount]:
    return db.session.scalars(
        select(PaymentAccount)
        .where(PaymentAccount.merchant_id == merchant.id, PaymentAccount.state.in_(LIVE))
        .options(joinedload(PaymentAccount.merchant), joinedload(PaymentAccount.bank))
        .order_by(PaymentAccount.is_preferred.desc(), PaymentAccount.id.desc())
    ).all()


def _to_carry(
    ending: Sequence[PaymentAccount], into: Merchant, actor: Actor
) -> PaymentAccount | None:
    """The account that goes over: the one on the stickers, else the newest that waits."""
    if not ending or not actor.may(Permission.ENTER_ACCOUNTS) or _live_accounts(into):
        return None
    return ending[0]


def _close(account: PaymentAccount, actor: Actor) -> None:
    old = str(account.state)
    account.is_preferred = False
    if account.state is AccountState.APPROVED:
        account.state, account.retired_at = AccountState.RETIRED, actor.at
        account.retire_reason = REASON
    else:
        account.state, account.decided_at = AccountState.REJECTED, actor.at
        account.decision_reason = REASON
    audit.record(
        actor,
        "close",
        account,
        market_id=account.merchant.market_id,
        old={"state": old},
        new={"state": str(account.state), "reason": REASON},
    )
