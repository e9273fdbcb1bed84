"""The worker: takes up jobs one after the other, keeps their leases, sweeps now and then."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import Flask
from sqlalchemy.exc import OperationalError

from market.domain.errors import DomainError
from market.extensions import db, reads_only
from market.services import jobs
from market.services.jobs import LEASE, Claim, LeaseLost, Progress
from market.services.reading import reading

Work = Callable[[Claim, Progress], Mapping[str, Any]]
Sweeper = Callable[[datetime], int]

POLL_SECONDS = 0.5
SWEEP_EVERY = timedelta(seconds=60)
DATABASE_AWAY_SECONDS = 5.0
# So often a running job says how far it has come; every renewal also prolongs the lease.
REPORT_SECONDS = 1.0
FAILED_UNEXPECTEDLY = (
    "Có lỗi ngoài dự kiến nên việc này không làm xong; chưa có gì được ghi."
    " Hãy thử lại, nếu vẫn lỗi thì báo người quản trị hệ thống."
)

log = structlog.get_logger(__name__)


class Stopped(Exception):
    """The worker was asked to end while a job was running."""


class Worker:
    """Works off the job table of one app until it is told to stop."""

    def __init__(
        self,
        app: Flask,
        kinds: Mapping[str, Work],
        *,
        sweepers: Sequence[Sweeper] = (),
        lease: timedelta = LEASE,
    ) -> None:
        self._app = app
        self._kinds = kinds
        self._sweepers = sweepers
        self._lease = lease
        self._stopping = threading.Event()
        self._swept_at: datetime | None = None

    def stop(self) -> None:
        """End soon: a running job is given back at its next step, with nothing written."""
        self._stopping.set()

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to end."""
        return self._stopping.is_set()

    def run(self) -> None:
        """Work until stopped; a database that does not answer is waited for."""
        while not self._stopping.is_set():
            try:
                self.sweep_if_due()
                worked = self.work_once()
            except OperationalError as error:
                log.error("database_away", error=type(error.orig).__name__)
                self._stopping.wait(DATABASE_AWAY_SECONDS)
            else:
                if not worked:
                    self._stopping.wait(POLL_SECONDS)

    def work_once(self) -> bool:
        """Do one job if there is one to do; says whether there was."""
        reads_only.set(False)
        with self._app.app_context():
            held = self._claim()
            if held is None:
                return False
            log.info("job_started", job=held.id, kind=held.kind, attempt=held.attempt)
            with structlog.contextvars.bound_contextvars(job=held.id):
                self._work(held)
            return True

    def sweep_if_due(self) -> None:
        """Run the sweepers, about once a minute."""
        at = self._now()
        if self._swept_at is not None and at - self._swept_at < SWEEP_EVERY:
            return
        self._swept_at = at
        reads_only.set(False)
        for sweeper in self._sweepers:
            with self._app.app_context():
                self._sweep(sweeper, at)

    def _sweep(self, sweeper: Sweeper, at: datetime) -> None:
        """One that fails is logged and tried again next time; the others run all the same."""
        try:
            swept = sweeper(at)
            db.session.commit()
        except OperationalError:
            raise
        except Exception as error:
            db.session.rollback()
            log.error("sweeper_failed", sweeper=sweeper.__name__, exc_info=error)
        else:
            if swept:
                log.info("swept", sweeper=sweeper.__name__, rows=swept)

    def _claim(self) -> Claim | None:
        with reading():
            if not jobs.has_due(self._now()):
                return None
        held = jobs.claim(self._now(), lease=self._lease)
        db.session.commit()
        return held

    def _work(self, held: Claim) -> None:
        try:
            with _Heartbeat(self._app, held, self._lease, self._stopping).beating() as progress:
                result = self._kinds[held.kind](held, progress)
                jobs.finish(held, result, at=self._now())
                db.session.commit()
        except DomainError as refusal:
            self._fail(held, refusal.message)
        except Stopped:
            self._give_back(held)
        except LeaseLost:
            db.session.rollback()
            log.warning("job_lost")
        except OperationalError:
            self._give_back(held)
            raise
        except Exception as error:
            log.error("job_failed", error=type(error).__name__, exc_info=error)
            self._fail(held, FAILED_UNEXPECTEDLY)
        else:
            log.info("job_finished")

    def _fail(self, held: Claim, message: str) -> None:
        db.session.rollback()
        with suppress(LeaseLost):
            jobs.fail(held, message, at=self._now())
        db.session.commit()

    def _give_back(self, held: Claim) -> None:
        db.session.rollback()
        jobs.give_back(held)
        db.session.commit()
        log.info("job_given_back")

    def _now(self) -> datetime:
        at: datetime = self._app.extensions["cho_clock"]()
        return at


class _Heartbeat:
    """Prolongs the lease of a job and writes its progress, beside the job's transaction.

    On SQLite it waits while the job itself is writing; so does whoever would take the
    job up.
    """

    def __init__(
        self, app: Flask, held: Claim, lease: timedelta, stopping: threading.Event
    ) -> None:
        self._app = app
        self._held = held
        self._lease = lease
        self._stopping = stopping
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._said: tuple[int, int, str] = (0, 0, "")

    @contextmanager
    def beating(self) -> Iterator[Progress]:
        """Beat until the block ends; gives what the job calls at each step."""
        thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield self._step
        finally:
            self._ended.set()
            # The job's transaction may be what the heartbeat waits for.
            db.session.rollback()
            thread.join()

    def _step(self, done: int, total: int, step: str) -> None:
        if self._lost.is_set():
            raise LeaseLost(f"job {self._held.id}")
        if self._stopping.is_set():
            raise Stopped
        self._said = (done, total, step)
        # Between two transactions of the job is the moment to tell; within one that writes,
        # SQLite would let us wait for ourselves.
        if not db.session().in_transaction():
            self._renew()

    def _beat(self) -> None:
        while not self._ended.wait(min(REPORT_SECONDS, self._lease.total_seconds() / 4)):
            with self._app.app_context():
                try:
                    self._renew()
                except LeaseLost:
                    self._lost.set()
                    return
                except OperationalError as error:
                    log.warning("heartbeat_missed", error=type(error.orig).__name__)

    def _renew(self) -> None:
        done, total, step = self._said
        at: datetime = self._app.extensions["cho_clock"]()
        jobs.renew(self._held, at=at, lease=self._lease, done=done, total=total, step=step)
        db.session.commit()
