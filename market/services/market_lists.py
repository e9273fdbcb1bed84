"""Lists of markets: found by name, code or place, narrowed by class and state."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from market.domain.markets import MarketClass, MarketState
from market.domain.pages import Page
from market.domain.roles import Permission
from market.domain.stalls import Placement, StallState
from market.domain.text import fold
from market.extensions import db
from market.models.area import Commune, Province
from market.models.market import Market, MarketOperator, Operator
from market.models.stall import Stall
from market.services.access import Actor, market_condition
from market.services.dated_facts import holds_on
from market.services.paging import rows_page
from market.services.stall_states import is_in_state


@dataclass(frozen=True, slots=True)
class MarketFilter:
    """Which markets a list shows; `is_running` None shows both."""

    search: str = ""
    market_class: MarketClass | None = None
    state: MarketState | None = MarketState.OPEN
    is_running: bool | None = None


@dataclass(frozen=True, slots=True)
class MarketRow:
    """A market as lists show it; commune and province are loaded."""

    market: Market
    operator: str | None
    points: int


def page_of(actor: Actor, chosen: MarketFilter, number: int) -> Page[MarketRow]:
    """A page of the markets the actor may see; two queries."""
    page = rows_page(_query(actor, chosen), number)
    rows = [MarketRow(row.Market, row.operator, row.points) for row in page.items]
    return Page(rows, page.total, page.number, page.per_page)


def list_all(actor: Actor) -> list[MarketRow]:
    """Every market the actor may see, closed ones too."""
    rows = db.session.execute(_query(actor, MarketFilter(state=None)))
    return [MarketRow(row.Market, row.operator, row.points) for row in rows]


def count_points(market: Market, *, on: date) -> int:
    """The fixed points of the market that are not closed, as the class is decided by."""
    return (
        db.session.scalar(select(func.count()).where(Stall.market_id == market.id, is_point(on)))
        or 0
    )


def is_point(on: date) -> ColumnElement[bool]:
    """Stalls that count as points of their market: fixed and not closed."""
    return and_(Stall.placement == Placement.FIXED, ~is_in_state(StallState.CLOSED, on=on))


def _query(actor: Actor, chosen: MarketFilter) -> Select[tuple[Market, str | None, int]]:
    points = (
        select(func.count())
        .where(Stall.market_id == Market.id, is_point(actor.today))
        .correlate(Market)
        .scalar_subquery()
    )
    runs_it = and_(MarketOperator.market_id == Market.id, holds_on(MarketOperator, actor.today))
    return (
        select(Market, Operator.name.label("operator"), points.label("points"))
        .join(Commune, Commune.code == Market.commune_code)
        .join(Province, Province.code == Commune.province_code)
        .outerjoin(MarketOperator, runs_it)
        .outerjoin(Operator, Operator.id == MarketOperator.operator_id)
        .where(market_condition(actor, Permission.READ_REGISTRY), *_conditions(actor, chosen))
        .options(joinedload(Market.commune).joinedload(Commune.province))
        .order_by(Market.sort_key, Market.id)
    )


def _conditions(actor: Actor, chosen: MarketFilter) -> list[ColumnElement[bool]]:
    conditions = [_has_word(word) for word in fold(chosen.search).split()]
    if chosen.market_class is not None:
        conditions.append(Market.market_class == chosen.market_class)
    if chosen.state is not None:
        conditions.append(Market.state == chosen.state)
    if chosen.is_running is not None:
        running = and_(Market.programme_start.is_not(None), Market.programme_start <= actor.today)
        conditions.append(running if chosen.is_running else ~func.coalesce(running, False))
    return conditions


def _has_word(word: str) -> ColumnElement[bool]:
    return or_(
        Market.search.contains(word, autoescape=True),
        func.lower(Market.code).contains(word, autoescape=True),
        Commune.search.contains(word, autoescape=True),
        Province.search.contains(word, autoescape=True),
    )
