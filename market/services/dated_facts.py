"""Facts with a first day and the day they ended, as conditions of queries."""

from datetime import date

from sqlalchemy import ColumnElement, and_, or_

from market.models.market import MarketClosure, MarketOperator
from market.models.merchant import Tenancy
from market.models.stall import StallStateSpan

DatedFact = type[MarketClosure] | type[MarketOperator] | type[StallStateSpan] | type[Tenancy]


def holds_on(fact: DatedFact, day: date | ColumnElement[date]) -> ColumnElement[bool]:
    """The facts that hold on the day: the day one ended on is no longer its own."""
    return and_(fact.from_day <= day, lasts_beyond(fact, day))


def lasts_beyond(fact: DatedFact, day: date | ColumnElement[date]) -> ColumnElement[bool]:
    """The facts that hold on the day or begin later."""
    return or_(fact.to_day.is_(None), fact.to_day > day)
