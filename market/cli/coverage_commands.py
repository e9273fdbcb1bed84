"""`flask coverage …`: the figures of an area, and whether the stored ones are right."""

from dataclasses import replace
from typing import Any

import click

from market.cli.running import acting_as, command, say_json
from market.cli.wording import Group
from market.domain.calendar import format_day, parse_day
from market.domain.coverage import Denominator, Unit
from market.domain.shares import format_int_vi, format_percent_vi
from market.extensions import db
from market.services import area_totals, coverage_checks
from market.services import coverage as counting
from market.services.area_totals import AreaTotals
from market.services.market_lines import MarketChoice
from market.services.reading import reading

NOTHING_TO_COUNT = "chưa có gì để tính"


@click.group(cls=Group, invoke_without_command=True)
@click.option("--as-of", help="Day, as 2026-09-30 or 30/9/2026; today by default.")
@click.option("--province", "province_code", help="Official code, e.g. 22.")
@click.option("--commune", "commune_code", help="Official code, e.g. 06895.")
@click.option("--market", "market_code", help="Code of the market.")
@click.option(
    "--denominator",
    type=click.Choice([str(each) for each in Denominator]),
    default=str(Denominator.A),
    show_default=True,
    help="Which stalls count: A trading, B resting too, C all that are not closed.",
)
@click.option("--as", "email", help="Only what this user may read.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_context
@command
def coverage(
    context: click.Context,
    as_of: str | None,
    denominator: str,
    email: str | None,
    *,
    as_json: bool,
    **area: Any,
) -> None:
    """Counts and shares of an area on a day.

    Example: flask coverage --province 22 --as-of 2026-09-30 --json
    """
    if context.invoked_subcommand is not None:
        return
    actor = acting_as(email)
    day = parse_day(as_of) if as_of is not None else actor.today
    choice = replace(MarketChoice(), **area)
    with reading():
        totals = area_totals.of_area(
            actor, day, choice=choice, denominator=Denominator(denominator)
        )
    if as_json:
        say_json(totals.as_values())
    else:
        _say(totals)


@coverage.command("verify")
@command
def verify() -> None:
    """Count every market from its facts and compare with what is stored.

    A non-zero exit names each market that differs, and the first day on which it does.
    Example: flask coverage verify
    """
    with reading():
        found = [
            f"{each.market_code}: {format_day(each.day)}" for each in coverage_checks.deviations()
        ]
    for line in found:
        click.echo(line, err=True)
    if found:
        raise click.exceptions.Exit(1)
    click.echo("Số liệu lưu khớp với ghi chép.")


@coverage.command("recount")
@click.option(
    "--if-changed", is_flag=True, help="Only where CHO_STALE_DAYS changed since the last recount."
)
@command
def recount(*, if_changed: bool) -> None:
    """Count every market anew, as after a change of CHO_STALE_DAYS.

    Example: flask coverage recount
    """
    if if_changed and not coverage_checks.is_setting_changed():
        return
    market_ids = coverage_checks.list_market_ids()
    for market_id in market_ids:
        counting.recompute_market(market_id)
        db.session.commit()
    coverage_checks.note_setting()
    db.session.commit()
    click.echo(f"Đã đếm lại {format_int_vi(len(market_ids))} chợ.")


def _say(totals: AreaTotals) -> None:
    click.echo(
        f"Tính đến {format_day(totals.as_of)}, mẫu số {totals.denominator}: "
        f"{totals.running}/{totals.markets} chợ triển khai, {totals.passed} chợ đạt chỉ tiêu"
    )
    for unit, ladder in ((Unit.MERCHANTS, totals.merchants), (Unit.STALLS, totals.stalls)):
        share = ladder.share()
        percent = format_percent_vi(share.percent()) or NOTHING_TO_COUNT
        counts = f"{format_int_vi(share.numerator)}/{format_int_vi(share.denominator)}"
        click.echo(f"{counts} {unit.label} chấp nhận: {percent}")
