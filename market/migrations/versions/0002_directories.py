"""The bank directory and the business lines that come with the release."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from market.domain.banks import packaged_banks
from market.domain.business_lines import packaged_lines
from market.domain.text import fold

revision = "0002"
down_revision = "0001"
branch_labels: Any = None
depends_on: Any = None

BANKS = sa.table(
    "banks",
    sa.column("bin", sa.String),
    sa.column("code", sa.String),
    sa.column("short_name", sa.String),
    sa.column("full_name", sa.String),
    sa.column("kind", sa.String),
    sa.column("aliases", sa.Text),
    sa.column("payer_app_can_scan", sa.Boolean),
    sa.column("name_lookup", sa.Boolean),
    sa.column("notes", sa.Text),
)
LINES = sa.table(
    "business_lines",
    sa.column("code", sa.String),
    sa.column("name", sa.String),
    sa.column("search", sa.String),
    sa.column("mcc", sa.String),
)


def upgrade() -> None:
    """Put in the rows of the release; what an operator changes later stays theirs."""
    op.bulk_insert(
        BANKS,
        [
            {
                "bin": bank.bin,
                "code": bank.code,
                "short_name": bank.short_name,
                "full_name": bank.full_name,
                "kind": str(bank.kind),
                "aliases": "\n".join(bank.aliases),
                "payer_app_can_scan": bank.payer_app_can_scan,
                "name_lookup": bank.name_lookup,
                "notes": bank.notes,
            }
            for bank in packaged_banks()
        ],
    )
    op.bulk_insert(
        LINES,
        [
            {"code": line.code, "name": line.name, "search": fold(line.name), "mcc": line.mcc}
            for line in packaged_lines()
        ],
    )


def downgrade() -> None:
    """Take out all rows; refused by the database where accounts or stalls use them."""
    op.execute(LINES.delete())
    op.execute(BANKS.delete())
