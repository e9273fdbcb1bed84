"""`flask stickers …`: making and printing a run in one step, or giving one up."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import click

from market.cli.running import acting_as, command, say_json
from market.cli.whole_files import whole_file
from market.cli.wording import Group
from market.domain.roles import Permission
from market.extensions import db
from market.models.market import Market
from market.services import access, print_runs, printing, run_making
from market.services.access import Actor
from market.services.printing import Drawn
from market.services.reading import reading
from market.services.run_making import RunValues
from market.services.sticker_needs import Selection

SHOW_AFTER = 1.0

stickers = Group("stickers", help="Stickers and print runs.")


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
    not there. Nothing is recorded where it cannot be written; a run of more than 500 stickers
    is recorded as given up then.
    Example: flask stickers print --market QN-DAMHA --template a4-8 --out tem.pdf
    --as qlcho@example.vn
    """
    selection = Selection(copies=chosen["copies"], with_equipped=chosen["with_equipped"])
    values = RunValues(selection, chosen["template"], start=chosen["start"])
    printer = _Printer(code, email)
    began = time.perf_counter()
    with printer.giving_up_what_fails(), _recorded(out) as file:
        drawn = printer.print(values, file)
    _say(drawn, time.perf_counter() - began, as_json=as_json)


@stickers.command("cancel")
@click.argument("number")
@click.option("--market", "code", required=True, help="Code of the market, e.g. QN-DAMHA.")
@click.option("--as", "email", required=True, help="Who gives it up; the user's scope holds.")
@command
def cancel_run(number: str, code: str, email: str) -> None:
    """Give up a run that was made and never printed, e.g. where printing was killed.

    Its stalls need stickers again.
    Example: flask stickers cancel DT-2026-0012 --market QN-DAMHA --as qlcho@example.vn
    """
    _Printer(code, email).give_up(number)
    click.echo(f"Đã bỏ đợt {number}.")


class _Printer:
    """Makes a run and prints it; a long one in two transactions, so that others can write."""

    def __init__(self, code: str, email: str) -> None:
        self._code = code
        self._email = email
        self._made: str | None = None

    def print(self, values: RunValues, file: BinaryIO) -> Drawn:
        """The caller commits once the file is whole."""
        market, actor = self._place()
        run = run_making.make_run(market, values=values, actor=actor)
        show = _Bar().show
        if print_runs.balance(run).total <= printing.MOST_AT_ONCE:
            return printing.print_run(run, file, market=market, actor=actor, progress=show)
        number = run.number
        db.session.commit()
        self._made = number
        with reading():
            market, actor = self._place()
            run = print_runs.get_run(number, market=market, actor=actor)
            drawn = printing.draw(run, file, on=actor.today, progress=show)
        market, actor = self._place()
        printing.record_print(drawn, market=market, actor=actor)
        return drawn

    @contextmanager
    def giving_up_what_fails(self) -> Iterator[None]:
        """A long run that was made and cannot be printed is given up, on record."""
        try:
            yield
        except BaseException:
            db.session.rollback()
            if self._made is not None:
                self.give_up(self._made)
            raise

    def give_up(self, number: str) -> None:
        market, actor = self._place()
        print_runs.cancel(number, market=market, actor=actor)
        db.session.commit()

    def _place(self) -> tuple[Market, Actor]:
        """The market, for whoever prints, as of this moment."""
        actor = acting_as(self._email)
        found = access.get_market(self._code, actor=actor, permission=Permission.PRINT_STICKERS)
        return found, actor


@contextmanager
def _recorded(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name once it is whole; then what it holds is committed.

    Whoever finds the file finds its stickers recorded: where the commit fails, it goes again.
    """
    with whole_file(path) as file:
        yield file
    try:
        db.session.commit()
    except BaseException:
        _remove(path)
        raise


def _remove(path: Path) -> None:
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
