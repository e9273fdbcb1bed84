"""A dated change lands in the right place: what was recorded for other days stays."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from market.domain.calendar import Span
from market.domain.spans import find_slot

FIRST = date(2026, 1, 1)


def day(number: int) -> date:
    """A day counted from the first of the tests."""
    return FIRST + timedelta(days=number)


def test_a_day_within_an_open_span_splits_it() -> None:
    slot = find_slot([Span(day(0))], day(5))

    assert (slot.covering, slot.starting, slot.to_day) == (0, None, None)


def test_a_day_within_a_closed_span_lasts_until_the_next_change() -> None:
    slot = find_slot([Span(day(0), day(10)), Span(day(10))], day(5))

    assert (slot.covering, slot.starting, slot.to_day) == (0, None, day(10))


def test_the_first_day_of_a_span_is_corrected_in_place() -> None:
    slot = find_slot([Span(day(0), day(10)), Span(day(10))], day(10))

    assert (slot.covering, slot.starting, slot.to_day) == (1, 1, None)


def test_a_day_before_all_spans_lasts_until_the_first() -> None:
    slot = find_slot([Span(day(3))], day(1))

    assert (slot.covering, slot.starting, slot.to_day) == (None, None, day(3))


def test_a_day_in_a_gap_lasts_until_the_next_span() -> None:
    slot = find_slot([Span(day(0), day(2)), Span(day(8))], day(4))

    assert (slot.covering, slot.to_day) == (None, day(8))


def test_a_span_that_held_on_no_day_is_taken_over() -> None:
    slot = find_slot([Span(day(0), day(4)), Span(day(4), day(4))], day(4))

    assert (slot.covering, slot.starting, slot.to_day) == (None, 1, None)


def test_without_spans_the_change_stands_alone() -> None:
    slot = find_slot([], day(0))

    assert (slot.covering, slot.starting, slot.to_day) == (None, None, None)


Row = tuple[date, date | None, int]
days = st.integers(0, 30)


def value_on(rows: list[Row], on: date) -> int | None:
    """What the rows say of a day."""
    held = [value for start, end, value in rows if Span(start, end).covers(on)]
    assert len(held) <= 1
    return held[0] if held else None


def applied(rows: list[Row], on: date, value: int) -> list[Row]:
    """The rows after the change, as a service applies a slot."""
    slot = find_slot([Span(start, end) for start, end, _ in rows], on)
    after = list(rows)
    if slot.starting is not None:
        after[slot.starting] = (on, slot.to_day, value)
        return after
    if slot.covering is not None:
        start, _, old = after[slot.covering]
        after[slot.covering] = (start, on, old)
    return [*after, (on, slot.to_day, value)]


@given(st.lists(st.tuples(days, st.integers(0, 4)), max_size=12))
def test_each_change_holds_from_its_day_until_the_next_recorded_one(
    changes: list[tuple[int, int]],
) -> None:
    rows: list[Row] = []
    expected: dict[int, int] = {}
    for number, value in changes:
        rows = applied(rows, day(number), value)
        expected[number] = value

    for number in range(32):
        past = [start for start in expected if start <= number]
        wanted = expected[max(past)] if past else None
        assert value_on(rows, day(number)) == wanted
