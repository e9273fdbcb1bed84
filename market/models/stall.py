"""Stalls with their dated states, and the lines of business sold at them."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.domain.stalls import Placement, StallState
from market.models.base import Base, Id, LongText, Name, Search, text_enum
from market.models.market import Market, Section


class BusinessLine(Base):
    """A line of business with its four-digit merchant category code (ISO 18245) as text."""

    __tablename__ = "business_lines"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[Name]
    search: Mapped[Search]
    mcc: Mapped[str] = mapped_column(String(4))


class Stall(Base):
    """A place to trade; `code_key` is the folded code that is unique in the market.

    `sort_key` orders codes as people count, by code points whatever the database's language.
    """

    __tablename__ = "stalls"
    __table_args__ = (UniqueConstraint("market_id", "code_key"),)

    id: Mapped[Id]
    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"))
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"), index=True)
    code: Mapped[str] = mapped_column(String(40))
    code_key: Mapped[str] = mapped_column(String(80))
    sort_key: Mapped[str] = mapped_column(
        String(320).with_variant(String(320, collation="C"), "postgresql")
    )
    placement: Mapped[Placement] = mapped_column(text_enum(Placement))
    form: Mapped[str | None] = mapped_column(String(60))
    area_m2: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    line_code: Mapped[str | None] = mapped_column(ForeignKey("business_lines.code"))
    note: Mapped[LongText | None]
    version: Mapped[int] = mapped_column(default=1)

    market: Mapped[Market] = relationship(lazy="raise")
    section: Mapped[Section | None] = relationship(lazy="raise")
    line: Mapped[BusinessLine | None] = relationship(lazy="raise")
    states: Mapped[list["StallStateSpan"]] = relationship(
        back_populates="stall", lazy="raise", order_by="StallStateSpan.from_day"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol


class StallStateSpan(Base):
    """What a stall did from a day until the day before `to_day`."""

    __tablename__ = "stall_states"
    __table_args__ = (
        UniqueConstraint("stall_id", "from_day"),
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        Index(
            "uq_stall_states_open",
            "stall_id",
            unique=True,
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
    )

    id: Mapped[Id]
    stall_id: Mapped[int] = mapped_column(ForeignKey("stalls.id"))
    state: Mapped[StallState] = mapped_column(text_enum(StallState))
    from_day: Mapped[date]
    to_day: Mapped[date | None]

    stall: Mapped[Stall] = relationship(back_populates="states", lazy="raise")
