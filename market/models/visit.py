"""Visits to stalls and the incidents they open."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.domain.levels import Level
from market.domain.visits import IncidentState, NonAcceptReason, VisitResult
from market.models.base import Base, Hash, Id, LongText, Sealed, text_enum
from market.models.stall import Stall


class Visit(Base):
    """One stall seen once; append-only.

    `uuid` is made by the client, so that a visit sent twice is stored once. `day` is
    the day in Việt Nam on which it counts. `accepts`: the trader confirmed (or denied)
    taking electronic payment; `use_shown`: use within 30 days was declared or shown.
    `payee_hash` is the keyed hash of whom the scanned code pays, by which the same
    stranger is found at other stalls.
    """

    __tablename__ = "visits"

    id: Mapped[Id]
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    stall_id: Mapped[int] = mapped_column(ForeignKey("stalls.id"), index=True)
    tenancy_id: Mapped[int | None] = mapped_column(ForeignKey("tenancies.id"), index=True)
    sticker_id: Mapped[int | None] = mapped_column(ForeignKey("stickers.id"), index=True)
    foreign_code_id: Mapped[int | None] = mapped_column(ForeignKey("foreign_codes.id"))
    visited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    phone_at: Mapped[datetime]
    received_at: Mapped[datetime]
    day: Mapped[date]
    result: Mapped[VisitResult] = mapped_column(text_enum(VisitResult))
    scanned_sealed: Mapped[Sealed | None]
    payee_hash: Mapped[Hash | None] = mapped_column(index=True)
    level_seen: Mapped[Level | None] = mapped_column(text_enum(Level))
    accepts: Mapped[bool | None]
    test_transfer_acknowledged: Mapped[bool | None]
    use_shown: Mapped[bool | None]
    reason: Mapped[NonAcceptReason | None] = mapped_column(text_enum(NonAcceptReason))
    note: Mapped[LongText | None]

    stall: Mapped[Stall] = relationship(lazy="raise")


class Incident(Base):
    """A code that does not pay who it should; opened by the visit that found it."""

    __tablename__ = "incidents"

    id: Mapped[Id]
    stall_id: Mapped[int] = mapped_column(ForeignKey("stalls.id"), index=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), unique=True)
    state: Mapped[IncidentState] = mapped_column(text_enum(IncidentState))
    opened_at: Mapped[datetime]
    opened_on: Mapped[date] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    resolution: Mapped[LongText | None]

    stall: Mapped[Stall] = relationship(lazy="raise")
    visit: Mapped[Visit] = relationship(lazy="raise")
