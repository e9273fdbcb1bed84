"""What a unique rule of the database says when two people act at once, in words of the domain."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from market.domain.errors import DomainError
from market.extensions import db

UNIQUE_VIOLATION = "23505"
SQLITE_UNIQUE = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})


@contextmanager
def unique_or(refusal: DomainError) -> Iterator[None]:
    """Flush what is added within; where it is there already, raise `refusal`.

    Only what was added within is given up, the transaction goes on.
    """
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError as error:
        if not _is_unique_violation(error):
            raise
        raise refusal from error


def _is_unique_violation(error: IntegrityError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorcode in SQLITE_UNIQUE
    return getattr(error.orig, "sqlstate", None) == UNIQUE_VIOLATION
