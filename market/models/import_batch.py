"""Uploaded stall lists: the file, its preview, what applying it changed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.domain.imports import BatchState
from market.models.base import Base, Hash, Id, Name, Sealed, text_enum
from market.models.market import Market


class ImportBatch(Base):
    """One uploaded list for one market.

    File and preview are sealed under the batch's own key and destroyed after
    `keep_until`. `counts` holds only numbers; nothing personal stands in clear.
    """

    __tablename__ = "import_batches"

    id: Mapped[Id]
    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"), index=True)
    filename: Mapped[Name]
    content_hash: Mapped[Hash]
    wrapped_key: Mapped[Sealed | None]
    file_sealed: Mapped[Sealed | None]
    preview_sealed: Mapped[Sealed | None]
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    effective_on: Mapped[date]
    state: Mapped[BatchState] = mapped_column(text_enum(BatchState))
    uploaded_at: Mapped[datetime]
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    applied_at: Mapped[datetime | None]
    applied_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    keep_until: Mapped[date]
    version: Mapped[int] = mapped_column(default=1)

    market: Mapped[Market] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol


class ImportChange(Base):
    """One thing an applied batch did, in order, with what undo needs to take it back.

    `entity_version` is the row's version after the change: undo is refused once it moved on.
    """

    __tablename__ = "import_changes"

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batches.id"), index=True)
    row: Mapped[int]
    entity: Mapped[str] = mapped_column(String(32))
    entity_id: Mapped[int]
    action: Mapped[str] = mapped_column(String(16))
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    entity_version: Mapped[int | None]


class HeadingChoice(Base):
    """What a market's board said a heading of its lists means (empty: leave it out)."""

    __tablename__ = "heading_choices"
    __table_args__ = (UniqueConstraint("market_id", "heading_key"),)

    id: Mapped[Id]
    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"))
    heading_key: Mapped[str] = mapped_column(String(200))
    field: Mapped[str] = mapped_column(String(32))
