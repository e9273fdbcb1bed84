"""`flask stickers …`: making and printing a run in one step."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Any, BinaryIO

import click
from flask.cli import AppGroup

from market.cli.running import acting_as, command, say_json
from market.domain.errors import Unavailable
from market.domain.roles import Permission
from market.extensions import db
from market.services import access, printing, run_making
from market.services.access import Actor
from market.services.printing import Drawn
from market.services.run_making import RunValues
from market.services.sticker_needs import Selection

SHOW_AFTER = 1.0

stickers = AppGroup("stickers", help="Stickers and print runs.")


@stickers.command("print")
@click.option("--market", "code", required=True, help="Code of the market, e.g. QN-DAMHA.")
@click.option("--template", required=True, help="Name of the label sheet, e.g. a4-8.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--start", type=int, default=1, show_default=True, help="First free label.")
@click.option("--copies", type=int, default=1, show_default=True, help="Stickers a stall.")
@click.option("--all", "with_equipped", is_flag=True, help="Also stalls that have one already.")
@click.option("--as", "email", required=True, help="Who prints; the user's scope holds.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@command
def print_stickers(code: str, out: Path, email: str, *, as_json: bool, **chosen: Any) -> None:
    """Make a run of the stalls that need a sticker, and print it.

    Every code is read back and compared with the register first. The file is complete or
    not there; nothing is recorded where it cannot be written.
    Example: flask stickers print --market QN-DAMHA --template a4-8 --out tem.pdf
    --as qlcho@example.vn
    """
    actor = acting_as(email)
    selection = Selection(copies=chosen["copies"], with_equipped=chosen["with_equipped"])
    values = RunValues(selection, chosen["template"], start=chosen["start"])
    began = time.perf_counter()
    with _recorded(out) as file:
        drawn = _print(code, values, file, actor)
    _say(drawn, time.perf_counter() - began, as_json=as_json)


def _print(code: str, values: RunValues, file: BinaryIO, actor: Actor) -> Drawn:
    market = access.get_market(code, actor=actor, permission=Permission.PRINT_STICKERS)
    run = run_making.make_run(market, values=values, actor=actor)
    return printing.print_run(run, file, market=market, actor=actor, progress=_Bar().show)


@contextmanager
def _recorded(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name once it is whole; then what it holds is committed.

    Whoever finds the file finds its stickers recorded: where the commit fails, it goes again.
    """
    with _whole(path) as file:
        yield file
    try:
        db.session.commit()
    except BaseException:
        _remove(path)
        raise


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """Written beside `path` under another name; Unavailable where the disk does not take it."""
    draft = None
    try:
        descriptor, draft = mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(draft, path)
    except OSError as error:
        raise Unavailable(
            f"Không ghi được tệp {path}: {error.strerror}. Chưa có gì được ghi sổ."
        ) from error
    finally:
        if draft is not None:
            _remove(draft)


def _remove(path: Path | str) -> None:
    with suppress(OSError):
        os.unlink(path)


def _say(drawn: Drawn, seconds: float, *, as_json: bool) -> None:
    sheets = drawn.sheets
    for flag in sheets.flags:
        fields = ", ".join(flag.fields)
        click.echo(f"Xem lại tem {flag.serial}, điểm {flag.stall_code}: {fields}", err=True)
    if as_json:
        say_json(
            {
                "run": drawn.run_number,
                "stickers": sheets.stickers,
                "pages": sheets.pages,
                "verified": sheets.verified,
                "flagged": sheets.flagged,
                "seconds": round(seconds, 3),
                "bytes": sheets.bytes,
                "serials": list(drawn.payees),
            }
        )
        return
    click.echo(
        f"{drawn.run_number}: {sheets.stickers} tem, {sheets.pages} trang,"
        f" đã đọc lại {sheets.verified} mã, {sheets.flagged} tem cần xem lại"
    )


class _Bar:
    """Progress on stderr, for people, once it has taken over a second."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def show(self, done: int, total: int, step: str) -> None:
        is_late = time.monotonic() - self._since > SHOW_AFTER
        if is_late and sys.stderr.isatty() and (done % 50 == 0 or done == total):
            end = "\n" if done == total else ""
            print(f"\r{done}/{total} {step}", end=end, file=sys.stderr)
