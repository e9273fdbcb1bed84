"""The visits to the stalls of a demonstration market, and the incidents they opened."""

from datetime import datetime
from uuid import UUID

from market.domain.levels import CodeKey, CodeKind
from market.domain.visits import IncidentState, VisitResult
from market.models.visit import Incident, Visit
from market.services.demo.household import DAY, Seen, moment
from market.services.demo.trader_rows import Place
from market.services.demo.world import Site


def add_visit(site: Site, seen: Seen, place: Place, code: CodeKey | None) -> None:
    """Add a visit; one that found another's code opened an incident, closed since."""
    at = moment(seen.day, site.random)
    kind, code_id = code or (None, None)
    visit_id = site.rows.add(
        Visit,
        uuid=str(UUID(int=site.random.getrandbits(128), version=4)),
        stall_id=place.stall_id,
        tenancy_id=place.tenancy_id,
        sticker_id=code_id if kind is CodeKind.STICKER else None,
        foreign_code_id=code_id if kind is CodeKind.FOREIGN else None,
        visited_by_id=site.world.people.visits,
        phone_at=at,
        received_at=at,
        day=seen.day,
        result=seen.result,
        accepts=seen.accepts,
        test_transfer_acknowledged=seen.test_transfer,
        use_shown=seen.use_shown,
        reason=seen.reason,
    )
    if seen.result is VisitResult.OTHER_ACCOUNT:
        _add_incident(site, seen, place.stall_id, visit_id, at)


def _add_incident(site: Site, seen: Seen, stall_id: int, visit_id: int, at: datetime) -> None:
    site.rows.add(
        Incident,
        stall_id=stall_id,
        visit_id=visit_id,
        state=IncidentState.CLOSED,
        opened_at=at,
        opened_on=seen.day,
        closed_at=moment(seen.day + DAY * 3, site.random),
        closed_by_id=site.world.people.approves,
        resolution="Đã gỡ mã dán đè, in tem mới",
    )
