"""What holds on a day, read off a list of changes: levels of a tenancy, counts of a market."""

from collections.abc import Sequence
from datetime import date

from market.domain.counts import DayCounts
from market.domain.coverage import NOTHING, Counts
from market.domain.levels import Level, Steps


def level_on(changes: Steps, day: date) -> Level:
    """The level of a day; none before the first step."""
    return next((level for since, level in reversed(changes) if since <= day), Level.NONE)


def counts_on(days: Sequence[DayCounts], day: date) -> Counts:
    """The counts that hold on the day; nothing before the first entry."""
    return next((entry.counts for entry in reversed(days) if entry.day <= day), NOTHING)
