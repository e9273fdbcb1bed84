"""A province's worth of stickers in one run: time, memory and size of the command people run.

27,000 stalls with sealed account numbers on SQLite; `flask stickers print` makes the run, draws
it, reads every code back, writes the file and records it, on one core. Beside its memory stands
that of the same command for a few stickers, so that the difference is what the run takes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from flask import Flask
from sqlalchemy import insert, select

from market.config import Settings
from market.domain.text import fold, natural_key
from market.extensions import vault
from market.models.account import PaymentAccount
from market.models.base import Base
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from tests import running
from tests.factories import VIETCOMBANK, make_market, make_user
from tests.print_shop import make_ready

LARGE, SMALL = 27_000, 27
PRINTER = "in@example.vn"
PAUSE = 0.1

Rows = dict[type[Base], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one command: seconds from reading the rows to closing the file, and the peak."""

    stickers: int
    seconds: float
    octets: int
    megabytes: float


def fill(app: Flask, code: str, stalls: int) -> None:
    """A market whose stalls all need a sticker: one as the tests make it, the others like it."""
    with running.writing(app) as session:
        market = make_market(code, "Chợ Đầm Hà")
        ready = make_ready(market, "A1")
        span = session.scalars(
            select(StallStateSpan).where(StallStateSpan.stall_id == ready.tenancy.stall_id)
        ).one()
        stall = session.get_one(Stall, ready.tenancy.stall_id)
        first: Rows = {type(row): _values(row) for row in (stall, span, *ready)}
        rows: dict[type[Base], list[dict[str, Any]]] = {entity: [] for entity in first}
        for number in range(1, stalls):
            for entity, changes in _changes(number, first).items():
                rows[entity].append(first[entity] | changes)
        for entity in (Stall, StallStateSpan, Merchant, Tenancy, PaymentAccount):
            session.execute(insert(entity), rows[entity])
        session.commit()


def measure(folder: Path, code: str) -> Measured:
    """Print all that the market needs by the command, in a process of its own."""
    command = [sys.executable, "-m", "flask", "stickers", "print", "--market", code]
    options = ["--template", "a4-8", "--out", str(folder / f"{code}.pdf"), "--as", PRINTER]
    # Into a file: the serials of so many do not fit a pipe that is read at the end.
    answer = folder / f"{code}.json"
    with (
        _one_core(),
        answer.open("wb") as stdout,
        subprocess.Popen(
            [*command, *options, "--all", "--json"],
            env=os.environ | {"CHO_INSTANCE": str(folder)},
            stdout=stdout,
        ) as process,
    ):
        peak = _peak(process)
    said = json.loads(answer.read_text())
    return Measured(said["stickers"], said["seconds"], said["bytes"], peak / 1024)


@contextmanager
def _one_core() -> Iterator[None]:
    """What is started within uses one core only, and so no other processes to draw."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(all_cores)])
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores)


def _changes(number: int, first: Rows) -> Rows:
    stall_id = first[Stall]["id"] + number
    merchant_id = first[Merchant]["id"] + number
    stall_code, account = f"A{number + 1}", f"88001{number:08}"
    key = vault().new_key()
    return {
        Stall: {
            "id": stall_id,
            "code": stall_code,
            "code_key": fold(stall_code),
            "sort_key": natural_key(stall_code),
        },
        StallStateSpan: {"id": first[StallStateSpan]["id"] + number, "stall_id": stall_id},
        Merchant: {"id": merchant_id, "wrapped_key": key},
        Tenancy: {
            "id": first[Tenancy]["id"] + number,
            "stall_id": stall_id,
            "merchant_id": merchant_id,
        },
        PaymentAccount: {
            "id": first[PaymentAccount]["id"] + number,
            "merchant_id": merchant_id,
            "number_sealed": vault().seal_text(key, account, "account"),
            "number_hash": vault().sameness("account", VIETCOMBANK, account),
            "number_last4": account[-4:],
        },
    }


def _values(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def _peak(process: "subprocess.Popen[bytes]") -> float:
    """The most that the process held while it ran, in KiB."""
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _held(process.pid))
        time.sleep(PAUSE)
    return peak


def _held(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1])
    return 0.0


def report(small: Measured, large: Measured) -> None:
    print("\n`flask stickers print` on SQLite, one core")
    print(f"  {'stickers':>10}{'ms/sticker':>12}{'KB/sticker':>12}{'peak MB':>9}")
    for each in (small, large):
        milliseconds = each.seconds / each.stickers * 1000
        kilobytes = each.octets / each.stickers / 1000
        print(f"  {each.stickers:>10}{milliseconds:>12.2f}{kilobytes:>12.2f}{each.megabytes:>9.0f}")
    more = large.megabytes - small.megabytes
    print(f"  {large.stickers} stickers take {more:.0f} MB more than {small.stickers}")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings.from_environment({}, folder)
        running.migrate(settings)
        found: list[Measured] = []
        with running.running(settings) as app:
            with running.writing(app) as session:
                make_user(email=PRINTER)
                session.commit()
            for stalls in (SMALL, LARGE):
                code = f"QN-{stalls}"
                fill(app, code, stalls)
                found.append(measure(folder, code))
    report(*found)


if __name__ == "__main__":
    main()
