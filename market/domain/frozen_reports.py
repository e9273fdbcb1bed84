"""Frozen reports: what they are called, and the files of which one consists."""

from datetime import date

from market.domain.labels import LabelledEnum


class FrozenForm(LabelledEnum):
    """The files that are kept with a frozen report, as they were made."""

    DATA = "data", "CSV dữ liệu"
    REPORT = "report", "CSV mở bằng Excel"
    WORKBOOK = "workbook", "Excel"


def report_number(frozen_on: date, place: int) -> str:
    """The name of the report: `BC-2026-0007`, the seventh frozen that year."""
    return f"BC-{frozen_on.year}-{place:04}"
