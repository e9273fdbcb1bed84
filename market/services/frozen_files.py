"""Files of frozen reports: the very bytes that were kept, or an extract of somebody's markets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from sqlalchemy import select

from market.documents.frozen_cells import columns_of_json, row_of_json
from market.documents.tables import Cell, Column, Row, Style
from market.domain.calendar import period_label
from market.domain.frozen_reports import FrozenForm
from market.domain.labels import LabelledEnum, worded
from market.extensions import db
from market.models.frozen_report import FrozenFile, FrozenReport, FrozenRow
from market.services import audit, frozen_differences, report_files
from market.services.access import Actor
from market.services.frozen_scope import OpenedReport
from market.services.report_files import FileFormat, Form, Making, Table

EXTRACT = "Bản trích: chỉ gồm các chợ mà người tải được xem, không phải cả tỉnh"


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file with the name under which it is handed out, without its ending."""

    name: str
    content: bytes
    rows: int


def file_of(opened: OpenedReport, form: Form, *, actor: Actor) -> ReportFile:
    """The whole report as it was kept; the rows of the actor's markets where that is all they see.

    An extract says that it is one and has no total row. The same report gives the same bytes.
    """
    report = opened.report
    if opened.is_whole:
        content = _kept(report, form)
        return ReportFile(f"{report.number}-{report.province_code}", content, report.row_count)
    rows = frozen_differences.list_rows(report, actor=actor)
    stream = BytesIO()
    making = Making(report.frozen_at, report.frozen_by, report.rules)
    written = report_files.write_as(stream, _extract(report, rows), form, making=making)
    return ReportFile(f"{report.number}-{report.province_code}-trich", stream.getvalue(), written)


def note(opened: OpenedReport, file: ReportFile, form: Form, *, actor: Actor) -> None:
    """Whoever takes a frozen report is noted in the audit log."""
    told: Mapping[str, Any] = {
        "report": opened.report.number,
        "format": str(form.format),
        "style": str(form.style),
        "rows": file.rows,
        "is_extract": not opened.is_whole,
    }
    audit.record(actor, "export", opened.report, new=told)


def _kept(report: FrozenReport, form: Form) -> bytes:
    kept = FrozenForm.DATA if form.style is Style.DATA else FrozenForm.REPORT
    if form.format is FileFormat.XLSX:
        kept = FrozenForm.WORKBOOK
    return db.session.scalars(
        select(FrozenFile.content).where(FrozenFile.report_id == report.id, FrozenFile.form == kept)
    ).one()


def _extract(report: FrozenReport, rows: Sequence[FrozenRow]) -> Table:
    columns = columns_of_json(report.columns)
    return Table(
        title=f"Báo cáo Chợ 4.0 – {period_label(report.since, report.as_of)}",
        columns=columns,
        rows=[_marked(columns, row, report) for row in rows],
        as_of=report.as_of,
        denominator=report.denominator,
        told=(
            ("Số báo cáo", report.number),
            ("Phạm vi", EXTRACT),
            ("SHA-256 của cả báo cáo", report.sha256),
        ),
    )


def _marked(columns: tuple[Column, ...], row: FrozenRow, report: FrozenReport) -> Row:
    """The cells as they were kept; the period says for people that this is an extract."""
    return [
        _as_extract(cell, report) if column.name == "period" else cell
        for column, cell in zip(columns, row_of_json(columns, row.cells), strict=True)
    ]


def _as_extract(period: Cell, report: FrozenReport) -> Cell:
    if not isinstance(period, LabelledEnum):
        return period
    return worded(str(period), f"{period.label} (trích {report.number})")
