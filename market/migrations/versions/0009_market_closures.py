"""Closures of markets: dated facts, where only the present one was known."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels: Any = None
depends_on: Any = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IS_OPEN = sa.text("to_day IS NULL")


def upgrade() -> None:
    """Add the table, and to it the markets that are closed now."""
    op.create_table(
        "market_closures",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("market_id", BIG_ID, nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "to_day IS NULL OR to_day >= from_day",
            name=op.f("ck_market_closures_ends_after_start"),
        ),
        sa.ForeignKeyConstraint(
            ["market_id"], ["markets.id"], name=op.f("fk_market_closures_market_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_closures")),
    )
    op.create_index(op.f("ix_market_closures_market_id"), "market_closures", ["market_id"])
    op.create_index(
        "uq_market_closures_open",
        "market_closures",
        ["market_id"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.execute(
        "INSERT INTO market_closures (market_id, from_day) "
        "SELECT id, closed_on FROM markets WHERE closed_on IS NOT NULL ORDER BY id"
    )


def downgrade() -> None:
    """Take the table out again; of markets that are closed now the day stays with them."""
    op.drop_table("market_closures")
