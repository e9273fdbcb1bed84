"""The audit log: a chain of entries, and its head."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from market.models.base import Base, BigId, Hash, LongText, Name


class AuditEntry(Base):
    """One change or one look at something sensitive.

    `id` is the place in the chain. `content` is canonical JSON of old and new values
    (personal ones sealed under the merchant's key); `hash` is SHA-256 over the content,
    the columns beside it and the hash of the entry before. Triggers refuse changes.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_entity", "entity", "entity_id"),
        Index("ix_audit_entries_market_id", "market_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor: Mapped[Name]
    authority: Mapped[Name]
    channel: Mapped[str] = mapped_column(String(16))
    address: Mapped[str | None] = mapped_column(String(45))
    action: Mapped[str] = mapped_column(String(40))
    entity: Mapped[str] = mapped_column(String(40))
    entity_id: Mapped[str | None] = mapped_column(String(40))
    market_id: Mapped[int | None] = mapped_column(ForeignKey("markets.id"))
    content: Mapped[LongText]
    previous_hash: Mapped[Hash]
    hash: Mapped[Hash] = mapped_column(unique=True)


class AuditHead(Base):
    """The end of the chain: how many entries, and the last one's hash. One row."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigId)
    hash: Mapped[Hash]
