"""The list of frozen reports, and the adjustments since one was sent, as tables for files."""

from typing import Any

import sqlalchemy

from market.documents.frozen_columns import ADJUSTMENT_COLUMNS, REPORT_COLUMNS
from market.documents.tables import Cell, Row
from market.domain.calendar import ICT, format_day, format_moment
from market.domain.labels import LabelledEnum, worded
from market.domain.shares import FILE_PLACES
from market.models.frozen_report import FrozenReport
from market.services import (
    audit,
    covered_areas,
    frozen_differences,
    frozen_lists,
    frozen_scope,
)
from market.services.access import Actor
from market.services.covered_areas import COUNTRY
from market.services.extents import Extent, name_of
from market.services.frozen_differences import ComparedMarket, Comparison
from market.services.frozen_scope import OpenedReport
from market.services.report_files import Form, Table
from market.services.reports import Period

CHANGED_ONLY = (("Bộ lọc: Điều chỉnh", "Có điều chỉnh"),)


class Presence(LabelledEnum):
    """Whether a market is counted in the report and today."""

    REPORTED = "reported", "Có trong báo cáo"
    ADDED = "added", "Chưa có trong báo cáo"
    GONE = "gone", "Nay không còn được tính"


def list_table(actor: Actor, province_code: str | None) -> Table:
    """The reports that exist for the actor, the latest period first; nothing is counted anew."""
    found = frozen_lists.list_all(actor, province_code=province_code)
    return Table(
        title="Báo cáo đã chốt",
        columns=REPORT_COLUMNS,
        rows=[_report(row, actor) for row in found],
        as_of=actor.today,
        denominator=None,
    )


def extent_of_list(actor: Actor, province_code: str | None) -> Extent:
    """Of a province, or of all; a part where a report exists for the actor without all rows."""
    is_part = frozen_lists.sees_parts(actor, province_code=province_code)
    area = (
        COUNTRY if province_code is None else covered_areas.get_province(province_code, actor=actor)
    )
    return Extent(area.name, actor.today, is_part=is_part)


def adjustment_table(number: str, *, only_changed: bool, actor: Actor) -> Table:
    """The markets of a report with what was sent, and how today's view of that day differs.

    Raises NotFound where no row of the report exists for the actor.
    """
    opened = frozen_scope.get_report(number, actor=actor)
    report = opened.report
    compared = frozen_differences.compare(opened, actor=actor)
    shown = compared.changed if only_changed else compared.markets
    total = frozen_differences.total_of(report, shown)
    period = Period(report.since, report.as_of).name.label
    today, day = format_day(actor.today), format_day(report.as_of)
    return Table(
        title=f"Điều chỉnh sau báo cáo {report.number} – {period}",
        columns=ADJUSTMENT_COLUMNS,
        rows=[_adjustment(report, each) for each in shown],
        as_of=report.as_of,
        denominator=report.denominator,
        total_row=lambda: (None, None, None, None, None, *_reported(total), *_adjusted(total)),
        told=(
            ("Số báo cáo", report.number),
            ("Điều chỉnh", f"Số liệu ngày {day} tính lại ngày {today}, trừ số đã báo cáo"),
        ),
    )


def extent_of_adjustments(opened: OpenedReport, *, only_changed: bool, actor: Actor) -> Extent:
    """Of the report's province, as it is counted today."""
    return Extent(
        opened.report.province,
        actor.today,
        is_part=not opened.is_whole,
        filters=CHANGED_ONLY if only_changed else (),
        denominator=opened.report.denominator,
    )


def note_list(actor: Actor, form: Form, extent: Extent, province_code: str | None) -> None:
    """Whoever takes the list is noted in the audit log."""
    chosen = {} if province_code is None else {"province": province_code}
    _note(actor, "file", form, extent, {"table": "reports", **chosen})


def note_adjustments(actor: Actor, form: Form, extent: Extent, number: str, report_id: int) -> None:
    """Whoever takes the adjustments of a report is noted in the audit log."""
    table = "changed adjustments" if extent.filters else "adjustments"
    _note(actor, report_id, form, extent, {"report": number, "table": table})


def _note(
    actor: Actor, entity_id: int | str, form: Form, extent: Extent, chosen: dict[str, str]
) -> None:
    told = {"format": str(form.format), "style": str(form.style), "is_extract": extent.is_extract}
    audit.record_by_id(
        actor, "export", FrozenReport.__tablename__, entity_id, new={**told, **chosen}
    )


def _report(row: sqlalchemy.Row[Any], actor: Actor) -> Row:
    report: FrozenReport = row.FrozenReport
    share = frozen_lists.share_of(row)
    is_part = not covered_areas.covers_province(report.province_code, actor)
    moment = report.frozen_at.astimezone(ICT)
    return (
        report.number,
        Period(report.since, report.as_of).name,
        report.as_of,
        report.province_code,
        name_of(report.province, is_part=is_part, is_chosen=False),
        report.denominator,
        row.markets,
        share.numerator,
        share.denominator,
        share.percent(FILE_PLACES),
        report.revision,
        row.corrected_by,
        worded(moment.isoformat(timespec="minutes"), format_moment(moment)),
    )


def _adjustment(report: FrozenReport, each: ComparedMarket) -> Row:
    presence = Presence.REPORTED if each.is_counted_now else Presence.GONE
    return (
        report.number,
        report.as_of,
        each.code,
        each.name,
        Presence.ADDED if each.row is None else presence,
        *((None, None, None) if each.row is None else _reported(each.comparison)),
        *_adjusted(each.comparison),
    )


def _reported(comparison: Comparison) -> tuple[Cell, ...]:
    merchants = comparison.reported.merchants
    return merchants.counted, merchants.accepting, merchants.share().percent(FILE_PLACES)


def _adjusted(comparison: Comparison) -> tuple[Cell, ...]:
    return comparison.counted, comparison.accepting, comparison.share, comparison.stalls
