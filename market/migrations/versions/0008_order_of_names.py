"""A key for each name that is listed, so that lists stand in the order of the alphabet."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from market.domain.text import sort_key

revision = "0008"
down_revision = "0007"
branch_labels: Any = None
depends_on: Any = None

KEY = sa.String(length=820).with_variant(sa.String(820, collation="C"), "postgresql")
NAMED = (
    ("provinces", "code", "name"),
    ("communes", "code", "name"),
    ("operators", "id", "name"),
    ("users", "id", "display_name"),
)


def _fill(table: str, identity: str, named: str) -> None:
    rows = sa.table(table, sa.column(identity), sa.column(named), sa.column("sort_key"))
    connection = op.get_bind()
    found = connection.execute(sa.select(rows.c[identity], rows.c[named])).all()
    keys = [{"row": row, "key": sort_key(name)} for row, name in found]
    if keys:
        change = sa.update(rows).where(rows.c[identity] == sa.bindparam("row"))
        connection.execute(change.values(sort_key=sa.bindparam("key")), keys)


def upgrade() -> None:
    """Add the keys, those of the names that are there, and what lists are read by."""
    for table, identity, named in NAMED:
        # A default lets SQLite add the column in place; rebuilding the table would drop its checks.
        op.add_column(table, sa.Column("sort_key", KEY, nullable=False, server_default=""))
        _fill(table, identity, named)
    op.create_index("ix_users_sort_key", "users", ["sort_key"])
    op.create_index("ix_markets_sort_key", "markets", ["sort_key"])


def downgrade() -> None:
    """Take them out again."""
    op.drop_index("ix_markets_sort_key", "markets")
    op.drop_index("ix_users_sort_key", "users")
    for table, _identity, _named in reversed(NAMED):
        op.drop_column(table, "sort_key")
