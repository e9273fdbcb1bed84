"""`flask areas …`: provinces, communes and their old names."""

import click

from market.cli.running import acting_as, command
from market.cli.wording import Group
from market.extensions import db
from market.services import areas as service

areas = Group("areas", help="Provinces and communes.")


@areas.command("load")
@command
def load() -> None:
    """Load provinces, communes and old names, or bring them up to date.

    Areas that are no longer in force stay, because markets point to them.
    Example: flask areas load
    """
    loaded = service.load(actor=acting_as(None))
    db.session.commit()
    click.echo(
        f"{loaded.provinces} tỉnh, thành phố; {loaded.communes} xã, phường, đặc khu; "
        f"{loaded.aliases} tên cũ; {loaded.gone} đơn vị thôi hiệu lực"
    )
