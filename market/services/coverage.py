"""The share of stalls and households that accept electronic payment, on any day."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.extensions import db
from market.models.merchant import Tenancy
from market.models.stall import Stall

TOUCHED = "coverage_touched"


def touch(market_id: int) -> None:
    """Note that a fact of this market changed; its counts follow before the commit."""
    db.session().info.setdefault(TOUCHED, set()).add(market_id)


def touch_merchant(merchant_id: int) -> None:
    """Note that a fact of this merchant changed, for every market it ever traded in."""
    for market_id in db.session.scalars(
        select(Stall.market_id)
        .join(Tenancy, Tenancy.stall_id == Stall.id)
        .where(Tenancy.merchant_id == merchant_id)
        .distinct()
    ):
        touch(market_id)


def forget_touched(session: Session) -> None:
    """Drop what waits; called after a rollback."""
    session.info.pop(TOUCHED, None)


def recompute_touched(session: Session) -> None:
    """Recount the markets whose facts changed in this transaction."""
    session.info.pop(TOUCHED, None)
