"""What a stall does on a day, as conditions of queries."""

from datetime import date

from sqlalchemy import ColumnElement, ScalarSelect, exists, select

from market.domain.stalls import StallState
from market.models.stall import Stall, StallStateSpan
from market.services.dated_facts import holds_on


def is_in_state(*states: StallState, on: date) -> ColumnElement[bool]:
    """The stalls that are in one of the states on the day."""
    return (
        exists()
        .where(
            StallStateSpan.stall_id == Stall.id,
            StallStateSpan.state.in_(states),
            holds_on(StallStateSpan, on),
        )
        .correlate(Stall)
    )


def state_on(day: date) -> ScalarSelect[StallState]:
    """The state of each stall on the day; nothing before its first one."""
    return (
        select(StallStateSpan.state)
        .where(StallStateSpan.stall_id == Stall.id, holds_on(StallStateSpan, day))
        .correlate(Stall)
        .scalar_subquery()
    )
