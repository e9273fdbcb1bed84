"""Users as those who manage them see them, and the scopes they may choose from."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from market.domain.pages import Page
from market.domain.roles import Permission, Role, ScopeKind
from market.domain.text import fold
from market.extensions import db
from market.models.area import Province
from market.models.market import Market, Operator, Section
from market.models.user import Grant, User
from market.services.access import Actor, market_condition
from market.services.paging import entities_page
from market.services.user_reach import Scope, givable, may_grant, reaches_users
from market.services.users import in_sight

MOST_CHOICES = 400

Choices = list[tuple[str, str]]


def page_of(number: int, *, actor: Actor, search: str = "") -> Page[User]:
    """A page of the users in the actor's sight, by name."""
    query = select(User).where(in_sight(actor)).order_by(User.sort_key, User.id)
    if words := fold(search):
        query = query.where(User.search.contains(words, autoescape=True))
    return entities_page(query, number)


def grants_of(shown: Iterable[User], *, actor: Actor) -> dict[int, list[Grant]]:
    """The grants of these that the actor could give, the newest first; scopes loaded."""
    rows = db.session.scalars(
        select(Grant)
        .where(Grant.user_id.in_([user.id for user in shown]), givable(actor))
        .options(
            joinedload(Grant.province),
            joinedload(Grant.operator),
            joinedload(Grant.market),
            joinedload(Grant.section),
        )
        .order_by(Grant.granted_at.desc(), Grant.id.desc())
    )
    held: dict[int, list[Grant]] = {}
    for row in rows:
        held.setdefault(row.user_id, []).append(row)
    return held


def scope_choices(actor: Actor) -> list[tuple[str, Choices]]:
    """The scopes the actor may give something in, as groups for a form.

    Written as `written_scopes.resolve_scope` reads them; at most so many of a kind.
    """
    groups: tuple[tuple[ScopeKind, Choices], ...] = (
        (ScopeKind.COUNTRY, _country(actor)),
        (ScopeKind.PROVINCE, _provinces(actor)),
        (ScopeKind.OPERATOR, _operators(actor)),
        (ScopeKind.MARKET, _markets(actor)),
        (ScopeKind.SECTION, _sections(actor)),
    )
    return [(kind.label, choices) for kind, choices in groups if choices]


def _country(actor: Actor) -> Choices:
    here = Scope(ScopeKind.COUNTRY)
    may = any(may_grant(actor, role, here) for role in (Role.ADMINISTRATOR, Role.AUDITOR))
    return [(str(ScopeKind.COUNTRY), ScopeKind.COUNTRY.label)] if may else []


def _provinces(actor: Actor) -> Choices:
    rows = db.session.execute(
        select(Province.code, Province.name)
        .where(Province.is_current, _reached(actor, Province.code))
        .order_by(Province.sort_key, Province.code)
    )
    return [(f"{ScopeKind.PROVINCE}:{code}", name) for code, name in rows]


def _operators(actor: Actor) -> Choices:
    rows = db.session.execute(
        select(Operator.id, Operator.name)
        .where(_reached(actor, Operator.province_code))
        .order_by(Operator.sort_key, Operator.id)
        .limit(MOST_CHOICES)
    )
    return [(f"{ScopeKind.OPERATOR}:{operator_id}", name) for operator_id, name in rows]


def _markets(actor: Actor) -> Choices:
    rows = db.session.execute(
        select(Market.code, Market.name)
        .where(market_condition(_without_sections(actor), Permission.MANAGE_VOLUNTEERS))
        .order_by(Market.sort_key, Market.id)
        .limit(MOST_CHOICES)
    )
    return [(f"{ScopeKind.MARKET}:{code}", f"{name} ({code})") for code, name in rows]


def _sections(actor: Actor) -> Choices:
    """Only where they are few: those of one board, not of a province."""
    whole = market_condition(_without_sections(actor), Permission.MANAGE_VOLUNTEERS)
    own = [grant.section_id for grant in actor.grants_for(Permission.MANAGE_VOLUNTEERS)]
    rows = db.session.execute(
        select(Market.code, Market.name, Section.name)
        .join(Market, Market.id == Section.market_id)
        .where(or_(whole, Section.id.in_([section for section in own if section])))
        .where(Section.closed_on.is_(None))
        .order_by(Market.sort_key, Section.walking_order, Section.id)
        .limit(MOST_CHOICES + 1)
    ).all()
    if len(rows) > MOST_CHOICES:
        return []
    return [
        (f"{ScopeKind.SECTION}:{code}/{section}", f"{market}: {section}")
        for code, market, section in rows
    ]


def _reached(actor: Actor, province_code: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The provinces in which the actor may give more than volunteers' roles."""
    wide = [grant for grant in actor.grants if reaches_users(grant)]
    if actor.is_system or any(grant.scope is ScopeKind.COUNTRY for grant in wide):
        return true()
    return province_code.in_([grant.province_code for grant in wide])


def _without_sections(actor: Actor) -> Actor:
    wide = tuple(grant for grant in actor.grants if grant.scope is not ScopeKind.SECTION)
    return replace(actor, grants=wide)
