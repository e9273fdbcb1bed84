"""Reports as files: CSV in both styles, or a workbook that says how it came about."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import count
from typing import Any, BinaryIO, Self

from market.documents.report_columns import MARKET_COLUMNS
from market.documents.spreadsheets import Colophon, write_xlsx
from market.documents.tables import Column, Row, Style, write_csv
from market.domain.calendar import format_day, format_moment
from market.domain.coverage import Denominator
from market.domain.errors import Invalid
from market.domain.levels import USE_DAYS
from market.extensions import rules
from market.models.market import Market
from market.models.stall import Stall
from market.services import audit, reports, stall_reports
from market.services.access import Actor
from market.services.market_lines import MarketChoice
from market.services.reports import MarketReport, Period
from market.services.stall_reports import StallChoice

RULE_WORDS = {
    "stale_days": "Số ngày phải kiểm tra lại",
    "use_days": "Số ngày tính là còn phát sinh giao dịch",
}


class FileFormat(StrEnum):
    """What kind of file is asked for."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written; a workbook is always in report style."""

    format: FileFormat = FileFormat.CSV
    style: Style = Style.REPORT

    def __post_init__(self) -> None:
        if self.format is FileFormat.XLSX and self.style is not Style.REPORT:
            raise Invalid("Tệp Excel chỉ có kiểu báo cáo. Hãy chọn CSV cho kiểu dữ liệu.")

    @property
    def content_type(self) -> str:
        """The media type of the file; an answer names the charset of text by itself."""
        if self.format is FileFormat.XLSX:
            return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return "text/csv"


@dataclass(frozen=True, slots=True)
class Making:
    """When and by whom a file was made, and the rules by which its figures were counted."""

    at: datetime
    by: str
    rules: Mapping[str, int]

    @classmethod
    def of(cls, actor: Actor) -> Self:
        """Made by the actor now."""
        return cls(actor.at, actor.name, {"stale_days": rules().stale_days, "use_days": USE_DAYS})


@dataclass(frozen=True, slots=True)
class Table:
    """A report ready to be written; rows come as they are asked for.

    `told` is what else the second sheet of a workbook says of it; `denominator` is None where
    nothing is counted for the file.
    """

    title: str
    columns: Sequence[Column]
    rows: Iterable[Row]
    as_of: date
    denominator: Denominator | None = Denominator.A
    total_row: Callable[[], Row] | None = None
    told: Sequence[tuple[str, str]] = ()


def market_table(
    actor: Actor, period: Period, *, choice: MarketChoice, denominator: Denominator = Denominator.A
) -> Table:
    """The provincial report; raises as `reports.market_report` does."""
    return table_of(reports.market_report(actor, period, choice=choice, denominator=denominator))


def table_of(report: MarketReport, told: Sequence[tuple[str, str]] = ()) -> Table:
    """The report as it is written."""
    period = report.period
    numbers = ", ".join(each.number for each in report.before.reports.values())
    before = f"báo cáo đã chốt {numbers}" if numbers else "tính khi lập báo cáo"
    return Table(
        title=f"Báo cáo Chợ 4.0 – {period.name.label}",
        columns=MARKET_COLUMNS,
        rows=report.rows(),
        as_of=period.as_of,
        denominator=report.denominator,
        total_row=report.total_row,
        told=(*told, ("So với", f"Số liệu ngày {format_day(period.before)}, {before}")),
    )


def stall_table(
    actor: Actor, on: date, *, choice: StallChoice, names: Sequence[str] | None = None
) -> Table:
    """The list of stalls; raises as `stall_reports.stall_rows` and `chosen_columns` do."""
    columns = stall_reports.chosen_columns(names)
    return Table(
        title=f"Danh sách điểm kinh doanh – {format_day(on)}",
        columns=columns,
        rows=stall_reports.stall_rows(actor, on, choice=choice, columns=columns),
        as_of=on,
        denominator=_denominator_of(choice),
    )


def write(stream: BinaryIO, table: Table, form: Form, *, actor: Actor) -> int:
    """Write the file and give the number of its rows; memory does not grow with them."""
    return write_as(stream, table, form, making=Making.of(actor))


def write_as(stream: BinaryIO, table: Table, form: Form, *, making: Making) -> int:
    """The same for a file that says it was made by somebody else, or earlier."""
    if form.format is FileFormat.XLSX:
        digest = write_xlsx(
            stream,
            table.columns,
            table.rows,
            colophon=_colophon(table, making),
            total_row=table.total_row,
        )
        return digest.row_count
    # The rows end before another number is taken: the next one is how many there were.
    counter = count()
    rows = (row for row, _number in zip(table.rows, counter, strict=False))
    write_csv(stream, table.columns, rows, style=form.style, total_row=table.total_row)
    return next(counter)


def note_markets(
    actor: Actor,
    period: Period,
    form: Form,
    chosen: Mapping[str, Any],
    market: Market | None = None,
) -> None:
    """Whoever takes a provincial report is noted in the audit log, under its one market."""
    told = {"since": period.since, "as_of": period.as_of, **chosen}
    _note(actor, Market.__tablename__, form, told, market)


def note_summary(
    actor: Actor, on: date, form: Form, chosen: Mapping[str, Any], market: Market | None = None
) -> None:
    """Whoever takes a summary is noted in the audit log, under its one market."""
    _note(actor, Market.__tablename__, form, {"as_of": on, **chosen}, market)


def note_stalls(
    actor: Actor, on: date, form: Form, chosen: Mapping[str, Any], market: Market | None = None
) -> None:
    """Whoever takes a list of stalls is noted in the audit log, under its one market."""
    _note(actor, Stall.__tablename__, form, {"as_of": on, **chosen}, market)


def _denominator_of(choice: StallChoice) -> Denominator:
    """By which the stalls, or their markets, were chosen."""
    narrowed = choice.missing or choice.markets.below
    return Denominator.A if narrowed is None else narrowed.denominator


def _note(
    actor: Actor, entity: str, form: Form, told: Mapping[str, Any], market: Market | None
) -> None:
    audit.record_by_id(
        actor,
        "export",
        entity,
        "file" if market is None else market.code,
        market_id=None if market is None else market.id,
        new={"format": str(form.format), "style": str(form.style), **told},
    )


def _counting(denominator: Denominator | None, making: Making) -> Iterable[tuple[str, str]]:
    if denominator is None:
        return ()
    rules = ((RULE_WORDS[name], str(value)) for name, value in making.rules.items())
    return (("Mẫu số", f"{denominator} – {denominator.label}"), *rules)


def _colophon(table: Table, making: Making) -> Colophon:
    return Colophon(
        made_at=making.at,
        title=table.title,
        pairs=(
            ("Tên báo cáo", table.title),
            ("Ngày chốt số liệu", format_day(table.as_of)),
            *_counting(table.denominator, making),
            *table.told,
            ("Lập lúc", format_moment(making.at)),
            ("Người lập", making.by),
        ),
    )
