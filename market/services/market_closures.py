"""Days on which markets stood closed: begun, ended, taken back; each remains on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from market.domain.calendar import format_day
from market.domain.errors import Conflict, Invalid, Problem
from market.domain.markets import MarketState
from market.extensions import db
from market.models.market import Market, MarketClosure
from market.services import audit, coverage
from market.services.access import Actor
from market.services.dated_facts import holds_on
from market.services.markets import check_past
from market.services.versions import check_version

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Limit:
    """The first day on which a market can close, and what happened on it."""

    day: date
    reason: str

    def check(self, asked: date) -> None:
        """Raise Invalid where an earlier day is asked for."""
        if asked < self.day:
            message = f"{self.reason} Hãy chọn ngày {format_day(self.day)} hoặc một ngày sau đó."
            raise Invalid(message, (Problem(message, field="closed_on"),))


def close_market(market: Market, *, on: date, version: int, actor: Actor) -> None:
    """The market does not count from that day on, until it reopens.

    From the very day on which it last reopened the last closure goes on: that is how a
    reopening is taken back. Raises Conflict where the market is closed, Invalid for a day
    that has not come or on which it cannot have closed.
    """
    check_version(market, version)
    if market.state is MarketState.CLOSED:
        raise Conflict("Chợ này đã đóng.")
    check_past(on, actor, field="closed_on")
    last = _find_last(market)
    for limit in _limits(market, last):
        limit.check(on)
    if last is not None and last.to_day == on:
        last.to_day = None
        market.state, market.closed_on = MarketState.CLOSED, last.from_day
        audit.record(
            actor,
            "close",
            market,
            market_id=market.id,
            old={"reopened_on": on},
            new={"closed_on": last.from_day},
        )
    else:
        db.session.add(MarketClosure(market_id=market.id, from_day=on))
        market.state, market.closed_on = MarketState.CLOSED, on
        audit.record(actor, "close", market, market_id=market.id, new={"closed_on": on})
    db.session.flush()


def reopen_market(market: Market, *, on: date, version: int, actor: Actor) -> None:
    """The market counts again from that day on; the days before stay those of a closed one.

    On the very day on which it closed it was never closed: that is how a closing is taken
    back. Raises Conflict where the market is open, Invalid for a day that has not come or
    that lies before the closure.
    """
    check_version(market, version)
    closed_on = market.closed_on
    if closed_on is None:
        raise Conflict("Chợ này đang hoạt động.")
    check_past(on, actor, field="reopened_on")
    if on < closed_on:
        message = (
            f"Chợ đóng từ ngày {format_day(closed_on)} nên không mở lại trước đó được. "
            "Nếu đóng nhầm, hãy chọn đúng ngày đóng."
        )
        raise Invalid(message, (Problem(message, field="reopened_on"),))
    closure = db.session.scalars(
        select(MarketClosure).where(
            MarketClosure.market_id == market.id, MarketClosure.to_day.is_(None)
        )
    ).one()
    closure.to_day = on
    market.state, market.closed_on = MarketState.OPEN, None
    audit.record(
        actor,
        "reopen",
        market,
        market_id=market.id,
        old={"closed_on": closed_on},
        new={"reopened_on": on},
    )
    db.session.flush()


def list_closures(market: Market) -> Sequence[MarketClosure]:
    """When the market stood closed, the latest first; also closings that were taken back."""
    return db.session.scalars(
        select(MarketClosure)
        .where(MarketClosure.market_id == market.id)
        .order_by(MarketClosure.from_day.desc(), MarketClosure.id.desc())
        .limit(MOST_SHOWN)
    ).all()


def find_closure(market: Market, on: date) -> MarketClosure | None:
    """The closure that holds on the day."""
    return db.session.scalars(
        select(MarketClosure).where(
            MarketClosure.market_id == market.id, holds_on(MarketClosure, on)
        )
    ).one_or_none()


def _find_last(market: Market) -> MarketClosure | None:
    """The last closure that holds on any day; those taken back say nothing."""
    return db.session.scalars(
        select(MarketClosure)
        .where(MarketClosure.market_id == market.id, MarketClosure.to_day > MarketClosure.from_day)
        .order_by(MarketClosure.from_day.desc())
        .limit(1)
    ).one_or_none()


def _limits(market: Market, last: MarketClosure | None) -> list[Limit]:
    """A day mistyped by years would take the market out of all that was ever reported."""
    limits = []
    if market.opened_on is not None:
        reason = f"Chợ mở cửa từ ngày {format_day(market.opened_on)}."
        limits.append(Limit(market.opened_on, reason))
    if last is not None and last.to_day is not None:
        reason = (
            f"Chợ đã đóng từ ngày {format_day(last.from_day)}, "
            f"mở lại ngày {format_day(last.to_day)}."
        )
        limits.append(Limit(last.to_day, reason))
    first = coverage.find_first_day(Market.id == market.id)
    if first is not None:
        reason = f"Chợ có số liệu từ ngày {format_day(first)}; đóng trước ngày đó là nhầm."
        limits.append(Limit(first, reason))
    return sorted(limits, key=lambda limit: limit.day, reverse=True)
