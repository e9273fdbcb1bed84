"""Targets as figures are measured on them: of a market, its commune or its province."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, or_, select

from market.domain.shares import TargetLine
from market.domain.targets import Aim, Place, PlaceKind, TargetBook
from market.extensions import db
from market.models.area import Commune
from market.models.market import Market
from market.models.target import Target


class AimsOfMarkets:
    """Which targets of a book measure markets on a day; quick to ask of thousands."""

    def __init__(self, book: TargetBook, on: date) -> None:
        self._held: dict[PlaceKind, dict[str, Aim]] = {kind: {} for kind in PlaceKind}
        for place, aim in book.holding(on).items():
            self._held[place.kind][place.key] = aim
        self._by_id = {int(key): aim for key, aim in self._held[PlaceKind.MARKET].items()}

    def find(self, market_id: int, commune_code: str, province_code: str) -> Aim | None:
        """The market's own target, or else the commune's, or the province's."""
        return (
            self._by_id.get(market_id)
            or self._held[PlaceKind.COMMUNE].get(commune_code)
            or self._held[PlaceKind.PROVINCE].get(province_code)
        )


def covering(markets: ColumnElement[bool]) -> ColumnElement[bool]:
    """Targets of these markets, and of the communes and provinces they lie in."""
    provinces = (
        select(Commune.province_code)
        .join(Market, Market.commune_code == Commune.code)
        .where(markets)
    )
    return or_(
        Target.market_id.in_(select(Market.id).where(markets)),
        Target.commune_code.in_(select(Market.commune_code).where(markets)),
        Target.province_code.in_(provinces),
    )


def load(markets: ColumnElement[bool], *, until: date) -> TargetBook:
    """All that began by the day and measures these markets; one query."""
    rows = db.session.scalars(select(Target).where(covering(markets), Target.from_day <= until))
    return TargetBook(map(aim_of, rows))


def load_places(places: Sequence[Place], *, until: date) -> TargetBook:
    """All that began by the day for these places; one query."""
    rows = db.session.scalars(select(Target).where(of_places(places), Target.from_day <= until))
    return TargetBook(map(aim_of, rows))


def of_places(places: Sequence[Place]) -> ColumnElement[bool]:
    """Targets of exactly these places."""
    return or_(*map(is_of, places))


def is_of(place: Place) -> ColumnElement[bool]:
    """Targets of exactly this place."""
    match place.kind:
        case PlaceKind.MARKET:
            return Target.market_id == int(place.key)
        case PlaceKind.COMMUNE:
            return Target.commune_code == place.key
        case PlaceKind.PROVINCE:
            return Target.province_code == place.key


def aim_of(target: Target) -> Aim:
    """The row as figures are measured on it."""
    return Aim(
        place=place_of(target),
        unit=target.unit,
        line=TargetLine(target.from_day, target.from_percent, target.to_day, target.to_percent),
        ended_on=target.ended_on,
        id=target.id,
    )


def place_of(target: Target) -> Place:
    """For what the target is set."""
    if target.market_id is not None:
        return Place(PlaceKind.MARKET, str(target.market_id))
    if target.commune_code is not None:
        return Place(PlaceKind.COMMUNE, target.commune_code)
    return Place(PlaceKind.PROVINCE, target.province_code or "")


def places_of_commune(commune_code: str, province_code: str) -> tuple[Place, ...]:
    """Where the target of a commune is looked for, the nearest first."""
    return (
        Place(PlaceKind.COMMUNE, commune_code),
        Place(PlaceKind.PROVINCE, province_code),
    )


def places_of_market(market_id: int, commune_code: str, province_code: str) -> tuple[Place, ...]:
    """Where the target of a market is looked for, the nearest first."""
    own = Place(PlaceKind.MARKET, str(market_id))
    return (own, *places_of_commune(commune_code, province_code))
