"""`flask audit …`: verify the chain of the audit log."""

import click

from market.cli.running import command
from market.cli.wording import Group
from market.services import audit as service

audit = Group("audit", help="The audit log.")


@audit.command("verify")
@click.option("--count", type=int, help="Number of entries noted outside the database.")
@click.option("--hash", "noted_hash", help="Hash of that entry, noted outside the database.")
@command
def verify(count: int | None, noted_hash: str | None) -> None:
    """Recompute the chain; a non-zero exit names the first broken link.

    Prints the head (count and hash): note it outside the database and give it next
    time, so that a cut tail is noticed too.
    Example: flask audit verify --count 1204 --hash 9f2c…
    """
    report = service.verify(expected_count=count, expected_hash=noted_hash)
    if report.broken is not None:
        click.echo(f"Chuỗi đứt ở mục {report.broken.entry}: {report.broken.reason}", err=True)
        raise click.exceptions.Exit(1)
    click.echo(f"{report.count} {report.hash}")
