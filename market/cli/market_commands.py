"""`flask markets …`: enter markets and list them."""

from collections.abc import Callable
from typing import Any

import click

from market.cli.running import acting_as, command, say_json
from market.cli.wording import Group
from market.domain.calendar import parse_day
from market.domain.markets import MarketClass, MarketTrade
from market.extensions import db
from market.services import areas, market_lists, operators
from market.services import markets as service
from market.services.market_lists import MarketRow
from market.services.markets import MarketValues

markets = Group("markets", help="Markets.")
CLASS = click.Choice([str(each) for each in MarketClass])
TRADE = click.Choice([str(each) for each in MarketTrade])


@markets.command("create")
@click.argument("code")
@click.option("--name", required=True, help="The market's name.")
@click.option("--commune", required=True, help="Official code of the commune, e.g. 06895.")
@click.option("--operator", help="Who runs it from today on; a board is made where none is.")
@click.option("--class", "market_class", type=CLASS, help="As a decision gave it.")
@click.option("--trade", type=TRADE, help="Retail by default.")
@click.option("--opened-on", help="Day from which it counts, as 2026-09-30; without it, always.")
@click.option("--programme-start", help="Day on which the programme began there.")
@click.option("--as", "email", help="Act for this user; for the system by default.")
@command
def create(
    code: str, name: str, commune: str, operator: str | None, email: str | None, **known: Any
) -> None:
    """Enter a market.

    Example: flask markets create QN-DAMHA --name 'Chợ Đầm Hà' --commune 06895
    --operator 'Ban quản lý chợ Đầm Hà'
    """
    actor = acting_as(email)
    values = MarketValues(code=code, name=name, commune_code=commune, **_given(known))
    market = service.create_market(values, actor=actor)
    if operator:
        province_code = areas.get_commune(commune).province_code
        runs_it = operators.get_or_make(operator, province_code=province_code, actor=actor)
        service.change_operator(market, runs_it, on=actor.today, actor=actor)
    db.session.commit()
    click.echo(f"{market.code}: {market.name}")


@markets.command("list")
@click.option("--as", "email", help="Only what this user sees.")
@click.option("--json", "as_json", is_flag=True, help="As JSON on standard output.")
@command
def list_markets(email: str | None, *, as_json: bool) -> None:
    """List the markets, closed ones too.

    Example: flask markets list --json
    """
    rows = market_lists.list_all(acting_as(email))
    if as_json:
        say_json([_fields(row) for row in rows])
        return
    for row in rows:
        market = row.market
        place = f"{market.commune.name}, {market.commune.province.name}"
        click.echo(
            f"{market.code}\t{market.name}\t{place}\t{row.points} điểm\t{market.state.label}"
        )


def _given(known: dict[str, Any]) -> dict[str, Any]:
    """The options that were typed, as the register keeps them."""
    readers: dict[str, Callable[[Any], Any]] = {
        "market_class": MarketClass,
        "trade": MarketTrade,
        "opened_on": parse_day,
        "programme_start": parse_day,
    }
    return {name: readers[name](value) for name, value in known.items() if value is not None}


def _fields(row: MarketRow) -> dict[str, object]:
    market = row.market
    return {
        "code": market.code,
        "name": market.name,
        "province_code": market.commune.province_code,
        "province": market.commune.province.name,
        "commune_code": market.commune_code,
        "commune": market.commune.name,
        "class": market.market_class,
        "trade": market.trade,
        "operator": row.operator,
        "programme_start": market.programme_start,
        "state": market.state,
        "closed_on": market.closed_on,
        "points": row.points,
    }
