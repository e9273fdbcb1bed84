"""The worker: every job ends once, whatever happens to the process in between."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.errors import Conflict, Invalid
from market.domain.jobs import JobState
from market.extensions import db
from market.jobs.worker import FAILED_UNEXPECTEDLY, REPORT_SECONDS, Worker
from market.models.job import Counter, Job
from market.services import jobs
from market.services.access import Actor
from market.services.jobs import Claim, LeaseLost, Progress
from market.services.reading import reading

pytestmark = pytest.mark.both_databases

Transaction = Callable[[], AbstractContextManager[Session]]
SHORT = timedelta(milliseconds=400)
PATIENCE_SECONDS = 120
# Half a minute's work, were it not stopped.
STEPS = 600


def ask(transaction: Transaction) -> int:
    """A job of kind "count"; its id."""
    with transaction():
        return jobs.ask("count", {}, actor=Actor.system(datetime.now(UTC))).id


def count(held: Claim, progress: Progress) -> Mapping[str, Any]:
    """The work: one more."""
    progress(1, 2, "Đếm")
    name = f"work {held.id}"
    row = db.session.get(Counter, name)
    if row is None:
        db.session.add(Counter(name=name, value=1))
    else:
        row.value += 1
    db.session.flush()
    return {"counted": True}


def counted(transaction: Transaction) -> int:
    """How often the work took effect."""
    with transaction() as session:
        return sum(session.scalars(select(Counter.value).where(Counter.name.like("work%"))))


def job_row(transaction: Transaction, job_id: int) -> Job:
    """The job as it stands."""
    with transaction() as session:
        row = session.get(Job, job_id)
        assert row is not None
        session.expunge(row)
        return row


def test_a_job_is_done_and_its_effect_stays(app: Flask, transaction: Transaction) -> None:
    job_id = ask(transaction)

    assert Worker(app, {"count": count}).work_once()

    assert job_row(transaction, job_id).state is JobState.FINISHED
    assert counted(transaction) == 1


def test_without_a_job_there_is_nothing_to_do(app: Flask) -> None:
    assert not Worker(app, {"count": count}).work_once()


def test_a_refusal_fails_the_job_with_its_words(app: Flask, transaction: Transaction) -> None:
    job_id = ask(transaction)

    def refuse(held: Claim, progress: Progress) -> Mapping[str, Any]:
        count(held, progress)
        raise Invalid("Tệp này không còn.")

    Worker(app, {"count": refuse}).work_once()

    row = job_row(transaction, job_id)
    assert (row.state, row.error) == (JobState.FAILED, "Tệp này không còn.")
    assert counted(transaction) == 0


def test_an_unexpected_error_fails_the_job_without_its_details(
    app: Flask, transaction: Transaction
) -> None:
    job_id = ask(transaction)

    def break_down(held: Claim, progress: Progress) -> Mapping[str, Any]:
        count(held, progress)
        raise RuntimeError("số 88001234567")

    Worker(app, {"count": break_down}).work_once()

    assert job_row(transaction, job_id).error == FAILED_UNEXPECTEDLY
    assert counted(transaction) == 0


def test_a_stopped_worker_gives_its_job_back_with_nothing_written(
    app: Flask, transaction: Transaction
) -> None:
    job_id = ask(transaction)

    def stop_within(held: Claim, progress: Progress) -> Mapping[str, Any]:
        count(held, progress)
        worker.stop()
        progress(2, 2, "Ghi")
        return {}

    worker = Worker(app, {"count": stop_within})
    worker.work_once()

    assert job_row(transaction, job_id).state is JobState.WAITING
    assert counted(transaction) == 0
    Worker(app, {"count": count}).work_once()
    assert job_row(transaction, job_id).state is JobState.FINISHED
    assert counted(transaction) == 1


def test_who_lost_the_lease_meanwhile_keeps_nothing(app: Flask, transaction: Transaction) -> None:
    job_id = ask(transaction)

    def lose_it(held: Claim, progress: Progress) -> Mapping[str, Any]:
        db.session.rollback()
        taken = jobs.claim(datetime.now(UTC) + timedelta(hours=1))
        assert taken is not None
        db.session.commit()
        return count(held, progress)

    Worker(app, {"count": lose_it}).work_once()

    assert job_row(transaction, job_id).state is JobState.RUNNING
    assert counted(transaction) == 0


def test_a_long_job_keeps_its_lease_and_tells_how_far_it_is(
    app: Flask, transaction: Transaction
) -> None:
    job_id = ask(transaction)
    seen: list[tuple[int, str]] = []

    def take_long(held: Claim, progress: Progress) -> Mapping[str, Any]:
        db.session.rollback()
        progress(7, 9, "Đọc")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and not seen:
            threading.Event().wait(0.05)
            row = db.session.get(Job, held.id, populate_existing=True)
            assert row is not None
            if row.done:
                seen.append((row.done, row.step))
            db.session.rollback()
        threading.Event().wait(SHORT.total_seconds())
        progress(8, 9, "Ghi")
        return {}

    Worker(app, {"count": take_long}, lease=SHORT).work_once()

    assert seen == [(7, "Đọc")]
    assert job_row(transaction, job_id).state is JobState.FINISHED


def test_workers_that_ask_at_once_do_each_job_once(app: Flask, transaction: Transaction) -> None:
    for number in range(8):
        with transaction():
            jobs.ask("count", {"n": number}, actor=Actor.system(datetime.now(UTC)))

    def work_off() -> None:
        worker = Worker(app, {"count": count})
        while worker.work_once():
            pass

    workers = [threading.Thread(target=work_off) for _ in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()

    assert counted(transaction) == 8


def test_sweepers_run_though_one_of_them_fails(app: Flask, transaction: Transaction) -> None:
    def fail(at: datetime) -> int:
        raise RuntimeError

    def sweep(at: datetime) -> int:
        db.session.add(Counter(name="work", value=5))
        return 1

    Worker(app, {}, sweepers=(fail, sweep)).sweep_if_due()

    assert counted(transaction) == 5


def test_sweepers_wait_a_minute_before_they_run_again(app: Flask) -> None:
    runs: list[datetime] = []

    def sweep(at: datetime) -> int:
        runs.append(at)
        return 0

    worker = Worker(app, {}, sweepers=(sweep,))
    worker.sweep_if_due()
    worker.sweep_if_due()

    assert len(runs) == 1


def test_a_lost_lease_is_noticed_at_the_next_step(app: Flask, transaction: Transaction) -> None:
    ask(transaction)
    noticed = threading.Event()

    def go_on(held: Claim, progress: Progress) -> Mapping[str, Any]:
        db.session.rollback()
        jobs.claim(datetime.now(UTC) + timedelta(hours=1))
        db.session.commit()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            threading.Event().wait(0.05)
            try:
                progress(1, 2, "Đọc")
            except LeaseLost:
                noticed.set()
                raise
        return {}

    Worker(app, {"count": go_on}, lease=SHORT).work_once()

    assert noticed.is_set()


def stopped(transaction: Transaction, job_id: int) -> str:
    """Stop the job as somebody else does, in a thread of its own; gives what was refused."""
    refused: list[str] = []

    def stop() -> None:
        try:
            with transaction() as session:
                job = session.get_one(Job, job_id)
                jobs.cancel(job, actor=Actor.system(datetime.now(UTC)))
        except Conflict as conflict:
            refused.append(conflict.message)

    other = threading.Thread(target=stop)
    other.start()
    other.join()
    return "".join(refused)


def test_a_job_that_is_stopped_ends_within_two_seconds_with_nothing_written(
    app: Flask, transaction: Transaction
) -> None:
    job_id = ask(transaction)
    steps: list[int] = []

    def go_on(held: Claim, progress: Progress) -> Mapping[str, Any]:
        with reading():
            db.session.get(Job, held.id)
            assert stopped(transaction, job_id) == ""
            for step in range(STEPS):
                steps.append(step)
                threading.Event().wait(0.05)
                progress(step, STEPS, "Vẽ")
        return count(held, progress)

    Worker(app, {"count": go_on}).work_once()

    # Slow machines beat late: what is promised is a beat a second, and an end at the next one.
    assert len(steps) < STEPS
    assert REPORT_SECONDS <= 2
    assert job_row(transaction, job_id).state is JobState.CANCELLED
    assert counted(transaction) == 0
    assert not Worker(app, {"count": count}).work_once()


def test_of_stopping_and_finishing_at_once_one_holds(app: Flask, transaction: Transaction) -> None:
    for _ in range(6):
        job_id = ask(transaction)
        before = counted(transaction)
        refused: list[str] = []
        ready = threading.Event()

        def work(held: Claim, progress: Progress, ready: threading.Event = ready) -> dict[str, Any]:
            ready.set()
            count(held, progress)
            return {}

        def stop(
            ready: threading.Event = ready, job_id: int = job_id, told: list[str] = refused
        ) -> None:
            ready.wait()
            told.append(stopped(transaction, job_id))

        stopper = threading.Thread(target=stop)
        stopper.start()
        Worker(app, {"count": work}).work_once()
        stopper.join()

        is_done = job_row(transaction, job_id).state is JobState.FINISHED
        assert counted(transaction) - before == is_done
        assert is_done == ("từ trước" in refused[0])
