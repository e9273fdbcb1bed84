"""How much the figures of each market changed in each month."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels: Any = None
depends_on: Any = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LEVELS = ("counted", "account", "equipped", "displayed", "accepting", "in_use")
FIGURES = (
    *(f"points_{name}" for name in ("total", "trading", "resting", "vacant", "repair", "mobile")),
    *(
        f"{denominator}_{unit}_{level}"
        for denominator in "abc"
        for unit in ("stalls", "merchants")
        for level in LEVELS
    ),
)
FIRST_OF_MONTH = {
    "sqlite": "date(day, 'start of month')",
    "postgresql": "CAST(date_trunc('month', day) AS date)",
}


def _sums(month: str) -> str:
    """Each day's figures less those of the day before, added up by month."""
    steps = ", ".join(f"{name} - lag({name}, 1, 0) OVER days AS {name}" for name in FIGURES)
    sums = ", ".join(f"sum({name})" for name in FIGURES)
    # Names of columns only; nothing from outside comes into the statement.
    return (
        f"INSERT INTO coverage_months (market_id, month, {', '.join(FIGURES)}) "  # nosec B608
        f"SELECT market_id, month, {sums} FROM "
        f"(SELECT market_id, {month} AS month, {steps} FROM coverage_days "
        "WINDOW days AS (PARTITION BY market_id ORDER BY day)) AS steps "
        "GROUP BY market_id, month"
    )


def upgrade() -> None:
    """Add the table and fill it from what is counted."""
    op.create_table(
        "coverage_months",
        sa.Column("market_id", BIG_ID, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in FIGURES),
        sa.ForeignKeyConstraint(
            ["market_id"], ["markets.id"], name=op.f("fk_coverage_months_market_id")
        ),
        sa.PrimaryKeyConstraint("market_id", "month", name=op.f("pk_coverage_months")),
    )
    op.execute(_sums(FIRST_OF_MONTH[op.get_bind().dialect.name]))


def downgrade() -> None:
    """Take the table out again."""
    op.drop_table("coverage_months")
