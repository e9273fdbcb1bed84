"""Who may do what, where: every query of a use case is narrowed here.

What lies outside a user's scope does not exist for that user (NotFound); what lies
inside but is not theirs to do is Forbidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import joinedload

from market.domain.calendar import day_of
from market.domain.errors import Forbidden, NotFound
from market.domain.roles import Permission, ScopeKind
from market.extensions import db
from market.models.area import Commune
from market.models.market import Market, MarketOperator, Section
from market.models.stall import Stall
from market.models.user import Grant, User
from market.services.dated_facts import holds_on

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, when, from where and on whose authority.

    `channel` is web, cli, api or job; `grants` are the live ones; `fresh_at` is when the
    password was last given. The system itself (no user) may do everything.
    """

    user_id: int | None
    name: str
    at: datetime
    channel: str
    grants: tuple[Grant, ...] = ()
    address: str | None = None
    fresh_at: datetime | None = None

    @classmethod
    def system(cls, at: datetime, channel: str = "cli") -> Self:
        """The installation acting by itself."""
        return cls(user_id=None, name=SYSTEM, at=at, channel=channel)

    @classmethod
    def of_user(cls, user: User, at: datetime, channel: str, **known: object) -> Self:
        """A user with the grants that are live on that day; `user.grants` must be loaded."""
        grants = tuple(grant for grant in user.grants if grant.is_live(day_of(at)))
        actor = cls(user.id, user.display_name, at, channel, grants)
        return replace(actor, **known)  # type: ignore[arg-type]

    @property
    def today(self) -> date:
        """The day in Việt Nam on which this happens."""
        return day_of(self.at)

    @property
    def is_system(self) -> bool:
        """Whether no user stands behind it."""
        return self.user_id is None

    @property
    def authority(self) -> str:
        """The grants in a few words, for the audit log."""
        if self.is_system:
            return SYSTEM
        words = (f"{grant.role}@{_scope_text(grant)}" for grant in self.grants)
        return ", ".join(words)[:200]

    def may(self, permission: Permission) -> bool:
        """Whether any live grant carries the permission, somewhere."""
        return self.is_system or any(grant.allows(permission) for grant in self.grants)

    def grants_for(self, permission: Permission) -> tuple[Grant, ...]:
        """The live grants that carry the permission."""
        return tuple(grant for grant in self.grants if grant.allows(permission))


def market_condition(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Which markets the actor may use with that permission."""
    if actor.is_system:
        return true()
    grants = actor.grants_for(permission)
    return or_(false(), *(_covers_market(grant, actor.today) for grant in grants))


def stall_condition(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Which stalls the actor may use with that permission; a section grant gives its own only."""
    if actor.is_system:
        return true()
    return or_(
        false(),
        *(_covers_stall(grant, actor.today) for grant in actor.grants_for(permission)),
    )


def section_condition(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Which sections the actor may use with that permission; needs no other table."""
    if actor.is_system:
        return true()
    return or_(
        false(),
        *(_covers_section(grant, actor.today) for grant in actor.grants_for(permission)),
    )


def within(actor: Actor, market: Market) -> Actor:
    """The actor with only the grants that reach the market, which is in their scope.

    What `may` answers of a whole actor holds somewhere; of this one it holds here.
    """
    if len(actor.grants) < 2:
        return actor
    reached = db.session.execute(
        select(*(_covers_market(grant, actor.today) for grant in actor.grants)).where(
            Market.id == market.id
        )
    ).one()
    return replace(
        actor,
        grants=tuple(
            grant for grant, is_reached in zip(actor.grants, reached, strict=True) if is_reached
        ),
    )


def covers_province(province_code: str | None, *, actor: Actor, permission: Permission) -> bool:
    """Whether the actor has the permission in all of a province; in the country for None."""
    return actor.is_system or any(
        grant.scope is ScopeKind.COUNTRY
        or (grant.scope is ScopeKind.PROVINCE and grant.province_code == province_code)
        for grant in actor.grants_for(permission)
    )


def get_market(code: str, *, actor: Actor, permission: Permission) -> Market:
    """The market with its commune and province.

    Raises NotFound where it does not exist for this actor, Forbidden where the actor
    sees it but has no such permission in it.
    """
    allowed = market_condition(actor, permission)
    seen = or_(allowed, market_condition(actor, Permission.READ_REGISTRY))
    found = db.session.execute(
        select(Market, allowed.label("allowed"))
        .where(Market.code == code, seen)
        .options(joinedload(Market.commune).joinedload(Commune.province))
    ).one_or_none()
    if found is None:
        raise NotFound("Không tìm thấy chợ này.")
    market: Market = found[0]
    if not found.allowed:
        raise Forbidden("Bạn không có quyền làm việc này ở chợ này.")
    return market


def get_stall(market: Market, stall_id: int, *, actor: Actor, permission: Permission) -> Stall:
    """A stall of that market; NotFound where it does not exist for this actor."""
    stall = db.session.scalar(
        select(Stall)
        .join(Market, Stall.market_id == Market.id)
        .where(
            Stall.id == stall_id,
            Stall.market_id == market.id,
            stall_condition(actor, permission),
        )
        .options(joinedload(Stall.section), joinedload(Stall.line))
    )
    if stall is None:
        raise NotFound("Không tìm thấy điểm kinh doanh này.")
    return stall


def list_markets(actor: Actor, permission: Permission, *, limit: int = 200) -> Sequence[Market]:
    """The markets the actor may use, by name."""
    return db.session.scalars(
        select(Market)
        .where(market_condition(actor, permission))
        .order_by(Market.sort_key, Market.id)
        .limit(limit)
    ).all()


def _covers_market(grant: Grant, today: date) -> ColumnElement[bool]:
    match grant.scope:
        case ScopeKind.COUNTRY:
            return true()
        case ScopeKind.PROVINCE:
            communes = select(Commune.code).where(Commune.province_code == grant.province_code)
            return Market.commune_code.in_(communes)
        case ScopeKind.OPERATOR:
            return Market.id.in_(
                select(MarketOperator.market_id).where(
                    MarketOperator.operator_id == grant.operator_id,
                    holds_on(MarketOperator, today),
                )
            )
        case ScopeKind.MARKET | ScopeKind.SECTION:
            return Market.id == grant.market_id


def _covers_stall(grant: Grant, today: date) -> ColumnElement[bool]:
    if grant.scope is ScopeKind.SECTION:
        return and_(Stall.market_id == grant.market_id, Stall.section_id == grant.section_id)
    return _covers_market(grant, today)


def _covers_section(grant: Grant, today: date) -> ColumnElement[bool]:
    if grant.scope is ScopeKind.SECTION:
        return Section.id == grant.section_id
    markets = select(Market.id).where(_covers_market(grant, today))
    return Section.market_id.in_(markets)


def _scope_text(grant: Grant) -> str:
    key = grant.province_code or grant.operator_id or grant.section_id or grant.market_id
    return f"{grant.scope}:{key}" if key else str(grant.scope)
