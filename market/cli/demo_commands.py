"""`flask demo …`: demonstration data."""

import os
import sys
import time

import click
from flask import current_app

from market.cli.running import acting_as, command
from market.cli.wording import Group
from market.extensions import db
from market.services.demo import loading
from market.services.demo.loading import SignIn
from market.services.demo.plan import Scale

SIGN_INS = "demo-sign-ins.txt"
SHOW_AFTER = 1.0

demo = Group("demo", help="Demonstration data.")


@demo.command("load")
@click.option("--scale", type=click.Choice([str(scale) for scale in Scale]), default="province")
@click.option("--seed", type=int, default=2026, show_default=True)
@command
def load(scale: str, seed: int) -> None:
    """Load invented people in real places, with two years of history ending today.

    Refuses a database that holds markets already. Sign-ins are kept in the instance
    folder. Example: flask demo load --scale province
    """
    result = loading.load(Scale(scale), seed=seed, actor=acting_as(None), progress=_Bar().show)
    db.session.commit()
    _keep(result.sign_ins)
    click.echo(f"Đã nạp {result.markets} chợ mẫu.")


class _Bar:
    """Progress on stderr, for people, once it has taken over a second."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def show(self, done: int, total: int, step: str) -> None:
        if sys.stderr.isatty() and time.monotonic() - self._since > SHOW_AFTER:
            print(f"\r{done}/{total} {step:<40}", end="" if step else "\n", file=sys.stderr)


def _keep(sign_ins: tuple[SignIn, ...]) -> None:
    path = os.path.join(current_app.instance_path, SIGN_INS)
    lines = [
        f"{each.email}  {each.password}  {each.role.label}: {each.what_for}" for each in sign_ins
    ]
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
