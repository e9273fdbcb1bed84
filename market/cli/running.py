"""What all commands share: who acts, one-line refusals, exit codes."""

import json
import sys
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, TypeVar

import click
from flask.cli import with_appcontext

from market.domain.errors import DomainError, Invalid
from market.http.security import clock
from market.services import users
from market.services.access import Actor

Result = TypeVar("Result")


def command(act: Callable[..., Result]) -> Callable[..., Result]:
    """Run in the app's context; a refusal is one line on stderr and exit code 1."""

    @with_appcontext
    @wraps(act)
    def run(*args: Any, **kwargs: Any) -> Result:
        try:
            return act(*args, **kwargs)
        except DomainError as error:
            raise click.exceptions.Exit(_refuse(error)) from error

    return run


def acting_as(email: str | None) -> Actor:
    """The user named by `--as`, or the system; whoever runs commands runs the server."""
    at = clock()
    if email is None:
        return Actor.system(at)
    user = users.find_by_email(email)
    if user is None or user.disabled_at is not None:
        raise Invalid(f"Không có người dùng {email} đang hoạt động.")
    return Actor.of_user(user, at, "cli", fresh_at=at)


def say_json(value: Any) -> None:
    """JSON alone on stdout; days and moments as ISO 8601 writes them."""
    click.echo(json.dumps(value, ensure_ascii=False, default=_as_text))


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _refuse(error: DomainError) -> int:
    print(_told(error), file=sys.stderr)
    return 1


def _told(error: DomainError) -> str:
    """What is wrong, one thing after the other: a command marks no fields to be looked at."""
    return " ".join(dict.fromkeys(each.message for each in error.problems)) or error.message
