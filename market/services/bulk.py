"""Many rows at once, without an object for each; for imports of whole markets."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import Row, Table, bindparam, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute

from market.extensions import db
from market.models.base import Base

# Both databases take this many values in one IN.
CHUNK = 5_000
Value = TypeVar("Value")


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python's search for cycles out of work that makes millions of plain values.

    None of them refers back to itself, and each search would go through all of them.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def insert_many(entity: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that name the same columns."""
    if rows:
        db.session.execute(insert(_table(entity)), rows)


def insert_giving(
    entity: type[Base], rows: Sequence[Mapping[str, Any]], *columns: InstrumentedAttribute[Any]
) -> Sequence[Row[Any]]:
    """Insert rows and give these columns of each, in any order."""
    if not rows:
        return []
    return db.session.execute(insert(_table(entity)).returning(*columns), rows).all()


def update_many(entity: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Set the columns that the rows name, of the row with each `id`, in the order of ids."""
    if not rows:
        return
    table = _table(entity)
    names = [name for name in rows[0] if name != "id"]
    ordered = sorted(rows, key=lambda row: row["id"])
    db.session.execute(
        update(table)
        .where(table.c.id == bindparam("row_id"))
        .values({name: bindparam(f"new_{name}") for name in names}),
        [{"row_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in ordered],
    )


def lock(
    entity: type[Base], ids: Iterable[int], *columns: InstrumentedAttribute[Any]
) -> Iterator[Row[Any]]:
    """The columns of these rows, which nobody else changes until the transaction ends.

    In the order of ids, so that two who lock the same rows never wait for each other.
    """
    table = _table(entity)
    for chunk in chunks(sorted(ids)):
        yield from db.session.execute(
            select(*columns).where(table.c.id.in_(chunk)).order_by(table.c.id).with_for_update()
        )


def chunks(values: Iterable[Value], size: int = CHUNK) -> Iterator[list[Value]]:
    """The values in parts that fit into one statement."""
    left = iter(values)
    while chunk := list(islice(left, size)):
        yield chunk


def _table(entity: type[Base]) -> Table:
    return cast(Table, entity.__table__)
