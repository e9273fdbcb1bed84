"""A run drawn by several processes at once, the results in their order.

Who draws a batch of sheets does not show in it. A short run is drawn here; a longer one gets
workers, and until they have started, or while all are busy, this process goes on drawing.
"""

import os

# It starts `drawing_worker` and nothing else.
import subprocess  # nosec B404
import sys
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from itertools import chain
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from market.documents.sheet_drawing import DrawnSheets, Sheet, draw_sheets
from market.documents.sheet_jobs import SheetJob
from market.documents.sticker_text import Sticker

PROJECT = Path(__file__).resolve().parents[2]
WORKER = "market.documents.drawing_worker"
HELPED_FROM = 500
# With more of them this process, which reads, confirms and writes, is what the rest waits for.
MOST_WORKERS = 3
# One batch that a worker draws, one that it finds when it is done.
BATCHES_EACH = 2


@dataclass(frozen=True, slots=True)
class Batch:
    """Sheets to draw together, and the forms that are needed from here on: a name, and a sticker
    that has what its kind shares."""

    sheets: tuple[Sheet, ...]
    new_forms: tuple[tuple[bytes, Sticker], ...]

    @property
    def stickers(self) -> int:
        return sum(len(sheet.labels) for sheet in self.sheets)


Drawn = tuple[Batch, DrawnSheets]


def available_cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def drawn_in_order(
    job: SheetJob, batches: Iterator[Batch], *, cores: int | None = None
) -> Generator[Drawn, None, None]:
    """Every batch with what was drawn of it; raises as `draw_sheets` does.

    Batches are taken in the caller's thread, some of them before their turn. On all available
    cores, or so many.
    """
    workers = min((cores or available_cores()) - 1, MOST_WORKERS)
    done = 0
    for batch in batches:
        if workers and done >= HELPED_FROM:
            with Crew(job, workers) as crew:
                yield from crew.draw(batch, batches)
            return
        yield batch, draw_sheets(job, batch.sheets)
        done += batch.stickers


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that draws, and this end of the socket to it."""

    process: subprocess.Popen[bytes]
    pipe: Connection


class Crew:
    """Workers for one job, each spoken to by a thread of its own, so that no pipe can fill up.

    `hired` are those of the `workers` that have said that they are ready.
    """

    def __init__(self, job: SheetJob, size: int) -> None:
        # Logos stand in forms, which are drawn here.
        self._job = replace(job, logos={})
        self._size = size
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="drawing")
        self.workers: list[Worker] = []
        self.hired: list[Worker] = []
        self._idle: SimpleQueue[Worker | None] = SimpleQueue()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self.__exit__)
            for _ in range(self._size):
                worker = _started()
                self.workers.append(worker)
                self._threads.submit(self._hire, worker)
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Workers keep nothing, so they are ended where they stand."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()
        self._threads.shutdown()
        for worker in self.workers:
            worker.pipe.close()

    def draw(self, first: Batch, others: Iterator[Batch]) -> Iterator[Drawn]:
        waiting: deque[tuple[Batch, Future[DrawnSheets | None]]] = deque()
        # What this process drew itself must not pile up behind a slow worker's batch.
        most_waiting = 2 * BATCHES_EACH * self._size
        for batch in chain([first], others):
            under_way = sum(not future.done() for _, future in waiting)
            waiting.append((batch, self._handed_on(batch, under_way)))
            while waiting and (waiting[0][1].done() or len(waiting) > most_waiting):
                yield self._taken(*waiting.popleft())
        while waiting:
            yield self._taken(*waiting.popleft())

    def _handed_on(self, batch: Batch, under_way: int) -> "Future[DrawnSheets | None]":
        if under_way < BATCHES_EACH * len(self.hired):
            return self._threads.submit(self._ask, batch)
        future: Future[DrawnSheets | None] = Future()
        future.set_result(draw_sheets(self._job, batch.sheets))
        return future

    def _taken(self, batch: Batch, future: "Future[DrawnSheets | None]") -> Drawn:
        drawn = future.result()
        return batch, drawn or draw_sheets(self._job, batch.sheets)

    def _hire(self, worker: Worker) -> None:
        with suppress(EOFError, OSError):
            worker.pipe.send(self._job)
            worker.pipe.recv()
            self._idle.put(worker)
            self.hired.append(worker)

    def _ask(self, batch: Batch) -> DrawnSheets | None:
        """What a worker drew; None where it could not, or is gone."""
        worker = self._idle.get()
        drawn: DrawnSheets | None = None
        try:
            if worker is not None:
                worker.pipe.send(batch.sheets)
                drawn = worker.pipe.recv()
        except (EOFError, OSError):
            # Nobody waits for a lost worker in vain: None stands in its place.
            worker = None
        self._idle.put(worker)
        return drawn


def _started() -> Worker:
    near, far = Pipe()
    with far:
        process = subprocess.Popen(  # nosec B603
            [sys.executable, "-m", WORKER, str(far.fileno())],
            cwd=PROJECT,
            pass_fds=[far.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    return Worker(process, near)
