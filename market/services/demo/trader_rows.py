"""The merchants of a demonstration market, and at which stalls they trade."""

from dataclasses import dataclass

from market.domain.markets import MerchantKind
from market.domain.text import fold, sort_key
from market.extensions import vault
from market.models.merchant import Merchant, Tenancy
from market.services.demo import names
from market.services.demo.household import DAY
from market.services.demo.world import Site
from market.services.merchants import PHONE_PURPOSE, phone_hash


@dataclass(frozen=True, slots=True)
class Trader:
    """A merchant as later rows need it."""

    id: int
    key: bytes
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """A merchant at a stall."""

    stall_id: int
    tenancy_id: int
    trader: Trader


def add_trader(site: Site) -> Trader:
    """Add a merchant of an invented name; most left a phone."""
    name, key = names.person(site.random), vault().new_key()
    phone = names.phone(next(site.world.numbers)) if site.random.random() < 0.8 else None
    merchant_id = site.rows.add(
        Merchant,
        market_id=site.market_id,
        display_name=name,
        name_key=fold(name),
        sort_key=sort_key(name),
        kind=MerchantKind.HOUSEHOLD_BUSINESS,
        wrapped_key=key,
        phone_sealed=vault().seal_text(key, phone, PHONE_PURPOSE) if phone else None,
        phone_hash=phone_hash(phone) if phone else None,
        phone_last3=phone[-3:] if phone else None,
        version=1,
    )
    return Trader(merchant_id, key, name)


def add_tenancy(site: Site, stall_id: int, trader: Trader) -> Place:
    """Let the merchant trade at the stall to this day."""
    tenancy_id = site.rows.add(
        Tenancy,
        stall_id=stall_id,
        merchant_id=trader.id,
        from_day=site.world.first_day + DAY * site.random.randint(0, 20),
        to_day=None,
    )
    return Place(stall_id, tenancy_id, trader)
