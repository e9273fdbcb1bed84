"""A run drawn by several processes: the same file, whoever draws, and nobody left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from market.documents import drawing_crew
from market.documents.drawing_crew import Batch, Crew
from market.documents.label_layouts import LogoPlace
from market.documents.sheet_drawing import DrawnSheets, Label, Sheet, draw_sheets
from market.documents.sheet_jobs import SheetJob
from market.documents.sheets import positions
from market.documents.sticker_check import WrongCode
from market.documents.sticker_pdf import write_stickers
from market.documents.sticker_text import Sticker
from market.domain.errors import Invalid
from tests.paper import job, logo, printed, sticker, stickers
from tests.sources import ROOT

PATIENCE = 60.0


@pytest.fixture(autouse=True)
def help_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short run is enough to ask for help."""
    monkeypatch.setattr(drawing_crew, "HELPED_FROM", 64)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Every worker that is started."""
    all_started = []
    start = subprocess.Popen

    def noted(*command: Any, **options: Any) -> "subprocess.Popen[bytes]":
        all_started.append(start(*command, **options))
        return all_started[-1]

    monkeypatch.setattr("market.documents.drawing_crew.subprocess.Popen", noted)
    return all_started


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def batches(count: int, of: SheetJob) -> Iterator[Batch]:
    slots = positions(of.template, start=1)
    for number in range(count):
        labels = tuple(Label(each, next(slots), b"/Form0") for each in stickers(8))
        yield Batch((Sheet(number + 1, labels),), ())


def drawn_by(crew: Crew, all_batches: Iterator[Batch]) -> list[DrawnSheets]:
    return [drawn for _, drawn in crew.draw(next(all_batches), all_batches)]


def drawn_alone(count: int, of: SheetJob) -> list[DrawnSheets]:
    return [draw_sheets(of, batch.sheets) for batch in batches(count, of)]


# The same file


@pytest.mark.parametrize("name", ["a4-8", "a6-card"])
def test_the_number_of_cores_does_not_show(
    name: str, started: list[subprocess.Popen[bytes]]
) -> None:
    chosen = job(name, start=1, has_test_cell=True, logos={LogoPlace.BANK: logo("red")})

    files = []
    for cores in (1, 2, 3):
        out = BytesIO()
        files.append((write_stickers(stickers(300), chosen, out, cores=cores), out.getvalue()))

    assert files[0] == files[1] == files[2]
    assert len(started) == 0 + 1 + 2


def test_workers_draw_what_this_process_would_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = job("a4-8")
    expected = drawn_alone(20, chosen)
    here = []

    def noted(of: SheetJob, sheets: Any) -> DrawnSheets:
        here.append(sheets)
        return draw_sheets(of, sheets)

    monkeypatch.setattr(drawing_crew, "draw_sheets", noted)
    with Crew(chosen, 1) as crew:
        wait_until(lambda: len(crew.hired) == 1)
        found = drawn_by(crew, batches(20, chosen))

    assert found == expected
    assert len(here) < 20


def test_a_short_run_starts_nobody(started: list[subprocess.Popen[bytes]]) -> None:
    write_stickers(stickers(64), job("a4-8"), BytesIO(), cores=2)

    assert started == []


def test_the_register_is_asked_for_every_sticker_in_its_turn() -> None:
    asked: list[Sticker] = []

    def confirm(each: Sticker, text: str) -> bool:
        asked.append(each)
        return text == each.payload

    write_stickers(stickers(400), job("a4-8"), BytesIO(), confirm=confirm, cores=3)

    assert asked == list(stickers(400))


def test_what_is_done_is_told_as_it_grows() -> None:
    told: list[int] = []

    write_stickers(stickers(200), job("a4-8"), BytesIO(), progress=told.append, cores=1)

    assert told == [64, 128, 192, 200]


# What goes wrong


def test_a_wrong_code_among_the_last_is_found() -> None:
    wrong = sticker(999, account_number="880010000002")

    with pytest.raises(WrongCode, match=wrong.serial):
        printed([*stickers(300), wrong], job("a4-8"))


def test_a_refusal_of_a_worker_is_raised_here() -> None:
    large = sticker(999, payload="X" * 560, bank_bin=None)

    with pytest.raises(Invalid, match="97 module"):
        write_stickers([*stickers(300), large], job("a4-21"), BytesIO(), cores=2)


def test_the_sheets_of_a_worker_that_dies_are_drawn_here() -> None:
    chosen = job("a4-8")
    with Crew(chosen, 1) as crew:
        wait_until(lambda: len(crew.hired) == 1)
        crew.workers[0].process.kill()

        found = drawn_by(crew, batches(20, chosen))

    assert found == drawn_alone(20, chosen)


def test_a_worker_that_cannot_start_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    alone, _ = printed(stickers(200), job("a4-8"))
    monkeypatch.setattr(drawing_crew, "WORKER", "market.documents.nobody")
    out = BytesIO()

    write_stickers(stickers(200), job("a4-8"), out, cores=2)

    assert out.getvalue() == alone


# Nobody is left behind


class Stopped(Exception):
    """Somebody wants the run to end."""


@pytest.mark.parametrize("when", [128, 320])
def test_a_run_can_be_stopped_between_sheets_and_its_workers_end(
    started: list[subprocess.Popen[bytes]], when: int
) -> None:
    def stop(done: int) -> None:
        if done >= when:
            raise Stopped

    with pytest.raises(Stopped):
        write_stickers(stickers(2000), job("a4-8"), BytesIO(), progress=stop, cores=3)

    assert len(started) == 2
    assert all(worker.returncode is not None for worker in started)


# Whoever runs the tests in the background may have told them to ignore Ctrl-C.
ENDLESS = """
import signal
import subprocess
from itertools import count
from market.documents import drawing_crew
from market.documents.sticker_pdf import write_stickers
from tests.paper import job, sticker

class Nowhere:
    def write(self, data):
        return len(data)

def told(*command, start=subprocess.Popen, **options):
    worker = start(*command, **options)
    print(worker.pid, flush=True)
    return worker

signal.signal(signal.SIGINT, signal.default_int_handler)
drawing_crew.HELPED_FROM = 64
drawing_crew.subprocess.Popen = told
write_stickers((sticker(number % 50) for number in count()), job("a4-8"), Nowhere(), cores=3)
"""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_leaves_no_worker(how: signal.Signals) -> None:
    command = [sys.executable, "-c", ENDLESS]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stdout is not None
        workers = [int(run.stdout.readline()) for _ in range(2)]
        assert all(map(is_running, workers))

        os.kill(run.pid, how)

    wait_until(lambda: not any(map(is_running, workers)))
