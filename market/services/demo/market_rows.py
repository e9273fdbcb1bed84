"""One demonstration market: its stalls, traders and what happened there in two years."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

from market.domain.accounts import (
    AccountKind,
    AccountProof,
    AccountSource,
    AccountState,
    HolderRelation,
)
from market.domain.levels import Level
from market.domain.markets import MarketState, MarketTrade, MerchantKind
from market.domain.stalls import Placement, StallState
from market.domain.stickers import RunState, StickerState
from market.domain.text import fold, natural_key, sort_key, to_ascii
from market.domain.visits import IncidentState, VisitResult
from market.extensions import vault
from market.models.account import PaymentAccount
from market.models.market import Market, MarketOperator, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.models.sticker import PrintRun, Sticker
from market.models.visit import Incident, Visit
from market.services.accounts import NUMBER_PURPOSE, number_hash
from market.services.demo import household, names
from market.services.demo.household import DAY, Code, History, Seen, moment
from market.services.demo.plan import HISTORY, MarketPlan
from market.services.demo.rows import Rows
from market.services.demo.serials import serial_of
from market.services.merchants import PHONE_PURPOSE, phone_hash
from market.services.stalls import code_key

PER_SECTION = 90
LETTERS = "ABCDEGHKLMNPQ"
ON_A_SHEET = 8
RELEASE = "demo"
BANKS = (
    ("970436", AccountKind.BANK),
    ("970405", AccountKind.BANK),
    ("970418", AccountKind.BANK),
    ("970415", AccountKind.BANK),
    ("970422", AccountKind.BANK),
    ("970407", AccountKind.BANK),
    ("971005", AccountKind.MOBILE_MONEY),
    ("971011", AccountKind.MOBILE_MONEY),
)
# How those who do not accept are spread over the lower levels.
BELOW = (Level.DISPLAYED, Level.EQUIPPED, Level.ACCOUNT, Level.NONE)
BELOW_WEIGHTS = (20, 25, 15, 40)
WAITING_DEFAULTS = {
    "relation": HolderRelation.SELF,
    "source": AccountSource.IMPORTED,
    "opened_with_help": False,
    "came_from_number_cell": False,
    "needs_own_decision": False,
    "becomes_preferred": True,
    "version": 1,
}


@dataclass(frozen=True, slots=True)
class People:
    """Who did what in the demonstration: users by id."""

    enters: int
    approves: int
    visits: int


@dataclass(frozen=True, slots=True)
class World:
    """What all markets share: random source, running numbers, lines of business, people."""

    random: Random
    seed: int
    last_day: date
    lines: Sequence[str]
    people: People
    numbers: Iterator[int]
    run_numbers: dict[int, int]


@dataclass(frozen=True, slots=True)
class Trader:
    """A merchant as later rows need it."""

    id: int
    key: bytes
    name: str


def write_market(plan: MarketPlan, operator_id: int, *, rows: Rows, world: World) -> int:
    """Add everything about the market but its counts; gives its id."""
    market_id = _market(plan, operator_id, rows, world)
    if plan.size.points:
        _Writer(plan, market_id, rows, world).write()
    return market_id


def _market(plan: MarketPlan, operator_id: int, rows: Rows, world: World) -> int:
    opened = world.last_day - HISTORY
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
    rows.add(
        MarketOperator, market_id=market_id, operator_id=operator_id, from_day=opened, to_day=None
    )
    return market_id


class _Writer:
    """Adds the stalls of one market, who trades at them and their histories."""

    def __init__(self, plan: MarketPlan, market_id: int, rows: Rows, world: World) -> None:
        self._plan, self._market_id, self._rows, self._world = plan, market_id, rows, world
        self._random, self._last_day = world.random, world.last_day
        self._first_day = world.last_day - HISTORY
        self._codes: dict[int, str] = {}
        self._runs: dict[tuple[int, int], dict[str, Any]] = {}
        self._drawn: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)

    def write(self) -> None:
        size = self._plan.size
        trading = self._stalls(size.trading, StallState.TRADING)
        for stall_id in self._stalls(size.resting, StallState.RESTING):
            self._tenancy(stall_id, self._merchant())
        self._stalls(size.vacant, StallState.VACANT)
        for stall_id in self._stalls(size.mobile, StallState.TRADING, Placement.MOBILE):
            self._tenancy(stall_id, self._merchant())
        for outcome, stalls in zip(self._outcomes(), _held(trading, size.doubles), strict=True):
            self._household(outcome, stalls)
        for run in self._runs.values():
            stickers = self._drawn[run["id"]]
            for place, sticker in enumerate(stickers, start=1):
                sticker["place"] = place
            run["pages"] = -(-len(stickers) // ON_A_SHEET)

    def _stalls(
        self, number: int, state: StallState, placement: Placement = Placement.FIXED
    ) -> list[int]:
        return [self._stall(state, placement) for _ in range(number)]

    def _stall(self, state: StallState, placement: Placement) -> int:
        at = len(self._codes)
        section, place = divmod(at, PER_SECTION)
        code = f"{_letters(section)}{place + 1:02}"
        stall_id = self._rows.add(
            Stall,
            market_id=self._market_id,
            section_id=self._section(section) if place == 0 else self._current_section,
            code=code,
            code_key=code_key(code),
            sort_key=natural_key(code),
            placement=placement,
            line_code=self._random.choice(self._world.lines),
            version=1,
        )
        span = {"state": state, "from_day": self._first_day, "to_day": None}
        self._rows.add(StallStateSpan, stall_id=stall_id, **span)
        self._codes[stall_id] = code
        return stall_id

    def _section(self, number: int) -> int:
        name = f"Khu {_letters(number)}"
        self._current_section = self._rows.add(
            Section,
            market_id=self._market_id,
            name=name,
            name_key=fold(name),
            walking_order=number + 1,
        )
        return self._current_section

    def _outcomes(self) -> list[Level]:
        """As many that accept as planned, the others spread below."""
        size, accepting = self._plan.size, self._plan.accepting
        rest = size.households - accepting
        below = (
            self._random.choices(BELOW, BELOW_WEIGHTS, k=rest)
            if self._plan.programme_start
            else [Level.NONE] * rest
        )
        outcomes = [Level.ACCEPTS] * accepting + below
        self._random.shuffle(outcomes)
        return outcomes

    def _household(self, outcome: Level, stalls: Sequence[int]) -> None:
        trader = self._merchant()
        tenancies = [self._tenancy(stall_id, trader) for stall_id in stalls]
        start = self._plan.programme_start
        if start is None:
            return
        history = household.live(outcome, start, self._last_day, self._random)
        accounts = self._accounts(trader, history)
        for stall_id, tenancy_id in zip(stalls, tenancies, strict=True):
            stickers = [
                self._sticker(code, accounts[code.account], stall_id, trader)
                for code in history.codes
            ]
            for seen in history.visits:
                self._visit(seen, stall_id, tenancy_id, stickers)

    def _merchant(self) -> Trader:
        name, key = names.person(self._random), vault().new_key()
        phone = names.phone(next(self._world.numbers)) if self._random.random() < 0.8 else None
        merchant_id = self._rows.add(
            Merchant,
            market_id=self._market_id,
            display_name=name,
            name_key=fold(name),
            sort_key=sort_key(name),
            kind=MerchantKind.HOUSEHOLD_BUSINESS,
            wrapped_key=key,
            phone_sealed=vault().seal_text(key, phone, PHONE_PURPOSE) if phone else None,
            phone_hash=phone_hash(phone) if phone else None,
            phone_last3=phone[-3:] if phone else None,
            version=1,
        )
        return Trader(merchant_id, key, name)

    def _tenancy(self, stall_id: int, trader: Trader) -> int:
        return self._rows.add(
            Tenancy,
            stall_id=stall_id,
            merchant_id=trader.id,
            from_day=self._first_day + DAY * self._random.randint(0, 20),
            to_day=None,
        )

    def _accounts(self, trader: Trader, history: History) -> list[int]:
        ends = [*history.accounts, None][1:]
        found = [
            self._account(trader, since, until)
            for since, until in zip(history.accounts, ends, strict=True)
        ]
        if history.waits_since is not None:
            self._waiting_account(trader, history.waits_since)
        return found

    def _account(self, trader: Trader, since: date, until: date | None) -> int:
        at = moment(since, self._random)
        is_live = until is None
        return self._rows.add(
            PaymentAccount,
            **self._account_values(trader),
            state=AccountState.APPROVED if is_live else AccountState.RETIRED,
            is_preferred=is_live,
            proof=AccountProof.SCAN_SHOWED_NAME,
            entered_at=at - DAY,
            decided_at=at,
            decided_by_id=self._world.people.approves,
            in_force_from=at,
            retired_at=None if until is None else moment(until, self._random),
            retire_reason=None if is_live else "Được thay bằng tài khoản mới",
        )

    def _waiting_account(self, trader: Trader, since: date) -> None:
        self._rows.add(
            PaymentAccount,
            **self._account_values(trader),
            state=AccountState.AWAITING_APPROVAL,
            is_preferred=False,
            proof=AccountProof.NONE,
            entered_at=moment(since, self._random),
            decided_at=None,
            decided_by_id=None,
            in_force_from=None,
            retired_at=None,
            retire_reason=None,
        )

    def _account_values(self, trader: Trader) -> dict[str, Any]:
        bin, kind = self._random.choice(BANKS)
        number = names.account_number(next(self._world.numbers))
        return {
            **WAITING_DEFAULTS,
            "merchant_id": trader.id,
            "kind": kind,
            "bin": bin,
            "number_sealed": vault().seal_text(trader.key, number, NUMBER_PURPOSE),
            "number_hash": number_hash(bin, number),
            "number_last4": number[-4:],
            "holder_name": to_ascii(trader.name).upper(),
            "entered_by_id": self._world.people.enters,
            "changed_by_id": self._world.people.enters,
        }

    def _sticker(self, code: Code, account_id: int, stall_id: int, trader: Trader) -> int:
        printed = moment(code.printed, self._random)
        run_id = self._run(code.printed)
        state = StickerState.ON_STALL if code.hung else StickerState.HANDED_OUT
        sticker = {
            "stall_id": stall_id,
            "account_id": account_id,
            "run_id": run_id,
            "place": None,
            "copy_number": 1,
            "market_name": self._plan.name,
            "stall_code": self._codes[stall_id],
            "merchant_name": trader.name,
            "state": StickerState.VOID if code.void else state,
            "queued_at": printed,
            "printed_at": printed,
            "handed_out_at": moment(code.handed_out, self._random),
            "hung_at": moment(code.hung, self._random) if code.hung else None,
            "void_at": moment(code.void, self._random) if code.void else None,
            "void_reason": code.reason,
            "gone_at": moment(code.void, self._random) if code.void else None,
            "version": 1,
        }
        sticker_id = self._rows.add_row(Sticker, sticker)
        sticker["serial"] = serial_of(sticker_id, self._world.seed)
        self._drawn[run_id].append(sticker)
        return sticker_id

    def _run(self, day: date) -> int:
        """One print run a market and month."""
        key = (day.year, day.month)
        if key not in self._runs:
            at = moment(day.replace(day=1), self._random)
            numbers = self._world.run_numbers
            numbers[day.year] = numbers.get(day.year, 0) + 1
            self._runs[key] = run = {
                "number": f"DT-{day.year}-{numbers[day.year]:04}",
                "market_id": self._market_id,
                "template": "a4-8",
                "start_position": 1,
                "copies": 1,
                "options": {},
                "state": RunState.PRINTED,
                "made_at": at,
                "made_by_id": self._world.people.enters,
                "printed_at": at,
                "printed_by_id": self._world.people.enters,
                "printed_on": day,
                "pages": 0,
                "size_bytes": 0,
                "release": RELEASE,
                "reprints": 0,
                "version": 1,
            }
            self._rows.add_row(PrintRun, run)
        run_id: int = self._runs[key]["id"]
        return run_id

    def _visit(self, seen: Seen, stall_id: int, tenancy_id: int, stickers: list[int]) -> None:
        at = moment(seen.day, self._random)
        visit_id = self._rows.add(
            Visit,
            uuid=str(UUID(int=self._random.getrandbits(128), version=4)),
            stall_id=stall_id,
            tenancy_id=tenancy_id,
            sticker_id=None if seen.code is None else stickers[seen.code],
            visited_by_id=self._world.people.visits,
            phone_at=at,
            received_at=at,
            day=seen.day,
            result=seen.result,
            accepts=seen.accepts,
            use_shown=seen.use_shown,
            reason=seen.reason,
        )
        if seen.result is VisitResult.OTHER_ACCOUNT:
            closed = seen.day + DAY * 3
            self._rows.add(
                Incident,
                stall_id=stall_id,
                visit_id=visit_id,
                state=IncidentState.CLOSED,
                opened_at=at,
                opened_on=seen.day,
                closed_at=moment(closed, self._random),
                closed_by_id=self._world.people.approves,
                resolution="Đã gỡ mã dán đè, in tem mới",
            )


def _letters(section: int) -> str:
    """A, B, … Q, AA, AB, …"""
    first, last = divmod(section, len(LETTERS))
    return LETTERS[last] if first == 0 else LETTERS[first - 1] + LETTERS[last]


def _held(stalls: Sequence[int], doubles: int) -> list[Sequence[int]]:
    """Stalls by household: the first few households hold two, the others one."""
    paired = stalls[: 2 * doubles]
    pairs = [paired[at : at + 2] for at in range(0, len(paired), 2)]
    return [*pairs, *([stall_id] for stall_id in stalls[2 * doubles :])]
