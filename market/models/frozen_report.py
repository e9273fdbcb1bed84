"""Frozen reports: what was sent for a period, kept as it was."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from market.domain.coverage import Denominator
from market.domain.frozen_reports import FrozenForm
from market.models.base import Base, Hash, Id, LongText, Name, text_enum


class FrozenReport(Base):
    """The provincial report of a period on the day it was frozen; triggers refuse changes.

    A correction is a report of its own that names the one it corrects (`revision` counts
    them). `before_id` is the report whose figures the change was taken against; without it
    they were counted when this one was frozen. `sha256` is that of the data-style file,
    `columns` and the cells of the rows are kept because headings and words may change.
    """

    __tablename__ = "frozen_reports"
    __table_args__ = (
        UniqueConstraint(
            "province_code",
            "since",
            "as_of",
            "denominator",
            "revision",
            name="uq_frozen_reports_period",
        ),
        CheckConstraint("since <= as_of", name="ends_after_start"),
        CheckConstraint("(revision = 1) = (corrects_id IS NULL)", name="corrections_say_what"),
        CheckConstraint("(reason IS NULL) = (corrects_id IS NULL)", name="corrections_say_why"),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(16), unique=True)
    province_code: Mapped[str] = mapped_column(ForeignKey("provinces.code"))
    province: Mapped[Name]
    since: Mapped[date]
    as_of: Mapped[date]
    denominator: Mapped[Denominator] = mapped_column(text_enum(Denominator))
    revision: Mapped[int]
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("frozen_reports.id"), unique=True)
    reason: Mapped[LongText | None]
    before_id: Mapped[int | None] = mapped_column(ForeignKey("frozen_reports.id"))
    rules: Mapped[dict[str, int]] = mapped_column(JSON)
    columns: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    row_count: Mapped[int]
    sha256: Mapped[Hash]
    frozen_at: Mapped[datetime]
    frozen_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    frozen_by: Mapped[Name]


class FrozenRow(Base):
    """A market's row: its cells, and all its figures on the last day and on the day before.

    Figures are in the order of market.domain.coverage; None where nothing was on record.
    The two counts are those of the report's denominator.
    """

    __tablename__ = "frozen_rows"

    report_id: Mapped[int] = mapped_column(ForeignKey("frozen_reports.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"), index=True)
    market_code: Mapped[str] = mapped_column(String(64))
    market_name: Mapped[Name]
    merchants_counted: Mapped[int]
    merchants_accepting: Mapped[int]
    cells: Mapped[list[Any]] = mapped_column(JSON)
    figures: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    figures_before: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))


class FrozenFile(Base):
    """One of the report's files, byte for byte as it was made when the report was frozen."""

    __tablename__ = "frozen_files"

    report_id: Mapped[int] = mapped_column(ForeignKey("frozen_reports.id"), primary_key=True)
    form: Mapped[FrozenForm] = mapped_column(text_enum(FrozenForm), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
