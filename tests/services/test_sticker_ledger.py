"""Whatever people do, in whatever order, every sticker that reached paper is accounted for."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from market.domain.errors import DomainError
from market.domain.print_runs import Balance
from market.domain.stickers import StickerState, VoidReason
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.sticker import PrintRun, Sticker
from market.services import (
    account_switches,
    accounts,
    print_runs,
    printing,
    sticker_moves,
    sticker_states,
    tenancies,
)
from tests.factories import NOW, make_account, make_market
from tests.print_shop import SYSTEM, Ready, make_ready, make_run

ENDED = {StickerState.VOID, StickerState.SPOILED}


@dataclass
class Ledger:
    """A market, the acts people do in it, and what a printer's own notebook would say."""

    session: Session
    market: Market
    chance: Random
    stalls: list[Ready] = field(default_factory=list)
    runs: list[PrintRun] = field(default_factory=list)
    on_paper: dict[str, str] = field(default_factory=dict)
    ended: dict[str, StickerState] = field(default_factory=dict)

    def add_stall(self) -> None:
        self.stalls.append(make_ready(self.market, f"A{len(self.stalls) + 1}"))

    def make(self) -> None:
        self.runs.append(make_run(self.market))

    def print(self) -> None:
        run = self.chance.choice(self.runs)
        drawn = printing.print_run(run, BytesIO(), market=self.market, actor=SYSTEM)
        self.on_paper |= dict.fromkeys(drawn.payees, run.number)

    def cancel(self) -> None:
        run = self.chance.choice(self.runs)
        print_runs.cancel(run.number, market=self.market, actor=SYSTEM)

    def reprint(self) -> None:
        run = self.chance.choice(self.runs)
        printing.reprint(run.number, "Kẹt giấy", market=self.market, actor=SYSTEM)

    def hand_out(self) -> None:
        sticker_moves.hand_out(self.some(), market=self.market, actor=SYSTEM)

    def spoil(self) -> None:
        sticker_moves.spoil(self.some(), market=self.market, actor=SYSTEM)

    def void(self) -> None:
        reason = self.chance.choice(sticker_moves.REASONS_BY_HAND)
        sticker_moves.void(self.some(), reason, market=self.market, actor=SYSTEM)

    def hang(self) -> None:
        for sticker in self.some():
            sticker_moves.hang(sticker, at=NOW, actor=SYSTEM)

    def find_gone(self) -> None:
        for sticker in self.some():
            sticker_moves.mark_gone(sticker, at=NOW, actor=SYSTEM)

    def change_account(self) -> None:
        ready = self.chance.choice(self.stalls)
        make_account(ready.merchant, is_preferred=False, in_force_from=NOW)
        account_switches.sweep(NOW)

    def rename(self) -> None:
        ready = self.chance.choice(self.stalls)
        sticker_states.void_for_merchant(
            ready.merchant, reason=VoidReason.NAME_CHANGED, actor=SYSTEM
        )

    def leave(self) -> None:
        ready = self.chance.choice(self.stalls)
        self.session.refresh(ready.tenancy, ["stall", "merchant"])
        tenancies.end_tenancy(ready.tenancy, on=SYSTEM.today, actor=SYSTEM)

    def some(self) -> list[Sticker]:
        """A few stickers, whatever has become of them."""
        found = self.all_stickers()
        return self.chance.sample(found, min(len(found), self.chance.randint(1, 3)))

    def check(self) -> None:
        """The register agrees with the notebook."""
        stickers = self.all_stickers()
        by_serial = {sticker.serial: sticker for sticker in stickers}
        printed = {sticker.serial for sticker in stickers if sticker.printed_at is not None}
        assert printed == set(self.on_paper)
        balances = print_runs.balances(self.runs)
        for run in self.runs:
            balance = balances[run.id]
            serials = [serial for serial, number in self.on_paper.items() if number == run.number]
            states = Counter(by_serial[serial].state for serial in serials)
            assert balance.holds
            assert balance == Balance(
                reached_paper=len(serials),
                in_stock=states[StickerState.PRINTED],
                handed_out=states[StickerState.HANDED_OUT],
                on_stall=states[StickerState.ON_STALL],
                spoiled=states[StickerState.SPOILED],
                void=states[StickerState.VOID],
                unprinted=balance.unprinted,
            )
        for serial, state in self.ended.items():
            assert by_serial[serial].state is state
        self.ended = {
            serial: sticker.state for serial, sticker in by_serial.items() if sticker.state in ENDED
        }
        self.check_live([sticker for sticker in stickers if sticker.state not in ENDED])

    def check_live(self, live: list[Sticker]) -> None:
        """One live sticker for a merchant at a stall, and it pays the account in force."""
        places = Counter((sticker.stall_id, sticker.account_id) for sticker in live)
        assert all(number == 1 for number in places.values())
        paid = {sticker.account_id for sticker in live}
        in_force = self.session.scalars(
            select(PaymentAccount.id).where(accounts.in_force(NOW), PaymentAccount.id.in_(paid))
        )
        assert set(in_force) == paid

    def all_stickers(self) -> list[Sticker]:
        places = [ready.tenancy.stall_id for ready in self.stalls]
        query = (
            select(Sticker)
            .where(Sticker.stall_id.in_(places))
            .options(joinedload(Sticker.stall))
            .order_by(Sticker.id)
            .execution_options(populate_existing=True)
        )
        return list(self.session.scalars(query))


ACTS: tuple[Callable[[Ledger], None], ...] = (
    Ledger.make,
    Ledger.print,
    Ledger.print,
    Ledger.cancel,
    Ledger.reprint,
    Ledger.hand_out,
    Ledger.spoil,
    Ledger.void,
    Ledger.hang,
    Ledger.find_gone,
    Ledger.change_account,
    Ledger.rename,
    Ledger.leave,
    Ledger.add_stall,
)


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=st.lists(st.sampled_from(ACTS), min_size=5, max_size=20), seed=st.integers(0, 99))
def test_the_balance_of_every_run_holds_after_any_acts(
    session: Session, acts: list[Callable[[Ledger], None]], seed: int
) -> None:
    ledger = Ledger(session, make_market(), Random(seed))
    for act in (Ledger.add_stall, Ledger.add_stall, Ledger.make, Ledger.print, *acts):
        try:
            with session.begin_nested():
                act(ledger)
        except DomainError:
            ledger.session.expire_all()
        ledger.check()
