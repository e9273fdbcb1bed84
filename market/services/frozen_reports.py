"""Freezing the report of a period: what was sent stays, whatever is recorded afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from io import BytesIO
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from market.documents.frozen_cells import columns_as_json, row_as_json
from market.documents.report_columns import MARKET_COLUMNS
from market.documents.tables import Style
from market.domain.calendar import check_period, format_day
from market.domain.coverage import NOTHING, Counts, Denominator
from market.domain.errors import Conflict, Invalid, Problem
from market.domain.frozen_reports import FrozenForm, report_number
from market.extensions import db
from market.models.area import Province
from market.models.frozen_report import FrozenFile, FrozenReport, FrozenRow
from market.models.job import Counter
from market.services import audit, frozen_scope, report_files, reports
from market.services.access import Actor
from market.services.market_lines import MarketChoice
from market.services.report_files import FileFormat, Form, Making
from market.services.reports import MarketReport, Period

FORMS = {
    FrozenForm.DATA: Form(FileFormat.CSV, Style.DATA),
    FrozenForm.REPORT: Form(FileFormat.CSV, Style.REPORT),
    FrozenForm.WORKBOOK: Form(FileFormat.XLSX, Style.REPORT),
}


@dataclass(frozen=True, slots=True)
class Frozen:
    """The report of a period, and whether it was frozen just now."""

    report: FrozenReport
    is_new: bool


@dataclass(frozen=True, slots=True)
class Correction:
    """The report that is corrected, and why."""

    report: FrozenReport
    reason: str


def freeze(
    province_code: str,
    period: Period,
    *,
    actor: Actor,
    denominator: Denominator = Denominator.A,
) -> Frozen:
    """Freeze a whole province's report; one that was frozen already is given instead.

    Of several who freeze the same at once one does. Raises NotFound and Forbidden as
    `frozen_scope.get_province` does; Invalid where the period ends before it begins or in
    days to come, before the first record, or where the province has no markets.
    """
    check_period(period.since, period.as_of)
    province = frozen_scope.get_province(province_code, actor=actor, lock=True)
    found = _find_newest(province, period, denominator)
    if found is not None:
        return Frozen(found, is_new=False)
    report = _counted(province, period, denominator, actor=actor)
    return Frozen(_keep(report, province, None, actor=actor), is_new=True)


def correct(number: str, reason: str, *, actor: Actor) -> FrozenReport:
    """Freeze the same period again under a number of its own; both reports stay.

    Raises NotFound and Forbidden as `frozen_scope` does, Conflict where the report was
    corrected already, Invalid without a reason or where no figure has changed since.
    """
    if not reason.strip():
        told = "Hãy ghi lý do chốt lại."
        raise Invalid(told, (Problem(told, field="reason"),))
    old = frozen_scope.get_report(number, actor=actor).report
    province = frozen_scope.get_province(old.province_code, actor=actor, lock=True)
    period = Period(old.since, old.as_of)
    newest = _find_newest(province, period, old.denominator)
    if newest is not None and newest.id != old.id:
        raise Conflict(f"Báo cáo này đã được thay bằng {newest.number}. Hãy mở báo cáo đó.")
    report = _counted(province, period, old.denominator, actor=actor)
    if _data_of(report) == old.sha256:
        told = "Số liệu hôm nay không khác báo cáo này, nên không có gì để chốt lại."
        raise Invalid(told, (Problem(told, field="reason"),))
    return _keep(report, province, Correction(old, reason.strip()), actor=actor)


def _find_newest(
    province: Province, period: Period, denominator: Denominator
) -> FrozenReport | None:
    return db.session.scalar(
        select(FrozenReport)
        .where(
            FrozenReport.province_code == province.code,
            FrozenReport.since == period.since,
            FrozenReport.as_of == period.as_of,
            FrozenReport.denominator == denominator,
        )
        .order_by(FrozenReport.revision.desc())
        .limit(1)
    )


def _counted(
    province: Province, period: Period, denominator: Denominator, *, actor: Actor
) -> MarketReport:
    choice = MarketChoice(province_code=province.code)
    report = reports.market_report(actor, period, choice=choice, denominator=denominator)
    if not report.lines:
        raise Invalid(
            f"{province.name} không có chợ nào vào ngày {format_day(period.as_of)} nên không có "
            "báo cáo để chốt. Hãy chọn tỉnh hoặc ngày khác."
        )
    if all(line.counts is None for line in report.lines):
        raise Invalid(
            f"Các chợ của {province.name} chưa có số liệu nào. Hãy nhập danh sách điểm kinh "
            "doanh trước khi chốt báo cáo."
        )
    return report


def _data_of(report: MarketReport) -> str:
    stream = BytesIO()
    making = Making(at=report.period.ends_at, by="", rules={})
    report_files.write_as(
        stream, report_files.table_of(report), FORMS[FrozenForm.DATA], making=making
    )
    return sha256(stream.getvalue()).hexdigest()


def _keep(
    report: MarketReport, province: Province, correction: Correction | None, *, actor: Actor
) -> FrozenReport:
    number = report_number(actor.today, _next_place(actor.today))
    files = dict(_files(report, _told(number, correction), Making.of(actor)))
    kept = _described(report, province, correction, actor=actor)
    kept.number, kept.sha256 = number, sha256(files[FrozenForm.DATA]).hexdigest()
    db.session.add(kept)
    db.session.flush()
    db.session.execute(insert(FrozenRow), list(_rows(report, kept.id)))
    db.session.execute(
        insert(FrozenFile),
        [
            {"report_id": kept.id, "form": form, "content": content}
            for form, content in files.items()
        ],
    )
    _note(kept, correction, actor)
    return kept


def _described(
    report: MarketReport, province: Province, correction: Correction | None, *, actor: Actor
) -> FrozenReport:
    """What is kept of the report but for its rows and files."""
    before = report.before.reports.get(province.code)
    return FrozenReport(
        province_code=province.code,
        province=province.name,
        since=report.period.since,
        as_of=report.period.as_of,
        denominator=report.denominator,
        revision=correction.report.revision + 1 if correction else 1,
        corrects_id=correction.report.id if correction else None,
        reason=correction.reason if correction else None,
        before_id=before.id if before else None,
        rules=dict(Making.of(actor).rules),
        columns=columns_as_json(MARKET_COLUMNS),
        row_count=len(report.lines),
        frozen_at=actor.at,
        frozen_by_id=actor.user_id,
        frozen_by=actor.name,
    )


def _next_place(today: date) -> int:
    """One statement counts, so no two reports get the same number; undone with the report."""
    insert_row = insert_sqlite if db.engine.dialect.name == "sqlite" else insert_postgresql
    value = db.session.execute(
        insert_row(Counter)
        .values(name=f"frozen_reports:{today.year}", value=1)
        .on_conflict_do_update(index_elements=[Counter.name], set_={"value": Counter.value + 1})
        .returning(Counter.value)
    ).scalar_one()
    return int(value)


def _told(number: str, correction: Correction | None) -> list[tuple[str, str]]:
    told = [("Số báo cáo", number)]
    if correction is not None:
        told += [("Thay cho báo cáo", correction.report.number), ("Lý do", correction.reason)]
    return told


def _files(
    report: MarketReport, told: list[tuple[str, str]], making: Making
) -> Iterator[tuple[FrozenForm, bytes]]:
    for kept, form in FORMS.items():
        stream = BytesIO()
        report_files.write_as(stream, report_files.table_of(report, told), form, making=making)
        yield kept, stream.getvalue()


def _rows(report: MarketReport, report_id: int) -> Iterator[dict[str, Any]]:
    pairs = zip(report.lines, report.rows(), strict=True)
    for place, (line, row) in enumerate(pairs, start=1):
        merchants = (line.counts or NOTHING).of(report.denominator).merchants
        yield {
            "report_id": report_id,
            "place": place,
            "market_id": line.id,
            "market_code": line.code,
            "market_name": line.name,
            "merchants_counted": merchants.counted,
            "merchants_accepting": merchants.accepting,
            "cells": row_as_json(row),
            "figures": _figures(line.counts),
            "figures_before": _figures(line.before),
        }


def _figures(counts: Counts | None) -> list[int] | None:
    return None if counts is None else list(counts.figures)


def _note(kept: FrozenReport, correction: Correction | None, actor: Actor) -> None:
    told: dict[str, Any] = {
        "report": kept.number,
        "province_code": kept.province_code,
        "since": kept.since,
        "as_of": kept.as_of,
        "denominator": str(kept.denominator),
        "rows": kept.row_count,
        "sha256": kept.sha256,
    }
    if correction is not None:
        told |= {"corrects": correction.report.number, "reason": correction.reason}
    audit.record(actor, "freeze", kept, new=told)
