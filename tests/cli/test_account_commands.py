"""`flask accounts approve` approves for somebody who may, with the same rules as the pages."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.models.account import PaymentAccount
from market.models.audit import AuditEntry
from market.models.merchant import Merchant
from tests.factories import (
    make_account,
    make_market,
    make_merchant,
    make_stall,
    make_tenancy,
    make_user,
)

Transaction = Callable[[], AbstractContextManager[Session]]
WAITING = AccountState.AWAITING_APPROVAL


@pytest.fixture
def ids(transaction: Transaction) -> dict[str, int]:
    """What waits at Đầm Hà: a plain account, one from a number cell, one of the approver's own."""
    with transaction():
        market = make_market("QN-DAMHA")
        approver = make_user(market=market, email="duyet@example.vn")
        make_user(market=make_market("QN-KHAC"), email="khac@example.vn")

        def trader(code: str) -> Merchant:
            merchant = make_merchant(market)
            make_tenancy(make_stall(market, code), merchant)
            return merchant

        return {
            "plain": make_account(trader("A1"), state=WAITING).id,
            "cell": make_account(trader("A2"), state=WAITING, came_from_number_cell=True).id,
            "own": make_account(trader("A3"), state=WAITING, entered_by_id=approver.id).id,
        }


def approve(app: Flask, *options: str, email: str = "duyet@example.vn") -> Result:
    """Run the command on Đầm Hà."""
    arguments = ["accounts", "approve", "--market", "QN-DAMHA", "--as", email, *options]
    return app.test_cli_runner().invoke(args=arguments)


def test_json_counts_what_was_approved_and_lists_the_rest(app: Flask, ids: dict[str, int]) -> None:
    result = approve(app, "--all", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["approved"] == 1
    assert told["skipped"] == [
        {"account": ids["cell"], "stall": ["A2"], "reason": "account_from_number"}
    ]
    (refused,) = told["refused"]
    assert (refused["account"], refused["stall"]) == (ids["own"], ["A3"])
    assert "tự duyệt" in refused["reason"]


def test_without_json_it_says_the_same_in_lines(app: Flask, ids: dict[str, int]) -> None:
    lines = approve(app, "--all").stdout.splitlines()

    assert lines[0] == "approved 1"
    assert lines[1].startswith(f"skipped account {ids['cell']} (stall A2)")
    assert lines[2].startswith(f"refused account {ids['own']} (stall A3)")


def test_what_it_did_is_kept_and_written_down_as_a_commands_act(
    app: Flask, ids: dict[str, int], transaction: Transaction
) -> None:
    approve(app, "--all")

    with transaction() as session:
        account = session.get_one(PaymentAccount, ids["plain"])
        assert account.state is AccountState.APPROVED
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "approve")).one()
        assert (entry.channel, entry.actor_id) == ("cli", account.decided_by_id)


@pytest.mark.parametrize("email", ["khac@example.vn", "khong@example.vn"])
def test_a_stranger_or_nobody_is_refused_in_one_line(
    app: Flask, ids: dict[str, int], email: str, transaction: Transaction
) -> None:
    result = approve(app, "--all", email=email)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    with transaction() as session:
        assert session.get_one(PaymentAccount, ids["plain"]).state is WAITING


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_it_has_to_be_told_that_all_are_meant(
    app: Flask, ids: dict[str, int], options: list[str]
) -> None:
    assert approve(app, *options).exit_code == 2
