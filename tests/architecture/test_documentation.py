"""What an operator can set or type is described in docs/."""

import re
from collections.abc import Iterator

import click
from flask import Flask

from tests.sources import ROOT, modules

SETTING = re.compile(r"""["'](CHO_[A-Z_]+)["']""")
# Brought by Flask and its extensions, described there.
FOREIGN_COMMANDS = {"db", "routes", "run", "shell"}


def document(name: str) -> str:
    """A page of docs/."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_every_setting_is_documented() -> None:
    source = (ROOT / "market" / "config.py").read_text(encoding="utf-8")
    names = set(SETTING.findall(source))

    assert names
    assert {name for name in names if f"`{name}`" not in document("settings.md")} == set()


def test_settings_are_read_in_one_place() -> None:
    readers = {
        module.name
        for module in modules()
        if any(found.attr in {"environ", "getenv"} for found in module.attributes())
    }

    assert readers <= {"market.config"}


def test_every_command_is_documented(app: Flask) -> None:
    names = {name for name, _ in commands(app)}

    assert {name for name in names if f"flask {name}" not in document("commands.md")} == set()


def test_the_help_of_every_command_has_an_example(app: Flask) -> None:
    without = [
        name for name, command in commands(app) if f"flask {name}" not in (command.help or "")
    ]

    assert without == []


def commands(app: Flask) -> Iterator[tuple[str, click.Command]]:
    """(`users create`, command) of each command of our own, groups left out."""
    for name, command in app.cli.commands.items():
        if name not in FOREIGN_COMMANDS:
            yield from unfolded(name, command)


def unfolded(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """The command, or those of its group."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    for part, member in command.commands.items():
        yield from unfolded(f"{name} {part}", member)
