"""Provinces and communes in force, and the old names that point to them."""

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.models.base import NO_KEY, Base, Code, Id, Name, Search, sort_key_of


class Province(Base):
    """A province or centrally run city; `code` is the official one, e.g. `22`."""

    __tablename__ = "provinces"

    code: Mapped[str] = mapped_column(String(2), primary_key=True)
    name: Mapped[Name]
    search: Mapped[Search]
    sort_key: Mapped[str] = sort_key_of("name", server_default=NO_KEY)
    is_current: Mapped[bool] = mapped_column(default=True)


class Commune(Base):
    """A commune, ward or special zone; `code` is the official one, e.g. `06895`."""

    __tablename__ = "communes"

    code: Mapped[str] = mapped_column(String(5), primary_key=True)
    province_code: Mapped[str] = mapped_column(ForeignKey("provinces.code"), index=True)
    name: Mapped[Name]
    search: Mapped[Search]
    sort_key: Mapped[str] = sort_key_of("name", server_default=NO_KEY)
    is_current: Mapped[bool] = mapped_column(default=True)

    province: Mapped[Province] = relationship(lazy="raise")


class AreaAlias(Base):
    """A name an area had before; points to today's commune or province."""

    __tablename__ = "area_aliases"
    __table_args__ = (
        CheckConstraint(
            "(province_code IS NULL) <> (commune_code IS NULL)", name="points_to_one_area"
        ),
    )

    id: Mapped[Id]
    name: Mapped[Name]
    search: Mapped[Search]
    kind: Mapped[Code]
    province_code: Mapped[str | None] = mapped_column(ForeignKey("provinces.code"), index=True)
    commune_code: Mapped[str | None] = mapped_column(ForeignKey("communes.code"), index=True)
