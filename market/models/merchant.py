"""Merchants and the stalls they held, from day to day."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.domain.markets import MerchantKind
from market.models.base import (
    Base,
    Hash,
    Id,
    LongText,
    Name,
    Sealed,
    Search,
    sort_key_of,
    text_enum,
)
from market.models.stall import Stall

# Twelve digits in a row; codes as long that hold a letter or a separator are codes.
IS_PERSONAL_NUMBER = (
    "length(registration_code) = 12 AND lower(registration_code) = upper(registration_code)"
    " AND replace(replace(replace(registration_code, '-', ''), '.', ''), '/', '')"
    " = registration_code"
)


class Merchant(Base):
    """Who trades. There is no field for a citizen's identity number, on purpose.

    `market_id` is where the merchant was entered. `wrapped_key` seals the merchant's
    phone and account numbers; it is destroyed when the merchant is erased. A merchant
    merged into another one stays as a closed record that points there. `sort_key` orders
    names the Vietnamese way, by code points whatever the database's language.
    `phone_set_at` is when the phone last changed: a change of account is confirmed on a
    phone that was there before.
    """

    __tablename__ = "merchants"
    __table_args__ = (
        CheckConstraint("merged_into_id IS NULL OR merged_into_id <> id", name="not_into_itself"),
        CheckConstraint(
            f"registration_code IS NULL OR NOT ({IS_PERSONAL_NUMBER})",
            name="no_personal_number",
        ),
    )

    id: Mapped[Id]
    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"), index=True)
    display_name: Mapped[Name]
    name_key: Mapped[Search]
    sort_key: Mapped[str] = sort_key_of("display_name")
    kind: Mapped[MerchantKind] = mapped_column(text_enum(MerchantKind))
    registration_code: Mapped[str | None] = mapped_column(String(30), index=True)
    wrapped_key: Mapped[Sealed | None]
    phone_sealed: Mapped[Sealed | None]
    phone_hash: Mapped[Hash | None] = mapped_column(index=True)
    phone_last3: Mapped[str | None] = mapped_column(String(3))
    phone_set_at: Mapped[datetime | None]
    consent_on: Mapped[date | None]
    consent_text_version: Mapped[str | None] = mapped_column(String(20))
    consent_channel: Mapped[str | None] = mapped_column(String(40))
    consent_taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[LongText | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("merchants.id"), index=True)
    merged_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    tenancies: Mapped[list["Tenancy"]] = relationship(
        back_populates="merchant", lazy="raise", order_by="Tenancy.from_day"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol


class Tenancy(Base):
    """A merchant at a stall from a day until the day before `to_day`.

    One that ended on the day it began held on no day: a mistake put right the same day.
    """

    __tablename__ = "tenancies"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        Index(
            "uq_tenancies_open",
            "stall_id",
            "merchant_id",
            unique=True,
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
    )

    id: Mapped[Id]
    stall_id: Mapped[int] = mapped_column(ForeignKey("stalls.id"), index=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), index=True)
    from_day: Mapped[date]
    to_day: Mapped[date | None]

    stall: Mapped[Stall] = relationship(lazy="raise")
    merchant: Mapped[Merchant] = relationship(back_populates="tenancies", lazy="raise")
