"""SQLite under several writers: the service's engine beside SQLAlchemy's own settings, in one run.

First 4 processes of 2 threads each add one to a counter 60 times; what is missing at the end was
lost without an error. Then one process reads while 2 others write without a pause. The writes on
the service's side carry an audit entry each, those of the plain engine do not; seconds include the
start of the processes.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from flask import Flask
from sqlalchemy import select

from market.extensions import db
from market.models.job import Counter
from market.services.reading import reading
from tests import contention, running
from tests.contention import COUNTER

PROCESSES, THREADS, ROUNDS = 4, 2, 60
WRITERS = 2
READS = 1000
LIMIT_MS = 20.0
PEER = str(Path(__file__).with_name("plain_sqlite.py"))


@dataclass(frozen=True, slots=True)
class Measured:
    lost: int
    errors: int
    seconds: float
    read_p50: float
    read_p99: float
    failed_reads: int


def with_the_service(folder: Path) -> Measured:
    settings = running.make_settings(f"sqlite:///{folder / 'service.sqlite3'}", folder)
    running.migrate(settings)
    with running.running(settings) as app:
        with running.writing(app) as session:
            session.add(Counter(name=COUNTER, value=0))
            session.commit()
        start = time.perf_counter()
        outcome = contention.write_in_processes(
            settings, processes=PROCESSES, threads=THREADS, rounds=ROUNDS
        )
        seconds = time.perf_counter() - start
        with running.writing(app) as session:
            counted = session.get_one(Counter, COUNTER).value
        with contention.continuous_writers(settings, processes=WRITERS):
            time.sleep(1)
            times, failed = timed(lambda: read_with_the_service(app))
    return measured(outcome.written - counted, len(outcome.errors), seconds, times, failed)


def read_with_the_service(app: Flask) -> None:
    with app.app_context(), reading():
        db.session.scalars(select(Counter.value)).one()


def with_the_plain_engine(folder: Path) -> Measured:
    path = str(folder / "plain.sqlite3")
    plain("make", path)
    start = time.perf_counter()
    with plain_writers(path, PROCESSES, THREADS, ROUNDS) as said:
        pass
    seconds = time.perf_counter() - start
    counted = plain("read", path, 1)["value"]
    with plain_writers(path, WRITERS, 1, 0):
        time.sleep(1)
        found = plain("read", path, READS)
    lost = said["written"] - counted
    return measured(lost, said["errors"], seconds, sorted(found["milliseconds"]), found["failed"])


def plain(*arguments: object) -> Any:
    command = [sys.executable, PEER, *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def timed(read: Callable[[], None]) -> tuple[list[float], int]:
    times, failed = [], 0
    for _ in range(READS):
        start = time.perf_counter()
        try:
            read()
        except Exception:
            failed += 1
        times.append((time.perf_counter() - start) * 1000)
    return sorted(times), failed


def measured(lost: int, errors: int, seconds: float, times: list[float], failed: int) -> Measured:
    p50, p99 = (times[round(len(times) * share)] for share in (0.5, 0.99))
    return Measured(lost, errors, seconds, p50, p99, failed)


@contextmanager
def plain_writers(path: str, processes: int, threads: int, rounds: int) -> Iterator[dict[str, int]]:
    """Processes of the plain engine; what they did is filled in at the end of the block."""
    said = {"written": 0, "errors": 0}
    command = [sys.executable, PEER, "write", path, str(threads), str(rounds)]
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(processes)
        ]
        yield said
        for each in started:
            for name, number in json.loads(each.communicate("")[0]).items():
                said[name] += number


def report() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours = with_the_service(Path(folder))
        plain = with_the_plain_engine(Path(folder))
    writes = PROCESSES * THREADS * ROUNDS
    print(f"SQLite, {writes} read-modify-writes by {PROCESSES} processes × {THREADS} threads;")
    print(f"then {READS} reads beside {WRITERS} continuous writers")
    print(f"{'':14}{'lost':>6}{'errors':>8}{'seconds':>9}", end="")
    print(f"{'read p50 ms':>13}{'read p99 ms':>13}{'failed reads':>14}")
    for name, row in (("this project", ours), ("plain engine", plain)):
        print(f"{name:14}{row.lost:>6}{row.errors:>8}{row.seconds:>9.1f}", end="")
        print(f"{row.read_p50:>13.2f}{row.read_p99:>13.2f}{row.failed_reads:>14}")
    print(f"limit: lost 0, errors 0, read p99 {LIMIT_MS:.0f} ms")


if __name__ == "__main__":
    report()
