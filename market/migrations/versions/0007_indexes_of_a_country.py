"""Indexes without which a country's register would be read from end to end."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels: Any = None
depends_on: Any = None

WAITS = sa.text("becomes_preferred AND NOT is_preferred AND retired_at IS NULL")
IS_VOID = sa.text("void_at IS NOT NULL")


def upgrade() -> None:
    """Add the indexes."""
    op.create_index(
        "ix_payment_accounts_waits_to_replace",
        "payment_accounts",
        ["in_force_from"],
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    )
    op.create_index("ix_stickers_printed_at", "stickers", ["printed_at"])
    op.create_index(
        "ix_stickers_void_at",
        "stickers",
        ["void_at"],
        sqlite_where=IS_VOID,
        postgresql_where=IS_VOID,
    )
    op.create_index("ix_incidents_opened_on", "incidents", ["opened_on"])


def downgrade() -> None:
    """Take them out again."""
    op.drop_index("ix_incidents_opened_on", "incidents")
    op.drop_index("ix_stickers_void_at", "stickers")
    op.drop_index("ix_stickers_printed_at", "stickers")
    op.drop_index("ix_payment_accounts_waits_to_replace", "payment_accounts")
