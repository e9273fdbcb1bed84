"""`flask import-stalls`: preview or apply a board's list."""

import sys
import time
from pathlib import Path
from typing import Any

import click

from market.cli.running import acting_as, command, say_json
from market.cli.wording import Command
from market.documents.workbook_limits import MAX_FILE_BYTES
from market.domain.roles import Permission
from market.extensions import db
from market.services import access, import_files, import_runs, imports
from market.services.access import Actor
from market.services.bulk import uncollected
from market.services.import_preview import work_out
from market.services.import_reading import Directories, WantedList, read_wanted
from market.services.import_runs import Outcome
from market.services.jobs import Progress
from market.services.reading import reading

QUIET_SECONDS = 1.0
COUNTS = ("stalls", "merchants", "vacant", "accounts", "new", "same", "changed")
REFUSED = "Danh sách có dòng lỗi nên chưa nhập gì: hãy sửa, hoặc thêm --skip-bad-rows."


@click.command("import-stalls", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--market", "code", required=True, help="Code of the market, e.g. QN-DAMHA.")
@click.option("--apply", "applies", is_flag=True, help="Write it; without this only a preview.")
@click.option("--skip-bad-rows", "skips", is_flag=True, help="Apply the rows without errors.")
@click.option("--as", "email", help="Act for this user; the system by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@command
def import_stalls(
    file: Path, code: str, email: str | None, *, applies: bool, skips: bool, as_json: bool
) -> None:
    """Preview a list of stalls against the register, or apply it.

    With errors and without --skip-bad-rows nothing is written and the exit code is 1.
    Example: flask import-stalls cho-dam-ha.xlsx --market QN-DAMHA --apply --skip-bad-rows
    """
    data = _read(file)
    with uncollected(), reading():
        actor = acting_as(email)
        wanted, outcome, since = _look(file.name, data, code, actor, applies=applies)
    if outcome is None:
        outcome = _apply(wanted, (file.name, data), code, actor, skips=skips, since=since)
    said = {"market": code, **_told(outcome)}
    if as_json:
        say_json(said)
    else:
        _say(said)
    if applies and not outcome.applied:
        click.echo(REFUSED, err=True)
        raise click.exceptions.Exit(1)


def _look(
    filename: str, data: bytes, code: str, actor: Actor, *, applies: bool
) -> tuple[WantedList, Outcome | None, int]:
    """The list read and checked; its outcome too where it is only a preview."""
    market = access.get_market(code, actor=actor, permission=Permission.WRITE_REGISTRY)
    imports.require_whole_market(actor)
    directories = Directories.load()
    wanted = read_wanted(
        data,
        filename,
        mapping=import_files.remembered_mapping(market),
        directories=directories,
        without_accounts=not imports.may_enter_accounts(market, actor),
    )
    if applies:
        return wanted, None, import_runs.last_batch_id(market)
    preview = work_out(wanted, market=market, effective_on=actor.today, directories=directories)
    return wanted, Outcome.of_preview(preview, applied=False), 0


def _apply(
    wanted: WantedList, file: tuple[str, bytes], code: str, actor: Actor, *, skips: bool, since: int
) -> Outcome:
    market = access.get_market(code, actor=actor, permission=Permission.WRITE_REGISTRY)
    with uncollected():
        outcome = import_runs.apply_file(
            wanted,
            file,
            market=market,
            skip_bad_rows=skips,
            since=since,
            actor=actor,
            progress=_progress(),
        )
        db.session.commit()
    return outcome


def _read(file: Path) -> bytes:
    """The file, or as much of it as shows that it is too large."""
    with file.open("rb") as stream:
        return stream.read(MAX_FILE_BYTES + 1)


def _told(outcome: Outcome) -> dict[str, Any]:
    return {
        "applied": outcome.applied,
        **{name: outcome.counts[name] for name in COUNTS},
        "errors": [_problem(problem) for problem in outcome.errors],
        "warnings": [_problem(problem) for problem in outcome.warnings],
    }


def _problem(problem: dict[str, Any]) -> dict[str, Any]:
    """Row, code and message; which column only where the whole column is meant."""
    is_about_column = problem["code"] == "column_private"
    return {key: problem[key] for key in problem if key != "column" or is_about_column}


def _say(said: dict[str, Any]) -> None:
    click.echo("Đã nhập:" if said["applied"] else "Xem trước, chưa ghi gì:")
    click.echo(
        f"  {said['stalls']} điểm, {said['merchants']} hộ, {said['vacant']} điểm trống,"
        f" {said['accounts']} hộ có tài khoản"
    )
    click.echo(
        f"  {said['new']} dòng mới, {said['changed']} dòng thay đổi, {said['same']} dòng như cũ"
    )
    for title, problems in (("Lỗi", said["errors"]), ("Lưu ý", said["warnings"])):
        if problems:
            click.echo(f"{title}: {len(problems)}")
        for problem in problems:
            click.echo(f"  Dòng {problem['row']}: {problem['message']}")


def _progress() -> Progress:
    """Tells a person at a terminal how far it is, once it takes longer than a moment."""
    started = time.monotonic()

    def tell(done: int, total: int, step: str) -> None:
        if sys.stderr.isatty() and time.monotonic() - started > QUIET_SECONDS:
            end = "\n" if done == total else ""
            print(f"\r{step}: {done}/{total}", end=end, file=sys.stderr, flush=True)

    return tell
