"""How an operator's stickers look: its accent colour and the logos it uploaded."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from market.models.base import Base, Hash


class LogoFile(Base):
    """A logo as it is printed, named by its SHA-256; never changed, so that runs can keep it."""

    __tablename__ = "logo_files"

    sha256: Mapped[Hash] = mapped_column(primary_key=True)
    png: Mapped[bytes] = mapped_column(LargeBinary)
    width: Mapped[int]
    height: Mapped[int]
    added_at: Mapped[datetime]
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class OperatorBranding(Base):
    """An operator's look; without a row, or an accent, the project's own colour is used."""

    __tablename__ = "operator_brandings"
    __table_args__ = (
        CheckConstraint(
            "accent IS NULL OR (length(accent) = 7 AND substr(accent, 1, 1) = '#')",
            name="accent_is_a_colour",
        ),
    )

    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.id"), primary_key=True)
    accent: Mapped[str | None] = mapped_column(String(7))
    bank_logo: Mapped[str | None] = mapped_column(ForeignKey("logo_files.sha256"))
    programme_logo: Mapped[str | None] = mapped_column(ForeignKey("logo_files.sha256"))
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol
