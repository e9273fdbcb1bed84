"""Areas whose figures can be asked for: the country, a province, a commune, an operator."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import joinedload

from market.domain.errors import NotFound
from market.domain.labels import LabelledEnum
from market.domain.roles import Permission, ScopeKind
from market.extensions import db
from market.models.area import AreaAlias, Commune, Province
from market.models.market import Market, MarketOperator, Operator
from market.services import access
from market.services.access import Actor, market_condition
from market.services.area_search import bare
from market.services.market_lines import MarketChoice


class AreaKind(LabelledEnum):
    """What the markets of an area have in common."""

    COUNTRY = "country", "Cả nước"
    PROVINCE = "province", "Tỉnh, thành phố"
    COMMUNE = "commune", "Xã, phường"
    OPERATOR = "operator", "Đơn vị quản lý"


@dataclass(frozen=True, slots=True)
class Area:
    """An area and the markets that belong to it; `province` is where it lies.

    `moved_to` are today's communes of one that is no longer in force.
    """

    kind: AreaKind
    code: str
    name: str
    markets: MarketChoice
    province: Province | None = None
    moved_to: Sequence[Commune] = ()
    is_in_force: bool = True


COUNTRY = Area(AreaKind.COUNTRY, "", AreaKind.COUNTRY.label, MarketChoice())


def find_only_province(actor: Actor) -> str | None:
    """The code of the province in which all of the actor's markets lie; None for several."""
    own = market_condition(actor, Permission.READ_REPORTS)
    codes = db.session.scalars(
        select(Commune.province_code)
        .join(Market, Market.commune_code == Commune.code)
        .where(own)
        .distinct()
        .limit(2)
    ).all()
    return codes[0] if len(codes) == 1 else None


def get_province(code: str, *, actor: Actor) -> Area:
    """The province, where any of it is the actor's to read reports of; else NotFound."""
    province = db.session.get(Province, code)
    choice = MarketChoice(province_code=code)
    if province is None or not (covers_province(code, actor) or _has_markets(choice.area(), actor)):
        raise NotFound("Không tìm thấy tỉnh này.")
    return Area(AreaKind.PROVINCE, code, province.name, choice, province)


def get_commune(code: str, *, actor: Actor) -> Area:
    """The commune, where any of it is the actor's to read reports of; else NotFound.

    One that was merged is found as long as it is on record, with today's communes.
    """
    commune = db.session.scalar(
        select(Commune).where(Commune.code == code).options(joinedload(Commune.province))
    )
    choice = MarketChoice(commune_code=code)
    if commune is None or not (
        covers_province(commune.province_code, actor) or _has_markets(choice.area(), actor)
    ):
        raise NotFound(
            "Không tìm thấy xã, phường này. Nếu là mã cũ, hãy tìm theo tên ở trang Tìm xã, phường."
        )
    moved_to = () if commune.is_current else _successors(commune)
    return Area(
        AreaKind.COMMUNE, code, commune.name, choice, commune.province, moved_to, commune.is_current
    )


def get_operator(operator_id: int, *, actor: Actor) -> Area:
    """An operator with markets, now or once, that are the actor's to read; else NotFound."""
    found = db.session.execute(
        select(Operator, Province)
        .join(Province, Province.code == Operator.province_code)
        .where(Operator.id == operator_id)
    ).one_or_none()
    ran = Market.id.in_(
        select(MarketOperator.market_id).where(MarketOperator.operator_id == operator_id)
    )
    if found is None or not (
        covers_province(found.Province.code, actor) or _has_markets(ran, actor)
    ):
        raise NotFound("Không tìm thấy đơn vị quản lý này.")
    return Area(
        AreaKind.OPERATOR,
        str(operator_id),
        found.Operator.name,
        MarketChoice(operator_id=operator_id),
        found.Province,
    )


def has_markets(area: Area, *, actor: Actor) -> bool:
    """Whether any market of the area is the actor's to read reports of."""
    return _has_markets(area.markets.area(), actor)


def covers_whole(area: Area, *, actor: Actor) -> bool:
    """Whether the actor may read the reports of every market of the area."""
    is_own = area.kind is AreaKind.OPERATOR and any(
        grant.scope is ScopeKind.OPERATOR and str(grant.operator_id) == area.code
        for grant in actor.grants_for(Permission.READ_REPORTS)
    )
    return is_own or covers_province(None if area.province is None else area.province.code, actor)


def covers_province(province_code: str | None, actor: Actor) -> bool:
    """Whether the actor may read the reports of a whole province; of the country for None."""
    return access.covers_province(province_code, actor=actor, permission=Permission.READ_REPORTS)


def _has_markets(condition: ColumnElement[bool], actor: Actor) -> bool:
    own = and_(condition, market_condition(actor, Permission.READ_REPORTS))
    return db.session.scalar(select(Market.id).where(own).limit(1)) is not None


def _successors(commune: Commune) -> Sequence[Commune]:
    """The communes in force of the same province that were once called so."""
    return db.session.scalars(
        select(Commune)
        .join(AreaAlias, AreaAlias.commune_code == Commune.code)
        .where(
            AreaAlias.search.in_([commune.search, bare(commune.search)]),
            Commune.province_code == commune.province_code,
            Commune.is_current,
        )
        .order_by(Commune.sort_key, Commune.code)
        .distinct()
    ).all()
