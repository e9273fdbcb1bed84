"""Markets, who runs them, and the sections they are divided into."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.domain.markets import MarketClass, MarketState, MarketTrade, OperatorKind
from market.models.area import Commune
from market.models.base import NO_KEY, Base, Id, LongText, Name, Search, sort_key_of, text_enum


class Operator(Base):
    """A board, enterprise, cooperative or commune that runs markets."""

    __tablename__ = "operators"
    __table_args__ = (UniqueConstraint("province_code", "name"),)

    id: Mapped[Id]
    name: Mapped[Name]
    search: Mapped[Search]
    sort_key: Mapped[str] = sort_key_of("name", server_default=NO_KEY)
    kind: Mapped[OperatorKind] = mapped_column(text_enum(OperatorKind))
    province_code: Mapped[str] = mapped_column(ForeignKey("provinces.code"), index=True)
    hotline: Mapped[str | None] = mapped_column(String(20))


class Market(Base):
    """A traditional market; `code` is unique and stable, e.g. `QN-DAMHA`.

    `sort_key` orders names the Vietnamese way, by code points whatever the database's
    language. `cashless_fees` names the fees collected without cash since `cashless_fees_since`.
    `state` and `closed_on` are those of today; of other days the closures tell.
    """

    __tablename__ = "markets"
    __table_args__ = (
        CheckConstraint("(state = 'closed') = (closed_on IS NOT NULL)", name="closed_has_day"),
        CheckConstraint(
            "(cashless_fees IS NULL) = (cashless_fees_since IS NULL)", name="fees_have_day"
        ),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[Name]
    search: Mapped[Search]
    sort_key: Mapped[str] = sort_key_of("name", index=True)
    commune_code: Mapped[str] = mapped_column(ForeignKey("communes.code"), index=True)
    address: Mapped[str | None] = mapped_column(String(300))
    trade: Mapped[MarketTrade] = mapped_column(text_enum(MarketTrade))
    market_class: Mapped[MarketClass] = mapped_column(text_enum(MarketClass))
    class_decision: Mapped[str | None] = mapped_column(String(100))
    class_decided_on: Mapped[date | None]
    opened_on: Mapped[date | None]
    programme_start: Mapped[date | None]
    cashless_fees: Mapped[str | None] = mapped_column(String(200))
    cashless_fees_since: Mapped[date | None]
    latitude: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    longitude: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    state: Mapped[MarketState] = mapped_column(text_enum(MarketState), default=MarketState.OPEN)
    closed_on: Mapped[date | None]
    note: Mapped[LongText | None]
    version: Mapped[int] = mapped_column(default=1)

    commune: Mapped[Commune] = relationship(lazy="raise")
    operators: Mapped[list["MarketOperator"]] = relationship(
        back_populates="market", lazy="raise", order_by="MarketOperator.from_day"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol


class MarketOperator(Base):
    """Who ran a market from a day until the day before `to_day`."""

    __tablename__ = "market_operators"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        Index(
            "uq_market_operators_open",
            "market_id",
            unique=True,
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
    )

    id: Mapped[Id]
    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"), index=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.id"), index=True)
    from_day: Mapped[date]
    to_day: Mapped[date | None]

    market: Mapped[Market] = relationship(back_populates="operators", lazy="raise")
    operator: Mapped[Operator] = relationship(lazy="raise")


class MarketClosure(Base):
    """That a market was closed, from a day until the day before `to_day`.

    One that ended on the day it began holds on no day: a closing that was taken back.
    """

    __tablename__ = "market_closures"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        Index(
            "uq_market_closures_open",
            "market_id",
            unique=True,
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
    )

    id: Mapped[Id]
    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"), index=True)
    from_day: Mapped[date]
    to_day: Mapped[date | None]


class Section(Base):
    """A part of a market; volunteers walk sections in `walking_order`."""

    __tablename__ = "sections"
    __table_args__ = (UniqueConstraint("market_id", "name_key"),)

    id: Mapped[Id]
    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"), index=True)
    name: Mapped[Name]
    name_key: Mapped[Name]
    walking_order: Mapped[int] = mapped_column(default=0)
    closed_on: Mapped[date | None]
