"""Background work as rows: the truth about what is asked, running and done."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from market.domain.jobs import JobState
from market.models.base import Base, Id, LongText, text_enum


class Job(Base):
    """One piece of work. A worker holds it until `leased_until`; after that anybody may.

    `arguments` are ids and options, never personal values.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_leased_until", "state", "leased_until"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(40))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    market_id: Mapped[int | None] = mapped_column(ForeignKey("markets.id"), index=True)
    state: Mapped[JobState] = mapped_column(text_enum(JobState))
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    step: Mapped[str] = mapped_column(String(120), default="")
    result: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    error: Mapped[LongText | None]
    attempts: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    leased_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Counter(Base):
    """A named number: the last of print runs in a year, a setting that figures were made with."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int]
