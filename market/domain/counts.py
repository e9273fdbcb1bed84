"""Counts of one market on every day on which they change, from its dated facts.

A stall and a merchant each contribute a step function to the figures, and a market is the
sum: a change of one merchant can be carried into stored counts by taking away what the
merchant and their stalls contributed before and adding what they contribute now.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import groupby
from operator import add, itemgetter

from market.domain.coverage import (
    FIGURE_NAMES,
    LADDER_NAMES,
    NOTHING,
    POINT_NAMES,
    Counts,
    Denominator,
    place_of,
)
from market.domain.levels import Steps, Tenancy
from market.domain.stalls import Placement, StallState


@dataclass(frozen=True, slots=True)
class StallFacts:
    """A stall and what it does from which day on, in order; of one day the last holds."""

    id: int
    placement: Placement
    states: tuple[tuple[date, StallState], ...]


@dataclass(frozen=True, slots=True)
class TenancyLevels:
    """A tenancy with the steps of its level."""

    tenancy: Tenancy
    steps: Steps


@dataclass(frozen=True, slots=True)
class DayCounts:
    """The counts from this day on, until the next entry's day."""

    day: date
    counts: Counts


# A track is a step function: days in order, each with a value that holds from then on.
# The standing of a stall is its place in POINT_NAMES, or 0 where it is not counted; the
# height of a tenancy is 1 + the rank of its level, or 0 where it is not there.
Track = list[tuple[date, int]]
Figures = frozenset[int]

_NO_FIGURES: Figures = frozenset()
_FIXED = {state: POINT_NAMES.index(state.value) for state in StallState if state in POINT_NAMES}
_MOBILE = POINT_NAMES.index("mobile")
_DENOMINATORS = tuple(Denominator)
# A, B, C hold one another: of a standing it is enough to know how many leave it out.
_LEFT_OUT = {"trading": 0, "resting": 1, "vacant": 2, "repair": 2}
_OUTSIDE = [_LEFT_OUT.get(name, len(_DENOMINATORS)) for name in POINT_NAMES]


def count_days(stalls: Iterable[StallFacts], tenancies: Iterable[TenancyLevels]) -> list[DayCounts]:
    """Count a market: one entry per day on which any figure changes, in order.

    Raises KeyError for a tenancy at a stall that is not among `stalls`.
    """
    tally = Tally()
    places = {stall.id: stall for stall in stalls}
    of_stall: defaultdict[int, list[TenancyLevels]] = defaultdict(list)
    of_merchant: defaultdict[int, list[TenancyLevels]] = defaultdict(list)
    for each in tenancies:
        of_stall[each.tenancy.stall_id].append(each)
        of_merchant[each.tenancy.merchant_id].append(each)
    for stall in places.values():
        tally.add_stall(stall, of_stall.get(stall.id, ()))
    for own in of_merchant.values():
        tally.add_merchant(own, places)
    return tally.list_days()


class Tally:
    """Sums contributions of stalls and merchants; with sign -1 takes them away."""

    def __init__(self) -> None:
        self._moves: dict[date, list[int]] = {}

    def add_stall(
        self, stall: StallFacts, tenancies: Iterable[TenancyLevels], *, sign: int = 1
    ) -> None:
        """Add what a stall contributes through its highest tenancy, or on its own."""
        heights = [_height_track(each) for each in tenancies]
        self._add(_stall_situations(_standing_track(stall), heights), sign)

    def add_merchant(
        self,
        tenancies: Iterable[TenancyLevels],
        stalls: Mapping[int, StallFacts],
        *,
        sign: int = 1,
    ) -> None:
        """Add what a merchant contributes through all their tenancies in the market."""
        tracks = [
            (_standing_track(stalls[each.tenancy.stall_id]), _height_track(each))
            for each in tenancies
        ]
        self._add(_merchant_situations(tracks), sign)

    def list_days(self) -> list[DayCounts]:
        """Return the sums, one entry per day on which any figure changes.

        Of a tally that took away and added, these are the differences to carry into
        stored counts from each day on.
        """
        days = []
        figures = NOTHING.figures
        for day in sorted(self._moves):
            moves = self._moves[day]
            if any(moves):
                figures = tuple(map(add, figures, moves))
                days.append(DayCounts(day, Counts(figures)))
        return days

    def _add(self, situations: Iterator[tuple[date, Figures]], sign: int) -> None:
        before = _NO_FIGURES
        for day, after in situations:
            if after is before:
                continue
            moves = self._moves.get(day)
            if moves is None:
                moves = self._moves[day] = [0] * len(FIGURE_NAMES)
            lost, won = _difference(before, after)
            for place in lost:
                moves[place] -= sign
            for place in won:
                moves[place] += sign
            before = after


def _standing_track(stall: StallFacts) -> Track:
    if stall.placement is Placement.MOBILE:
        return [(day, 0 if state is StallState.CLOSED else _MOBILE) for day, state in stall.states]
    return [(day, _FIXED.get(state, 0)) for day, state in stall.states]


def _height_track(levels: TenancyLevels) -> Track:
    span = levels.tenancy.span
    if span.to_day is not None and span.to_day <= span.from_day:
        return []
    track = [(span.from_day, 1), *((day, 1 + level.rank) for day, level in levels.steps)]
    return track if span.to_day is None else [*track, (span.to_day, 0)]


def _stall_situations(standings: Track, heights: list[Track]) -> Iterator[tuple[date, Figures]]:
    for day, (standing, *current) in _merged([standings, *heights]):
        yield day, _figures_of_stall(standing, max(current, default=0))


def _merchant_situations(tracks: list[tuple[Track, Track]]) -> Iterator[tuple[date, Figures]]:
    for day, values in _merged([track for pair in tracks for track in pair]):
        heights = [0] * len(_DENOMINATORS)
        for standing, height in zip(values[::2], values[1::2], strict=True):
            for at in range(_OUTSIDE[standing], len(heights)):
                heights[at] = max(heights[at], height)
        yield day, _figures_of_merchant(tuple(heights))


def _merged(tracks: list[Track]) -> Iterator[tuple[date, list[int]]]:
    """Yield each day on which a track moves, with the values of all of them after it."""
    entries = [(day, at, value) for at, track in enumerate(tracks) for day, value in track]
    entries.sort(key=itemgetter(0))
    values = [0] * len(tracks)
    for day, of_day in groupby(entries, key=itemgetter(0)):
        for _, at, value in of_day:
            values[at] = value
        yield day, values


@cache
def _figures_of_stall(standing: int, height: int) -> Figures:
    """Return the figures to which a stall of that standing and highest tenancy adds one."""
    if standing == 0:
        return _NO_FIGURES
    if standing == _MOBILE:
        return frozenset({place_of("points_mobile")})
    figures = {place_of("points_total"), place_of(f"points_{POINT_NAMES[standing]}")}
    for denominator in _DENOMINATORS[_OUTSIDE[standing] :]:
        # A stall without tenancy is counted, at level 0.
        figures |= _ladder_figures(denominator, "stalls", max(1, height))
    return frozenset(figures)


@cache
def _figures_of_merchant(heights: tuple[int, ...]) -> Figures:
    """Return the figures to which a merchant adds one, by their height in A, B and C."""
    figures: set[int] = set()
    for denominator, height in zip(_DENOMINATORS, heights, strict=True):
        figures |= _ladder_figures(denominator, "merchants", height)
    return frozenset(figures)


def _ladder_figures(denominator: Denominator, unit: str, height: int) -> set[int]:
    first = place_of(f"{denominator.value.lower()}_{unit}_{LADDER_NAMES[0]}")
    return set(range(first, first + height))


@cache
def _difference(before: Figures, after: Figures) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(before - after), tuple(after - before)
