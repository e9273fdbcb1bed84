"""`flask accounts …`: approving what waits, as one of those who may."""

from collections.abc import Iterable

import click

from market.cli.running import acting_as, command, say_json
from market.cli.wording import Group
from market.domain.roles import Permission
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.services import access, account_decisions, account_lists
from market.services.access import Actor

accounts = Group("accounts", help="Payment accounts.")


@accounts.command("approve")
@click.option("--market", "code", required=True, help="Code of the market, e.g. QN-DAMHA.")
@click.option("--all", "everything", is_flag=True, required=True, help="All that wait.")
@click.option("--as", "email", required=True, help="Who approves; scope and four eyes hold.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@command
def approve(code: str, email: str, *, everything: bool, as_json: bool) -> None:
    """Approve the accounts that wait in a market.

    Skipped are those that take a decision of their own, refused those that this user may
    not approve or that change an account in use.
    Example: flask accounts approve --market QN-DAMHA --all --as truongban@example.vn
    """
    actor = acting_as(email)
    market = access.get_market(code, actor=actor, permission=Permission.APPROVE_ACCOUNTS)
    result = account_decisions.approve_many(market=market, actor=actor)
    skipped = [(account, str(reason)) for account, reason in result.skipped]
    told = {
        "approved": len(result.approved),
        "skipped": _told(skipped, market, actor),
        "refused": _told(result.refused, market, actor),
    }
    db.session.commit()
    if as_json:
        say_json(told)
        return
    click.echo(f"approved {len(result.approved)}")
    for kind in ("skipped", "refused"):
        for row in told[kind]:  # type: ignore[attr-defined]
            stalls = ", ".join(row["stall"])
            click.echo(f"{kind} account {row['account']} (stall {stalls or '-'}): {row['reason']}")


def _told(
    rows: Iterable[tuple[PaymentAccount, str]], market: Market, actor: Actor
) -> list[dict[str, object]]:
    rows = list(rows)
    codes = account_lists.stall_codes([account for account, _ in rows], market, actor)
    return [
        {"account": account.id, "stall": codes.get(account.merchant_id, []), "reason": reason}
        for account, reason in rows
    ]
