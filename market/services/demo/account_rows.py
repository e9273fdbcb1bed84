"""The payment accounts of a merchant of the demonstration."""

from datetime import date
from typing import Any

from market.domain.accounts import (
    AccountKind,
    AccountProof,
    AccountSource,
    AccountState,
    HolderRelation,
)
from market.domain.text import to_ascii
from market.extensions import vault
from market.models.account import PaymentAccount
from market.services.accounts import NUMBER_PURPOSE, number_hash
from market.services.demo import names
from market.services.demo.household import DAY, History, moment
from market.services.demo.trader_rows import Trader
from market.services.demo.world import Site

BANKS = (
    ("970436", AccountKind.BANK),
    ("970405", AccountKind.BANK),
    ("970418", AccountKind.BANK),
    ("970415", AccountKind.BANK),
    ("970422", AccountKind.BANK),
    ("970407", AccountKind.BANK),
    ("971005", AccountKind.MOBILE_MONEY),
    ("971011", AccountKind.MOBILE_MONEY),
)
WAITING_DEFAULTS = {
    "relation": HolderRelation.SELF,
    "source": AccountSource.IMPORTED,
    "opened_with_help": False,
    "came_from_number_cell": False,
    "needs_own_decision": False,
    "becomes_preferred": True,
    "version": 1,
}


def add_accounts(site: Site, trader: Trader, history: History) -> list[int]:
    """Add those that took force one after the other, and the one that waits.

    Gives the ids of those that took force.
    """
    ends = [*history.accounts, None][1:]
    found = [
        _add_approved(site, trader, since, until)
        for since, until in zip(history.accounts, ends, strict=True)
    ]
    if history.waits_since is not None:
        _add_waiting(site, trader, history.waits_since)
    return found


def _add_approved(site: Site, trader: Trader, since: date, until: date | None) -> int:
    at = moment(since, site.random)
    is_live = until is None
    return site.rows.add(
        PaymentAccount,
        **_values(site, trader),
        state=AccountState.APPROVED if is_live else AccountState.RETIRED,
        is_preferred=is_live,
        proof=AccountProof.SCAN_SHOWED_NAME,
        entered_at=at - DAY,
        decided_at=at,
        decided_by_id=site.world.people.approves,
        in_force_from=at,
        retired_at=None if until is None else moment(until, site.random),
        retire_reason=None if is_live else "Được thay bằng tài khoản mới",
    )


def _add_waiting(site: Site, trader: Trader, since: date) -> None:
    site.rows.add(
        PaymentAccount,
        **_values(site, trader),
        state=AccountState.AWAITING_APPROVAL,
        is_preferred=False,
        proof=AccountProof.NONE,
        entered_at=moment(since, site.random),
        decided_at=None,
        decided_by_id=None,
        in_force_from=None,
        retired_at=None,
        retire_reason=None,
    )


def _values(site: Site, trader: Trader) -> dict[str, Any]:
    bin, kind = site.random.choice(BANKS)
    number = names.account_number(next(site.world.numbers))
    return {
        **WAITING_DEFAULTS,
        "merchant_id": trader.id,
        "kind": kind,
        "bin": bin,
        "number_sealed": vault().seal_text(trader.key, number, NUMBER_PURPOSE),
        "number_hash": number_hash(bin, number),
        "number_last4": number[-4:],
        "holder_name": to_ascii(trader.name).upper(),
        "entered_by_id": site.world.people.enters,
        "changed_by_id": site.world.people.enters,
    }
