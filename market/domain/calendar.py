"""Days, periods and month ends as the markets live them: in Vietnam, from midnight to midnight."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from market.domain.errors import Invalid

# Asia/Ho_Chi_Minh has stood at UTC+7 without summer time since 1975: a fixed offset
# says the same as the zone and needs no zone files on the machine.
ICT = timezone(timedelta(hours=7), "ICT")

FIRST_YEAR = 1990
LAST_YEAR = 2200

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_VIETNAMESE = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")
_HOW_TO_WRITE = "Hãy viết ngày như 30/09/2026 hoặc 2026-09-30."
_QUARTERS = ("I", "II", "III", "IV")
_PART_OF_YEAR_LABELS = {
    (1, 6): "6 tháng đầu năm {year}",
    (7, 12): "6 tháng cuối năm {year}",
    (1, 9): "9 tháng đầu năm {year}",
    (1, 12): "Năm {year}",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `from_day` up to, not including, `to_day`; without end where that is None."""

    from_day: date
    to_day: date | None = None

    def covers(self, day: date) -> bool:
        return self.from_day <= day and (self.to_day is None or day < self.to_day)


def day_of(moment: datetime) -> date:
    """Return the day in Vietnam at that moment.

    Raises ValueError where the moment carries no zone: guessing one moves visits of
    the evening to another day.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone has no day")
    return moment.astimezone(ICT).date()


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def month_ends(since: date, until: date) -> list[date]:
    """Every last day of a month from `since` to `until`, both included."""
    ends = []
    end = month_end(since)
    while end <= until:
        ends.append(end)
        end = month_end(end + timedelta(days=1))
    return ends


def previous_period_end(since: date) -> date:
    """Return the day with which a period beginning on `since` is compared."""
    return since - timedelta(days=1)


def parse_day(text: str) -> date:
    """Read 2026-09-30, 30/09/2026, 30-9-2026 or 30.9.2026.

    Raises Invalid with what is wrong and how to write it.
    """
    written = text.strip()
    if iso := _ISO.fullmatch(written):
        year, month, day = iso.groups()
    elif vietnamese := _VIETNAMESE.fullmatch(written):
        day, _, month, year = vietnamese.groups()
    elif not written:
        raise Invalid(f"Thiếu ngày. {_HOW_TO_WRITE}")
    else:
        raise Invalid(f"“{_shortened(written)}” không phải là ngày. {_HOW_TO_WRITE}")
    return _existing_day(int(year), int(month), int(day), written)


def _existing_day(year: int, month: int, day: int, written: str) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Invalid(f"Năm {year} trong “{written}” không hợp lý. {_HOW_TO_WRITE}")
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Invalid(f"Ngày “{written}” không có trong lịch. {_HOW_TO_WRITE}") from error


def _shortened(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else text[:limit] + "…"


def check_as_of(day: date, *, today: date, first: date | None = None) -> None:
    """Raise Invalid for a day that has not come, or that lies before the first record."""
    if day > today:
        raise Invalid(
            f"Ngày {format_day(day)} chưa tới nên chưa có số liệu. "
            f"Hãy chọn ngày từ {format_day(today)} trở về trước."
        )
    if first is not None and day < first:
        raise Invalid(
            f"Chưa có số liệu cho ngày {format_day(day)}: ghi nhận đầu tiên là ngày "
            f"{format_day(first)}. Hãy chọn ngày từ đó trở đi."
        )


def check_period(since: date, as_of: date) -> None:
    """Raise Invalid where the period ends before it begins."""
    if since > as_of:
        raise Invalid(
            f"Kỳ báo cáo bắt đầu ngày {format_day(since)}, sau ngày chốt số liệu "
            f"{format_day(as_of)}. Hãy đổi lại hai ngày."
        )


def format_day(day: date) -> str:
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def format_moment(moment: datetime) -> str:
    """`30/09/2026 14:05`, in Việt Nam; `moment` carries its zone."""
    local = moment.astimezone(ICT)
    return f"{format_day(local.date())} {local:%H:%M}"


def period_code(since: date, as_of: date) -> str:
    """Name the period for machines: an ISO 8601 interval, both days included."""
    return f"{since.isoformat()}/{as_of.isoformat()}"


def period_label(since: date, as_of: date) -> str:
    """Name the period as offices do: a month, a quarter, half a year, or its two days."""
    whole_months = since.day == 1 and as_of == month_end(as_of) and since.year == as_of.year
    if whole_months and since <= as_of and (label := _months_label(since, as_of.month)):
        return label
    if since == as_of:
        return f"Ngày {format_day(as_of)}"
    return f"Từ {format_day(since)} đến {format_day(as_of)}"


def _months_label(since: date, last_month: int) -> str | None:
    first_month, year = since.month, since.year
    if first_month == last_month:
        return f"Tháng {first_month}/{year}"
    quarter = (last_month - 1) // 3
    if (first_month, last_month) == (quarter * 3 + 1, quarter * 3 + 3):
        return f"Quý {_QUARTERS[quarter]}/{year}"
    label = _PART_OF_YEAR_LABELS.get((first_month, last_month))
    return label.format(year=year) if label else None
