"""Targets: which one holds where on a day, and how a share stands against it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from market.domain.coverage import Unit
from market.domain.errors import Invalid
from market.domain.labels import LabelledEnum
from market.domain.shares import (
    SCREEN_PLACES,
    Share,
    TargetLine,
    forecast_day,
    round_half_up,
    weekly_pace,
)

# The present pace is what was gained in eight weeks: long enough for a market's rounds of
# visits, short enough to be the present.
PACE_DAYS = 56
# What a straight line says of a farther future is no forecast any more.
FARTHEST = timedelta(days=3653)
HOW_PERCENTS_LOOK = "Phải là số từ 0 đến 100, nhiều nhất hai chữ số thập phân, ví dụ: 86,5."
_WRITTEN = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))? ?%?")


def parse_percent(text: str) -> Decimal:
    """Read 86,5 or 86.5, with or without the sign; raises Invalid for what is no share."""
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        raise Invalid(HOW_PERCENTS_LOOK)
    number = Decimal(".".join(filter(None, written.groups())))
    if number > 100:
        raise Invalid(HOW_PERCENTS_LOOK)
    return number


class PlaceKind(LabelledEnum):
    """For what a target is set."""

    PROVINCE = "province", "Tỉnh, thành phố"
    COMMUNE = "commune", "Xã, phường"
    MARKET = "market", "Chợ"


class Place(NamedTuple):
    """One market (by its id), commune or province (by their codes)."""

    kind: PlaceKind
    key: str


@dataclass(frozen=True, slots=True)
class Aim:
    """A target of a place; `ended_on` is the first day on which it no longer holds."""

    place: Place
    unit: Unit
    line: TargetLine
    ended_on: date | None = None
    id: int | None = None

    @property
    def has_ever_held(self) -> bool:
        """Whether it held on any day: one replaced from its first day on did not."""
        return self.ended_on is None or self.ended_on > self.line.from_day

    def holds_on(self, day: date) -> bool:
        """Whether it has begun and was not ended; it holds on after its last day."""
        return self.line.from_day <= day and (self.ended_on is None or day < self.ended_on)

    def percent_on(self, day: date) -> Fraction | None:
        """The exact target of a day, None on days on which it does not hold."""
        return self.line.percent_on(day) if self.holds_on(day) else None

    def overlaps(self, other: "Aim") -> bool:
        """Whether the two lines, as far as they held, run on a day together."""
        return (
            self.has_ever_held
            and other.has_ever_held
            and self.line.from_day <= other._last_day
            and other.line.from_day <= self._last_day
        )

    @property
    def _last_day(self) -> date:
        if self.ended_on is None:
            return self.line.to_day
        return min(self.line.to_day, self.ended_on - timedelta(days=1))


class TargetBook:
    """Targets of many places over time."""

    def __init__(self, aims: Iterable[Aim]) -> None:
        self._aims = sorted(
            (aim for aim in aims if aim.has_ever_held), key=lambda each: each.line.from_day
        )
        self._of_days: dict[date, dict[Place, Aim]] = {}

    def find(self, places: Sequence[Place], day: date) -> Aim | None:
        """The target of the day at the first of the places that has one.

        The newest that has begun decides for its place: once that is ended, the one
        before it does not come back.
        """
        held = self.holding(day)
        return next((held[place] for place in places if place in held), None)

    def holding(self, day: date) -> Mapping[Place, Aim]:
        """All targets of the day, each under its place."""
        if day not in self._of_days:
            newest = {aim.place: aim for aim in self._aims if aim.line.from_day <= day}
            self._of_days[day] = {place: aim for place, aim in newest.items() if aim.holds_on(day)}
        return self._of_days[day]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a share stands on a day against the target that holds on it.

    `gained` is how many more reach it than PACE_DAYS before. Numbers of stalls or
    households, as the target counts, are missing to the target's last day (`missing`) or
    to its line on the day (`behind`); both are None where there is nothing to count.
    """

    aim: Aim
    day: date
    share: Share
    gained: int = 0

    @property
    def target(self) -> Fraction:
        """The exact target of the day, in per cent."""
        target = self.aim.percent_on(self.day)
        if target is None:
            raise ValueError(f"the target does not hold on {self.day}")
        return target

    @property
    def is_reached(self) -> bool:
        """Whether the share is at the line of the day; never without anything to count."""
        return self.share.is_at_least(self.target)

    @property
    def gap(self) -> Fraction | None:
        """How many points of per cent the share lies below the line; negative above it."""
        if self.share.denominator == 0:
            return None
        return self.target - Fraction(100 * self.share.numerator, self.share.denominator)

    def gap_points(self, places: int = SCREEN_PLACES) -> Decimal | None:
        """The gap, rounded."""
        return None if self.gap is None else round_half_up(self.gap, places)

    def target_percent(self, places: int = SCREEN_PLACES) -> Decimal:
        """The target of the day, rounded."""
        return round_half_up(self.target, places)

    @property
    def behind(self) -> int | None:
        """How many are missing to the line of the day."""
        return self.share.missing_to(self.target)

    @property
    def missing(self) -> int | None:
        """How many are missing to the share of the target's last day."""
        return self.share.missing_to(self.aim.line.to_percent)

    @property
    def pace(self) -> int | None:
        """How many a week are needed to reach it in time; None where none can."""
        if self.missing is None:
            return None
        return weekly_pace(self.missing, day=self.day, by=self.aim.line.to_day)

    @property
    def forecast(self) -> date | None:
        """The day on which the last share is reached at the present pace; None if never."""
        if self.missing is None:
            return None
        found = forecast_day(self.missing, gained=self.gained, during_days=PACE_DAYS, day=self.day)
        return found if found is not None and found - self.day <= FARTHEST else None

    @property
    def is_late(self) -> bool:
        """Whether at the present pace the last share is reached after its day, or never."""
        return self.missing != 0 and (self.forecast is None or self.forecast > self.aim.line.to_day)
