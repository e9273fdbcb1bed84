"""Markets summed up by commune or by province: a line each, for the grid and its file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from market.domain.coverage import Counts, Denominator, Ladder, Unit
from market.domain.text import sort_key
from market.services import coverage_ladders, market_lines
from market.services.area_search import COMMUNE_KINDS
from market.services.market_lines import MarketLine

KINDS = tuple(f"{kind} " for kind in (*COMMUNE_KINDS, "thành phố", "tỉnh"))


@dataclass(frozen=True)
class AreaLine:
    """A commune or province with the open markets on a day that were chosen."""

    code: str
    name: str
    province_code: str
    province: str
    markets: Sequence[MarketLine]

    @property
    def running(self) -> int:
        """How many of the markets run the programme."""
        return sum(line.is_running for line in self.markets)

    @cached_property
    def counts(self) -> Counts:
        """The sums over the markets."""
        return market_lines.pool(self.markets)

    def ladder(self, denominator: Denominator, unit: Unit) -> Ladder:
        """How many are counted and have reached each level."""
        return coverage_ladders.pooled(line.ladder(denominator, unit) for line in self.markets)


def by_commune(lines: Iterable[MarketLine]) -> list[AreaLine]:
    """A line for each commune that has one of the markets, by name."""
    return _grouped(
        lines, lambda line: (line.commune_code, line.commune, line.province_code, line.province)
    )


def by_province(lines: Iterable[MarketLine]) -> list[AreaLine]:
    """A line for each province that has one of the markets, by name."""
    return _grouped(
        lines, lambda line: (line.province_code, line.province, line.province_code, line.province)
    )


def _grouped(
    lines: Iterable[MarketLine], place_of: Callable[[MarketLine], tuple[str, str, str, str]]
) -> list[AreaLine]:
    found: dict[tuple[str, str, str, str], list[MarketLine]] = {}
    for line in lines:
        found.setdefault(place_of(line), []).append(line)
    by_name = sorted(found.items(), key=lambda pair: (_turn(pair[0][1]), pair[0][0]))
    return [AreaLine(*place, markets) for place, markets in by_name]


def _turn(name: str) -> str:
    """The key of the name without the word that says what kind of area it is."""
    lower = name.lower()
    kind = next((kind for kind in KINDS if lower.startswith(kind)), "")
    return sort_key(name[len(kind) :])
