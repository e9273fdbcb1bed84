"""Transactions that only read: on SQLite they never wait for, nor hold up, a writer."""

from collections.abc import Iterator
from contextlib import contextmanager

from market.extensions import db, reads_only


@contextmanager
def reading() -> Iterator[None]:
    """Read in a transaction of its own; what was open before is given up.

    Everything loaded within must be used within: the transaction ends with the block.
    """
    db.session.rollback()
    token = reads_only.set(True)
    try:
        yield
    finally:
        db.session.rollback()
        reads_only.reset(token)
