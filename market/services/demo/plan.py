"""Which markets there are, how big, since when in the programme, and how far they got."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from market.domain.labels import LabelledEnum
from market.domain.markets import MarketClass
from market.domain.text import to_ascii
from market.models.area import Commune
from market.services.demo.names import market_name

HISTORY = timedelta(days=730)
HOUSEHOLD_SHARE = 0.864


class Scale(LabelledEnum):
    """How much demonstration data."""

    MARKET = "market", "Một chợ"
    PROVINCE = "province", "Một tỉnh"
    NATION = "nation", "Cả nước"


@dataclass(frozen=True, slots=True)
class Size:
    """How many points a market has, by what they do on the last day."""

    points: int

    @property
    def vacant(self) -> int:
        """Empty fixed points."""
        return self.points // 25

    @property
    def resting(self) -> int:
        """Points whose trader rests."""
        return self.points // 50

    @property
    def mobile(self) -> int:
        """Traders without a fixed place."""
        return self.points // 40

    @property
    def trading(self) -> int:
        """Fixed points that trade."""
        return self.points - self.vacant - self.resting - self.mobile

    @property
    def doubles(self) -> int:
        """Merchants who hold two of the trading points."""
        return self.trading // 14

    @property
    def households(self) -> int:
        """Merchants counted on the last day."""
        return self.trading - self.doubles


@dataclass(frozen=True, slots=True)
class MarketPlan:
    """One market; `accepting` is how many households accept on the last day."""

    code: str
    name: str
    commune_code: str
    market_class: MarketClass
    size: Size
    programme_start: date | None
    accepting: int = 0


@dataclass(frozen=True, slots=True)
class ProvincePlan:
    """How many markets of each class, how many of all run the programme, how far they got.

    `points` are the least and the most points of a market of each class.
    """

    code: str
    prefix: str
    classes: dict[MarketClass, int]
    running: int
    share: float
    points: dict[MarketClass, tuple[int, int]]
    first: str | None = None


QUANG_NINH = ProvincePlan(
    code="22",
    prefix="QN",
    classes={
        MarketClass.CLASS_1: 12,
        MarketClass.CLASS_2: 42,
        MarketClass.CLASS_3: 76,
        MarketClass.UNCLASSIFIED: 5,
    },
    running=120,
    share=HOUSEHOLD_SHARE,
    points={
        MarketClass.CLASS_1: (420, 900),
        MarketClass.CLASS_2: (205, 390),
        MarketClass.CLASS_3: (40, 190),
        MarketClass.UNCLASSIFIED: (20, 60),
    },
    first="Đầm Hà",
)
NATION_CLASSES = {
    MarketClass.CLASS_1: 236,
    MarketClass.CLASS_2: 902,
    MarketClass.CLASS_3: 7070,
    MarketClass.UNCLASSIFIED: 373,
}
NATION_POINTS = {
    MarketClass.CLASS_1: (420, 2400),
    MarketClass.CLASS_2: (205, 395),
    MarketClass.CLASS_3: (105, 195),
    MarketClass.UNCLASSIFIED: (20, 60),
}


def plan_nation(communes: Mapping[str, int], random: Random) -> list[ProvincePlan]:
    """A plan for every province, by its number of communes; Quảng Ninh as it always is."""
    others = {code: number for code, number in communes.items() if code != QUANG_NINH.code}
    shared: dict[str, dict[MarketClass, int]] = {code: {} for code in others}
    for kind, total in NATION_CLASSES.items():
        rest = total - QUANG_NINH.classes[kind]
        for code, number in _in_proportion(rest, others).items():
            shared[code][kind] = number
    plans = [QUANG_NINH]
    for code, classes in shared.items():
        reach = random.uniform(0.4, 0.9)
        plans.append(
            ProvincePlan(
                code=code,
                prefix=f"T{code}",
                classes=classes,
                running=round(reach * sum(classes.values())),
                share=reach * random.uniform(0.7, 0.95),
                points=NATION_POINTS,
            )
        )
    return plans


def _in_proportion(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole numbers that add up to `total`, by largest remainder."""
    whole = sum(weights.values())
    parts = {key: total * weight // whole for key, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda key: -(total * weights[key] % whole))
    for key in by_remainder[: total - sum(parts.values())]:
        parts[key] += 1
    return parts


def plan_province(
    plan: ProvincePlan, communes: Sequence[Commune], *, last_day: date, random: Random
) -> list[MarketPlan]:
    """The markets of a province; the same seed and day give the same."""
    classes = [kind for kind, number in plan.classes.items() for _ in range(number)]
    random.shuffle(classes)
    if plan.first is not None:
        # The first market stays empty: there a board tries its own list.
        classes.remove(MarketClass.UNCLASSIFIED)
        classes.insert(0, MarketClass.UNCLASSIFIED)
    places = _places(communes, len(classes), plan.first)
    starts = _starts(classes, plan, last_day, random)
    taken: set[str] = set()
    markets = []
    for number, (kind, (commune, place), start) in enumerate(
        zip(classes, places, starts, strict=True)
    ):
        is_first = number == 0 and plan.first is not None
        points = 0 if is_first else random.randint(*plan.points[kind])
        markets.append(
            MarketPlan(
                code=_code(plan.prefix, commune.name, taken),
                name=market_name(_short(commune.name), place),
                commune_code=commune.code,
                market_class=kind,
                size=Size(points),
                programme_start=start,
            )
        )
    return _with_quotas(markets, plan.share, random)


def _places(
    communes: Sequence[Commune], number: int, first: str | None
) -> list[tuple[Commune, int]]:
    """Communes in turn, the one named first at the head."""
    ordered = sorted(communes, key=lambda each: (_short(each.name) != first, each.code))
    return [(ordered[at % len(ordered)], at // len(ordered)) for at in range(number)]


def _starts(
    classes: Sequence[MarketClass], plan: ProvincePlan, last_day: date, random: Random
) -> list[date | None]:
    """Bigger markets began first; those that have not begun are small."""
    order = sorted(
        range(len(classes)),
        key=lambda at: (
            at == 0 and plan.first is not None,
            -plan.points[classes[at]][1] + random.randint(0, 200),
        ),
    )
    began: dict[int, date] = {}
    for turn, at in enumerate(order[: plan.running]):
        share = (turn + 1) / plan.running
        # Slow at first, quick in the middle: a few pilots, then wave after wave.
        days = round((HISTORY.days - 120) * (3 * share**2 - 2 * share**3) * 0.9)
        began[at] = last_day - HISTORY + timedelta(days=20 + days)
    return [began.get(at) for at in range(len(classes))]


def _with_quotas(markets: list[MarketPlan], share: float, random: Random) -> list[MarketPlan]:
    """Spread the accepting households over running markets so that the pooled share is met."""
    wanted = round(share * sum(market.size.households for market in markets))
    running = [market for market in markets if market.programme_start is not None]
    capacity = sum(market.size.households for market in running)
    level = wanted / capacity if capacity else 0
    quotas = {
        market.code: min(
            market.size.households,
            round(market.size.households * min(1.0, level + random.uniform(-0.09, 0.07))),
        )
        for market in running
    }
    rest = min(wanted, capacity) - sum(quotas.values())
    while rest:
        market = random.choice(running)
        step = 1 if rest > 0 else -1
        if 0 <= quotas[market.code] + step <= market.size.households:
            quotas[market.code] += step
            rest -= step
    return [
        MarketPlan(
            market.code,
            market.name,
            market.commune_code,
            market.market_class,
            market.size,
            market.programme_start,
            quotas.get(market.code, 0),
        )
        for market in markets
    ]


def _short(commune: str) -> str:
    """The name without its kind: `Xã Đầm Hà` → `Đầm Hà`."""
    for kind in ("Xã ", "Phường ", "Đặc khu "):
        commune = commune.removeprefix(kind)
    return commune


def _code(prefix: str, commune: str, taken: set[str]) -> str:
    stem = f"{prefix}-{to_ascii(_short(commune)).replace(' ', '').upper()}"
    code, number = stem, 1
    while code in taken:
        number += 1
        code = f"{stem}-{number}"
    taken.add(code)
    return code
