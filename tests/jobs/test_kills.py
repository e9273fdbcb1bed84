"""Killed in the middle of an import or a print: nothing by halves, nothing twice, nothing lost."""

import json
import subprocess
import sys
from typing import Any

import pytest

from market.config import Settings
from tests.servers import ROOT

pytestmark = pytest.mark.both_databases
# With both databases: 60 killed imports, 40 killed workers.
KILLED_IMPORTS = 30
KILLED_WORKERS = 10
KILLED_PRINTS = 5


def killing(
    *what: str, settings: Settings, kills: int, program: str = "tests.killing"
) -> list[dict[str, Any]]:
    """What the processes that were killed left behind."""
    arguments = [*what, settings.database_url, str(settings.instance), str(kills)]
    done = subprocess.run(
        [sys.executable, "-m", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_killed_import_leaves_all_or_nothing_and_the_same_file_again_is_whole(
    settings: Settings,
) -> None:
    (count,) = killing("imports", settings=settings, kills=KILLED_IMPORTS)

    assert count["wrong"] == []
    assert count["interrupted"] == KILLED_IMPORTS


def test_a_killed_worker_loses_nothing_and_its_job_has_one_effect(settings: Settings) -> None:
    counts = killing("worker", settings=settings, kills=KILLED_WORKERS)

    for count in counts:
        assert count["wrong"] == []
        assert count["interrupted"] >= KILLED_WORKERS


def test_a_killed_print_is_taken_up_with_no_sticker_lost_or_doubled(settings: Settings) -> None:
    counts = killing(settings=settings, kills=KILLED_PRINTS, program="tests.killing_prints")

    for count in counts:
        assert count["wrong"] == []
        assert count["interrupted"] >= KILLED_PRINTS
