"""Stickers, the runs they are printed in, and codes that banks or wallets issued."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.domain.stickers import ForeignCodeKind, RunState, StickerState, VoidReason
from market.models.account import PaymentAccount
from market.models.base import Base, Hash, Id, LongText, Name, Sealed, text_enum
from market.models.market import Market, Section
from market.models.stall import Stall


class PrintRun(Base):
    """The stickers printed together; `number` is like `DT-2026-0012`.

    Making, printing and handing out are three acts. `sha256` is of the PDF as it was
    first drawn; drawing it again from the items gives the same bytes.
    """

    __tablename__ = "print_runs"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"), index=True)
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    template: Mapped[str] = mapped_column(String(32))
    start_position: Mapped[int] = mapped_column(default=1)
    copies: Mapped[int] = mapped_column(default=1)
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[RunState] = mapped_column(text_enum(RunState))
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    printed_at: Mapped[datetime | None]
    printed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    printed_on: Mapped[date]
    pages: Mapped[int] = mapped_column(default=0)
    size_bytes: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[Hash | None]
    release: Mapped[str] = mapped_column(String(40))
    reprints: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)

    market: Mapped[Market] = relationship(lazy="raise")
    section: Mapped[Section | None] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol


class Sticker(Base):
    """One printed code; its payload is drawn from the account row, never stored.

    The texts that stand on the paper beside the code (`merchant_name`, `stall_code`,
    `market_name`, `hotline`) are kept as they were when the run was made. `gone_at` is
    when a visit proved that a void sticker no longer hangs.
    """

    __tablename__ = "stickers"
    __table_args__ = (
        UniqueConstraint("run_id", "place"),
        CheckConstraint("(state = 'void') = (void_at IS NOT NULL)", name="void_dated"),
        CheckConstraint("(state = 'spoiled') = (spoiled_at IS NOT NULL)", name="spoiled_dated"),
        CheckConstraint(
            "state NOT IN ('printed', 'handed_out', 'on_stall') OR printed_at IS NOT NULL",
            name="paper_dated",
        ),
        CheckConstraint("state <> 'queued' OR printed_at IS NULL", name="queued_not_printed"),
        Index("ix_stickers_stall_state", "stall_id", "state"),
        Index("ix_stickers_printed_at", "printed_at"),
        Index(
            "ix_stickers_void_at",
            "void_at",
            sqlite_where=text("void_at IS NOT NULL"),
            postgresql_where=text("void_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    serial: Mapped[str] = mapped_column(String(8), unique=True)
    stall_id: Mapped[int] = mapped_column(ForeignKey("stalls.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("payment_accounts.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("print_runs.id"))
    place: Mapped[int | None]
    copy_number: Mapped[int] = mapped_column(default=1)
    market_name: Mapped[Name]
    stall_code: Mapped[str] = mapped_column(String(40))
    merchant_name: Mapped[Name]
    hotline: Mapped[str | None] = mapped_column(String(20))
    state: Mapped[StickerState] = mapped_column(text_enum(StickerState))
    queued_at: Mapped[datetime]
    printed_at: Mapped[datetime | None]
    handed_out_at: Mapped[datetime | None]
    hung_at: Mapped[datetime | None]
    spoiled_at: Mapped[datetime | None]
    void_at: Mapped[datetime | None]
    void_reason: Mapped[VoidReason | None] = mapped_column(text_enum(VoidReason))
    gone_at: Mapped[datetime | None]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("stickers.id"))
    version: Mapped[int] = mapped_column(default=1)

    stall: Mapped[Stall] = relationship(lazy="raise")
    account: Mapped[PaymentAccount] = relationship(lazy="raise")
    run: Mapped[PrintRun | None] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol


class ForeignCode(Base):
    """A code a bank or wallet issued that hangs at a stall; counts once checked.

    `payee_hash` is the keyed hash of what the code pays, by which a visit finds it.
    """

    __tablename__ = "foreign_codes"

    id: Mapped[Id]
    stall_id: Mapped[int] = mapped_column(ForeignKey("stalls.id"), index=True)
    tenancy_id: Mapped[int] = mapped_column(ForeignKey("tenancies.id"), index=True)
    kind: Mapped[ForeignCodeKind] = mapped_column(text_enum(ForeignCodeKind))
    payload_sealed: Mapped[Sealed | None]
    payee_hash: Mapped[Hash] = mapped_column(index=True)
    bin: Mapped[str | None] = mapped_column(String(6))
    number_last4: Mapped[str | None] = mapped_column(String(4))
    registered_at: Mapped[datetime]
    registered_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    checked_at: Mapped[datetime | None]
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    removed_at: Mapped[datetime | None]
    note: Mapped[LongText | None]
