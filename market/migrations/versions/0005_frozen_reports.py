"""Frozen reports: what was sent for a period, which nothing changes afterwards."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from market.models.base import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels: Any = None
depends_on: Any = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("frozen_reports", "frozen_rows", "frozen_files")
REFUSED = [(table, act) for table in TABLES for act in ("UPDATE", "DELETE")]


def upgrade() -> None:
    """Add the tables, and the triggers that keep their rows as they are."""
    _add_reports()
    _add_rows()
    _add_files()
    body = (
        "WHEN 1 = 1 BEGIN SELECT RAISE(ABORT, '{name}'); END"
        if op.get_bind().dialect.name == "sqlite"
        else "FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    for table, act in REFUSED:
        name = f"{table}_never_{'change' if act == 'UPDATE' else 'go'}"
        op.execute(f"CREATE TRIGGER {name} BEFORE {act} ON {table} " + body.format(name=name))


def downgrade() -> None:
    """Take the tables out again; their triggers go with them."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _add_reports() -> None:
    keys = {
        "province_code": "provinces.code",
        "corrects_id": "frozen_reports.id",
        "before_id": "frozen_reports.id",
        "frozen_by_id": "users.id",
    }
    op.create_table(
        "frozen_reports",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("province", sa.String(length=200), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("denominator", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("corrects_id", BIG_ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("before_id", BIG_ID, nullable=True),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("frozen_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("frozen_by_id", BIG_ID, nullable=True),
        sa.Column("frozen_by", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "denominator IN ('A', 'B', 'C')", name=op.f("ck_frozen_reports_denominator")
        ),
        sa.CheckConstraint("since <= as_of", name=op.f("ck_frozen_reports_ends_after_start")),
        sa.CheckConstraint(
            "(revision = 1) = (corrects_id IS NULL)",
            name=op.f("ck_frozen_reports_corrections_say_what"),
        ),
        sa.CheckConstraint(
            "(reason IS NULL) = (corrects_id IS NULL)",
            name=op.f("ck_frozen_reports_corrections_say_why"),
        ),
        *_foreign_keys("frozen_reports", keys),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frozen_reports")),
        sa.UniqueConstraint("number", name=op.f("uq_frozen_reports_number")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_frozen_reports_corrects_id")),
        sa.UniqueConstraint(
            "province_code",
            "since",
            "as_of",
            "denominator",
            "revision",
            name=op.f("uq_frozen_reports_period"),
        ),
    )


def _add_rows() -> None:
    op.create_table(
        "frozen_rows",
        sa.Column("report_id", BIG_ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("market_id", BIG_ID, nullable=False),
        sa.Column("market_code", sa.String(length=64), nullable=False),
        sa.Column("market_name", sa.String(length=200), nullable=False),
        sa.Column("merchants_counted", sa.Integer(), nullable=False),
        sa.Column("merchants_accepting", sa.Integer(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=True),
        sa.Column("figures_before", sa.JSON(), nullable=True),
        *_foreign_keys(
            "frozen_rows", {"report_id": "frozen_reports.id", "market_id": "markets.id"}
        ),
        sa.PrimaryKeyConstraint("report_id", "place", name=op.f("pk_frozen_rows")),
    )
    op.create_index(op.f("ix_frozen_rows_market_id"), "frozen_rows", ["market_id"])


def _add_files() -> None:
    op.create_table(
        "frozen_files",
        sa.Column("report_id", BIG_ID, nullable=False),
        sa.Column("form", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "form IN ('data', 'report', 'workbook')", name=op.f("ck_frozen_files_frozenform")
        ),
        *_foreign_keys("frozen_files", {"report_id": "frozen_reports.id"}),
        sa.PrimaryKeyConstraint("report_id", "form", name=op.f("pk_frozen_files")),
    )


def _foreign_keys(table: str, keys: dict[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [key], name=op.f(f"fk_{table}_{column}"))
        for column, key in keys.items()
    ]
