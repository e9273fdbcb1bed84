"""How Alembic reaches the database: through the app that is running."""

from alembic import context
from flask import current_app

from market.models.everything import metadata

db = current_app.extensions["migrate"].db


def run() -> None:
    """Migrate in one transaction; both databases roll back a schema change that fails."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
            user_module_prefix="types.",
        )
        with context.begin_transaction():
            context.run_migrations()


run()
