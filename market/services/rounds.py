"""Rounds: how far each section has been walked, and which stalls were not seen lately."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, func, or_, select

from market.domain.levels import Level
from market.domain.pages import Page
from market.domain.roles import Permission
from market.domain.stalls import StallState
from market.domain.visits import VisitResult
from market.extensions import db
from market.models.market import Market, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.visit import Visit
from market.services import coverage
from market.services.access import Actor, stall_condition
from market.services.dated_facts import holds_on
from market.services.paging import rows_page
from market.services.stall_states import is_in_state

DAYS_OFFERED = (7, 30, 90)
USUAL_DAYS = 30


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """How many of a section's trading stalls were seen; stalls without section have no id."""

    section_id: int | None
    name: str | None
    stalls: int
    seen: int


@dataclass(slots=True)
class DueStall:
    """A trading stall that nobody has seen lately, and what was found last."""

    id: int
    code: str
    section: str | None
    seen_on: date | None
    level: Level
    merchants: list[str] = field(default_factory=list)


def progress(market: Market, *, days: int, actor: Actor) -> list[SectionProgress]:
    """Each section with its trading stalls and those seen within the days; one query."""
    seen = case((_seen_on() > _before(days, actor), 1), else_=0)
    rows = db.session.execute(
        select(Section.id, Section.name, func.count(), func.sum(seen))
        .select_from(Stall)
        .join(Market, Market.id == Stall.market_id)
        .outerjoin(Section, Section.id == Stall.section_id)
        .where(_walked(market, actor))
        .group_by(Section.id, Section.name, Section.walking_order, Section.name_key)
        .order_by(*_walk())
    )
    return [SectionProgress(*row) for row in rows]


def due_page(
    market: Market, number: int, *, days: int, section_id: int | None = None, actor: Actor
) -> Page[DueStall]:
    """A page of the stalls not seen within the days, as one walks; four queries."""
    page = rows_page(_due(market, days=days, section_id=section_id, actor=actor), number)
    ids = [row.id for row in page.items]
    levels = coverage.levels_of_stalls(ids, actor.today)
    merchants = _merchants_at(ids, actor.today)
    rows = [
        DueStall(row.id, row.code, row.section, row.seen_on, levels[row.id], merchants[row.id])
        for row in page.items
    ]
    return Page(rows, page.total, page.number, page.per_page)


def _due(market: Market, *, days: int, section_id: int | None, actor: Actor) -> Select[Any]:
    seen_on = _seen_on()
    query = (
        select(Stall.id, Stall.code, Section.name.label("section"), seen_on.label("seen_on"))
        .join(Market, Market.id == Stall.market_id)
        .outerjoin(Section, Section.id == Stall.section_id)
        .where(
            _walked(market, actor),
            or_(seen_on.is_(None), seen_on <= _before(days, actor)),
        )
        .order_by(*_walk(), Stall.sort_key, Stall.id)
    )
    return query if section_id is None else query.where(Stall.section_id == section_id)


def _walked(market: Market, actor: Actor) -> ColumnElement[bool]:
    return and_(
        Stall.market_id == market.id,
        stall_condition(actor, Permission.RECORD_VISITS),
        is_in_state(StallState.TRADING, on=actor.today),
    )


def _walk() -> tuple[Any, ...]:
    """The order in which one walks; stalls without section come last."""
    return Section.id.is_(None), Section.walking_order, Section.name_key


def _seen_on() -> ScalarSelect[date]:
    """When the stall was last seen open."""
    return (
        select(func.max(Visit.day))
        .where(Visit.stall_id == Stall.id, Visit.result != VisitResult.STALL_SHUT)
        .correlate(Stall)
        .scalar_subquery()
    )


def _before(days: int, actor: Actor) -> date:
    return actor.today - timedelta(days=days)


def _merchants_at(stall_ids: Sequence[int], on: date) -> defaultdict[int, list[str]]:
    names: defaultdict[int, list[str]] = defaultdict(list)
    for stall_id, name in db.session.execute(
        select(Tenancy.stall_id, Merchant.display_name)
        .join(Merchant, Merchant.id == Tenancy.merchant_id)
        .where(
            Tenancy.stall_id.in_(stall_ids),
            holds_on(Tenancy, on),
        )
        .order_by(Tenancy.from_day, Tenancy.id)
    ):
        names[stall_id].append(name)
    return names
