"""Where a dated change lands among the spans that are already recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from market.domain.calendar import Span


@dataclass(frozen=True, slots=True)
class Slot:
    """Where something that holds from a day on goes in.

    `covering` is the place of the span that holds on that day, `starting` of one that
    begins on it (it may hold on no day at all); the new value lasts until `to_day`, where
    the next recorded change begins, or where the covering span ended anyway.
    """

    covering: int | None
    starting: int | None
    to_day: date | None


def find_slot(spans: Sequence[Span], day: date) -> Slot:
    """Find the slot of a change on `day` among spans that do not overlap, in any order."""
    covering = next((at for at, span in enumerate(spans) if span.covers(day)), None)
    starting = next((at for at, span in enumerate(spans) if span.from_day == day), None)
    if covering is not None:
        return Slot(covering, starting, spans[covering].to_day)
    later = [span.from_day for span in spans if span.from_day > day]
    return Slot(None, starting, min(later, default=None))
