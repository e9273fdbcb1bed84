"""Extensions, unbound: the app factory binds them; services reach the database here."""

import sqlite3
from contextvars import ContextVar
from typing import Any

from flask import current_app
from flask_babel import Babel
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from market.documents.sealing import Vault
from market.domain.rules import Rules
from market.models.base import Base

BUSY_TIMEOUT_MS = 30_000

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate()
csrf = CSRFProtect()
babel = Babel()

# Entrypoints say which requests only read; whatever says nothing may write.
reads_only: ContextVar[bool] = ContextVar("reads_only", default=False)


class WroteWhileReading(RuntimeError):
    """A request declared as reading tried to change the database."""


def vault() -> Vault:
    """What seals and opens personal values in this installation."""
    found: Vault = current_app.extensions["cho_vault"]
    return found


def rules() -> Rules:
    """The figures this installation set for counting and cool-off."""
    found: Rules = current_app.extensions["cho_rules"]
    return found


@event.listens_for(Engine, "connect")
def _settings_of_sqlite(connection: Any, record: ConnectionPoolEntry) -> None:
    """On every pooled SQLite connection: durable, referential, patient, and no hidden BEGIN."""
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA recursive_triggers=ON")
    cursor.close()


@event.listens_for(Engine, "connect")
def _settings_of_postgresql(connection: Any, record: ConnectionPoolEntry) -> None:
    """On every pooled PostgreSQL connection: no compiling of queries.

    Theirs are read in milliseconds, and compiling one takes a third of a second.
    """
    if isinstance(connection, sqlite3.Connection):
        return
    connection.autocommit = True
    connection.execute("SET jit = off")
    connection.autocommit = False


@event.listens_for(Engine, "begin")
def _begin_as_declared(connection: Connection) -> None:
    """Begin as a reader or a writer, and let the database itself hold a reader to it.

    On SQLite writers take the one write lock at once: a lock upgrade half-way cannot wait.
    """
    is_reading = reads_only.get()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA query_only={int(is_reading)}")
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")
    else:
        connection.connection.dbapi_connection.read_only = is_reading  # type: ignore[union-attr]


@event.listens_for(Session, "before_flush")
def _refuse_writes_while_reading(session: Session, context: Any, instances: Any) -> None:
    if reads_only.get() and (
        session.new
        or any(session.is_modified(entity) for entity in session.dirty)
        or session.deleted
    ):
        raise WroteWhileReading("declare the view with writes=True")
