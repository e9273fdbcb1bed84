"""A merchant at a stall with what hangs there, as tests of changes need them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.stickers import StickerState
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.sticker import Sticker
from market.services import sticker_states
from market.services.access import Actor
from tests.factories import NOW, make_merchant, make_stall, make_tenancy


def make_trading(
    market: Market, name: str | None = None, *, merchant: Merchant | None = None
) -> Tenancy:
    """A tenancy at a new stall, with all that making stickers reads."""
    tenancy = make_tenancy(make_stall(market), merchant or make_merchant(market, name))
    db.session.refresh(tenancy, ["stall", "merchant"])
    db.session.refresh(tenancy.stall, ["market"])
    return tenancy


def hang_sticker(tenancy: Tenancy, account: PaymentAccount, copy: int = 1) -> Sticker:
    """A sticker that hangs at the stall and pays the account."""
    (sticker,) = sticker_states.queue([(tenancy, account)], actor=Actor.system(NOW))
    sticker.state, sticker.copy_number = StickerState.ON_STALL, copy
    sticker.printed_at = sticker.handed_out_at = sticker.hung_at = account.in_force_from
    db.session.flush()
    return sticker


def queued_stickers(session: Session) -> list[Sticker]:
    """What waits to be printed."""
    return list(
        session.scalars(
            select(Sticker).where(Sticker.state == StickerState.QUEUED).order_by(Sticker.id)
        )
    )
