"""What an approver is warned of; alerts, never blocks."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from market.domain.accounts import AccountState, HolderRelation
from market.domain.roles import Permission
from market.domain.visits import VisitResult
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.visit import Visit
from market.services.access import Actor, stall_condition

MISMATCH_WINDOW = timedelta(hours=24)
BURST_WINDOW = timedelta(hours=1)
BURST = 20
MISMATCHES = (VisitResult.OTHER_ACCOUNT, VisitResult.UNKNOWN_CODE)
LIVE = (AccountState.AWAITING_APPROVAL, AccountState.APPROVED)
MOST_NAMES = 1000


def is_shared(actor: Actor) -> ColumnElement[bool]:
    """Accounts whose BIN and number a second merchant within the actor's sight has, too."""
    other = aliased(PaymentAccount)
    condition = _same_elsewhere(other, actor)
    return and_(
        PaymentAccount.state.in_(LIVE),
        select(other.id).where(condition).correlate(PaymentAccount).exists(),
    )


def list_shared(shown: Sequence[PaymentAccount], *, actor: Actor) -> dict[int, list[str]]:
    """Names of the other merchants with the same BIN and number, by account."""
    other = aliased(PaymentAccount)
    ids = [account.id for account in shown if account.state in LIVE]
    rows = db.session.execute(
        select(PaymentAccount.id, Merchant.display_name, Merchant.sort_key, Merchant.id)
        .select_from(PaymentAccount)
        .join(other, _same_elsewhere(other, actor))
        .join(Merchant, Merchant.id == other.merchant_id)
        .where(PaymentAccount.id.in_(ids))
        .distinct()
        .order_by(PaymentAccount.id, Merchant.sort_key, Merchant.id)
        .limit(MOST_NAMES)
    )
    shared: dict[int, list[str]] = {}
    for account_id, name, *_order in rows:
        shared.setdefault(account_id, []).append(name)
    return shared


def after_mismatch(shown: Sequence[PaymentAccount]) -> set[int]:
    """Accounts entered within a day after a visit that found another code at their stall."""
    if not shown:
        return set()
    rows = db.session.execute(
        select(Tenancy.merchant_id, Visit.received_at)
        .join(Visit, Visit.tenancy_id == Tenancy.id)
        .where(
            Tenancy.merchant_id.in_({account.merchant_id for account in shown}),
            Visit.result.in_(MISMATCHES),
            Visit.received_at >= min(row.entered_at for row in shown) - MISMATCH_WINDOW,
            Visit.received_at <= max(row.entered_at for row in shown),
        )
    ).all()
    return {
        account.id
        for account in shown
        for merchant_id, at in rows
        if merchant_id == account.merchant_id
        and timedelta() <= account.entered_at - at <= MISMATCH_WINDOW
    }


def in_bursts(changes: Sequence[PaymentAccount]) -> set[int]:
    """Of these waiting changes, those that one user made many of within an hour, by hand."""
    waiting = [
        account
        for account in changes
        if account.import_batch_id is None and account.entered_by_id is not None
    ]
    if not waiting:
        return set()
    made = _changes_by_hand(
        {account.entered_by_id for account in waiting},
        since=min(account.entered_at for account in waiting) - BURST_WINDOW,
    )
    return {
        account.id
        for account in waiting
        if sum(
            user_id == account.entered_by_id and abs(at - account.entered_at) <= BURST_WINDOW
            for user_id, at in made
        )
        >= BURST
    }


def _changes_by_hand(
    user_ids: set[int | None], *, since: datetime
) -> Sequence[tuple[int | None, datetime]]:
    before = aliased(PaymentAccount)
    rows = db.session.execute(
        select(PaymentAccount.entered_by_id, PaymentAccount.entered_at).where(
            PaymentAccount.entered_by_id.in_(user_ids),
            PaymentAccount.entered_at >= since,
            PaymentAccount.import_batch_id.is_(None),
            select(before.id)
            .where(
                before.merchant_id == PaymentAccount.merchant_id,
                before.id < PaymentAccount.id,
                before.in_force_from.is_not(None),
            )
            .exists(),
        )
    )
    return [(user_id, at) for user_id, at in rows]


def _same_elsewhere(other: type[PaymentAccount], actor: Actor) -> ColumnElement[bool]:
    """The same account at a second merchant, unless one of them says it is a relative's."""
    trades_in_sight = (
        select(Tenancy.id)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Tenancy.merchant_id == other.merchant_id,
            Tenancy.to_day.is_(None),
            stall_condition(actor, Permission.READ_REGISTRY),
        )
        .correlate(other)
        .exists()
    )
    is_relative = or_(
        other.relation == HolderRelation.RELATIVE,
        PaymentAccount.relation == HolderRelation.RELATIVE,
    )
    return and_(
        other.number_hash == PaymentAccount.number_hash,
        other.merchant_id != PaymentAccount.merchant_id,
        other.state.in_(LIVE),
        ~is_relative,
        trades_in_sight,
    )
