"""Codes of banks and wallets that hung in a demonstration market before our stickers came."""

from market.domain import vietqr
from market.domain.stickers import ForeignCodeKind
from market.extensions import vault
from market.models.sticker import ForeignCode
from market.services.accounts import PAYLOAD_PURPOSE, number_hash
from market.services.demo import names
from market.services.demo.account_rows import BANKS
from market.services.demo.household import Code, moment
from market.services.demo.trader_rows import Place
from market.services.demo.world import Site


def add_foreign_code(site: Site, code: Code, place: Place) -> int:
    """Add a code that a volunteer noted and the board found to pay the merchant; its id."""
    bin, _kind = site.random.choice(BANKS)
    number = names.account_number(next(site.world.numbers))
    payload = vietqr.encode(bin=bin, account=number)
    return site.rows.add(
        ForeignCode,
        stall_id=place.stall_id,
        tenancy_id=place.tenancy_id,
        kind=ForeignCodeKind.TRANSFER,
        payload_sealed=vault().seal_text(place.trader.key, payload, PAYLOAD_PURPOSE),
        payee_hash=number_hash(bin, number),
        bin=bin,
        number_last4=number[-4:],
        registered_at=moment(code.printed, site.random),
        registered_by_id=site.world.people.visits,
        checked_at=moment(code.handed_out, site.random),
        checked_by_id=site.world.people.approves,
        removed_at=None,
        note=None,
    )
