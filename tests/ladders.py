"""Traders at a level of the ladder, with the facts that put them there."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from market.domain.levels import Level
from market.domain.serials import new_serial
from market.domain.stalls import Placement, StallState
from market.domain.stickers import StickerState
from market.domain.visits import VisitResult
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market, Section
from market.models.merchant import Merchant, Tenancy
from market.models.sticker import Sticker
from market.models.visit import Visit
from tests.factories import LONG_AGO, make_account, make_merchant, make_stall, make_tenancy

_numbers = iter(range(10_000, 1_000_000))


def moment(day: date, hour: int = 5) -> datetime:
    """A moment of that day in Việt Nam."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def make_at(
    market: Market,
    level: Level,
    *,
    since: date,
    code: str | None = None,
    section: Section | None = None,
    state: StallState = StallState.TRADING,
    placement: Placement = Placement.FIXED,
    merchant: Merchant | None = None,
) -> Tenancy:
    """A trader who reaches the level on that day; the merchant may trade elsewhere already."""
    stall = make_stall(market, code, section=section, state=state, placement=placement)
    is_new = merchant is None
    merchant = merchant or make_merchant(market)
    tenancy: Tenancy = make_tenancy(stall, merchant, since=LONG_AGO)
    if level is Level.NONE:
        return tenancy
    account = make_account(merchant, since=moment(since, 1)) if is_new else _account_of(merchant)
    if level.rank >= Level.EQUIPPED.rank:
        hand_out(tenancy, account, on=since)
    if level.rank >= Level.DISPLAYED.rank:
        see(
            tenancy,
            on=since,
            accepts=True if level.rank >= Level.ACCEPTS.rank else None,
            use_shown=True if level is Level.IN_USE else None,
        )
    return tenancy


def hand_out(tenancy: Tenancy, account: PaymentAccount, *, on: date) -> Sticker:
    """A sticker that the merchant got on that day."""
    at = moment(on, 2)
    sticker = Sticker(
        serial=new_serial(next(_numbers)),
        stall_id=tenancy.stall_id,
        account_id=account.id,
        market_name="Chợ Mẫu",
        stall_code="A1",
        merchant_name="Nguyễn Thị Mẫu",
        state=StickerState.HANDED_OUT,
        queued_at=at - timedelta(hours=1),
        printed_at=at,
        handed_out_at=at,
    )
    db.session.add(sticker)
    db.session.flush()
    return sticker


def see(
    tenancy: Tenancy, *, on: date, result: VisitResult = VisitResult.MATCH, **known: object
) -> Visit:
    """A visit on that day."""
    visit = Visit(
        uuid=str(uuid4()),
        stall_id=tenancy.stall_id,
        tenancy_id=tenancy.id,
        phone_at=moment(on),
        received_at=moment(on),
        day=on,
        result=result,
        **known,
    )
    db.session.add(visit)
    db.session.flush()
    return visit


def merchant_of(session: Session, tenancy: Tenancy) -> Merchant:
    """Who trades there."""
    return session.get_one(Merchant, tenancy.merchant_id)


def _account_of(merchant: Merchant) -> PaymentAccount:
    return db.session.query(PaymentAccount).filter_by(merchant_id=merchant.id).one()
