"""scripts/serve.sh runs the web server and the worker together, and ends them together."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sources import ROOT

PATIENCE_SECONDS = 120
# Both leave their number on starting; what stays goes when it is told to.
STAYS = '#!/bin/bash\necho $$ > "$PLACE/{name}"\nexec sleep 600\n'
FAILS = '#!/bin/bash\necho $$ > "$PLACE/{name}"\nexit 3\n'

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the script with stand-ins for the two programs."""
    started: list[subprocess.Popen[bytes]] = []

    def starter(*, flask: str = STAYS, gunicorn: str = STAYS) -> subprocess.Popen[bytes]:
        for name, text in (("flask", flask), ("gunicorn", gunicorn)):
            program = tmp_path / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(text.format(name=name))
            program.chmod(0o755)
        process = subprocess.Popen(
            [ROOT / "scripts" / "serve.sh", "8000"],
            env={
                "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
                "PLACE": str(tmp_path),
                "CHO_INSTANCE": str(tmp_path),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    yield starter
    for process in started:
        process.terminate()
        process.wait()


def test_a_stop_ends_both_and_is_no_failure(start: Start, tmp_path: Path) -> None:
    process = start()
    numbers = [number_of(tmp_path / name) for name in ("flask", "gunicorn")]

    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE_SECONDS) == 0
    assert [number for number in numbers if is_running(number)] == []


@pytest.mark.parametrize(("broken", "sound"), [("flask", "gunicorn"), ("gunicorn", "flask")])
def test_the_end_of_one_ends_the_other_and_is_a_failure(
    start: Start, tmp_path: Path, broken: str, sound: str
) -> None:
    process = start(**{broken: FAILS})

    assert process.wait(PATIENCE_SECONDS) == 1
    # It may have been ended before it left its number, even between opening and writing.
    left = (tmp_path / sound).read_text().strip() if (tmp_path / sound).exists() else ""
    assert not left or not is_running(int(left))


def number_of(path: Path) -> int:
    """The process number that a stand-in left; waits for it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text().strip()):
            return int(text)
        time.sleep(0.02)
    raise AssertionError(f"{path.name} did not start")


def is_running(number: int) -> bool:
    """Whether a process of this number is there."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
