"""Writing rows in bulk: by INSERT, or on PostgreSQL by COPY beside the making of more."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from market.models.base import Base
from market.models.sticker import PrintRun
from market.services.demo.rows import ORDER, Batch, Row

# Only PostgreSQL's own engine loads the driver: on SQLite it would take memory for nothing.
if TYPE_CHECKING:
    from psycopg import Connection, Cursor

# So many batches wait at most for the database: memory is bounded by them.
AHEAD = 3
# Columns that hold JSON, which COPY takes as text.
JSON_COLUMNS: Mapping[type[Base], str] = {PrintRun: "options"}

_REFERENCES = text(
    """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE contype = 'f' AND conrelid::regclass::text = ANY(:names)
    ORDER BY conrelid::regclass::text, conname
    """
)

Put = Callable[[Batch], None]


def is_postgresql(session: Session) -> bool:
    """Whether the session's database is PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


@contextmanager
def writing(session: Session) -> Iterator[Put]:
    """Write each batch that is put, in the transaction of the session.

    On PostgreSQL another thread writes: the session must rest until the block ends.
    """
    if not is_postgresql(session):
        yield lambda batch: _insert(session, batch)
        return
    connection: Any = session.connection().connection.driver_connection
    waiting: deque[Future[None]] = deque()

    with _references_checked_at_the_end(session), ThreadPoolExecutor(1) as writer:

        def put(batch: Batch) -> None:
            while len(waiting) >= AHEAD:
                waiting.popleft().result()
            waiting.append(writer.submit(_copy, connection, batch))

        yield put
        for each in waiting:
            each.result()


def finish(session: Session, last_ids: Mapping[type[Base], int]) -> None:
    """Let PostgreSQL number on from the last ids, and see how much there is of what."""
    if not is_postgresql(session):
        return
    for entity, last in last_ids.items():
        if last:
            session.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"),
                {"table": entity.__tablename__, "last": last},
            )
    for entity in ORDER:
        session.execute(text(f"ANALYZE {entity.__tablename__}"))


@contextmanager
def _references_checked_at_the_end(session: Session) -> Iterator[None]:
    """Take the references of the written tables away, and put them back as they were.

    Putting one back checks all rows of its table in one query, which takes a fraction of
    looking each row up. It is part of the transaction: a load that is broken off leaves
    them where they are.
    """
    names = [entity.__tablename__ for entity in ORDER]
    references = session.execute(_REFERENCES, {"names": names}).all()
    for table, name, _definition in references:
        session.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    yield
    for table, name, definition in references:
        session.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"))


def _insert(session: Session, batch: Batch) -> None:
    for entity in ORDER:
        if rows := batch.get(entity):
            session.connection().execute(insert(entity.__table__), rows)  # type: ignore[arg-type]


def _copy(connection: "Connection[Any]", batch: Batch) -> None:
    with connection.cursor() as cursor:
        for entity in ORDER:
            if rows := batch.get(entity):
                _copy_table(cursor, entity, rows)


def _copy_table(cursor: "Cursor[Any]", entity: type[Base], rows: list[Row]) -> None:
    if name := JSON_COLUMNS.get(entity):
        rows = [{**row, name: json.dumps(row[name])} for row in rows]
    columns = list(rows[0])
    values = itemgetter(*columns)
    named = ", ".join(f'"{column}"' for column in columns)
    with cursor.copy(f'COPY "{entity.__tablename__}" ({named}) FROM STDIN'.encode()) as copy:
        for row in rows:
            copy.write_row(values(row))
