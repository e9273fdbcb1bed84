"""Which account the stickers pay: one takes force, the ones before stand down."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market.domain.accounts import AccountState
from market.domain.stickers import VoidReason
from market.extensions import db
from market.models.account import PaymentAccount
from market.services import audit, coverage, sticker_states
from market.services.access import Actor

REPLACED = "Được thay bằng tài khoản mới"


def sweep(at: datetime) -> int:
    """Put accounts whose cool-off is over in the place of the ones before; gives how many.

    Stickers of the old account are void from the moment the new one took force, not
    from the moment this ran.
    """
    actor = Actor.system(at, channel="job")
    switched = 0
    for account in _list_due(at):
        # One that was due a moment earlier has taken the place of this one's merchant.
        if account.state is AccountState.APPROVED and account.in_force_from is not None:
            moment, market_id = account.in_force_from, account.merchant.market_id
            take_force(account, market_id=market_id, actor=actor, at=moment)
            switched += 1
    return switched


def take_force(account: PaymentAccount, *, market_id: int, actor: Actor, at: datetime) -> None:
    """In one transaction: the new one onto the stickers, the old one retired, its stickers void."""
    before = _list_before(account)
    for old in before:
        stand_down(old, REPLACED, market_id=market_id, actor=actor, at=at)
    db.session.flush()
    account.is_preferred = True
    db.session.flush()
    audit.record(
        actor,
        "take_force",
        account,
        market_id=market_id,
        old={"is_preferred": False},
        new={"is_preferred": True, "from": at},
    )
    for old in before:
        sticker_states.void_for_account(old, reason=VoidReason.ACCOUNT_CHANGED, actor=actor, at=at)
    coverage.touch_merchant(account.merchant_id)


def stand_down(
    account: PaymentAccount, reason: str, *, market_id: int, actor: Actor, at: datetime
) -> None:
    """Take the account out of use from that moment on; its stickers are left to the caller."""
    account.state = AccountState.RETIRED
    account.is_preferred = False
    account.retired_at = at
    account.retire_reason = reason
    audit.record(
        actor,
        "retire",
        account,
        market_id=market_id,
        old={"state": "approved"},
        new={"state": "retired", "reason": reason, "at": at},
    )
    coverage.touch_merchant(account.merchant_id)


def _list_due(at: datetime) -> Sequence[PaymentAccount]:
    """Approved accounts whose moment has come, the earliest first; locked, merchant loaded."""
    return db.session.scalars(
        select(PaymentAccount)
        .where(
            PaymentAccount.state == AccountState.APPROVED,
            PaymentAccount.becomes_preferred,
            ~PaymentAccount.is_preferred,
            PaymentAccount.in_force_from <= at,
            # Approved ones are not retired; the index of those that wait is asked so.
            PaymentAccount.retired_at.is_(None),
        )
        .options(joinedload(PaymentAccount.merchant))
        .order_by(PaymentAccount.in_force_from, PaymentAccount.id)
        .with_for_update(of=PaymentAccount)
    ).all()


def _list_before(account: PaymentAccount) -> Sequence[PaymentAccount]:
    """What it takes the place of: the one on the stickers, and itself entered before."""
    return db.session.scalars(
        select(PaymentAccount)
        .where(
            PaymentAccount.merchant_id == account.merchant_id,
            PaymentAccount.id != account.id,
            PaymentAccount.is_preferred
            | (
                (PaymentAccount.number_hash == account.number_hash)
                & (PaymentAccount.state == AccountState.APPROVED)
            ),
        )
        .options(joinedload(PaymentAccount.merchant))
    ).all()
