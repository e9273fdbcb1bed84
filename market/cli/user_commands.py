"""`flask users …`: the first administrator and everybody after."""

import getpass
import sys
from datetime import timedelta

import click

from market.cli.running import acting_as, command
from market.cli.wording import Group
from market.domain.roles import Role
from market.extensions import db
from market.services import users as service
from market.services import written_scopes

VOLUNTEER_DAYS = 90

users = Group("users", help="Users and their grants.")


@users.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice([str(role) for role in Role]), required=True)
@click.option(
    "--scope",
    required=True,
    help="country, province:22, operator:ID, market:CODE, section:CODE/NAME",
)
@click.option("--name", help="Display name; the email by default.")
@click.option(
    "--ends-on", type=click.DateTime(["%Y-%m-%d"]), help="Last day; volunteers: 90 days by default."
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@command
def create(
    email: str, role: str, scope: str, name: str | None, ends_on: object, *, password_stdin: bool
) -> None:
    """Make a user with one grant.

    Example: echo 'a long password' | flask users create qlcho@example.vn
    --role board_manager --scope market:QN-DAMHA --password-stdin
    """
    actor = acting_as(None)
    password = (
        sys.stdin.readline().rstrip("\n") if password_stdin else getpass.getpass("Mật khẩu: ")
    )
    last_day = ends_on.date() if ends_on else None  # type: ignore[attr-defined]
    if last_day is None and role == Role.VOLUNTEER:
        last_day = actor.today + timedelta(days=VOLUNTEER_DAYS)
    user = service.create_user(email, name or email, password, actor=actor)
    service.grant(
        user, Role(role), written_scopes.resolve_scope(scope), ends_on=last_day, actor=actor
    )
    db.session.commit()
    click.echo(f"{user.email}: {role} @ {scope}")
