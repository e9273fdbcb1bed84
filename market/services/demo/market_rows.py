"""One demonstration market: its stalls, traders and what happened there in two years."""

from collections.abc import Sequence

from market.domain.levels import CodeKey, CodeKind, Level
from market.domain.markets import MarketState, MarketTrade
from market.domain.stalls import Placement, StallState
from market.domain.text import fold, sort_key
from market.models.market import Market, MarketOperator
from market.services.demo import household
from market.services.demo.account_rows import add_accounts
from market.services.demo.foreign_rows import add_foreign_code
from market.services.demo.plan import MarketPlan
from market.services.demo.rows import Rows
from market.services.demo.stall_rows import StallRows
from market.services.demo.sticker_rows import StickerRows
from market.services.demo.trader_rows import add_tenancy, add_trader
from market.services.demo.visit_rows import add_visit
from market.services.demo.world import Site, World

# How those who do not accept are spread over the lower levels.
BELOW = (Level.DISPLAYED, Level.EQUIPPED, Level.ACCOUNT, Level.NONE)
BELOW_WEIGHTS = (20, 25, 15, 40)


def write_market(plan: MarketPlan, operator_id: int, *, rows: Rows, world: World) -> int:
    """Add everything about the market but its counts; gives its id."""
    site = Site(plan, _add_market(plan, operator_id, rows, world), rows, world)
    if plan.size.points:
        _write_stalls(site)
    return site.market_id


def _add_market(plan: MarketPlan, operator_id: int, rows: Rows, world: World) -> int:
    market_id = rows.add(
        Market,
        code=plan.code,
        name=plan.name,
        search=fold(plan.name),
        sort_key=sort_key(plan.name),
        commune_code=plan.commune_code,
        trade=MarketTrade.RETAIL,
        market_class=plan.market_class,
        programme_start=plan.programme_start,
        state=MarketState.OPEN,
        cashless_fees="Phí chợ" if plan.programme_start else None,
        cashless_fees_since=plan.programme_start,
        version=1,
    )
    run_by = {"operator_id": operator_id, "from_day": world.first_day, "to_day": None}
    rows.add(MarketOperator, market_id=market_id, **run_by)
    return market_id


def _write_stalls(site: Site) -> None:
    """Add the stalls of the market, who trades at them and their histories."""
    size, stalls = site.plan.size, StallRows(site)
    stickers = StickerRows(site, stalls.codes)
    trading = stalls.add(size.trading, StallState.TRADING)
    for stall_id in stalls.add(size.resting, StallState.RESTING):
        add_tenancy(site, stall_id, add_trader(site))
    stalls.add(size.vacant, StallState.VACANT)
    for stall_id in stalls.add(size.mobile, StallState.TRADING, Placement.MOBILE):
        add_tenancy(site, stall_id, add_trader(site))
    for outcome, held in zip(_outcomes(site), _held(trading, size.doubles), strict=True):
        _write_household(site, outcome, held, stickers)
    stickers.close_runs()


def _outcomes(site: Site) -> list[Level]:
    """As many that accept as planned, the others spread below."""
    plan = site.plan
    rest = plan.size.households - plan.accepting
    below = (
        site.random.choices(BELOW, BELOW_WEIGHTS, k=rest)
        if plan.programme_start
        else [Level.NONE] * rest
    )
    outcomes = [Level.ACCEPTS] * plan.accepting + below
    site.random.shuffle(outcomes)
    return outcomes


def _held(stalls: Sequence[int], doubles: int) -> list[Sequence[int]]:
    """Stalls by household: the first few households hold two, the others one."""
    paired = stalls[: 2 * doubles]
    pairs = [paired[at : at + 2] for at in range(0, len(paired), 2)]
    return [*pairs, *([stall_id] for stall_id in stalls[2 * doubles :])]


def _write_household(
    site: Site, outcome: Level, stalls: Sequence[int], stickers: StickerRows
) -> None:
    trader = add_trader(site)
    places = [add_tenancy(site, stall_id, trader) for stall_id in stalls]
    start = site.plan.programme_start
    if start is None:
        return
    history = household.live(outcome, start, site.world.last_day, site.random)
    accounts = add_accounts(site, trader, history)
    for place in places:
        codes = [
            CodeKey(CodeKind.FOREIGN, add_foreign_code(site, code, place))
            if code.account is None
            else CodeKey(CodeKind.STICKER, stickers.add(code, accounts[code.account], place))
            for code in history.codes
        ]
        for seen in history.visits:
            add_visit(site, seen, place, None if seen.code is None else codes[seen.code])
