"""`flask export …`: the provincial report and the list of stalls as files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from market.cli.file_forms import form_of
from market.cli.running import acting_as, command
from market.cli.whole_files import whole_file
from market.cli.wording import Group
from market.documents.tables import Style
from market.domain.calendar import parse_day
from market.domain.shares import format_int_vi
from market.extensions import db
from market.services import area_totals, extents, report_files, reports
from market.services.access import Actor
from market.services.market_lines import MarketChoice
from market.services.reading import reading
from market.services.report_files import FileFormat, Form
from market.services.reports import Period
from market.services.stall_reports import StallChoice

Command = TypeVar("Command", bound=Callable[..., Any])

export = Group("export", help="Reports as files.")


def shared_options(act: Command) -> Command:
    """What both exports ask."""
    for option in (
        click.option("--as", "email", help="Only what this user may read; recorded as theirs."),
        click.option(
            "--format",
            "file_format",
            type=click.Choice([str(each) for each in FileFormat]),
            help="By the ending of the file's name by default.",
        ),
        click.option(
            "--style",
            type=click.Choice([str(each) for each in Style]),
            default=str(Style.REPORT),
            show_default=True,
            help="For people under Vietnamese settings, or for programs.",
        ),
        click.option("--market", "market_code", help="Code of the market."),
        click.option("--province", "province_code", help="Official code, e.g. 22."),
        click.option("--since", help="First day of the period; the first of the month by default."),
        click.option("--as-of", help="Day, as 2026-09-30 or 30/9/2026; today by default."),
        click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path)),
    ):
        act = option(act)
    return act


@export.command("markets")
@shared_options
@command
def markets(as_of: str | None, since: str | None, email: str | None, **asked: Any) -> None:
    """Write the provincial report, one row a market.

    Example: flask export markets --out bao-cao.csv --province 22 --as-of 2026-09-30
    """
    actor, form, choice = acting_as(email), _form(asked), _choice(asked)
    period = _period(as_of, since, actor)
    area_totals.check_area(choice, actor=actor)
    with whole_file(asked["out"]) as file:
        with reading():
            extent = extents.of_choice(choice, period.as_of, actor=actor)
            table = extent.marked(report_files.market_table(actor, period, choice=choice))
            rows = report_files.write(file, table, form, actor=actor)
        report_files.note_markets(actor, period, form, _told(asked))
        db.session.commit()
    _say(asked["out"], rows)


@export.command("stalls")
@shared_options
@click.option("--columns", help="Names of columns in data style, with commas; all by default.")
@command
def stalls(
    as_of: str | None, since: str | None, columns: str | None, email: str | None, **asked: Any
) -> None:
    """Write the list of stalls, one row for each merchant at each stall.

    Stalls are listed as they were on the last day of the period, whenever it began.

    Example: flask export stalls --out diem.csv --market QN-DAMHA --style data
    --columns market_code,stall,level
    """
    actor, form, choice = acting_as(email), _form(asked), _choice(asked)
    day = _period(as_of, since, actor).as_of
    names = [name.strip() for name in columns.split(",")] if columns else None
    area_totals.check_area(choice, actor=actor)
    with whole_file(asked["out"]) as file:
        with reading():
            extent = extents.of_choice(choice, day, actor=actor)
            table = report_files.stall_table(actor, day, choice=StallChoice(choice), names=names)
            rows = report_files.write(file, extent.marked(table), form, actor=actor)
        report_files.note_stalls(actor, day, form, _told(asked))
        db.session.commit()
    _say(asked["out"], rows)


def _say(path: Path, rows: int) -> None:
    click.echo(f"{path}: {format_int_vi(rows)} dòng")


def _form(asked: dict[str, Any]) -> Form:
    return form_of(asked["out"], asked["file_format"], asked["style"])


def _choice(asked: dict[str, Any]) -> MarketChoice:
    return MarketChoice(province_code=asked["province_code"], market_code=asked["market_code"])


def _period(as_of: str | None, since: str | None, actor: Actor) -> Period:
    day = parse_day(as_of) if as_of is not None else actor.today
    return reports.usual_period(day, None if since is None else parse_day(since))


def _told(asked: dict[str, Any]) -> dict[str, str]:
    return {name: asked[f"{name}_code"] for name in ("province", "market") if asked[f"{name}_code"]}
