"""Days on which markets stood closed: dated, refused where they cannot be, put right."""

import json
from collections.abc import Callable
from datetime import date, timedelta

import flask_migrate
import pytest
from sqlalchemy import select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.domain.coverage import Denominator, Unit
from market.domain.errors import Conflict, Invalid
from market.domain.markets import MarketState
from market.models.audit import AuditEntry
from market.models.market import Market, MarketClosure
from market.services import audit, coverage, market_closures, market_lines, posters, today
from market.services.access import Actor
from market.services.market_lines import MarketChoice
from tests.audit_log import list_entries
from tests.closing import close_between, close_since
from tests.factories import (
    LONG_AGO,
    NOW,
    TODAY,
    make_market,
    make_merchant,
    make_stall,
    make_tenancy,
)

SYSTEM = Actor.system(NOW)
FIRST = date(2026, 3, 2)
SPRING, SUMMER = date(2026, 4, 10), date(2026, 7, 20)
ENDS = [date(2026, month, day) for month, day in ((3, 31), (4, 30), (6, 30), (7, 31), (8, 31))]


def filled() -> Market:
    """A market with one trader, on record since the first day."""
    market = make_market()
    make_tenancy(make_stall(market, since=FIRST), make_merchant(market), since=FIRST)
    coverage.recompute_market(market.id)
    return market


def close(market: Market, on: date) -> None:
    market_closures.close_market(market, on=on, version=market.version, actor=SYSTEM)


def reopen(market: Market, on: date) -> None:
    market_closures.reopen_market(market, on=on, version=market.version, actor=SYSTEM)


def spans(market: Market) -> list[tuple[date, date | None]]:
    """The closures, in order."""
    return [(row.from_day, row.to_day) for row in reversed(market_closures.list_closures(market))]


def counted(days: list[date]) -> list[int]:
    """How many merchants a trend counts on each of the days."""
    ladders = coverage.ladders_of_days(days, Denominator.A, Unit.MERCHANTS, markets=true())
    return [ladders[day].counted for day in days]


def refused(act: pytest.ExceptionInfo[Invalid]) -> tuple[str | None, str]:
    """The field at fault and what is said of it."""
    (problem,) = act.value.problems
    return problem.field, problem.message


def test_a_market_closes_on_a_day_and_opens_on_another(session: Session) -> None:
    market = make_market()

    close(market, LONG_AGO)
    closed = (market.state, market.closed_on)
    reopen(market, TODAY)

    assert closed == (MarketState.CLOSED, LONG_AGO)
    assert (market.state, market.closed_on) == (MarketState.OPEN, None)
    assert spans(market) == [(LONG_AGO, TODAY)]


def test_a_market_that_reopened_still_counts_nobody_on_the_days_it_was_closed(
    session: Session,
) -> None:
    market = filled()
    close(market, SPRING)

    reopen(market, SUMMER)

    assert counted(ENDS) == [1, 0, 0, 1, 1]
    edges = [SPRING, SUMMER]
    assert counted([edge - timedelta(days=1) for edge in edges]) == [1, 0]
    assert counted(edges) == [0, 1]


def test_lists_of_a_day_leave_out_a_market_that_was_closed_then(session: Session) -> None:
    close_between(filled(), SPRING, SUMMER)

    def found(on: date) -> int:
        return len(market_lines.list_lines(SYSTEM, on, choice=MarketChoice()))

    assert [found(day) for day in (ENDS[0], SPRING, SUMMER)] == [1, 0, 1]


def test_the_page_of_the_day_and_the_poster_count_nobody_while_closed(session: Session) -> None:
    market = filled()
    close_since(market, TODAY)

    share = today.gather(market, actor=SYSTEM).share

    assert share is not None
    assert (share.share.denominator, share.change) == (0, None)
    assert posters.poster_of(market, on=TODAY, actor=SYSTEM).share.denominator == 0
    assert posters.poster_of(market, on=ENDS[0], actor=SYSTEM).share.denominator == 1


def test_a_closing_by_mistake_is_taken_back_on_its_own_day(session: Session) -> None:
    market = filled()
    close(market, SPRING)

    reopen(market, SPRING)

    assert counted(ENDS) == [1, 1, 1, 1, 1]
    assert spans(market) == [(SPRING, SPRING)]


def test_after_a_mistake_the_right_day_may_lie_before_it(session: Session) -> None:
    market = filled()
    close(market, SUMMER)
    reopen(market, SUMMER)

    close(market, SPRING)

    assert spans(market) == [(SPRING, None), (SUMMER, SUMMER)]


def test_a_reopening_by_mistake_is_taken_back_on_its_own_day(session: Session) -> None:
    market = filled()
    close(market, SPRING)
    reopen(market, ENDS[2])

    close(market, ENDS[2])

    assert market.closed_on == SPRING
    assert spans(market) == [(SPRING, None)]
    assert counted(ENDS) == [1, 0, 0, 0, 0]


def test_a_market_closes_again_and_again(session: Session) -> None:
    market = filled()
    close(market, SPRING)
    reopen(market, ENDS[1])

    close(market, SUMMER)

    assert spans(market) == [(SPRING, ENDS[1]), (SUMMER, None)]
    assert counted(ENDS) == [1, 1, 1, 0, 0]


def test_a_market_closes_once(session: Session) -> None:
    market = make_market()
    close(market, TODAY)

    with pytest.raises(Conflict):
        close(market, TODAY)


def test_an_open_market_is_not_opened_again(session: Session) -> None:
    with pytest.raises(Conflict):
        reopen(make_market(), TODAY)


def test_a_closing_over_somebody_elses_change_is_a_conflict(session: Session) -> None:
    market = make_market()

    with pytest.raises(Conflict):
        market_closures.close_market(market, on=TODAY, version=market.version + 1, actor=SYSTEM)


@pytest.mark.parametrize("act", [close, reopen])
def test_a_day_that_has_not_come_is_refused(
    session: Session, act: Callable[[Market, date], None]
) -> None:
    market = make_market()
    if act is reopen:
        close(market, LONG_AGO)

    with pytest.raises(Invalid, match="chưa tới"):
        act(market, TODAY + timedelta(days=1))


def test_a_market_does_not_close_before_its_first_record(session: Session) -> None:
    market = filled()

    with pytest.raises(Invalid) as act:
        close(market, date(1999, 1, 1))

    assert refused(act) == (
        "closed_on",
        "Chợ có số liệu từ ngày 02/03/2026; đóng trước ngày đó là nhầm. "
        "Hãy chọn ngày 02/03/2026 hoặc một ngày sau đó.",
    )
    assert market.state is MarketState.OPEN


def test_a_market_may_close_on_the_day_of_its_first_record(session: Session) -> None:
    market = filled()

    close(market, FIRST)

    assert spans(market) == [(FIRST, None)]


def test_a_market_does_not_close_before_it_opened(session: Session) -> None:
    market = make_market(opened_on=SPRING)

    with pytest.raises(Invalid, match="Chợ mở cửa từ ngày 10/04/2026"):
        close(market, SPRING - timedelta(days=1))


def test_a_market_does_not_close_before_it_last_reopened(session: Session) -> None:
    market = filled()
    close_between(market, SPRING, SUMMER)

    with pytest.raises(Invalid, match="đóng từ ngày 10/04/2026, mở lại ngày 20/07/2026"):
        close(market, SUMMER - timedelta(days=1))


def test_the_limit_named_is_the_one_that_allows_the_day_it_names(session: Session) -> None:
    market = filled()
    close_between(market, SPRING, SUMMER)

    with pytest.raises(Invalid) as act:
        close(market, date(1999, 1, 1))

    assert "Hãy chọn ngày 20/07/2026" in refused(act)[1]


def test_a_market_does_not_reopen_before_it_closed(session: Session) -> None:
    market = filled()
    close(market, SUMMER)

    with pytest.raises(Invalid) as act:
        reopen(market, SPRING)

    field, message = refused(act)
    assert field == "reopened_on"
    assert "đóng từ ngày 20/07/2026" in message
    assert spans(market) == [(SUMMER, None)]


def test_the_closure_of_a_day_is_found(session: Session) -> None:
    market = filled()
    close_between(market, SPRING, SUMMER)

    found = market_closures.find_closure(market, SUMMER - timedelta(days=1))

    assert found is not None
    assert (found.from_day, found.to_day) == (SPRING, SUMMER)
    assert market_closures.find_closure(market, SUMMER) is None


def test_a_market_stands_closed_once_at_a_time(session: Session) -> None:
    market = make_market()
    close_since(market, SPRING)

    with pytest.raises(IntegrityError):
        close_since(market, SUMMER)


def test_the_log_names_the_days(session: Session) -> None:
    market = make_market()
    close(market, SPRING)
    reopen(market, SUMMER)
    close(market, SUMMER)
    audit.chain_pending(session)

    told = [
        (entry.action, json.loads(entry.content))
        for entry in reversed(list_entries(AuditEntry.entity == "markets"))
    ]

    assert told == [
        ("close", {"old": {}, "new": {"closed_on": "2026-04-10"}}),
        ("reopen", {"old": {"closed_on": "2026-04-10"}, "new": {"reopened_on": "2026-07-20"}}),
        ("close", {"old": {"reopened_on": "2026-07-20"}, "new": {"closed_on": "2026-04-10"}}),
    ]


def test_a_register_from_before_keeps_what_is_closed_now(session: Session) -> None:
    closed, reopened = make_market(), make_market()
    close_since(closed, SPRING)
    close_between(reopened, SPRING, SUMMER)
    session.commit()
    of_closed = (closed.id, SPRING, None)
    session.rollback()

    flask_migrate.downgrade(revision="0008")
    flask_migrate.upgrade()

    table = MarketClosure.__table__.c
    columns = (table.market_id, table.from_day, table.to_day)
    assert [tuple(row) for row in session.execute(select(*columns))] == [of_closed]
