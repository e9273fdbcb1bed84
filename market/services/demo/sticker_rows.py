"""The stickers of a demonstration market and the runs they were printed in."""

from collections import defaultdict
from datetime import date
from typing import Any

from market.domain.stickers import RunState, StickerState
from market.models.sticker import PrintRun, Sticker
from market.services.demo.household import Code, moment
from market.services.demo.serials import serial_of
from market.services.demo.trader_rows import Place
from market.services.demo.world import Site

ON_A_SHEET = 8
RELEASE = "demo"


class StickerRows:
    """Adds stickers to a market, with one print run a month."""

    def __init__(self, site: Site, stall_codes: dict[int, str]) -> None:
        self._site, self._stall_codes = site, stall_codes
        self._runs: dict[tuple[int, int], dict[str, Any]] = {}
        self._drawn: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)

    def add(self, code: Code, account_id: int, place: Place) -> int:
        """Add a sticker that pays the account; gives its id."""
        random = self._site.random
        printed = moment(code.printed, random)
        run_id = self._run(code.printed)
        state = StickerState.ON_STALL if code.hung else StickerState.HANDED_OUT
        sticker = {
            "stall_id": place.stall_id,
            "account_id": account_id,
            "run_id": run_id,
            "place": None,
            "copy_number": 1,
            "market_name": self._site.plan.name,
            "stall_code": self._stall_codes[place.stall_id],
            "merchant_name": place.trader.name,
            "state": StickerState.VOID if code.void else state,
            "queued_at": printed,
            "printed_at": printed,
            "handed_out_at": moment(code.handed_out, random),
            "hung_at": moment(code.hung, random) if code.hung else None,
            "void_at": moment(code.void, random) if code.void else None,
            "void_reason": code.reason,
            "gone_at": moment(code.void, random) if code.void else None,
            "version": 1,
        }
        sticker_id = self._site.rows.add_row(Sticker, sticker)
        sticker["serial"] = serial_of(sticker_id, self._site.world.seed)
        self._drawn[run_id].append(sticker)
        return sticker_id

    def close_runs(self) -> None:
        """Give each sticker its place on paper: no more will be added."""
        for run in self._runs.values():
            stickers = self._drawn[run["id"]]
            for place, sticker in enumerate(stickers, start=1):
                sticker["place"] = place
            run["pages"] = -(-len(stickers) // ON_A_SHEET)

    def _run(self, day: date) -> int:
        key = (day.year, day.month)
        if key not in self._runs:
            self._runs[key] = run = self._new_run(day)
            self._site.rows.add_row(PrintRun, run)
        run_id: int = self._runs[key]["id"]
        return run_id

    def _new_run(self, day: date) -> dict[str, Any]:
        world = self._site.world
        at = moment(day.replace(day=1), world.random)
        number = world.run_numbers[day.year] = world.run_numbers.get(day.year, 0) + 1
        return {
            "number": f"DT-{day.year}-{number:04}",
            "market_id": self._site.market_id,
            "template": "a4-8",
            "start_position": 1,
            "copies": 1,
            "options": {},
            "state": RunState.PRINTED,
            "made_at": at,
            "made_by_id": world.people.enters,
            "printed_at": at,
            "printed_by_id": world.people.enters,
            "printed_on": day,
            "pages": 0,
            "size_bytes": 0,
            "release": RELEASE,
            "reprints": 0,
            "version": 1,
        }
