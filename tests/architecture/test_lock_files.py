"""What is installed is pinned by hash, and from no named registry."""

import json
import re

import pytest

from tests.sources import ROOT

LOCK_FILES = ("package-lock.json", *sorted(path.name for path in ROOT.glob("requirements*.txt")))
HOST = re.compile(r"\b[\w-]+://|\b(?:[\w-]+\.)+(?:com|io|net|org|dev|vn)/", re.IGNORECASE)


@pytest.mark.parametrize("name", LOCK_FILES)
def test_a_lock_file_names_no_host(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert [line for line in text.splitlines() if HOST.search(line)] == []


@pytest.mark.parametrize("name", [name for name in LOCK_FILES if name.endswith(".txt")])
def test_every_python_package_has_a_hash(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    packages = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]

    assert packages
    assert [package for package in packages if "--hash=sha256:" not in package] == []


def test_every_front_end_package_has_a_hash() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}

    assert packages
    assert {name for name, package in packages.items() if "integrity" not in package} == set()
