"""Periods of reports: the last ones that are over, and months as people write them."""

from datetime import date

import pytest

from market.domain.errors import Invalid
from market.domain.periods import Days, ended_period, ended_periods, parse_month


@pytest.mark.parametrize(
    ("today", "months", "since", "as_of"),
    [
        (date(2026, 9, 1), 1, date(2026, 8, 1), date(2026, 8, 31)),
        # A month is not over on its last day.
        (date(2026, 8, 31), 1, date(2026, 7, 1), date(2026, 7, 31)),
        (date(2026, 1, 15), 1, date(2025, 12, 1), date(2025, 12, 31)),
        (date(2024, 3, 1), 1, date(2024, 2, 1), date(2024, 2, 29)),
        (date(2026, 9, 30), 3, date(2026, 4, 1), date(2026, 6, 30)),
        (date(2026, 10, 1), 3, date(2026, 7, 1), date(2026, 9, 30)),
        (date(2026, 6, 30), 6, date(2025, 7, 1), date(2025, 12, 31)),
        (date(2026, 7, 1), 6, date(2026, 1, 1), date(2026, 6, 30)),
        (date(2026, 12, 31), 12, date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_the_last_period_that_is_over(today: date, months: int, since: date, as_of: date) -> None:
    assert ended_period(today, months) == Days(since, as_of)


def test_the_usual_periods_come_shortest_first() -> None:
    assert [days.since for days in ended_periods(date(2026, 9, 30))] == [
        date(2026, 8, 1),
        date(2026, 4, 1),
        date(2026, 1, 1),
        date(2025, 1, 1),
    ]


@pytest.mark.parametrize("text", ["2026-02", "2/2026", " 02/2026 "])
def test_a_month_is_read_as_people_write_it(text: str) -> None:
    assert parse_month(text) == Days(date(2026, 2, 1), date(2026, 2, 28))


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "0/2026", "1/1800", "2026-2-1", "tháng 2"])
def test_what_is_no_month_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(Invalid, match="2026-08 hoặc 8/2026"):
        parse_month(text)
