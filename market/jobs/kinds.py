"""Which kinds of background work there are, and what is swept now and then."""

from market.jobs.worker import Sweeper, Work
from market.services import account_decisions

KINDS: dict[str, Work] = {}
SWEEPERS: tuple[Sweeper, ...] = (account_decisions.sweep,)
