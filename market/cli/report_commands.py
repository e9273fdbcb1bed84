"""`flask reports …`: freezing the report of a period, the list of them, and their files."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from market.cli.file_forms import form_of
from market.cli.running import acting_as, command, say_json
from market.cli.whole_files import whole_file
from market.cli.wording import Group
from market.documents.tables import Style
from market.domain.calendar import day_of, format_day, parse_day, period_label
from market.domain.coverage import Denominator
from market.domain.errors import Invalid
from market.domain.periods import Days, ended_period, parse_month
from market.domain.shares import FILE_PLACES, format_int_vi, format_percent_vi
from market.extensions import db
from market.services import area_totals, frozen_files, frozen_lists, frozen_reports, frozen_scope
from market.services.access import Actor
from market.services.market_lines import MarketChoice
from market.services.reading import reading
from market.services.report_files import FileFormat
from market.services.reports import Period

MOST_LISTED = 1000

reports = Group("reports", help="Frozen reports.")


@dataclass(slots=True)
class Done:
    """What came of freezing a period in each province."""

    frozen: list[dict[str, Any]] = field(default_factory=list)
    already: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)


@reports.command("freeze")
@click.option("--province", "province_code", help="Official code; all with markets by default.")
@click.option("--month", help="Month, as 2026-08; by default the last one that is over.")
@click.option("--since", help="First day of another period; needs --as-of.")
@click.option("--as-of", help="Last day of another period; needs --since.")
@click.option(
    "--denominator",
    type=click.Choice([str(each) for each in Denominator]),
    default=str(Denominator.A),
    show_default=True,
    help="Which stalls count, as in `flask coverage`.",
)
@click.option("--as", "email", help="As this user, who must be in charge of the whole province.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@command
def freeze(
    province_code: str | None, denominator: str, email: str | None, *, as_json: bool, **asked: Any
) -> None:
    """Freeze the provincial report of a period; what is frozen already stays as it is.

    Without arguments it freezes the month that has ended, for every province with markets:
    fit to be run every day. Example: flask reports freeze --province 22 --month 2026-08
    """
    actor = acting_as(email)
    period = _period(actor, **asked)
    done = Done()
    if province_code is not None:
        _freeze(province_code, period, Denominator(denominator), actor, done)
    else:
        for code in _codes(actor):
            _freeze_if_possible(code, period, Denominator(denominator), actor, done)
        if not done.frozen and not done.already:
            raise Invalid(done.skipped[0]["message"])
    _say(period, done, as_json=as_json)


@reports.command("list")
@click.option("--province", "province_code", help="Official code, e.g. 22.")
@click.option("--as", "email", help="Only what this user may read.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
@command
def list_reports(province_code: str | None, email: str | None, *, as_json: bool) -> None:
    """List the frozen reports, the latest period first.

    Example: flask reports list --province 22
    """
    actor = acting_as(email)
    with reading():
        area_totals.check_area(MarketChoice(province_code=province_code), actor=actor)
        listed = frozen_lists.list_newest(actor, MOST_LISTED, province_code=province_code)
        told = [_told(row) for row in listed]
        lines = [_line(row) for row in listed]
    if as_json:
        say_json(told)
        return
    for line in lines:
        click.echo(line)


@reports.command("export")
@click.argument("number")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--style",
    type=click.Choice([str(each) for each in Style]),
    default=str(Style.REPORT),
    show_default=True,
    help="For people under Vietnamese settings, or for programs.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice([str(each) for each in FileFormat]),
    help="By the ending of the file's name by default.",
)
@click.option("--as", "email", help="Only what this user may read; recorded as theirs.")
@command
def export(number: str, out: Path, style: str, file_format: str | None, email: str | None) -> None:
    """Write a frozen report, byte for byte as it was.

    Example: flask reports export BC-2026-0007 --out bao-cao.xlsx
    """
    actor = acting_as(email)
    form = form_of(out, file_format, style)
    opened = frozen_scope.get_report(number, actor=actor)
    made = frozen_files.file_of(opened, form, actor=actor)
    with whole_file(out) as file:
        file.write(made.content)
        frozen_files.note(opened, made, form, actor=actor)
        db.session.commit()
    click.echo(f"{out}: {format_int_vi(made.rows)} dòng")


def _period(actor: Actor, month: str | None, since: str | None, as_of: str | None) -> Period:
    if (since is None) != (as_of is None):
        raise click.UsageError("--since and --as-of go together.")
    if month is not None and since is not None:
        raise click.UsageError("Either --month, or --since and --as-of.")
    if since is not None and as_of is not None:
        days = Days(parse_day(since), parse_day(as_of))
    else:
        days = parse_month(month) if month is not None else ended_period(actor.today)
    return Period(*days)


def _codes(actor: Actor) -> list[str]:
    with reading():
        codes = [province.code for province in frozen_scope.list_provinces(actor)]
    if not codes:
        raise Invalid("Không có tỉnh nào có chợ để chốt báo cáo.")
    return codes


def _freeze(code: str, period: Period, denominator: Denominator, actor: Actor, done: Done) -> None:
    found = frozen_reports.freeze(code, period, actor=actor, denominator=denominator)
    report = found.report
    told = {
        "number": report.number,
        "province": report.province_code,
        "rows": report.row_count,
        "sha256": report.sha256,
    }
    db.session.commit()
    (done.frozen if found.is_new else done.already).append(told)


def _freeze_if_possible(
    code: str, period: Period, denominator: Denominator, actor: Actor, done: Done
) -> None:
    """A province that has nothing to report holds up no other."""
    try:
        _freeze(code, period, denominator, actor, done)
    except Invalid as refused:
        db.session.rollback()
        done.skipped.append({"province": code, "message": refused.message})


def _say(period: Period, done: Done, *, as_json: bool) -> None:
    if as_json:
        days = {"since": period.since, "as_of": period.as_of}
        say_json({**days, "frozen": done.frozen, "already": done.already, "skipped": done.skipped})
        return
    label = period_label(period.since, period.as_of)
    for told in done.frozen:
        rows = format_int_vi(told["rows"])
        click.echo(f"{told['number']}: đã chốt {label}, tỉnh {told['province']}, {rows} chợ")
    for told in done.already:
        click.echo(
            f"{told['number']}: {label}, tỉnh {told['province']} đã chốt từ trước, "
            "không làm gì thêm"
        )
    for told in done.skipped:
        click.echo(f"Bỏ qua tỉnh {told['province']}: {told['message']}")


def _told(row: Any) -> dict[str, Any]:
    report = row.FrozenReport
    share = frozen_lists.share_of(row)
    percent = share.percent(FILE_PLACES)
    return {
        "number": report.number,
        "province": report.province_code,
        "period": period_label(report.since, report.as_of),
        "since": report.since,
        "as_of": report.as_of,
        "denominator": str(report.denominator),
        "markets": row.markets,
        "merchants_accepting": share.numerator,
        "merchants_trading": share.denominator,
        "share_percent": None if percent is None else float(percent),
        "frozen_at": report.frozen_at,
        "corrected_by": row.corrected_by,
        "sha256": report.sha256,
    }


def _line(row: Any) -> str:
    report = row.FrozenReport
    share = format_percent_vi(frozen_lists.share_of(row).percent()) or "–"
    replaced = f", đã thay bằng {row.corrected_by}" if row.corrected_by else ""
    return (
        f"{report.number}  {report.province_code}  {period_label(report.since, report.as_of)}  "
        f"{share}  chốt {format_day(day_of(report.frozen_at))}{replaced}"
    )
