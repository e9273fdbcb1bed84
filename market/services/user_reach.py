"""Who may give which role where: one condition, for lists of grants and for one to be given."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, false, literal, or_, select, true

from market.domain.roles import Permission, Role, ScopeKind
from market.extensions import db
from market.models.area import Commune
from market.models.market import Market, Operator
from market.models.user import Grant
from market.services.access import Actor, market_condition

# Which scopes make sense for a role; an auditor may look anywhere.
FITTING: dict[Role, frozenset[ScopeKind]] = {
    Role.ADMINISTRATOR: frozenset({ScopeKind.COUNTRY}),
    Role.PROVINCE_OFFICER: frozenset({ScopeKind.COUNTRY, ScopeKind.PROVINCE}),
    Role.BOARD_MANAGER: frozenset({ScopeKind.OPERATOR, ScopeKind.MARKET, ScopeKind.SECTION}),
    Role.VOLUNTEER: frozenset({ScopeKind.OPERATOR, ScopeKind.MARKET, ScopeKind.SECTION}),
    Role.AUDITOR: frozenset(ScopeKind),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a grant holds, as rows of the register."""

    kind: ScopeKind
    province_code: str | None = None
    operator_id: int | None = None
    market_id: int | None = None
    section_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the condition looks at: columns of grants, or the values of one."""

    role: Any
    province_code: Any
    operator_id: Any
    market_id: Any
    section_id: Any


def givable(actor: Actor) -> ColumnElement[bool]:
    """The grants that the actor could give or take.

    Administrators of the country give anything; officers anything but administrators
    within their province; boards volunteers of their markets, keepers of a section those
    of that section.
    """
    columns = _Columns(
        Grant.role, Grant.province_code, Grant.operator_id, Grant.market_id, Grant.section_id
    )
    return _condition(actor, columns)


def may_grant(actor: Actor, role: Role, scope: Scope) -> bool:
    """Whether the actor may give this role within this scope."""
    values = _Columns(
        literal(role, Grant.role.type),
        literal(scope.province_code, Grant.province_code.type),
        literal(scope.operator_id, Grant.operator_id.type),
        literal(scope.market_id, Grant.market_id.type),
        literal(scope.section_id, Grant.section_id.type),
    )
    return bool(db.session.scalar(select(_condition(actor, values))))


def roles_to_give(actor: Actor) -> tuple[Role, ...]:
    """The roles that the actor may give somewhere."""
    if _is_administrator(actor):
        return tuple(Role)
    if any(reaches_users(grant) for grant in actor.grants):
        return tuple(role for role in Role if role is not Role.ADMINISTRATOR)
    return (Role.VOLUNTEER,)


def reaches_users(grant: Grant) -> bool:
    """Whether the grant gives roles to all kinds of users, in the country or a province."""
    wide = grant.scope in (ScopeKind.COUNTRY, ScopeKind.PROVINCE)
    return wide and grant.allows(Permission.MANAGE_USERS)


def _condition(actor: Actor, of: _Columns) -> ColumnElement[bool]:
    if _is_administrator(actor):
        return true()
    return or_(false(), *(_gives(grant, of, actor) for grant in actor.grants))


def _is_administrator(actor: Actor) -> bool:
    return actor.is_system or any(
        grant.role is Role.ADMINISTRATOR and grant.scope is ScopeKind.COUNTRY
        for grant in actor.grants
    )


def _gives(grant: Grant, of: _Columns, actor: Actor) -> ColumnElement[bool]:
    if reaches_users(grant):
        return and_(of.role != Role.ADMINISTRATOR, _is_within(grant, of))
    if not grant.allows(Permission.MANAGE_VOLUNTEERS):
        return false()
    if grant.scope is ScopeKind.SECTION:
        return and_(of.role == Role.VOLUNTEER, of.section_id == grant.section_id)
    alone = replace(actor, grants=(grant,))
    own = select(Market.id).where(market_condition(alone, Permission.MANAGE_VOLUNTEERS))
    return and_(of.role == Role.VOLUNTEER, of.market_id.in_(own))


def _is_within(grant: Grant, of: _Columns) -> ColumnElement[bool]:
    if grant.scope is ScopeKind.COUNTRY:
        return true()
    code = grant.province_code
    operators = select(Operator.id).where(Operator.province_code == code)
    markets = (
        select(Market.id)
        .join(Commune, Commune.code == Market.commune_code)
        .where(Commune.province_code == code)
    )
    return or_(of.province_code == code, of.operator_id.in_(operators), of.market_id.in_(markets))
