"""What the audit log holds, read as it stands."""

from sqlalchemy import ColumnElement, select

from market.extensions import db
from market.models.audit import AuditEntry


def list_entries(condition: ColumnElement[bool]) -> list[AuditEntry]:
    """The entries that fit, the newest first."""
    return list(
        db.session.scalars(select(AuditEntry).where(condition).order_by(AuditEntry.id.desc()))
    )
