"""Commands and groups whose word on wrong usage is one line on stderr."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click
from click.exceptions import NoArgsIsHelpError
from flask.cli import AppGroup


class WrongUsage(click.UsageError):
    """What is wrong with the words of a command, and where they are explained."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it, the choices that click lists below one another included, on one line."""
        command = self.ctx.command_path if self.ctx is not None else "flask"
        told = " ".join(self.format_message().split())
        click.echo(f"{told} See: {command} --help", file=file, err=True)


class Command(click.Command):
    """A command that says wrong usage in one line."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _in_one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _in_one_line():
            return super().invoke(ctx)


class Group(Command, AppGroup):
    """Commands on one subject; what is wrong with any of them is said in one line too."""


@contextmanager
def _in_one_line() -> Iterator[None]:
    try:
        yield
    except (WrongUsage, NoArgsIsHelpError):
        raise
    except click.UsageError as error:
        raise WrongUsage(error.format_message(), error.ctx) from error
