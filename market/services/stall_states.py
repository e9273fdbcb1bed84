"""What a stall does on a day, as conditions of queries."""

from datetime import date

from sqlalchemy import ColumnElement, ScalarSelect, exists, or_, select

from market.domain.stalls import StallState
from market.models.stall import Stall, StallStateSpan


def holds_on(day: date) -> ColumnElement[bool]:
    """The spans that hold on the day."""
    return (StallStateSpan.from_day <= day) & or_(
        StallStateSpan.to_day.is_(None), StallStateSpan.to_day > day
    )


def is_in_state(*states: StallState, on: date) -> ColumnElement[bool]:
    """The stalls that are in one of the states on the day."""
    return (
        exists()
        .where(StallStateSpan.stall_id == Stall.id, StallStateSpan.state.in_(states), holds_on(on))
        .correlate(Stall)
    )


def state_on(day: date) -> ScalarSelect[StallState]:
    """The state of each stall on the day; nothing before its first one."""
    return (
        select(StallStateSpan.state)
        .where(StallStateSpan.stall_id == Stall.id, holds_on(day))
        .correlate(Stall)
        .scalar_subquery()
    )
