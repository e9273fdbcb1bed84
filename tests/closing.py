"""Markets that stood closed, put into the register without anybody closing them."""

from datetime import date

from market.domain.markets import MarketState
from market.extensions import db
from market.models.market import Market, MarketClosure


def close_since(market: Market, day: date) -> None:
    """The market stands closed since that day."""
    market.state, market.closed_on = MarketState.CLOSED, day
    _add(MarketClosure(market_id=market.id, from_day=day))


def close_between(market: Market, from_day: date, to_day: date) -> None:
    """The market stood closed once and is open today."""
    _add(MarketClosure(market_id=market.id, from_day=from_day, to_day=to_day))


def _add(closure: MarketClosure) -> None:
    db.session.add(closure)
    db.session.flush()
