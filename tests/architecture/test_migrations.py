"""The migrations: one line of them, from nothing, to what the models say."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import CheckConstraint, inspect

from market.extensions import db
from tests import running
from tests.databases import POSTGRESQL, SQLITE, Databases
from tests.sources import ROOT

MIGRATIONS = ROOT / "market" / "migrations"


def scripts() -> ScriptDirectory:
    """The migrations as Alembic sees them."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def test_there_is_one_newest_migration() -> None:
    assert len(scripts().get_heads()) == 1


@pytest.mark.parametrize("kind", [SQLITE, POSTGRESQL])
def test_an_empty_database_is_brought_to_the_newest_migration(
    kind: str, databases: Databases, tmp_path: Path
) -> None:
    with databases.empty(kind) as address:
        settings = running.make_settings(address, tmp_path)

        running.migrate(settings)

        with running.running(settings) as app, app.app_context(), db.engine.connect() as connection:
            at = MigrationContext.configure(connection).get_current_revision()
    assert at == scripts().get_current_head()


@pytest.mark.both_databases
def test_the_schema_is_what_the_models_say(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )

        assert compare_metadata(context, db.metadata) == []


@pytest.mark.both_databases
def test_checks_of_the_models_stand_in_the_schema(app: Flask) -> None:
    expected = {
        (table.name, constraint.name)
        for table in db.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    with app.app_context():
        inspector = inspect(db.engine)
        found = {
            (table, check["name"])
            for table in inspector.get_table_names()
            for check in inspector.get_check_constraints(table)
        }

    assert expected - found == set()


def test_every_constraint_has_a_name() -> None:
    nameless = [
        f"{table.name}: {constraint!r}"
        for table in db.metadata.tables.values()
        for constraint in table.constraints
        if constraint.name is None
    ]

    assert nameless == []
