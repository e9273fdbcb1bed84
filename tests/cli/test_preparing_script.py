"""scripts/prepare_instance.sh: schema on every start, demonstration data on the first."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.sources import ROOT

# Notes what it was asked for; makes the files that the real command makes.
FLASK = """#!/bin/bash
echo "$*" >> "$CHO_INSTANCE/asked"
case "$1" in
db) touch "$CHO_INSTANCE/cho.sqlite3" ;;
demo) [ ! -e "$CHO_INSTANCE/real" ] && touch "$CHO_INSTANCE/demo-sign-ins.txt" ;;
esac
"""

EVERY_START = ["db upgrade", "coverage recount --if-changed"]


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """An empty instance folder, with a stand-in for `flask` beside it."""
    program = tmp_path / "bin" / "flask"
    program.parent.mkdir()
    program.write_text(FLASK)
    program.chmod(0o755)
    folder = tmp_path / "instance"
    folder.mkdir()
    return folder


def test_the_first_start_loads_areas_and_demonstration_data(instance: Path) -> None:
    assert commands_of_a_start(instance) == [*EVERY_START, "areas load", "demo load"]


def test_a_later_start_brings_schema_and_figures_up_to_date_alone(instance: Path) -> None:
    commands_of_a_start(instance)

    assert commands_of_a_start(instance) == EVERY_START


def test_a_start_after_the_database_was_removed_is_a_first_start(instance: Path) -> None:
    commands_of_a_start(instance)
    (instance / "cho.sqlite3").unlink()

    assert commands_of_a_start(instance) == [*EVERY_START, "areas load", "demo load"]


def test_areas_are_loaded_again_when_what_is_installed_changed(instance: Path) -> None:
    commands_of_a_start(instance)
    os.utime(instance / ".areas-loaded", (0, 0))

    assert commands_of_a_start(instance) == [*EVERY_START, "areas load"]


def test_a_database_with_real_data_is_served_without_demonstration_data(instance: Path) -> None:
    (instance / "real").touch()

    assert commands_of_a_start(instance)[-1] == "demo load"
    assert not (instance / "demo-sign-ins.txt").exists()


def commands_of_a_start(instance: Path) -> list[str]:
    """What the script asks of `flask`; it must succeed."""
    asked = instance / "asked"
    asked.unlink(missing_ok=True)
    subprocess.run(
        [ROOT / "scripts" / "prepare_instance.sh"],
        cwd=ROOT,
        env={
            "PATH": f"{instance.parent / 'bin'}:{os.environ['PATH']}",
            "CHO_INSTANCE": str(instance),
        },
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return asked.read_text().splitlines()
