"""Demonstration targets: of provinces for last year and this one, of a commune and of markets."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from market.domain.coverage import Unit
from market.domain.targets import PlaceKind
from market.services import target_scope, targets
from market.services.access import Actor
from market.services.demo.plan import MarketPlan
from market.services.targets import TargetValues

DECISION = "Kế hoạch mẫu {year}/KH-UBND"
LAST_YEAR, THIS_YEAR = (30, 80), (80, 90)
OF_COMMUNE, OF_MARKET, OF_STALLS = (82, 92), (85, 95), (70, 85)


def set_targets(plans: Sequence[tuple[str, MarketPlan]], *, actor: Actor) -> None:
    """Set them for whole years around the day of loading; each is noted like any other."""
    year = actor.today.year
    for province_code in dict.fromkeys(code for code, _plan in plans):
        _set(PlaceKind.PROVINCE, province_code, _values(year - 1, LAST_YEAR), actor)
        _set(PlaceKind.PROVINCE, province_code, _values(year, THIS_YEAR), actor)
    running = [plan for _code, plan in plans if plan.accepting]
    if len(running) < 3:
        return
    ((commune_code, _markets),) = Counter(plan.commune_code for plan in running).most_common(1)
    _set(PlaceKind.COMMUNE, commune_code, _values(year, OF_COMMUNE), actor)
    largest = sorted(running, key=lambda plan: (-plan.size.points, plan.code))
    _set(PlaceKind.MARKET, largest[0].code, _values(year, OF_MARKET), actor)
    _set(PlaceKind.MARKET, largest[1].code, _values(year, OF_STALLS, Unit.STALLS), actor)


def _values(year: int, shares: tuple[int, int], unit: Unit = Unit.MERCHANTS) -> TargetValues:
    return TargetValues(
        from_day=date(year, 1, 1),
        from_percent=Decimal(shares[0]),
        to_day=date(year, 12, 31),
        to_percent=Decimal(shares[1]),
        unit=unit,
        decision=DECISION.format(year=year),
    )


def _set(kind: PlaceKind, code: str, values: TargetValues, actor: Actor) -> None:
    place = target_scope.get_place(kind, code, actor=actor)
    targets.set_target(place, values, actor=actor)
