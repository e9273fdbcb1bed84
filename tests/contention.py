"""Processes and threads that write through the service's own engine at the same time.

Run as a program it is one such process:
`python -m tests.contention DATABASE_URL INSTANCE THREADS ROUNDS`; it prints what happened as
JSON. With 0 rounds it writes until its standard input ends.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from flask import Flask

from market.config import Settings
from market.extensions import db
from market.models.job import Counter
from market.services import audit
from market.services.access import Actor
from tests.running import make_settings, running
from tests.servers import ROOT

COUNTER = "contended"


@dataclass
class Outcome:
    """How many writes were acknowledged, and what went wrong instead."""

    written: int = 0
    errors: list[str] = field(default_factory=list)


def read_modify_write() -> None:
    """Add one to the counter the way services do: read, change, record, commit."""
    row = db.session.get(Counter, COUNTER, with_for_update=True)
    assert row is not None
    row.value += 1
    actor = Actor.system(datetime.now(UTC), "job")
    audit.record(actor, "count", row, old={"value": row.value - 1}, new={"value": row.value})
    db.session.commit()


def write_in_threads(
    app: Flask, *, threads: int, rounds: int, ended: Callable[[], bool] = lambda: False
) -> Outcome:
    """Write `rounds` times in each of some threads, or until `ended` where `rounds` is 0."""
    outcome = Outcome()
    lock = threading.Lock()

    def write() -> None:
        for _ in range(rounds) if rounds else count():
            if ended():
                return
            try:
                with app.app_context():
                    read_modify_write()
            except Exception as error:
                with lock:
                    outcome.errors.append(repr(error))
            else:
                with lock:
                    outcome.written += 1

    running_threads = [threading.Thread(target=write) for _ in range(threads)]
    for thread in running_threads:
        thread.start()
    for thread in running_threads:
        thread.join()
    return outcome


def write_in_processes(settings: Settings, *, processes: int, threads: int, rounds: int) -> Outcome:
    """Write in several processes of several threads; what all of them together saw."""
    started = [_start(settings, threads=threads, rounds=rounds) for _ in range(processes)]
    return _sum(started)


@contextmanager
def continuous_writers(settings: Settings, *, processes: int) -> Iterator[Outcome]:
    """Processes that write without a pause during the block; the outcome is filled at its end."""
    outcome = Outcome()
    started = [_start(settings, threads=1, rounds=0) for _ in range(processes)]
    for process in started:
        _wait_until_started(process)
    try:
        yield outcome
    finally:
        total = _sum(started)
        outcome.written, outcome.errors = total.written, total.errors


def _start(settings: Settings, *, threads: int, rounds: int) -> subprocess.Popen[str]:
    arguments = [settings.database_url, str(settings.instance), str(threads), str(rounds)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.contention", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _wait_until_started(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"


def _sum(started: list[subprocess.Popen[str]]) -> Outcome:
    """Wait for the processes (the end of their input is the sign to stop) and add up."""
    total = Outcome()
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    for process in started:
        said = process.communicate()[0].splitlines()
        if process.returncode:
            total.errors.append(f"exit code {process.returncode}")
            continue
        found = json.loads(said[-1])
        total.written += found["written"]
        total.errors += found["errors"]
    return total


def _main(database_url: str, instance: str, threads: str, rounds: str) -> None:
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    with running(make_settings(database_url, Path(instance))) as app:
        print("writing", flush=True)
        if rounds == "0":
            threading.Thread(target=wait_for_end, daemon=True).start()
        outcome = write_in_threads(
            app, threads=int(threads), rounds=int(rounds), ended=ended.is_set
        )
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
