"""What all demonstration markets share, and the one of them that is being made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from market.services.demo.plan import HISTORY, MarketPlan
from market.services.demo.rows import Rows


@dataclass(frozen=True, slots=True)
class People:
    """Who did what in the demonstration: users by id."""

    enters: int
    approves: int
    visits: int


@dataclass(frozen=True, slots=True)
class World:
    """What all markets share: random source, running numbers, lines of business, people."""

    random: Random
    seed: int
    last_day: date
    lines: Sequence[str]
    people: People
    numbers: Iterator[int]
    run_numbers: dict[int, int]

    @property
    def first_day(self) -> date:
        """The day on which every market was there already."""
        return self.last_day - HISTORY


@dataclass(frozen=True, slots=True)
class Site:
    """A market that is being made, and where its rows go."""

    plan: MarketPlan
    market_id: int
    rows: Rows
    world: World

    @property
    def random(self) -> Random:
        """The random source of the world."""
        return self.world.random
