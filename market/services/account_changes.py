"""Which accounts come after others of the same merchant, and what changes with them."""

from collections.abc import Iterable, Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased, joinedload

from market.domain.accounts import AccountState
from market.extensions import db
from market.models.account import PaymentAccount


def with_earlier_accounts(waiting: Sequence[PaymentAccount]) -> set[int]:
    """Merchants of these who had an approved account before, a retired one included."""
    ids = {account.merchant_id for account in waiting}
    if not ids:
        return set()
    earlier = aliased(PaymentAccount)
    # Asked by what waits, not by a list of ids: bulk approval may hold thousands.
    return set(
        db.session.scalars(
            select(PaymentAccount.merchant_id)
            .where(
                PaymentAccount.state == AccountState.AWAITING_APPROVAL,
                exists().where(
                    earlier.merchant_id == PaymentAccount.merchant_id,
                    earlier.state.in_((AccountState.APPROVED, AccountState.RETIRED)),
                    earlier.in_force_from.is_not(None),
                ),
            )
            .distinct()
        )
    ).intersection(ids)


def needs_confirmation(waiting: Iterable[PaymentAccount]) -> set[int]:
    """The ids of those that come after an earlier account and so need a confirmation."""
    waiting = [row for row in waiting if row.state is AccountState.AWAITING_APPROVAL]
    merchants = with_earlier_accounts(waiting)
    return {account.id for account in waiting if account.merchant_id in merchants}


def changes_of(waiting: Iterable[PaymentAccount]) -> dict[int, PaymentAccount]:
    """The account on the stickers that each waiting one would replace, by the waiting one's id."""
    waiting = [
        row
        for row in waiting
        if row.state is AccountState.AWAITING_APPROVAL and row.becomes_preferred
    ]
    rows = db.session.scalars(
        select(PaymentAccount)
        .where(
            PaymentAccount.merchant_id.in_({account.merchant_id for account in waiting}),
            PaymentAccount.is_preferred,
        )
        .options(joinedload(PaymentAccount.merchant), joinedload(PaymentAccount.bank))
    )
    preferred = {row.merchant_id: row for row in rows}
    return {
        account.id: preferred[account.merchant_id]
        for account in waiting
        if account.merchant_id in preferred
    }
