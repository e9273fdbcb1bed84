"""Fresh databases with the real schema: migrated once, then copied for each test."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers import PostgresCluster

SQLITE = "sqlite"
POSTGRESQL = "postgresql"

Migrate = Callable[[str], None]


class Databases:
    """The databases of one test process. `migrate` brings an empty one up to date."""

    def __init__(
        self, *, process: str, folder: Path, cluster: PostgresCluster, migrate: Migrate
    ) -> None:
        self._process = process
        self._cluster = cluster
        self._migrate = migrate
        self._folder = folder
        self._numbers = itertools.count(1)
        self._sqlite_template: Path | None = None
        self._postgresql_template: str | None = None

    @contextmanager
    def migrated(self, kind: str) -> Iterator[str]:
        """Address of a new database with the schema and what migrations put in."""
        copies = {SQLITE: self._sqlite_copy, POSTGRESQL: self._postgresql_copy}
        with copies[kind]() as address:
            yield address

    @contextmanager
    def empty(self, kind: str) -> Iterator[str]:
        """Address of a new database without anything in it."""
        if kind == SQLITE:
            with self._sqlite_file() as path:
                yield f"sqlite:///{path}"
        else:
            with self._postgresql_database("template0") as address:
                yield address

    @contextmanager
    def _sqlite_copy(self) -> Iterator[str]:
        if self._sqlite_template is None:
            template = self._folder / "template.sqlite3"
            self._migrate(f"sqlite:///{template}")
            self._sqlite_template = template
        with self._sqlite_file() as path:
            shutil.copyfile(self._sqlite_template, path)
            yield f"sqlite:///{path}"

    @contextmanager
    def _sqlite_file(self) -> Iterator[Path]:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        try:
            yield folder / "cho.sqlite3"
        finally:
            shutil.rmtree(folder)

    @contextmanager
    def _postgresql_copy(self) -> Iterator[str]:
        if self._postgresql_template is None:
            template = f"template_{self._process}"
            self._execute("CREATE DATABASE {}", template)
            self._migrate(self._postgresql_address(template))
            self._postgresql_template = template
        with self._postgresql_database(self._postgresql_template) as address:
            yield address

    @contextmanager
    def _postgresql_database(self, template: str) -> Iterator[str]:
        name = f"test_{self._process}_{next(self._numbers)}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            yield self._postgresql_address(name)
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _postgresql_address(self, database: str) -> str:
        return f"postgresql+psycopg://cho@{self._cluster.address()}/{database}"

    def _execute(self, statement: str, *names: str) -> None:
        address = f"postgresql://cho@{self._cluster.address()}/postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
