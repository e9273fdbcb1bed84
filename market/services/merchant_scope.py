"""Which merchants belong to a market, for an actor: conditions of queries."""

from dataclasses import replace

from sqlalchemy import ColumnElement, Select, select, union

from market.domain.roles import Permission, ScopeKind
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.services.access import Actor, market_condition, stall_condition


def of_market(market: Market, *, actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Merchants who trade or ever traded in the actor's part of the market, or were entered there.

    A grant for sections reaches only who holds or held a stall in them.
    """
    return _either(_traders(market, actor, permission), _entered(market, actor, permission))


def now_of_market(market: Market, *, actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Merchants who hold a stall in the actor's part of the market.

    Besides, who was entered there and holds none anywhere: whoever went to another
    market is that market's business.
    """
    is_settled = (
        select(Tenancy.id)
        .where(Tenancy.merchant_id == Merchant.id, Tenancy.to_day.is_(None))
        .correlate(Merchant)
        .exists()
    )
    trading = _traders(market, actor, permission).where(Tenancy.to_day.is_(None))
    return _either(trading, _entered(market, actor, permission).where(~is_settled))


def _either(*ids: Select[tuple[int]]) -> ColumnElement[bool]:
    """One list of ids: joined by OR, the conditions would be tried on every merchant there is."""
    return Merchant.id.in_(union(*(each.correlate(None) for each in ids)))


def _entered(market: Market, actor: Actor, permission: Permission) -> Select[tuple[int]]:
    return select(Merchant.id).where(
        Merchant.market_id == market.id, _is_whole(market, actor, permission)
    )


def _traders(market: Market, actor: Actor, permission: Permission) -> Select[tuple[int]]:
    return (
        select(Tenancy.merchant_id)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(Stall.market_id == market.id, stall_condition(actor, permission))
    )


def _is_whole(market: Market, actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Whether the actor's reach is the whole market, not only sections of it."""
    wide = tuple(grant for grant in actor.grants if grant.scope is not ScopeKind.SECTION)
    reach = market_condition(replace(actor, grants=wide), permission)
    return select(Market.id).where(Market.id == market.id, reach).exists()
