"""Workers that are killed in the middle of printing a run, and what they leave behind.

Run as a program like `tests.killing`: `python -m tests.killing_prints DATABASE_URL INSTANCE KILLS`.
"""

import json
import signal
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from market.domain.stickers import RunState, StickerState
from market.extensions import db
from market.models.market import Market
from market.models.sticker import PrintRun
from market.services import jobs, print_runs, printing
from market.services.access import Actor
from tests.factories import make_market
from tests.killing import Scene
from tests.print_shop import make_ready, make_run, stickers_of
from tests.running import make_settings, running

STALLS = 120


class PrintScene(Scene):
    """Every job prints one more sticker for each stall of one market."""

    def __init__(self, app: Flask, folder: Path) -> None:
        super().__init__(app, folder)
        self._serials: dict[str, list[str]] = {}
        with app.app_context():
            market = make_market("QN-MAU")
            for number in range(STALLS):
                make_ready(market, f"A{number + 1}")
            db.session.commit()

    def _job(self) -> tuple[str, int]:
        """The run's number, and the job that prints it."""
        with self._app.app_context():
            actor = Actor.system(datetime.now(UTC))
            market = db.session.scalars(select(Market)).one()
            run = make_run(market, actor, with_equipped=True)
            self._serials[run.number] = [sticker.serial for sticker in stickers_of(run)]
            arguments = {"market": market.code, "run": run.number}
            job = jobs.ask(printing.PRINT_JOB, arguments, actor=actor, market_id=market.id)
            db.session.commit()
            return run.number, job.id

    def _check(self, code: str, *, applied: bool, is_final: bool = False) -> list[str]:
        """All of the run's stickers are on paper or none is, each once, with the same serials."""
        with self._app.app_context():
            run = db.session.scalars(select(PrintRun).where(PrintRun.number == code)).one()
            stickers = stickers_of(run)
            wrong = []
            if [sticker.serial for sticker in stickers] != self._serials[code]:
                wrong.append(f"{code}: other serials")
            is_printed = run.state is RunState.PRINTED
            wanted = StickerState.PRINTED if is_printed else StickerState.QUEUED
            if {sticker.state for sticker in stickers} != {wanted}:
                wrong.append(f"{code}: stickers are not all {wanted}")
            if is_final and not self._is_whole(run):
                wrong.append(f"{code}: not printed, or another file")
            return wrong

    def _is_whole(self, run: PrintRun) -> bool:
        balance = print_runs.balance(run)
        if not (balance.holds and balance.in_stock == STALLS):
            return False
        file = BytesIO()
        return printing.draw(run, file, on=run.printed_on).sheets.sha256 == run.sha256


def _main(database_url: str, instance: str, kills: str) -> None:
    folder = Path(instance)
    (folder / "temporary").mkdir()
    with running(make_settings(database_url, folder)) as app:
        scene = PrintScene(app, folder)
        counts = [scene.kill_worker(int(kills), sign) for sign in (signal.SIGKILL, signal.SIGTERM)]
    print(json.dumps([asdict(count) for count in counts]))


if __name__ == "__main__":
    _main(*sys.argv[1:])
