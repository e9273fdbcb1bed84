"""Targets: the share a market, a commune or a province is to reach by a day."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.domain.coverage import Unit
from market.models.area import Commune, Province
from market.models.base import Base, Id, text_enum
from market.models.market import Market

_PLACES = ("market_id", "commune_code", "province_code")
# One that was replaced from its very first day on never held.
_EVER_HELD = text("ended_on IS NULL OR ended_on > from_day")


def _one_line_from_a_day(place: str) -> Index:
    return Index(
        f"uq_targets_{place}_from_day",
        place,
        "from_day",
        unique=True,
        sqlite_where=_EVER_HELD,
        postgresql_where=_EVER_HELD,
    )


class Target(Base):
    """A share from – to, linear between the two days, both included, and held afterwards.

    Set for exactly one market, commune or province. A row's days and shares never change:
    it is ended, and another one takes its place. `ended_on` is the first day on which it no
    longer holds; a target that was wrong from the start is ended on its own `from_day`.
    """

    __tablename__ = "targets"
    __table_args__ = (
        CheckConstraint(
            "CASE WHEN market_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN commune_code IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN province_code IS NULL THEN 0 ELSE 1 END = 1",
            name="is_for_one_place",
        ),
        CheckConstraint("to_day >= from_day", name="ends_after_start"),
        CheckConstraint(
            "from_percent BETWEEN 0 AND 100 AND to_percent BETWEEN 0 AND 100",
            name="percents_are_shares",
        ),
        CheckConstraint("ended_on IS NULL OR ended_on >= from_day", name="ended_after_start"),
        *map(_one_line_from_a_day, _PLACES),
    )

    id: Mapped[Id]
    market_id: Mapped[int | None] = mapped_column(ForeignKey("markets.id"))
    commune_code: Mapped[str | None] = mapped_column(ForeignKey("communes.code"))
    province_code: Mapped[str | None] = mapped_column(ForeignKey("provinces.code"))
    unit: Mapped[Unit] = mapped_column(text_enum(Unit), default=Unit.MERCHANTS)
    from_day: Mapped[date]
    from_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    to_day: Mapped[date]
    to_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    decision: Mapped[str | None] = mapped_column(String(100))
    set_at: Mapped[datetime]
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)

    market: Mapped[Market | None] = relationship(lazy="raise")
    commune: Mapped[Commune | None] = relationship(lazy="raise")
    province: Mapped[Province | None] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol
