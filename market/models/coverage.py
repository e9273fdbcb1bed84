"""Counts of a market on the days they changed, and the levels they are counted from."""

from datetime import date

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from market.domain.levels import Level
from market.models.base import Base, text_enum


class TenancyLevel(Base):
    """The level of a tenancy from `day` until its next row; none before the first.

    Derived from dated facts; rows dated ahead hold expiries that no fact has prevented.
    """

    __tablename__ = "tenancy_levels"
    __table_args__ = (Index("ix_tenancy_levels_market_id", "market_id"),)

    tenancy_id: Mapped[int] = mapped_column(ForeignKey("tenancies.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"))
    level: Mapped[Level] = mapped_column(text_enum(Level))


class Figures:
    """The columns of market.domain.coverage.FIGURE_NAMES.

    Those beginning a_, b_, c_ belong to that denominator, and each says how many have
    reached at least that level.
    """

    points_total: Mapped[int]
    points_trading: Mapped[int]
    points_resting: Mapped[int]
    points_vacant: Mapped[int]
    points_repair: Mapped[int]
    points_mobile: Mapped[int]
    a_stalls_counted: Mapped[int]
    a_stalls_account: Mapped[int]
    a_stalls_equipped: Mapped[int]
    a_stalls_displayed: Mapped[int]
    a_stalls_accepting: Mapped[int]
    a_stalls_in_use: Mapped[int]
    a_merchants_counted: Mapped[int]
    a_merchants_account: Mapped[int]
    a_merchants_equipped: Mapped[int]
    a_merchants_displayed: Mapped[int]
    a_merchants_accepting: Mapped[int]
    a_merchants_in_use: Mapped[int]
    b_stalls_counted: Mapped[int]
    b_stalls_account: Mapped[int]
    b_stalls_equipped: Mapped[int]
    b_stalls_displayed: Mapped[int]
    b_stalls_accepting: Mapped[int]
    b_stalls_in_use: Mapped[int]
    b_merchants_counted: Mapped[int]
    b_merchants_account: Mapped[int]
    b_merchants_equipped: Mapped[int]
    b_merchants_displayed: Mapped[int]
    b_merchants_accepting: Mapped[int]
    b_merchants_in_use: Mapped[int]
    c_stalls_counted: Mapped[int]
    c_stalls_account: Mapped[int]
    c_stalls_equipped: Mapped[int]
    c_stalls_displayed: Mapped[int]
    c_stalls_accepting: Mapped[int]
    c_stalls_in_use: Mapped[int]
    c_merchants_counted: Mapped[int]
    c_merchants_account: Mapped[int]
    c_merchants_equipped: Mapped[int]
    c_merchants_displayed: Mapped[int]
    c_merchants_accepting: Mapped[int]
    c_merchants_in_use: Mapped[int]


class CoverageDay(Figures, Base):
    """All figures of a market from `day` until its next row (market.domain.coverage).

    Recomputed with the facts in one transaction; the figures of a day are the last row
    on or before it.
    """

    __tablename__ = "coverage_days"

    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)


class CoverageMonth(Figures, Base):
    """By how much the figures of a market changed within a month, whose first day is `month`.

    Written with `coverage_days`: the sum up to a month is what the market counts at its
    end. Trends of thousands of markets add these up instead of looking each month end up.
    """

    __tablename__ = "coverage_months"

    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
