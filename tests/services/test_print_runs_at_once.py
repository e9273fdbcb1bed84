"""Two people at once: no stall gets two stickers, no run prints an account that was replaced."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.domain.errors import DomainError
from market.domain.stickers import RunState, StickerState
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.sticker import PrintRun, Sticker
from market.services import account_switches, print_runs, printing, sticker_moves
from market.services.reading import reading
from tests.factories import NOW, make_account, make_market
from tests.print_shop import SYSTEM, make_ready, make_run, stickers_of

Transaction = Callable[[], AbstractContextManager[Session]]
Act = Callable[[Market], object]
STALLS = 12
PATIENCE_SECONDS = 120


@dataclass
class Office:
    """An app whose market has stalls ready for stickers, and people who act at the same time."""

    app: Flask
    code: str = "QN-MAU"

    def at_once(self, *acts: Act) -> list[str]:
        """Each act in a thread and transaction of its own; gives what was refused."""
        refused: list[str] = []
        start = threading.Barrier(len(acts))

        def run(act: Act) -> None:
            with self.app.app_context():
                start.wait()
                try:
                    act(self.market())
                    db.session.commit()
                except DomainError as refusal:
                    db.session.rollback()
                    refused.append(refusal.message)

        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return refused

    def market(self) -> Market:
        return db.session.scalars(select(Market).where(Market.code == self.code)).one()


@pytest.fixture
def office(app: Flask, transaction: Transaction) -> Office:
    """The office with its market."""
    office = Office(app)
    with transaction():
        market = make_market(office.code)
        for number in range(STALLS):
            make_ready(market, f"A{number + 1}")
    return office


def test_one_of_two_who_print_the_same_stalls_gets_them(
    office: Office, transaction: Transaction
) -> None:
    refused = office.at_once(*[make_run] * 4)

    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(Sticker)) == STALLS
        assert [run.number for run in session.scalars(select(PrintRun))] == ["DT-2026-0001"]
    assert len(refused) == 3
    assert all("nằm trong đợt chưa in" in message for message in refused)


def test_runs_made_at_once_in_several_markets_have_numbers_of_their_own(
    app: Flask, office: Office, transaction: Transaction
) -> None:
    codes = ["QN-1", "QN-2", "QN-3", "QN-4"]
    with transaction():
        for code in codes:
            make_ready(make_market(code), "A1")

    def make_in(code: str) -> Act:
        return lambda _market: make_run(replace(office, code=code).market())

    assert office.at_once(*map(make_in, codes)) == []

    with transaction() as session:
        numbers = sorted(run.number for run in session.scalars(select(PrintRun)))
    assert numbers == [f"DT-2026-000{number}" for number in range(1, 5)]


def test_a_run_is_printed_once_though_two_press_the_button(
    office: Office, transaction: Transaction
) -> None:
    with transaction():
        run = make_run(office.market())
        number = run.number

    def press(market: Market) -> None:
        run = print_runs.get_run(number, market=market, actor=SYSTEM)
        printing.print_run(run, BytesIO(), market=market, actor=SYSTEM)

    refused = office.at_once(press, press, press)

    assert len(refused) == 2
    assert all("đã được in" in message for message in refused)


def test_a_sticker_is_handed_out_once_though_two_do_it(
    office: Office, transaction: Transaction
) -> None:
    with transaction():
        run = make_run(office.market())
        printing.print_run(run, BytesIO(), market=office.market(), actor=SYSTEM)
        number = run.number

    def hand_out(market: Market) -> None:
        run = print_runs.get_run(number, market=market, actor=SYSTEM, lock=True)
        sticker_moves.hand_out(stickers_of(run), market=market, actor=SYSTEM)

    assert len(office.at_once(hand_out, hand_out)) == 1


@pytest.mark.parametrize("first", ["print", "replace"])
def test_an_account_replaced_beside_a_print_is_never_left_live_on_paper(
    office: Office, transaction: Transaction, first: str
) -> None:
    """Either the run stops, or its sticker is void and a new one is queued: never in between."""
    with transaction():
        run = make_run(office.market())
        number, account_id = run.number, stickers_of(run)[3].account_id
        _enter_successor(account_id)

    def print_it(market: Market) -> None:
        run = print_runs.get_run(number, market=market, actor=SYSTEM)
        printing.print_run(run, BytesIO(), market=market, actor=SYSTEM)

    def replace_it(market: Market) -> None:
        account_switches.sweep(NOW)

    acts = (print_it, replace_it) if first == "print" else (replace_it, print_it)
    office.at_once(*acts)

    with transaction() as session:
        account_switches.sweep(NOW)
        live = session.scalars(
            select(Sticker.state).where(
                Sticker.account_id == account_id, Sticker.state != StickerState.VOID
            )
        ).all()
        assert live == []


def test_an_account_replaced_while_a_long_run_is_drawn_stops_it(
    office: Office, transaction: Transaction
) -> None:
    with transaction():
        run = make_run(office.market())
        number, replaced = run.number, stickers_of(run)[3]
        account_id, code = replaced.account_id, replaced.stall_code
        _enter_successor(account_id)
    drawing, is_replaced = threading.Event(), threading.Event()

    def wait_half_way(done: int, total: int, step: str) -> None:
        if done == STALLS // 2:
            drawing.set()
            is_replaced.wait(PATIENCE_SECONDS)

    def print_it(market: Market) -> None:
        with reading():
            run = print_runs.get_run(number, market=market, actor=SYSTEM)
            drawn = printing.draw(run, BytesIO(), on=SYSTEM.today, progress=wait_half_way)
        printing.record_print(drawn, market=office.market(), actor=SYSTEM)

    def replace_it(market: Market) -> None:
        db.session.rollback()
        drawing.wait(PATIENCE_SECONDS)
        account_switches.sweep(NOW)
        db.session.commit()
        is_replaced.set()

    (message,) = office.at_once(print_it, replace_it)

    assert code in message
    with transaction() as session:
        assert session.scalars(select(PrintRun.state)).all() == [RunState.MADE]
        assert StickerState.PRINTED not in session.scalars(select(Sticker.state)).all()


def test_a_run_made_beside_a_change_of_account_holds_the_new_one_or_none(
    office: Office, transaction: Transaction
) -> None:
    with transaction() as session:
        account_id = session.scalars(select(PaymentAccount.id).order_by(PaymentAccount.id)).first()
        assert account_id is not None
        _enter_successor(account_id)

    office.at_once(make_run, lambda _market: account_switches.sweep(NOW))

    with transaction() as session:
        live = session.scalars(select(Sticker).where(Sticker.account_id == account_id)).all()
        assert [sticker for sticker in live if sticker.state is not StickerState.VOID] == []


def _enter_successor(account_id: int) -> None:
    """An approved account of the same merchant whose time has come."""
    account = db.session.get_one(PaymentAccount, account_id)
    db.session.refresh(account, ["merchant"])
    make_account(account.merchant, is_preferred=False, in_force_from=NOW)
