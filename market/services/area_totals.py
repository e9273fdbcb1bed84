"""The figures of an area as one answer, for programs that ask for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import and_, func, select

from market.domain.coverage import LADDER_NAMES, Denominator, Ladder, Unit
from market.domain.errors import Invalid, NotFound
from market.domain.roles import Permission
from market.domain.shares import FILE_PLACES, mean_of_markets
from market.domain.targets import Standing
from market.extensions import db
from market.models.area import Commune, Province
from market.models.market import Market
from market.services import coverage, recorded_days, target_book
from market.services.access import Actor, market_condition
from market.services.market_lines import MarketChoice
from market.services.newest_counts import newest_counts
from market.services.plain_rows import plain_rows
from market.services.target_book import AimsOfMarkets


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
    was merged, areas that do not lie in one another, a day to come or before the first record.
    """
    check_area(choice, actor=actor)
    own = and_(choice.area(), market_condition(actor, Permission.READ_REPORTS))
    recorded_days.check_day(own, on, today=actor.today)
    markets = _markets(actor, on, choice, denominator)
    running = [market for market in markets if market.is_running(on)]
    merchants, stalls = _pooled(markets, Unit.MERCHANTS), _pooled(markets, Unit.STALLS)
    shares = (market.ladder(Unit.MERCHANTS).share() for market in markets)
    return AreaTotals(
        as_of=on,
        denominator=denominator,
        markets=len(markets),
        running=len(running),
        passed=_count_passed(running, on, AimsOfMarkets(target_book.load(own, until=on), on)),
        merchants=merchants,
        stalls=stalls,
        mean_percent=mean_of_markets(shares, FILE_PLACES).percent,
        running_percent=_pooled(running, Unit.MERCHANTS).share().percent(FILE_PLACES),
    )


class _Market(NamedTuple):
    """An open market of the area with the figures of one denominator; nothing else is read."""

    id: int
    commune_code: str
    province_code: str
    programme_start: date | None
    cashless_fees_since: date | None
    stalls: tuple[int, ...]
    merchants: tuple[int, ...]

    def ladder(self, unit: Unit) -> Ladder:
        return Ladder(*(self.stalls if unit is Unit.STALLS else self.merchants))

    def is_running(self, on: date) -> bool:
        return self.programme_start is not None and self.programme_start <= on

    def has_cashless_fees(self, on: date) -> bool:
        return self.cashless_fees_since is not None and self.cashless_fees_since <= on


def _markets(
    actor: Actor, on: date, choice: MarketChoice, denominator: Denominator
) -> list[_Market]:
    newest = newest_counts(on)
    prefix = denominator.value.lower()
    figures = [
        func.coalesce(getattr(newest.row, f"{prefix}_{unit}_{name}"), 0)
        for unit in (Unit.STALLS, Unit.MERCHANTS)
        for name in LADDER_NAMES
    ]
    query = (
        select(
            Market.id,
            Market.commune_code,
            Commune.province_code,
            Market.programme_start,
            Market.cashless_fees_since,
            *figures,
        )
        .join(Commune, Commune.code == Market.commune_code)
        .outerjoin(newest.row, newest.condition)
        .where(
            choice.area(),
            market_condition(actor, Permission.READ_REPORTS),
            coverage.is_open(on),
        )
    )
    place, levels = len(_Market._fields) - 2, len(LADDER_NAMES)
    return [
        _Market._make((*row[:place], row[place : place + levels], row[place + levels :]))
        for row in plain_rows(db.session(), query)
    ]


def _pooled(markets: Sequence[_Market], unit: Unit) -> Ladder:
    figures = [market.stalls if unit is Unit.STALLS else market.merchants for market in markets]
    return Ladder(*map(sum, zip(*figures, strict=True))) if figures else coverage.NOBODY


def _count_passed(running: Sequence[_Market], on: date, aims: AimsOfMarkets) -> int:
    """Of running markets, those that take fees without cash and have come to the target."""
    passed = 0
    for market in running:
        if not market.has_cashless_fees(on):
            continue
        aim = aims.find(market.id, market.commune_code, market.province_code)
        passed += aim is not None and Standing(aim, on, market.ladder(aim.unit).share()).is_reached
    return passed


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
    _check_together(choice)


def _check_together(choice: MarketChoice) -> None:
    """Of a market that lies elsewhere than asked, zeros would be read as its figures."""
    if choice.market_code is not None:
        query = select(Market.commune_code).where(Market.code == choice.market_code)
        commune_code = db.session.scalar(query)
        told = f"Chợ {choice.market_code}"
    else:
        commune_code = choice.commune_code
        told = f"Xã, phường mã {choice.commune_code}"
    commune = None if commune_code is None else db.session.get(Commune, commune_code)
    if commune is None:
        return
    if choice.commune_code not in (None, commune.code):
        raise Invalid(
            f"{told} không thuộc xã, phường mã {choice.commune_code} mà thuộc {commune.name} "
            f"(mã {commune.code}). Hãy bỏ một trong hai."
        )
    if choice.province_code not in (None, commune.province_code):
        raise Invalid(
            f"{told} không thuộc tỉnh mã {choice.province_code} mà thuộc tỉnh mã "
            f"{commune.province_code}. Hãy bỏ một trong hai."
        )


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
