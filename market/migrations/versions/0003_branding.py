"""How operators' stickers look: accent colours and logos."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from market.models.base import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels: Any = None
depends_on: Any = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "logo_files",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("added_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("added_by_id", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["users.id"], name=op.f("fk_logo_files_added_by_id")
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_logo_files")),
    )
    op.create_table(
        "operator_brandings",
        sa.Column("operator_id", BIG_ID, nullable=False),
        sa.Column("accent", sa.String(length=7), nullable=True),
        sa.Column("bank_logo", sa.String(length=64), nullable=True),
        sa.Column("programme_logo", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "accent IS NULL OR (length(accent) = 7 AND substr(accent, 1, 1) = '#')",
            name=op.f("ck_operator_brandings_accent_is_a_colour"),
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("fk_operator_brandings_operator_id")
        ),
        sa.ForeignKeyConstraint(
            ["bank_logo"], ["logo_files.sha256"], name=op.f("fk_operator_brandings_bank_logo")
        ),
        sa.ForeignKeyConstraint(
            ["programme_logo"],
            ["logo_files.sha256"],
            name=op.f("fk_operator_brandings_programme_logo"),
        ),
        sa.PrimaryKeyConstraint("operator_id", name=op.f("pk_operator_brandings")),
    )


def downgrade() -> None:
    """Take the tables out again."""
    op.drop_table("operator_brandings")
    op.drop_table("logo_files")
