"""For which places an actor sets targets, and which targets the actor reads."""

from sqlalchemy import ColumnElement, and_, or_, select, true

from market.domain.errors import Forbidden, Invalid, NotFound, Problem
from market.domain.roles import Permission, ScopeKind
from market.domain.targets import Place, PlaceKind
from market.extensions import db
from market.models.area import Commune, Province
from market.models.market import Market
from market.models.target import Target
from market.services import access, target_book
from market.services.access import Actor, market_condition

NO_COMMUNE = "Không tìm thấy xã, phường này."
NO_PROVINCE = "Không tìm thấy tỉnh này."
NOT_YOURS = "Chỉ cán bộ tỉnh được đặt chỉ tiêu cho nơi này."


def in_sight(actor: Actor) -> ColumnElement[bool]:
    """Targets by which the actor's markets are measured, and those of areas wholly theirs."""
    if actor.is_system:
        return true()
    grants = actor.grants_for(Permission.READ_REPORTS)
    if any(grant.scope is ScopeKind.COUNTRY for grant in grants):
        return true()
    codes = [grant.province_code for grant in grants if grant.scope is ScopeKind.PROVINCE]
    communes = select(Commune.code).where(Commune.province_code.in_(codes))
    return or_(
        target_book.covering(market_condition(actor, Permission.READ_REPORTS)),
        Target.province_code.in_(codes),
        Target.commune_code.in_(communes),
    )


def in_province(province_code: str) -> ColumnElement[bool]:
    """Targets of the province, its communes and its markets."""
    communes = select(Commune.code).where(Commune.province_code == province_code)
    markets = select(Market.id).where(Market.commune_code.in_(communes))
    return or_(
        Target.province_code == province_code,
        Target.commune_code.in_(communes),
        Target.market_id.in_(markets),
    )


def get_place(kind: PlaceKind, code: str, *, actor: Actor) -> Place:
    """The market, commune or province of that official code, for setting its target.

    Raises NotFound where it does not exist for the actor, Forbidden where the actor only
    reads its figures, Invalid for a commune that was merged.
    """
    match kind:
        case PlaceKind.MARKET:
            market = access.get_market(code, actor=actor, permission=Permission.SET_TARGETS)
            return Place(kind, str(market.id))
        case PlaceKind.COMMUNE:
            commune = db.session.get(Commune, code)
            if commune is None:
                raise NotFound(NO_COMMUNE)
            _check(commune.province_code, Market.commune_code == code, NO_COMMUNE, actor)
            _check_in_force(commune)
        case PlaceKind.PROVINCE:
            if db.session.get(Province, code) is None:
                raise NotFound(NO_PROVINCE)
            communes = select(Commune.code).where(Commune.province_code == code)
            _check(code, Market.commune_code.in_(communes), NO_PROVINCE, actor)
    return Place(kind, code)


def _check(province_code: str, markets: ColumnElement[bool], missing: str, actor: Actor) -> None:
    """Whoever sets targets does so for whole provinces; others may have markets there."""
    if access.covers_province(province_code, actor=actor, permission=Permission.SET_TARGETS):
        return
    own = and_(markets, market_condition(actor, Permission.READ_REGISTRY))
    if db.session.scalar(select(Market.id).where(own).limit(1)) is None:
        raise NotFound(missing)
    raise Forbidden(NOT_YOURS)


def _check_in_force(commune: Commune) -> None:
    if not commune.is_current:
        message = f"{commune.name} không còn từ khi sắp xếp lại. Hãy chọn xã, phường mới."
        raise Invalid(message, (Problem(message, field="place"),))
