"""Reports that a demonstration province has sent, and visits that were noted after that."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from market.domain.errors import Invalid
from market.domain.levels import Level
from market.domain.periods import Days, ended_period
from market.domain.visits import VisitResult
from market.extensions import db
from market.models.coverage import TenancyLevel
from market.models.market import Market
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.services import coverage, frozen_reports, users, visits
from market.services.access import Actor
from market.services.reports import Period
from market.services.visits import VisitValues

MONTHS_SENT = 3
VISITS_NOTED_LATE = 3


def send(provinces: Iterable[str], *, officer: str, volunteer: str, actor: Actor) -> None:
    """Freeze the last months of these provinces; then note visits of the last of them.

    `officer` and `volunteer` are the emails of those who do it where it is theirs.
    """
    months = _months(actor.today)
    by_officer = _acting(officer, actor)
    own = {grant.province_code for grant in by_officer.grants}
    for code in dict.fromkeys(provinces):
        for days in months:
            _freeze(code, days, by_officer if code in own else actor)
    _note_late(months[-1].as_of, _acting(volunteer, actor))


def _months(today: date) -> Sequence[Days]:
    """The last months that are over, the earliest first."""
    months = [ended_period(today)]
    while len(months) < MONTHS_SENT:
        months.append(ended_period(months[-1].since))
    return months[::-1]


def _freeze(province_code: str, days: Days, actor: Actor) -> None:
    try:
        frozen_reports.freeze(province_code, Period(*days), actor=actor)
    except Invalid:
        # Nothing was on record by then.
        return


def _note_late(on: date, actor: Actor) -> None:
    """On paper some more accepted on the last day than had been noted when it was reported."""
    other = aliased(Tenancy)
    has_another = exists().where(other.merchant_id == Tenancy.merchant_id, other.id != Tenancy.id)
    running = select(Market.id).where(Market.programme_start < on).order_by(Market.id).limit(10)
    rows = db.session.execute(
        select(Stall, Tenancy.id)
        .join(Tenancy, Tenancy.stall_id == Stall.id)
        .join(TenancyLevel, TenancyLevel.tenancy_id == Tenancy.id)
        .where(
            Stall.market_id.in_(running),
            TenancyLevel.level.in_((Level.DISPLAYED, Level.EQUIPPED)),
            coverage.holds_level(on),
            Tenancy.from_day <= on - timedelta(days=1),
            Tenancy.to_day.is_(None),
            ~has_another,
        )
        .order_by(Tenancy.id)
        .limit(VISITS_NOTED_LATE)
    ).all()
    for stall, tenancy_id in rows:
        values = VisitValues(
            str(uuid5(NAMESPACE_OID, f"late visit of tenancy {tenancy_id}")),
            visits.moment_of(on, actor),
            result=VisitResult.MATCH,
            tenancy_id=tenancy_id,
            accepts=True,
            note="Ghi bổ sung từ phiếu giấy",
        )
        visits.record_visit(stall, values=values, actor=actor)
    coverage.recompute_touched(db.session())


def _acting(email: str, actor: Actor) -> Actor:
    user = users.find_by_email(email)
    if user is None:
        return actor
    # The user was made in this very session, the grants after it.
    db.session.refresh(user, ["grants"])
    return Actor.of_user(user, actor.at, actor.channel)
