"""Days in Vietnam, periods and the dates people type."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.calendar import (
    Span,
    check_as_of,
    check_period,
    day_of,
    format_day,
    format_moment,
    month_end,
    month_ends,
    parse_day,
    period_code,
    period_label,
    previous_period_end,
)
from market.domain.errors import Invalid


def test_a_day_begins_at_17_hours_utc_of_the_day_before() -> None:
    assert day_of(datetime(2026, 9, 29, 16, 59, 59, tzinfo=UTC)) == date(2026, 9, 29)
    assert day_of(datetime(2026, 9, 29, 17, 0, 0, tzinfo=UTC)) == date(2026, 9, 30)


def test_a_moment_without_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        day_of(datetime(2026, 9, 29, 17))


def test_a_moment_is_told_as_clocks_in_vietnam_show_it() -> None:
    assert format_moment(datetime(2026, 9, 30, 17, 5, 9, tzinfo=UTC)) == "01/10/2026 00:05"


def test_month_end_knows_leap_years() -> None:
    assert month_end(date(2024, 2, 1)) == date(2024, 2, 29)
    assert month_end(date(2026, 2, 28)) == date(2026, 2, 28)


def test_month_ends_include_both_ends_of_the_span() -> None:
    assert month_ends(date(2025, 11, 30), date(2026, 1, 31)) == [
        date(2025, 11, 30),
        date(2025, 12, 31),
        date(2026, 1, 31),
    ]


def test_a_span_inside_one_month_has_no_month_end() -> None:
    assert month_ends(date(2026, 1, 2), date(2026, 1, 30)) == []


def test_a_period_is_compared_with_the_day_before_it() -> None:
    assert previous_period_end(date(2026, 3, 1)) == date(2026, 2, 28)


def test_a_span_ends_before_its_last_bound() -> None:
    span = Span(date(2026, 1, 1), date(2026, 1, 3))

    assert [span.covers(date(2025, 12, 31) + timedelta(days=n)) for n in range(4)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "text", ["2026-09-05", "05/09/2026", "5/9/2026", "5-9-2026", "05.09.2026", " 05/09/2026\n"]
)
def test_a_day_is_read_as_people_and_machines_write_it(text: str) -> None:
    assert parse_day(text) == date(2026, 9, 5)


@pytest.mark.parametrize(
    "text",
    [
        "2026-9-5",
        "05/09-2026",
        "05/09/26",
        "20260905",
        "hôm qua",
        "2026-09-05T00:00",
        "٠٥/٠٩/٢٠٢٦",
        "05/09/2026 05/09/2026",
    ],
)
def test_what_is_not_a_day_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Invalid, match="không phải là ngày") as refused:
        parse_day(text)

    assert "30/09/2026" in refused.value.message


@pytest.mark.parametrize("text", ["31/09/2026", "2026-02-29", "00/01/2026", "01/13/2026"])
def test_a_day_that_no_calendar_has_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="không có trong lịch"):
        parse_day(text)


@pytest.mark.parametrize("text", ["01/01/0000", "0026-09-05", "05/09/9999"])
def test_a_year_out_of_reason_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="không hợp lý"):
        parse_day(text)


@pytest.mark.parametrize("text", ["", "  "])
def test_no_day_at_all_is_said_to_be_missing(text: str) -> None:
    with pytest.raises(Invalid, match="Thiếu ngày"):
        parse_day(text)


def test_a_long_text_is_not_repeated_in_full() -> None:
    with pytest.raises(Invalid) as refused:
        parse_day("x" * 5000)

    assert len(refused.value.message) < 150


@given(st.dates(date(1990, 1, 1), date(2200, 12, 31)))
def test_a_written_day_is_read_back(day: date) -> None:
    assert parse_day(format_day(day)) == day
    assert parse_day(day.isoformat()) == day


def test_a_day_to_come_has_no_figures() -> None:
    with pytest.raises(Invalid, match="01/10/2026 chưa tới"):
        check_as_of(date(2026, 10, 1), today=date(2026, 9, 30))


def test_today_and_the_first_day_have_figures() -> None:
    check_as_of(date(2026, 9, 30), today=date(2026, 9, 30))
    check_as_of(date(2024, 1, 1), today=date(2026, 9, 30), first=date(2024, 1, 1))


def test_a_day_before_the_first_record_has_no_figures() -> None:
    with pytest.raises(Invalid, match="ghi nhận đầu tiên là ngày 01/01/2024"):
        check_as_of(date(2023, 12, 31), today=date(2026, 9, 30), first=date(2024, 1, 1))


def test_a_period_may_not_end_before_it_begins() -> None:
    check_period(date(2026, 9, 30), date(2026, 9, 30))

    with pytest.raises(Invalid, match="Hãy đổi lại"):
        check_period(date(2026, 10, 1), date(2026, 9, 30))


@pytest.mark.parametrize(
    ("since", "as_of", "label"),
    [
        (date(2026, 2, 1), date(2026, 2, 28), "Tháng 2/2026"),
        (date(2026, 4, 1), date(2026, 6, 30), "Quý II/2026"),
        (date(2026, 10, 1), date(2026, 12, 31), "Quý IV/2026"),
        (date(2026, 1, 1), date(2026, 6, 30), "6 tháng đầu năm 2026"),
        (date(2026, 7, 1), date(2026, 12, 31), "6 tháng cuối năm 2026"),
        (date(2026, 1, 1), date(2026, 9, 30), "9 tháng đầu năm 2026"),
        (date(2026, 1, 1), date(2026, 12, 31), "Năm 2026"),
        (date(2026, 2, 1), date(2026, 4, 30), "Từ 01/02/2026 đến 30/04/2026"),
        (date(2026, 2, 1), date(2026, 2, 27), "Từ 01/02/2026 đến 27/02/2026"),
        (date(2026, 2, 2), date(2026, 2, 28), "Từ 02/02/2026 đến 28/02/2026"),
        (date(2025, 4, 1), date(2026, 6, 30), "Từ 01/04/2025 đến 30/06/2026"),
        (date(2026, 2, 2), date(2026, 2, 2), "Ngày 02/02/2026"),
    ],
)
def test_a_period_has_the_name_offices_give_it(since: date, as_of: date, label: str) -> None:
    assert period_label(since, as_of) == label


def test_a_period_has_a_name_for_machines() -> None:
    assert period_code(date(2026, 9, 1), date(2026, 9, 30)) == "2026-09-01/2026-09-30"
