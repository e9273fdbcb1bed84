"""Counts of a market, a row for each day on which they changed."""

from datetime import date

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from market.domain.coverage import Denominator
from market.models.base import Base, text_enum


class CoverageDay(Base):
    """What was counted in a market from `day` until the next row, for one denominator.

    Derived from dated facts and recomputed with them in one transaction; the figure of
    a day is the last row on or before it. Rows dated ahead hold expiries that no fact
    has prevented yet. A column says how many reached at least that level.
    """

    __tablename__ = "coverage_days"

    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"), primary_key=True)
    denominator: Mapped[Denominator] = mapped_column(text_enum(Denominator), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    merchants_counted: Mapped[int]
    merchants_account: Mapped[int]
    merchants_equipped: Mapped[int]
    merchants_displayed: Mapped[int]
    merchants_accepting: Mapped[int]
    merchants_in_use: Mapped[int]
    stalls_counted: Mapped[int]
    stalls_account: Mapped[int]
    stalls_equipped: Mapped[int]
    stalls_displayed: Mapped[int]
    stalls_accepting: Mapped[int]
    stalls_in_use: Mapped[int]
    stalls_total: Mapped[int]
    stalls_trading: Mapped[int]
    stalls_resting: Mapped[int]
    stalls_vacant: Mapped[int]
    stalls_mobile: Mapped[int]
