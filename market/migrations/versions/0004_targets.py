"""Targets: the share a market, a commune or a province is to reach by a day."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from market.models.base import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels: Any = None
depends_on: Any = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PLACES = {
    "market_id": "markets.id",
    "commune_code": "communes.code",
    "province_code": "provinces.code",
}


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "targets",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("market_id", BIG_ID, nullable=True),
        sa.Column("commune_code", sa.String(length=5), nullable=True),
        sa.Column("province_code", sa.String(length=2), nullable=True),
        sa.Column(
            "unit",
            sa.Enum(
                "merchants",
                "stalls",
                name=op.f("ck_targets_unit"),
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("from_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("to_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("decision", sa.String(length=100), nullable=True),
        sa.Column("set_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("set_by_id", BIG_ID, nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "CASE WHEN market_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN commune_code IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN province_code IS NULL THEN 0 ELSE 1 END = 1",
            name=op.f("ck_targets_is_for_one_place"),
        ),
        sa.CheckConstraint("to_day >= from_day", name=op.f("ck_targets_ends_after_start")),
        sa.CheckConstraint(
            "from_percent BETWEEN 0 AND 100 AND to_percent BETWEEN 0 AND 100",
            name=op.f("ck_targets_percents_are_shares"),
        ),
        sa.CheckConstraint(
            "ended_on IS NULL OR ended_on >= from_day", name=op.f("ck_targets_ended_after_start")
        ),
        *(
            sa.ForeignKeyConstraint([place], [key], name=op.f(f"fk_targets_{place}"))
            for place, key in {**PLACES, "set_by_id": "users.id"}.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targets")),
    )
    for place in PLACES:
        op.create_index(
            f"uq_targets_{place}_from_day",
            "targets",
            [place, "from_day"],
            unique=True,
            sqlite_where=sa.text("ended_on IS NULL OR ended_on > from_day"),
            postgresql_where=sa.text("ended_on IS NULL OR ended_on > from_day"),
        )


def downgrade() -> None:
    """Take the table out again."""
    op.drop_table("targets")
