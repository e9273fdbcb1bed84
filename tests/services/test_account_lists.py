"""What an approver is shown: what waits, what is shared, what looks wrong; never a stranger's."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from market.domain.accounts import AccountKind, AccountState, HolderRelation
from market.domain.roles import Role
from market.domain.visits import VisitResult
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.visit import Visit
from market.services import account_alerts, account_lists
from market.services.access import Actor
from market.services.account_alerts import BURST
from market.services.account_lists import AccountDetail, AccountFilter
from tests.factories import (
    NOW,
    TODAY,
    make_account,
    make_actor,
    make_market,
    make_province,
    make_trader,
    make_user,
)
from tests.trading import make_trading

SYSTEM = Actor.system(NOW)
WAITING = AccountState.AWAITING_APPROVAL


def shown(market: Market, chosen: AccountFilter, search: str = "") -> list[int]:
    """The ids that a filter lists."""
    page = account_lists.page_of(market, chosen, 1, actor=SYSTEM, search=search)
    return [account.id for account in page.items]


def detail(account: PaymentAccount, market: Market, actor: Actor = SYSTEM) -> AccountDetail:
    """What is told beside one account."""
    db.session.flush()
    db.session.refresh(account, ["merchant", "bank"])
    return account_lists.details_of([account], market=market, actor=actor)[account.id]


def sharing(first: Market, second: Market) -> tuple[PaymentAccount, PaymentAccount]:
    """The same account at a merchant of each market."""
    return (
        make_account(make_trading(first, "Chị Một").merchant, "8800112345", state=WAITING),
        make_account(make_trading(second, "Chị Hai").merchant, "8800112345"),
    )


def test_each_filter_lists_and_counts_its_own(session: Session) -> None:
    market = make_market()
    made = {
        AccountFilter.WAITING: make_account(make_trading(market).merchant, state=WAITING),
        AccountFilter.APPROVED: make_account(make_trading(market).merchant),
        AccountFilter.REJECTED: make_account(
            make_trading(market).merchant, state=AccountState.REJECTED
        ),
        AccountFilter.RETIRED: make_account(
            make_trading(market).merchant, state=AccountState.RETIRED, retired_at=NOW
        ),
    }
    make_account(make_trading(make_market()).merchant, state=WAITING)

    counts = account_lists.counts(market, actor=SYSTEM)

    for chosen, account in made.items():
        assert shown(market, chosen) == [account.id]
        assert counts[chosen] == 1


@pytest.mark.parametrize(
    ("number", "kind", "expected"),
    [
        ("SAPRAUMAU", AccountKind.BANK, True),
        ("8800SAPRAU", AccountKind.BANK, False),
        ("8800112345", AccountKind.BANK, False),
        ("SAPRAUMAU", AccountKind.WALLET, False),
    ],
)
def test_a_bank_account_of_letters_alone_is_a_nickname(
    session: Session, number: str, kind: AccountKind, expected: bool
) -> None:
    market = make_market()
    account = make_account(make_trading(market).merchant, number, state=WAITING)
    account.kind = kind

    assert detail(account, market).is_nickname is expected


def test_numbers_from_number_cells_are_listed_while_they_wait(session: Session) -> None:
    market = make_market()
    waiting = make_account(make_trading(market).merchant, state=WAITING, came_from_number_cell=True)
    make_account(make_trading(market).merchant, came_from_number_cell=True)

    assert shown(market, AccountFilter.NUMBER_CELL) == [waiting.id]


@pytest.mark.parametrize("search", ["dang thi ha", "a12", "2345"])
def test_an_account_is_found_by_name_stall_or_last_digits(search: str, session: Session) -> None:
    market = make_market()
    tenancy = make_trader(market, "A12", "Đặng Thị Hà")
    session.refresh(tenancy, ["merchant"])
    found = make_account(tenancy.merchant, "8800112345", state=WAITING)
    make_account(make_trading(market, "Trần Khác").merchant, "8800154321", state=WAITING)

    assert shown(market, AccountFilter.WAITING, search) == [found.id]


def test_the_same_account_at_two_merchants_is_told_at_both(session: Session) -> None:
    market = make_market()
    first, second = sharing(market, market)

    assert set(shown(market, AccountFilter.SHARED)) == {first.id, second.id}
    assert detail(first, market).shared_with == ("Chị Hai",)
    assert detail(second, market).shared_with == ("Chị Một",)


def test_an_account_declared_a_relatives_is_no_alert(session: Session) -> None:
    market = make_market()
    first, second = sharing(market, market)
    second.relation = HolderRelation.RELATIVE

    assert shown(market, AccountFilter.SHARED) == []
    assert detail(first, market).shared_with == ()


def test_a_rejected_account_is_shared_with_nobody(session: Session) -> None:
    market = make_market()
    _, second = sharing(market, market)
    second.state, second.is_preferred = AccountState.REJECTED, False

    assert shown(market, AccountFilter.SHARED) == []


def test_an_alert_names_nobody_outside_the_readers_sight(session: Session) -> None:
    market, elsewhere = make_market(), make_market()
    first, _ = sharing(market, elsewhere)
    board = make_actor(market=market)
    officer = make_actor(Role.PROVINCE_OFFICER, province=make_province())

    assert detail(first, market, board).shared_with == ()
    assert account_lists.counts(market, actor=board)[AccountFilter.SHARED] == 0
    assert detail(first, market, officer).shared_with == ("Chị Hai",)


def test_a_change_names_the_account_it_replaces(session: Session) -> None:
    market = make_market()
    merchant = make_trading(market).merchant
    used = make_account(merchant)
    waiting = make_account(merchant, state=WAITING)

    told = detail(waiting, market)

    assert told.replaces is used
    assert told.needs_confirmation


def test_an_additional_account_replaces_nothing(session: Session) -> None:
    market = make_market()
    merchant = make_trading(market).merchant
    make_account(merchant)
    waiting = make_account(merchant, state=WAITING, becomes_preferred=False)

    assert detail(waiting, market).replaces is None


def visit(tenancy_id: int, stall_id: int, result: VisitResult, at_hours: float) -> None:
    """A visit some hours from NOW."""
    at = NOW + timedelta(hours=at_hours)
    db.session.add(
        Visit(
            uuid=str(uuid4()),
            stall_id=stall_id,
            tenancy_id=tenancy_id,
            phone_at=at,
            received_at=at,
            day=TODAY,
            result=result,
        )
    )
    db.session.flush()


@pytest.mark.parametrize(
    ("result", "hours", "is_alert"),
    [
        (VisitResult.OTHER_ACCOUNT, -1, True),
        (VisitResult.UNKNOWN_CODE, -24, True),
        (VisitResult.OTHER_ACCOUNT, -25, False),
        (VisitResult.OTHER_ACCOUNT, 1, False),
        (VisitResult.MATCH, -1, False),
        (VisitResult.MISSING, -1, False),
    ],
)
def test_an_account_entered_within_a_day_of_a_strange_code_is_an_alert(
    result: VisitResult, hours: float, is_alert: bool, session: Session
) -> None:
    market = make_market()
    tenancy = make_trading(market)
    account = make_account(tenancy.merchant, state=WAITING, since=NOW)
    visit(tenancy.id, tenancy.stall_id, result, hours)

    assert detail(account, market).after_mismatch is is_alert


def changes(market: Market, number: int, *, user_id: int | None) -> PaymentAccount:
    """So many waiting changes by that user; the last one."""
    for _ in range(number):
        merchant = make_trading(market).merchant
        make_account(merchant)
        last = make_account(merchant, state=WAITING, since=NOW, entered_by_id=user_id)
    return last


def test_a_burst_of_changes_by_one_user_is_an_alert(session: Session) -> None:
    market = make_market()
    user = make_user(market=market)

    assert not detail(changes(market, BURST - 1, user_id=user.id), market).in_burst
    assert detail(changes(market, 1, user_id=user.id), market).in_burst


def test_many_first_accounts_are_no_burst(session: Session) -> None:
    market = make_market()
    user = make_user(market=market)
    for _ in range(BURST):
        last = make_account(
            make_trading(market).merchant, state=WAITING, since=NOW, entered_by_id=user.id
        )

    assert not detail(last, market).in_burst


def test_who_entered_and_who_decided_come_with_the_list(session: Session) -> None:
    market = make_market()
    maker, approver = make_user(market=market), make_user(market=market)
    account = make_account(
        make_trading(market).merchant, entered_by_id=maker.id, decided_by_id=approver.id
    )

    page = account_lists.page_of(market, AccountFilter.APPROVED, 1, actor=SYSTEM)

    assert page.items == [account]
    assert (account.entered_by, account.decided_by) == (maker, approver)


def test_the_number_of_queries_does_not_grow_with_the_list(session: Session) -> None:
    market = make_market()
    changes(market, 1, user_id=make_user(market=market).id)
    few = count_queries(market)
    changes(market, 15, user_id=make_user(market=market).id)

    assert count_queries(market) == few


def count_queries(market: Market) -> int:
    """How many statements a page of the list takes."""
    db.session.flush()
    seen: list[object] = []

    def note(*args: object) -> None:
        seen.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    page = account_lists.page_of(market, AccountFilter.WAITING, 1, actor=SYSTEM)
    account_lists.details_of(page.items, market=market, actor=SYSTEM)
    event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)


def test_nothing_to_show_asks_nothing_of_the_alerts(session: Session) -> None:
    assert account_alerts.after_mismatch([]) == set()
    assert account_alerts.in_bursts([]) == set()
    assert account_lists.details_of([], market=make_market(), actor=SYSTEM) == {}
