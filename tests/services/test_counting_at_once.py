"""Facts of one merchant that change at the same moment are all in the counts afterwards."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from flask import Flask
from sqlalchemy.orm import Session

from market.extensions import db
from market.models.market import Market
from market.models.merchant import Merchant
from market.models.stall import Stall
from market.services import account_decisions, coverage, coverage_checks, tenancies
from market.services.access import Actor
from tests.factories import (
    LONG_AGO,
    NOW,
    TODAY,
    make_account,
    make_actor,
    make_market,
    make_merchant,
    make_stall,
    make_tenancy,
)

Transaction = Callable[[], AbstractContextManager[Session]]


def test_a_stall_taken_while_the_account_is_retired_is_counted_without_it(
    app: Flask, transaction: Transaction
) -> None:
    with transaction():
        market, there = make_market("QN-DAMHA"), make_market("QN-QUANGHA")
        merchant, stall = make_merchant(market), make_stall(there)
        make_tenancy(make_stall(market), merchant, since=LONG_AGO)
        account, approver = make_account(merchant), make_actor(at=NOW)
        for each in (market, there):
            coverage.recompute_market(each.id)
        account_id, merchant_id, stall_id = account.id, merchant.id, stall.id

    def begin_at_the_other_stall() -> None:
        with app.app_context():
            tenancies.start_tenancy(
                db.session.get_one(Stall, stall_id),
                db.session.get_one(Merchant, merchant_id),
                on=TODAY,
                actor=Actor.system(NOW),
            )
            db.session.commit()

    newcomer = threading.Thread(target=begin_at_the_other_stall)
    with transaction() as session:
        home = session.get_one(Market, market.id)
        account_decisions.retire(account_id, "Hộ đóng tài khoản", market=home, actor=approver)
        session.flush()
        newcomer.start()
        # Who does not wait for this transaction has long gone past it by then.
        newcomer.join(timeout=0.5)
    newcomer.join()

    with transaction():
        assert list(coverage_checks.deviations()) == []
