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


def earlier_of(shown: Iterable[PaymentAccount]) -> dict[int, PaymentAccount]:
    """For each waiting account that comes after an approved one, by its id: that earlier one.

    Where one is on the stickers it is that; its merchant and bank are loaded.
    """
    waiting = [row for row in shown if row.state is AccountState.AWAITING_APPROVAL]
    if not waiting:
        return {}
    rows = db.session.scalars(
        select(PaymentAccount)
        .where(
            PaymentAccount.merchant_id.in_({account.merchant_id for account in waiting}),
            PaymentAccount.state.in_((AccountState.APPROVED, AccountState.RETIRED)),
            PaymentAccount.in_force_from.is_not(None),
        )
        .options(joinedload(PaymentAccount.merchant), joinedload(PaymentAccount.bank))
        .order_by(PaymentAccount.is_preferred, PaymentAccount.in_force_from, PaymentAccount.id)
    )
    last = {row.merchant_id: row for row in rows}
    return {
        account.id: last[account.merchant_id] for account in waiting if account.merchant_id in last
    }
