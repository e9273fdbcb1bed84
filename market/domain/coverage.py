"""What is counted of a market, or of an area, on a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import add
from typing import NamedTuple

from market.domain.labels import LabelledEnum
from market.domain.levels import Level
from market.domain.shares import Share


class Denominator(LabelledEnum):
    """Which fixed stalls are counted; each holds the one before it."""

    A = "A", "Điểm cố định đang kinh doanh"
    B = "B", "Điểm cố định đang kinh doanh hoặc tạm nghỉ"
    C = "C", "Tất cả điểm cố định chưa đóng"


class Unit(LabelledEnum):
    """What is counted, with the word that stands behind a number of them."""

    MERCHANTS = "merchants", "hộ"
    STALLS = "stalls", "điểm"


class Ladder(NamedTuple):
    """How many are counted, and how many of these have reached each level."""

    counted: int
    account: int
    equipped: int
    displayed: int
    accepting: int
    in_use: int

    def reached(self, level: Level) -> int:
        steps = (self.account, self.equipped, self.displayed, self.accepting, self.in_use)
        return (self.counted, *steps)[level.rank]

    def share(self, level: Level = Level.ACCEPTS) -> Share:
        return Share(self.reached(level), self.counted)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Stalls and merchants in one denominator."""

    stalls: Ladder
    merchants: Ladder

    def ladder(self, unit: Unit) -> Ladder:
        return self.stalls if unit is Unit.STALLS else self.merchants


@dataclass(frozen=True, slots=True)
class Points:
    """Places to trade by what they do; all but `mobile` are fixed, and none is closed."""

    total: int
    trading: int
    resting: int
    vacant: int
    repair: int
    mobile: int


POINT_NAMES = ("total", "trading", "resting", "vacant", "repair", "mobile")
LADDER_NAMES = ("counted", "account", "equipped", "displayed", "accepting", "in_use")
UNIT_NAMES = ("stalls", "merchants")

FIGURE_NAMES = tuple(
    [f"points_{name}" for name in POINT_NAMES]
    + [
        f"{denominator.value.lower()}_{unit}_{name}"
        for denominator in Denominator
        for unit in UNIT_NAMES
        for name in LADDER_NAMES
    ]
)
_PLACES = {name: place for place, name in enumerate(FIGURE_NAMES)}
_LADDERS = {
    (denominator, unit): _PLACES[f"{denominator.value.lower()}_{unit.value}_{LADDER_NAMES[0]}"]
    for denominator in Denominator
    for unit in Unit
}


def place_of(name: str) -> int:
    """Return where a figure stands in `Counts.figures`."""
    return _PLACES[name]


def names_of(denominator: Denominator) -> tuple[str, ...]:
    """The figures of one denominator, in the order of FIGURE_NAMES."""
    return tuple(name for name in FIGURE_NAMES if name.startswith(f"{denominator.value.lower()}_"))


@dataclass(frozen=True, slots=True)
class Counts:
    """All figures of a day in the order of FIGURE_NAMES; adding pools markets.

    With a denominator they are those of `names_of` alone: what is not among them raises
    ValueError, and so does adding those of another one.
    """

    figures: tuple[int, ...]
    only: Denominator | None = None

    def __post_init__(self) -> None:
        expected = len(FIGURE_NAMES) if self.only is None else len(UNIT_NAMES) * len(LADDER_NAMES)
        if len(self.figures) != expected:
            raise ValueError(f"{len(self.figures)} figures instead of {expected}")

    def __add__(self, other: "Counts") -> "Counts":
        if self.only is not other.only:
            raise ValueError(f"{self.only} and {other.only} cannot be added")
        return Counts(tuple(map(add, self.figures, other.figures)), self.only)

    @property
    def points(self) -> Points:
        return Points(*self._from("points_total", len(POINT_NAMES)))

    def of(self, denominator: Denominator) -> Coverage:
        first = denominator.value.lower()
        return Coverage(
            Ladder(*self._from(f"{first}_stalls_counted", len(LADDER_NAMES))),
            Ladder(*self._from(f"{first}_merchants_counted", len(LADDER_NAMES))),
        )

    def ladder(self, denominator: Denominator, unit: Unit) -> Ladder:
        """One ladder alone: of thousands of markets a page needs no other."""
        start = _LADDERS[denominator, unit]
        if self.only is not None:
            if self.only is not denominator:
                raise ValueError(f"of {self.only} alone nothing is known of {denominator}")
            start -= _LADDERS[denominator, Unit.STALLS]
        return Ladder(*self.figures[start : start + len(LADDER_NAMES)])

    def _from(self, name: str, length: int) -> Sequence[int]:
        if self.only is not None:
            raise ValueError(f"of {self.only} alone not everything is known")
        start = _PLACES[name]
        return self.figures[start : start + length]


NOTHING = Counts((0,) * len(FIGURE_NAMES))
