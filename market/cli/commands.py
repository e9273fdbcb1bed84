"""The operator commands under `flask`."""

from flask import Flask

from market.cli import (
    account_commands,
    area_commands,
    audit_commands,
    coverage_commands,
    demo_commands,
    export_commands,
    import_commands,
    market_commands,
    payload_commands,
    report_commands,
    sticker_commands,
    target_commands,
    user_commands,
)

GROUPS = (
    account_commands.accounts,
    user_commands.users,
    audit_commands.audit,
    area_commands.areas,
    market_commands.markets,
    demo_commands.demo,
    import_commands.import_stalls,
    sticker_commands.stickers,
    payload_commands.payload,
    coverage_commands.coverage,
    target_commands.targets,
    export_commands.export,
    report_commands.reports,
)


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    for group in GROUPS:
        app.cli.add_command(group)
