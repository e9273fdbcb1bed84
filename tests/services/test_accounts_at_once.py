"""People who decide on the same thing at the same moment: one does, the others are told."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from market.domain.account_changes import ChangeConfirmation
from market.domain.accounts import AccountState
from market.domain.errors import Conflict, DomainError, Invalid
from market.extensions import db, reads_only
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant
from market.models.user import User
from market.services import account_decisions, account_entries, account_switches, merchants, users
from market.services.access import Actor
from market.services.account_entries import AccountValues
from market.services.account_evidence import Evidence
from market.services.merchants import MerchantValues
from tests.factories import (
    VIETCOMBANK,
    make_account,
    make_bank,
    make_market,
    make_merchant,
    make_stall,
    make_tenancy,
    make_user,
)

Transaction = Callable[[], AbstractContextManager[Session]]
CODE = "QN-DAMHA"
VALUES = AccountValues(VIETCOMBANK, "8800112345", "NGUYEN THI MAU")
PEOPLE = 4


def prepare(transaction: Transaction, states: list[AccountState]) -> list[int]:
    """A merchant with an account in each state, and four people who may approve."""
    with transaction():
        make_bank()
        market = make_market(CODE)
        merchant = make_merchant(market)
        make_tenancy(make_stall(market), merchant)
        for number in range(PEOPLE):
            make_user(market=market, email=f"duyet{number}@example.vn")
        return [make_account(merchant, state=state).id for state in states]


def all_at_once(app: Flask, act: Callable[[Market, Actor, int], object]) -> list[str]:
    """Let everybody act at the same moment; what became of each."""
    together = threading.Barrier(PEOPLE)
    results: list[str] = []
    lock = threading.Lock()

    def run(number: int) -> None:
        reads_only.set(False)
        with app.app_context():
            user = users.find_by_email(f"duyet{number}@example.vn")
            market = db.session.scalar(select(Market).where(Market.code == CODE))
            assert user is not None
            assert market is not None
            now = datetime.now(UTC)
            actor = Actor.of_user(user, now, "web", fresh_at=now)
            db.session.rollback()
            together.wait()
            try:
                act(db.session.merge(market), actor, number)
                db.session.commit()
                result = "done"
            except (DomainError, StaleDataError) as refusal:
                db.session.rollback()
                result = type(refusal).__name__
        with lock:
            results.append(result)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def test_of_several_approvers_one_approves(app: Flask, transaction: Transaction) -> None:
    (account_id,) = prepare(transaction, [AccountState.AWAITING_APPROVAL])

    results = all_at_once(
        app,
        lambda market, actor, _: account_decisions.approve(account_id, market=market, actor=actor),
    )

    assert results == [Conflict.__name__] * (PEOPLE - 1) + ["done"]
    with transaction() as session:
        account = session.get_one(PaymentAccount, account_id)
        assert (account.state, account.version) == (AccountState.APPROVED, 3)


def test_approving_and_rejecting_at_once_ends_in_one_of_them(
    app: Flask, transaction: Transaction
) -> None:
    (account_id,) = prepare(transaction, [AccountState.AWAITING_APPROVAL])

    def decide(market: Market, actor: Actor, number: int) -> None:
        if number % 2:
            account_decisions.approve(account_id, market=market, actor=actor)
        else:
            account_decisions.reject(account_id, "sai tên", market=market, actor=actor)

    assert all_at_once(app, decide).count("done") == 1


def test_of_two_first_accounts_approved_at_once_one_is_a_change(
    app: Flask, transaction: Transaction
) -> None:
    ids = prepare(transaction, [AccountState.AWAITING_APPROVAL] * PEOPLE)

    results = all_at_once(
        app,
        lambda market, actor, number: account_decisions.approve(
            ids[number], market=market, actor=actor
        ),
    )

    assert results == [Invalid.__name__] * (PEOPLE - 1) + ["done"]


def test_approving_in_bulk_at_once_approves_each_once(app: Flask, transaction: Transaction) -> None:
    prepare(transaction, [AccountState.AWAITING_APPROVAL])
    with transaction() as session:
        market = session.scalars(select(Market)).one()
        for _ in range(10):
            merchant = make_merchant(market)
            make_tenancy(make_stall(market), merchant)
            make_account(merchant, state=AccountState.AWAITING_APPROVAL)
    approved: list[int] = []

    def approve_all(market: Market, actor: Actor, _: int) -> None:
        result = account_decisions.approve_many(market=market, actor=actor)
        approved.extend(account.id for account in result.approved)

    assert all_at_once(app, approve_all) == ["done"] * PEOPLE
    assert len(approved) == len(set(approved)) == 11


def test_the_same_account_entered_at_once_waits_once(app: Flask, transaction: Transaction) -> None:
    prepare(transaction, [])

    def enter(market: Market, actor: Actor, _: int) -> None:
        merchant = db.session.scalars(select(Merchant)).one()
        account_entries.enter_account(merchant, values=VALUES, actor=actor)

    assert all_at_once(app, enter) == [Conflict.__name__] * (PEOPLE - 1) + ["done"]


def test_changes_that_end_their_cool_off_at_once_leave_one_on_the_stickers(
    app: Flask, transaction: Transaction
) -> None:
    _used, *waiting = prepare(
        transaction, [AccountState.APPROVED, *[AccountState.AWAITING_APPROVAL] * 2]
    )
    with transaction() as session:
        market = session.scalars(select(Market)).one()
        user = session.scalars(select(User)).first()
        assert user is not None
        for account_id in waiting:
            now = datetime(2026, 9, 1, tzinfo=UTC)
            loaded = users.find_by_email(user.email)
            assert loaded is not None
            account_decisions.approve(
                account_id,
                market=market,
                actor=Actor.of_user(loaded, now, "web", fresh_at=now),
                evidence=Evidence(confirmation=ChangeConfirmation.IN_PERSON),
            )

    all_at_once(app, lambda market, actor, _: account_switches.sweep(actor.at))

    with transaction() as session:
        rows = session.scalars(select(PaymentAccount).order_by(PaymentAccount.id)).all()
        assert [row.is_preferred for row in rows] == [False, False, True]
        assert [row.state for row in rows[:2]] == [AccountState.RETIRED] * 2


def test_of_several_who_change_a_merchant_one_does(app: Flask, transaction: Transaction) -> None:
    prepare(transaction, [])

    def change(market: Market, actor: Actor, number: int) -> None:
        merchant = db.session.scalars(select(Merchant)).one()
        merchants.change_merchant(
            merchant, values=MerchantValues(f"Tên {number}"), version=1, actor=actor
        )

    results = all_at_once(app, change)

    assert results.count("done") == 1
