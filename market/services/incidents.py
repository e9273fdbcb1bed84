"""Incidents: codes that do not pay who they should, opened by visits, closed by the board."""

from sqlalchemy import ColumnElement, func, select

from market.domain.errors import Conflict, Invalid, NotFound, Problem
from market.domain.roles import Permission
from market.domain.text import clean
from market.domain.visits import IncidentState, VisitResult
from market.extensions import db
from market.models.market import Market
from market.models.stall import Stall
from market.models.visit import Incident, Visit
from market.services import audit
from market.services.access import Actor, stall_condition

OPENING = (VisitResult.OTHER_ACCOUNT, VisitResult.UNKNOWN_CODE)


def open_for(visit: Visit, stall: Stall, *, actor: Actor) -> Incident | None:
    """Open an incident for what a visit found; None where that is no incident, or a known one."""
    if visit.result not in OPENING or _is_known(visit):
        return None
    incident = Incident(
        stall_id=stall.id,
        visit_id=visit.id,
        state=IncidentState.OPEN,
        opened_at=actor.at,
        opened_on=visit.day,
    )
    db.session.add(incident)
    db.session.flush()
    audit.record(
        actor,
        "open",
        incident,
        market_id=stall.market_id,
        new={"stall_id": stall.id, "visit_id": visit.id, "result": str(visit.result)},
    )
    return incident


def close(incident_id: int, resolution: str, *, market: Market, actor: Actor) -> Incident:
    """Close an incident with what was done about it.

    Raises NotFound outside the actor's part of the market, Conflict where it is closed
    already, Invalid without a resolution.
    """
    incident = db.session.scalar(
        select(Incident)
        .join(Stall, Stall.id == Incident.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Incident.id == incident_id,
            of_market(market, actor=actor, permission=Permission.WRITE_REGISTRY),
        )
        .with_for_update(of=Incident)
        .execution_options(populate_existing=True)
    )
    if incident is None:
        raise NotFound("Không tìm thấy sự cố này.")
    if incident.state is IncidentState.CLOSED:
        raise Conflict("Sự cố này đã được xử lý. Hãy tải lại trang.")
    told = clean(resolution)
    if not told:
        message = "Hãy ghi đã xử lý thế nào."
        raise Invalid(message, (Problem(message, field="resolution"),))
    incident.state, incident.resolution = IncidentState.CLOSED, told
    incident.closed_at, incident.closed_by_id = actor.at, actor.user_id
    audit.record(
        actor,
        "close",
        incident,
        market_id=market.id,
        old={"state": str(IncidentState.OPEN)},
        new={"state": str(IncidentState.CLOSED)},
    )
    return incident


def count(market: Market, *, actor: Actor) -> dict[IncidentState, int]:
    """How many of the market's incidents are in each state, in the actor's part of it."""
    rows = db.session.execute(
        select(Incident.state, func.count())
        .join(Stall, Stall.id == Incident.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(of_market(market, actor=actor, permission=Permission.READ_REGISTRY))
        .group_by(Incident.state)
    )
    found = {state: number for state, number in rows}
    return {state: found.get(state, 0) for state in IncidentState}


def of_market(market: Market, *, actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Incidents at stalls of the market that are the actor's; needs Stall and Market joined."""
    return (Stall.market_id == market.id) & stall_condition(actor, permission)


def _is_known(visit: Visit) -> bool:
    """Whether the same code is open at that stall already: it is one incident until closed."""
    same = (
        Visit.payee_hash.is_(None)
        if visit.payee_hash is None
        else Visit.payee_hash == visit.payee_hash
    )
    return (
        db.session.scalar(
            select(Incident.id)
            .join(Visit, Visit.id == Incident.visit_id)
            .where(
                Incident.stall_id == visit.stall_id,
                Incident.state == IncidentState.OPEN,
                same,
            )
            .limit(1)
        )
        is not None
    )
