"""Processes that are killed in the middle of importing, and what they leave behind.

Run as a program: `python -m tests.killing WHAT DATABASE_URL INSTANCE KILLS` where WHAT is
`imports` (kill -9 the command) or `worker` (kill -9 and TERM the worker). It loads the
service once and forks a process for each try, so that a kill falls into the work and not
into the start of Python. It prints what it counted as JSON.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select, text

from market.domain.jobs import JobState
from market.domain.markets import MarketClass
from market.extensions import db
from market.jobs.kinds import KINDS
from market.jobs.worker import Worker
from market.models.account import PaymentAccount
from market.models.import_batch import ImportBatch
from market.models.job import Job
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.services import audit, imports, jobs
from market.services.access import Actor
from tests.factories import make_market
from tests.importing import LAN, changed, csv_of
from tests.running import make_settings, running

ROWS = [
    changed(LAN, stall=f"A{n}", name=f"Nguyễn Thị Lan {n}", phone=f"0900000{n}", account=f"88{n}")
    for n in range(100, 160)
]
LEASE = timedelta(milliseconds=300)
MOST_WAITING_SECONDS = 120
OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
Child = Callable[[], None]


@dataclass
class Count:
    """`interrupted` were killed before they had finished; `wrong` says what they left."""

    interrupted: int = 0
    finished: int = 0
    wrong: list[str] = field(default_factory=list)


class Scene:
    """An app whose processes are killed; every list is for a market of its own."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self._app = app
        self._folder = folder
        self._random = random.Random(7)
        self._list = folder / "danh-sach.csv"
        self._list.write_bytes(csv_of(*ROWS))

    def kill_imports(self, kills: int) -> Count:
        """Kill the command at random moments until that many were really interrupted."""
        count = Count()
        code = self._market()
        whole = self._timed(self._importing(code))
        while count.interrupted < kills:
            code = self._market()
            status = self._killed(self._importing(code), signal.SIGKILL, within=whole)
            if status == 0:
                count.finished += 1
            else:
                count.interrupted += 1
            count.wrong += self._check(code, applied=status == 0)
            self._wait(self._forked(self._importing(code)))
            count.wrong += self._check(code, applied=True, is_final=True)
        count.wrong += self._check_audit()
        return count

    def kill_worker(self, kills: int, sign: signal.Signals) -> Count:
        """Kill the worker at random moments of one job after another."""
        count = Count()
        code, job_id = self._job()
        whole = self._timed(self._working)
        count.wrong += self._check(code, applied=True, is_final=True)
        while count.interrupted < kills:
            code, job_id = self._job()
            seen = 0
            # So often one job is interrupted before it is let through.
            for _ in range(5):
                self._killed(self._working, sign, within=whole)
                done, state = self._state(job_id)
                if done < seen:
                    count.wrong.append(f"progress went back from {seen} to {done}")
                seen = done
                if state is JobState.FINISHED:
                    break
                count.interrupted += 1
                count.wrong += self._check(code, applied=False)
            self._finish(job_id, count)
            count.wrong += self._check(code, applied=True, is_final=True)
            count.finished += 1
        count.wrong += self._check_audit()
        return count

    def _importing(self, code: str) -> Child:
        arguments = ["import-stalls", str(self._list), "--market", code, "--apply", "--json"]

        def run() -> None:
            result = self._app.test_cli_runner().invoke(args=arguments)
            assert result.exit_code == 0, result.output

        return run

    def _working(self) -> None:
        worker = Worker(self._app, KINDS, lease=LEASE)
        signal.signal(signal.SIGTERM, lambda number, frame: worker.stop())
        deadline = time.monotonic() + MOST_WAITING_SECONDS
        while not worker.is_stopped and time.monotonic() < deadline:
            if worker.work_once():
                return
            time.sleep(0.02)

    def _finish(self, job_id: int, count: Count) -> None:
        deadline = time.monotonic() + MOST_WAITING_SECONDS
        while self._state(job_id)[1] is not JobState.FINISHED:
            self._wait(self._forked(self._working))
            if time.monotonic() > deadline:
                count.wrong.append(f"job {job_id} was never finished")
                return

    def _market(self) -> str:
        with self._app.app_context():
            market = make_market(market_class=MarketClass.UNCLASSIFIED)
            db.session.commit()
            code: str = market.code
            return code

    def _job(self) -> tuple[str, int]:
        code = self._market()
        with self._app.app_context():
            actor = Actor.system(datetime.now(UTC))
            market = db.session.scalars(select(Market).where(Market.code == code)).one()
            batch = imports.upload(market, "a.csv", self._list.read_bytes(), actor=actor)
            imports.preview_batch(batch, market=market, actor=actor)
            arguments = {"batch": batch.id, "market": code, "skip_bad_rows": False}
            job = jobs.ask(imports.APPLY_JOB, arguments, actor=actor, market_id=market.id)
            db.session.commit()
            return code, job.id

    def _state(self, job_id: int) -> tuple[int, JobState]:
        with self._app.app_context():
            job = db.session.get_one(Job, job_id, populate_existing=True)
            return job.done, job.state

    def _timed(self, child: Child) -> float:
        started = time.monotonic()
        self._wait(self._forked(child))
        return time.monotonic() - started

    def _killed(self, child: Child, sign: signal.Signals, *, within: float) -> int:
        """Let the child work for a random while, then kill it; gives how it ended."""
        process = self._forked(child)
        time.sleep(self._random.uniform(0, within))
        os.kill(process, sign)
        status = self._wait(process)
        self._let_server_end()
        return status

    def _let_server_end(self) -> None:
        """PostgreSQL still ends what it was sent; who counts meanwhile sees half of it."""
        with self._app.app_context():
            if db.engine.dialect.name == "sqlite":
                return
        deadline = time.monotonic() + MOST_WAITING_SECONDS
        while time.monotonic() < deadline:
            with self._app.app_context():
                if not db.session.scalar(OTHERS):
                    return
            time.sleep(0.01)

    def _forked(self, child: Child) -> int:
        """A process of its own: no connection of ours goes with it."""
        with self._app.app_context():
            db.session.remove()
            db.engine.dispose()
        process = os.fork()
        if process:
            return process
        status = 1
        try:
            tempfile.tempdir = str(self._folder / "temporary")
            child()
            status = 0
        finally:
            os._exit(status)

    def _wait(self, process: int) -> int:
        return os.waitpid(process, 0)[1]

    def _check(self, code: str, *, applied: bool, is_final: bool = False) -> list[str]:
        """What is there must be all of the list or nothing of it, each row once."""
        with self._app.app_context():
            found = _counted(code)
        rows = len(ROWS)
        whole = dict.fromkeys(found, rows) | {"applied": found["applied"]}
        is_whole = found == whole and found["applied"] >= 1
        is_nothing = not any(found.values())
        wrong = []
        if not (is_whole or is_nothing) or (is_final and not is_whole) or (applied and is_nothing):
            wrong.append(f"{code}: {found}")
        if left := list((self._folder / "temporary").iterdir()):
            wrong.append(f"{code}: left {left}")
        return wrong

    def _check_audit(self) -> list[str]:
        with self._app.app_context():
            report = audit.verify()
            return [str(report.broken)] if report.broken else []


def _counted(code: str) -> dict[str, int]:
    """Rows of one market, by what they are."""
    market = select(Market.id).where(Market.code == code).scalar_subquery()
    stalls = select(Stall.id).where(Stall.market_id == market)
    merchants = select(Merchant.id).where(Merchant.market_id == market)
    conditions = {
        "stalls": Stall.market_id == market,
        "states": StallStateSpan.stall_id.in_(stalls),
        "merchants": Merchant.market_id == market,
        "tenancies": Tenancy.stall_id.in_(stalls),
        "accounts": PaymentAccount.merchant_id.in_(merchants),
        "applied": (ImportBatch.market_id == market) & ImportBatch.applied_at.is_not(None),
    }
    return {
        name: db.session.scalar(select(func.count()).where(condition)) or 0
        for name, condition in conditions.items()
    }


def _main(what: str, database_url: str, instance: str, kills: str) -> None:
    folder = Path(instance)
    (folder / "temporary").mkdir()
    with running(make_settings(database_url, folder)) as app:
        scene = Scene(app, folder)
        if what == "imports":
            counts = [scene.kill_imports(int(kills))]
        else:
            counts = [
                scene.kill_worker(int(kills), sign) for sign in (signal.SIGKILL, signal.SIGTERM)
            ]
    print(json.dumps([asdict(count) for count in counts]))


if __name__ == "__main__":
    _main(*sys.argv[1:])
