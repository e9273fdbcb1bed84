"""Entries of the audit log as those who may read it see them: the newest first, within scope."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, String, and_, cast, or_, select, true

from market.domain.calendar import ICT
from market.domain.roles import Permission, ScopeKind
from market.extensions import db
from market.models.area import Commune
from market.models.audit import AuditEntry
from market.models.frozen_report import FrozenReport
from market.models.market import Market
from market.models.target import Target
from market.services.access import Actor, market_condition

PER_PAGE = 50
LAST_PLACE = 2**62


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries: of one kind of thing, of a market by its code, of a day in Việt Nam."""

    entity: str | None = None
    market_code: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry with the market where it happened, if at one."""

    entry: AuditEntry
    market: Market | None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries from a place in the chain on, backwards; `older` is where the next page begins."""

    rows: tuple[EntryRow, ...]
    older: int | None


def page_of(chosen: EntryFilter, *, actor: Actor, before: int | None = None) -> EntryPage:
    """The newest entries within the actor's scope that fit, older than `before` if given."""
    query = (
        select(AuditEntry, Market)
        .outerjoin(Market, Market.id == AuditEntry.market_id)
        .where(in_sight(actor), *_conditions(chosen))
        .order_by(AuditEntry.id.desc())
        .limit(PER_PAGE + 1)
    )
    if before is not None:
        query = query.where(AuditEntry.id < min(before, LAST_PLACE))
    found = [EntryRow(entry, market) for entry, market in db.session.execute(query)]
    rows = tuple(found[:PER_PAGE])
    return EntryPage(rows, rows[-1].entry.id if len(found) > PER_PAGE else None)


def in_sight(actor: Actor) -> ColumnElement[bool]:
    """Everything for a grant over the country; what happened at own markets otherwise.

    A grant over a province shows what was set for it and its communes too, and its frozen
    reports. A grant for a section gives nothing: entries tell of a market as a whole.
    """
    grants = actor.grants_for(Permission.READ_AUDIT)
    if actor.is_system or any(grant.scope is ScopeKind.COUNTRY for grant in grants):
        return true()
    wide = tuple(grant for grant in grants if grant.scope is not ScopeKind.SECTION)
    own = market_condition(replace(actor, grants=wide), Permission.READ_AUDIT)
    provinces = [grant.province_code for grant in wide if grant.scope is ScopeKind.PROVINCE]
    return or_(
        AuditEntry.market_id.in_(select(Market.id).where(own)),
        _targets_of(provinces),
        _reports_of(provinces),
    )


def _targets_of(province_codes: list[str | None]) -> ColumnElement[bool]:
    communes = select(Commune.code).where(Commune.province_code.in_(province_codes))
    areas = or_(Target.province_code.in_(province_codes), Target.commune_code.in_(communes))
    return and_(
        AuditEntry.entity == Target.__tablename__,
        AuditEntry.entity_id.in_(select(cast(Target.id, String)).where(areas)),
    )


def _reports_of(province_codes: list[str | None]) -> ColumnElement[bool]:
    own = FrozenReport.province_code.in_(province_codes)
    return and_(
        AuditEntry.entity == FrozenReport.__tablename__,
        AuditEntry.entity_id.in_(select(cast(FrozenReport.id, String)).where(own)),
    )


def _conditions(chosen: EntryFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if chosen.entity:
        conditions.append(AuditEntry.entity == chosen.entity)
    if chosen.market_code:
        conditions.append(Market.code == chosen.market_code)
    if chosen.day:
        begins = datetime.combine(chosen.day, time(), ICT)
        ends = begins + timedelta(days=1)
        conditions.append(and_(AuditEntry.at >= begins, AuditEntry.at < ends))
    return conditions
