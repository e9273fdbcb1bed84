"""Long print runs: drawn by the worker while it only reads, then recorded at once."""

from collections.abc import Mapping
from typing import Any

from flask import current_app

from market.domain.roles import Permission
from market.models.market import Market
from market.services import access, jobs, print_runs, printing
from market.services.access import Actor
from market.services.jobs import Claim, Progress
from market.services.reading import reading


class _Nowhere:
    """The file is drawn again for whoever fetches it; nothing with account numbers is kept."""

    def write(self, data: bytes, /) -> int:
        return len(data)


def print_run(held: Claim, progress: Progress) -> Mapping[str, Any]:
    """Draw a run with every code read back, and record it if the register still agrees.

    A worker that dies in between leaves the run as it was made: nothing is lost or doubled.
    """
    number = held.arguments["run"]
    with reading():
        market, actor = _place(held)
        run = print_runs.get_run(number, market=market, actor=actor)
        drawn = printing.draw(run, _Nowhere(), on=actor.today, progress=progress)
    market, actor = _place(held)
    printing.record_print(drawn, market=market, actor=actor)
    return {"run": number}


def _place(held: Claim) -> tuple[Market, Actor]:
    """The market, for whoever asked, with the grants of this moment."""
    actor = jobs.actor_for(held, current_app.extensions["cho_clock"]())
    code = held.arguments["market"]
    return access.get_market(code, actor=actor, permission=Permission.PRINT_STICKERS), actor
