"""The operator commands under `flask`."""

from flask import Flask

from market.cli import area_commands, audit_commands, demo_commands, user_commands

GROUPS = (user_commands.users, audit_commands.audit, area_commands.areas, demo_commands.demo)


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    for group in GROUPS:
        app.cli.add_command(group)
