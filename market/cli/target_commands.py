"""`flask targets …`: what markets, communes and provinces are to reach, and how far they are."""

from typing import Any

import click

from market.cli.running import acting_as, command, say_json
from market.cli.wording import Group
from market.domain.calendar import format_day, parse_day
from market.domain.coverage import Unit
from market.domain.shares import FILE_PLACES, format_int_vi, format_percent_vi
from market.domain.targets import PlaceKind, Standing, parse_percent
from market.extensions import db
from market.services import area_totals, target_lists, target_scope
from market.services import targets as service
from market.services.market_lines import MarketChoice
from market.services.reading import reading
from market.services.target_lists import TargetRow
from market.services.targets import TargetValues

ID = click.IntRange(1, 2**62)

targets = Group("targets", help="Shares to reach by a day.")


@targets.command("set")
@click.option("--province", "province", help="Official code, e.g. 22.")
@click.option("--commune", "commune", help="Official code, e.g. 06895.")
@click.option("--market", "market", help="Code of the market.")
@click.option("--from", "from_day", required=True, help="First day, as 2026-01-01 or 1/1/2026.")
@click.option("--from-percent", required=True, help="Share on the first day, e.g. 80.")
@click.option("--to", "to_day", required=True, help="Day by which the last share is due.")
@click.option("--to-percent", required=True, help="Share on that day, e.g. 90.")
@click.option(
    "--unit",
    type=click.Choice([str(each) for each in Unit]),
    default=str(Unit.MERCHANTS),
    show_default=True,
    help="Of which the share is.",
)
@click.option("--decision", help="The document that gave the target.")
@click.option("--instead-of", type=ID, help="Number of the target that ends on the first day.")
@click.option("--as", "email", help="Act for this user; for the system by default.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@command
def set_target(instead_of: int | None, email: str | None, *, as_json: bool, **asked: Any) -> None:
    """Set a target for one province, commune or market.

    Example: flask targets set --province 22 --from 2026-01-01 --from-percent 80
    --to 2026-12-31 --to-percent 90 --as sct@cho.example
    """
    kind, code = _place_asked(asked)
    actor, values = acting_as(email), _values(asked)
    place = target_scope.get_place(kind, code, actor=actor)
    if instead_of is None:
        target = service.set_target(place, values, actor=actor)
    else:
        replaced = service.get_target(instead_of, actor=actor, to_set=True, place=place)
        target = service.change_target(replaced, values, version=None, actor=actor)
    db.session.commit()
    if as_json:
        say_json({"id": target.id})
        return
    click.echo(f"Đã đặt chỉ tiêu số {target.id}.")


@targets.command("list")
@click.option("--province", "province", help="Official code; all provinces by default.")
@click.option("--as-of", help="Day, as 2026-09-30 or 30/9/2026; today by default.")
@click.option("--as", "email", help="Only what this user may read.")
@click.option("--json", "as_json", is_flag=True, help="As JSON on standard output.")
@command
def list_targets(
    province: str | None, as_of: str | None, email: str | None, *, as_json: bool
) -> None:
    """List the targets, those that no longer hold too.

    Example: flask targets list --province 22 --json
    """
    actor = acting_as(email)
    day = parse_day(as_of) if as_of is not None else actor.today
    with reading():
        area_totals.check_area(MarketChoice(province_code=province), actor=actor)
        if province:
            rows = target_lists.of_province(province, on=day, actor=actor).rows
        else:
            rows = target_lists.list_everywhere(on=day, actor=actor)
        told = [_fields(row) for row in rows]
        lines = [_line(row) for row in rows]
    if as_json:
        say_json(told)
        return
    for line in lines:
        click.echo(line)


@targets.command("end")
@click.argument("target_id", type=ID)
@click.option("--on", help="First day on which it no longer holds; today by default.")
@click.option("--as", "email", help="Act for this user; for the system by default.")
@command
def end(target_id: int, on: str | None, email: str | None) -> None:
    """End a target; on its own first day, it is as if it had never held.

    Example: flask targets end 7 --on 2026-10-01 --as sct@cho.example
    """
    actor = acting_as(email)
    day = parse_day(on) if on is not None else actor.today
    target = service.get_target(target_id, actor=actor, to_set=True)
    service.end_target(target, on=day, version=None, actor=actor)
    db.session.commit()
    click.echo(f"Chỉ tiêu số {target.id} kết thúc từ ngày {format_day(day)}.")


def _place_asked(asked: dict[str, Any]) -> tuple[PlaceKind, str]:
    given = [(kind, asked[kind.value]) for kind in PlaceKind if asked[kind.value]]
    if len(given) != 1:
        raise click.UsageError("Give one of --province, --commune, --market.")
    return given[0]


def _values(asked: dict[str, Any]) -> TargetValues:
    return TargetValues(
        from_day=parse_day(asked["from_day"]),
        from_percent=parse_percent(asked["from_percent"]),
        to_day=parse_day(asked["to_day"]),
        to_percent=parse_percent(asked["to_percent"]),
        unit=Unit(asked["unit"]),
        decision=asked["decision"],
    )


def _fields(row: TargetRow) -> dict[str, object]:
    target = row.target
    return {
        "id": target.id,
        "place": row.aim.place.kind,
        "code": row.code,
        "name": row.name,
        "unit": target.unit,
        "from_day": target.from_day,
        "from_percent": float(target.from_percent),
        "to_day": target.to_day,
        "to_percent": float(target.to_percent),
        "ended_on": target.ended_on,
        "decision": target.decision,
        "state": row.state,
        "standing": None if row.standing is None else _standing(row.standing),
    }


def _standing(standing: Standing) -> dict[str, object]:
    percent, gap = standing.share.percent(FILE_PLACES), standing.gap_points(FILE_PLACES)
    return {
        "as_of": standing.day,
        "target_percent": float(standing.target_percent(FILE_PLACES)),
        "numerator": standing.share.numerator,
        "denominator": standing.share.denominator,
        "share_percent": None if percent is None else float(percent),
        "gap_points": None if gap is None else float(gap),
        "reached": standing.is_reached,
        "behind": standing.behind,
        "missing": standing.missing,
        "weekly_pace": standing.pace,
        "forecast": standing.forecast,
    }


def _line(row: TargetRow) -> str:
    line = row.aim.line
    span = " → ".join(
        f"{format_percent_vi(percent)} ({format_day(day)})"
        for percent, day in (
            (line.from_percent, line.from_day),
            (line.to_percent, line.to_day),
        )
    )
    words = [str(row.target.id), row.code, row.name, span, row.state.label]
    if row.standing is not None and row.standing.missing is not None:
        unit = row.aim.unit.label
        words.append(f"còn thiếu {format_int_vi(row.standing.missing)} {unit}")
    return "\t".join(words)
