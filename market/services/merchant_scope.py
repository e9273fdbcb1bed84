"""Which merchants belong to a market, for an actor: conditions of queries."""

from dataclasses import replace

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import aliased

from market.domain.roles import Permission, ScopeKind
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.services.access import Actor, market_condition, stall_condition


def of_market(market: Market, *, actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Merchants who trade or ever traded in the actor's part of the market, or were entered there.

    A grant for sections reaches only who holds or held a stall in them.
    """
    entered = and_(Merchant.market_id == market.id, _is_whole(market, actor, permission))
    return or_(Merchant.id.in_(_traders(market, actor, permission)), entered)


def now_of_market(market: Market, *, actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Merchants who hold a stall in the actor's part of the market.

    Besides, who was entered there and holds none anywhere: whoever went to another
    market is that market's business.
    """
    anywhere = aliased(Tenancy)
    is_settled = (
        select(anywhere.id)
        .where(anywhere.merchant_id == Merchant.id, anywhere.to_day.is_(None))
        .exists()
    )
    entered = and_(
        Merchant.market_id == market.id, ~is_settled, _is_whole(market, actor, permission)
    )
    trading = _traders(market, actor, permission).where(Tenancy.to_day.is_(None))
    return or_(Merchant.id.in_(trading), entered)


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
