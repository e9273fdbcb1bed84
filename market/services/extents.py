"""How much of a place a file tells of, and in which denominator: in its name and inside it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select

from market.documents.tables import Row
from market.domain.coverage import Denominator, Unit
from market.extensions import db
from market.models.area import Province
from market.models.market import Market
from market.services import covered_areas, filter_words
from market.services.access import Actor
from market.services.area_coverage import Question
from market.services.covered_areas import COUNTRY, Area
from market.services.filter_words import Words
from market.services.market_lines import MarketChoice
from market.services.missing_stalls import MissingFilter
from market.services.report_files import Table

EXTRACT = "bản trích"
TOTAL_OF_EXTRACT = f"Tổng cộng ({EXTRACT})"
SEEN, CHOSEN = "phần được xem", "phần đã lọc"
ONLY_SEEN = "các chợ người lập được xem"
ONLY_CHOSEN = "phần theo bộ lọc ghi dưới đây"


@dataclass(frozen=True, slots=True)
class Extent:
    """What of a place a file holds, and how that is counted.

    `is_part` where only some of its markets are for whoever takes the file; `filters` are
    those that left something out. `denominator` is A where no figure depends on it, `unit`
    None where both are told; `since` where the file is of another period than a usual one.
    """

    place: str
    day: date
    is_part: bool = False
    filters: Words = ()
    denominator: Denominator = Denominator.A
    unit: Unit | None = None
    since: date | None = None

    @property
    def is_extract(self) -> bool:
        """Whether the figures are not those of the whole place."""
        return self.is_part or bool(self.filters)

    @property
    def name(self) -> str:
        """The place, so that a part of it is not taken for the whole."""
        return name_of(self.place, is_part=self.is_part, is_chosen=bool(self.filters))

    def file_name(self, stem: str) -> str:
        """Other names for other contents; without the ending."""
        names = [stem]
        if self.is_extract:
            names.append("trich")
        if self.denominator is not Denominator.A:
            names.append(f"mau-so-{self.denominator.lower()}")
        if self.unit is Unit.STALLS:
            names.append("theo-diem")
        if self.since is not None:
            names.append(f"{self.since}-den")
        return "-".join((*names, str(self.day)))

    def marked(self, table: Table) -> Table:
        """The table that says of what it is; the total of an extract is called one."""
        told = (("Phạm vi", self._scope()), *self.filters, *self._counted(), *table.told)
        if not self.is_extract:
            return replace(table, told=told)
        return replace(
            table,
            title=f"{table.title} ({EXTRACT})",
            total_row=table.total_row and _as_extract(table.total_row),
            told=told,
        )

    def _scope(self) -> str:
        if not self.is_extract:
            return f"{self.place} (toàn bộ)"
        told = [ONLY_SEEN] * self.is_part + [ONLY_CHOSEN] * bool(self.filters)
        return f"{self.name}: chỉ gồm {', '.join(told)}. Không phải số liệu của toàn bộ."

    def _counted(self) -> Words:
        return () if self.unit is None else (("Đếm theo", self.unit.label),)


def name_of(place: str, *, is_part: bool, is_chosen: bool) -> str:
    """The name of a place of which not all is shown."""
    parts = [SEEN] * is_part + [CHOSEN] * is_chosen
    return f"{place} ({', '.join(parts)})" if parts else place


def of_area(area: Area, question: Question, choice: MarketChoice, *, actor: Actor) -> Extent:
    """The markets of the area that the filters leave, as far as they are the actor's."""
    return Extent(
        place=area.name,
        day=question.as_of,
        is_part=not covered_areas.covers_whole(area, actor=actor),
        filters=filter_words.of_markets(area.markets, choice, actor=actor),
        denominator=question.denominator,
    )


def of_listed(area: Area, question: Question, choice: MarketChoice, *, actor: Actor) -> Extent:
    """The same for a list that tells no shares: a denominator only decides who is in it."""
    extent = of_area(area, question, choice, actor=actor)
    return extent if choice.below else replace(extent, denominator=Denominator.A)


def of_market(market: Market, question: Question) -> Extent:
    """The whole of a market."""
    return Extent(market.name, question.as_of, denominator=question.denominator)


def of_stalls(market: Market, day: date, missing: MissingFilter | None) -> Extent:
    """The stalls of a market, or those that are missing."""
    if missing is None:
        return Extent(market.name, day)
    words = filter_words.of_missing(missing, market)
    return Extent(market.name, day, filters=words, denominator=missing.denominator)


def of_choice(choice: MarketChoice, day: date, *, actor: Actor) -> Extent:
    """A market that is the actor's, or what is theirs of a province or the country."""
    if choice.market_code is not None:
        query = select(Market.name).where(Market.code == choice.market_code)
        return Extent(db.session.scalars(query).one(), day)
    code = choice.province_code
    place = COUNTRY.name if code is None else db.session.get_one(Province, code).name
    return Extent(place, day, is_part=not covered_areas.covers_province(code, actor))


def _as_extract(total_row: Callable[[], Row]) -> Callable[[], Row]:
    return lambda: (TOTAL_OF_EXTRACT, *total_row()[1:])
