"""The figures of an area as one answer, for programs that ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, select

from market.domain.calendar import check_as_of
from market.domain.coverage import LADDER_NAMES, Denominator, Ladder, Unit
from market.domain.errors import Invalid, NotFound
from market.domain.roles import Permission
from market.domain.shares import FILE_PLACES
from market.extensions import db
from market.models.area import Commune, Province
from market.models.market import Market
from market.services import coverage, market_lines
from market.services.access import Actor, market_condition
from market.services.market_lines import MarketChoice


@dataclass(frozen=True, slots=True)
class AreaTotals:
    """Counts and shares of an area on a day; shares are None where nothing is counted."""

    as_of: date
    denominator: Denominator
    markets: int
    running: int
    passed: int
    merchants: Ladder
    stalls: Ladder
    mean_percent: Decimal | None
    running_percent: Decimal | None

    def as_values(self) -> dict[str, Any]:
        """Under the names that programs rely on; percentages with two decimals, or None."""
        return {
            "as_of": self.as_of.isoformat(),
            "denominator": str(self.denominator),
            "markets": {"total": self.markets, "running": self.running, "passed": self.passed},
            "merchants": _counts(self.merchants),
            "stalls": _counts(self.stalls),
            "merchant_share_percent": _number(self.merchants.share().percent(FILE_PLACES)),
            "stall_share_percent": _number(self.stalls.share().percent(FILE_PLACES)),
            "mean_market_share_percent": _number(self.mean_percent),
            "merchant_share_percent_running": _number(self.running_percent),
        }


def of_area(
    actor: Actor, on: date, *, choice: MarketChoice, denominator: Denominator = Denominator.A
) -> AreaTotals:
    """The figures of the chosen markets that are the actor's.

    Raises NotFound for an area or market that is not there, Invalid for a commune that
    was merged, a day to come or one before the first record.
    """
    check_area(choice, actor=actor)
    own = and_(choice.area(), market_condition(actor, Permission.READ_REPORTS))
    check_as_of(on, today=actor.today, first=coverage.find_first_day(own))
    lines = market_lines.list_lines(actor, on, choice=choice)
    counts = market_lines.pool(lines).of(denominator)
    running = [line for line in lines if line.is_running]
    mean = market_lines.mean_share(lines, denominator, Unit.MERCHANTS, places=FILE_PLACES)
    running_share = market_lines.pooled_share(running, denominator, Unit.MERCHANTS)
    return AreaTotals(
        as_of=on,
        denominator=denominator,
        markets=len(lines),
        running=len(running),
        passed=sum(line.has_passed(on, denominator) for line in lines),
        merchants=counts.merchants,
        stalls=counts.stalls,
        mean_percent=mean.percent,
        running_percent=running_share.percent(FILE_PLACES),
    )


def check_area(choice: MarketChoice, *, actor: Actor) -> None:
    """Raise NotFound or Invalid where the chosen area or market is not there to be counted."""
    if choice.province_code is not None and db.session.get(Province, choice.province_code) is None:
        raise NotFound(
            f"Không có tỉnh mã {choice.province_code}. Mã tỉnh gồm hai chữ số, ví dụ 22."
        )
    if choice.commune_code is not None:
        _check_commune(choice.commune_code)
    if choice.market_code is not None:
        own = market_condition(actor, Permission.READ_REPORTS)
        found = select(Market.id).where(Market.code == choice.market_code, own)
        if db.session.scalar(found) is None:
            raise NotFound(f"Không tìm thấy chợ mã {choice.market_code}.")


def _check_commune(code: str) -> None:
    commune = db.session.get(Commune, code)
    if commune is None:
        raise NotFound(f"Không có xã, phường mã {code}. Mã xã gồm năm chữ số, ví dụ 06895.")
    if commune.is_current:
        return
    has_markets = db.session.scalar(select(Market.id).where(Market.commune_code == code).limit(1))
    if has_markets is None:
        raise Invalid(
            f"{commune.name} (mã {code}) không còn từ khi sắp xếp lại đơn vị hành chính. "
            "Hãy dùng mã của xã, phường mới."
        )


def _counts(ladder: Ladder) -> Mapping[str, int]:
    return {name: getattr(ladder, name) for name in LADDER_NAMES}


def _number(percent: Decimal | None) -> float | None:
    return None if percent is None else float(percent)
