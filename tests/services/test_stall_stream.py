"""The list of stalls as it is streamed: a few markets at a time, each whole and in order."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from market.domain.levels import Level
from market.services import coverage, stall_reports
from market.services.access import Actor
from market.services.market_lines import MarketChoice
from market.services.stall_reports import StallChoice
from tests.factories import NOW, TODAY, make_market
from tests.ladders import make_at

SYSTEM = Actor.system(NOW)
EVERYWHERE = StallChoice(MarketChoice())
MARKETS = 7


@pytest.fixture
def markets(session: Session, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Codes of markets in the order of their names; two of them are read at a time."""
    monkeypatch.setattr(stall_reports, "MARKETS_AT_ONCE", 2)
    codes = []
    for number in range(MARKETS):
        market = make_market(f"QN-{MARKETS - number}", f"Chợ Mẫu {number}")
        for stall in ("A2", "A1", "A10"):
            make_at(market, Level.ACCEPTS, since=date(2026, 8, 10), code=stall)
        coverage.recompute_market(market.id)
        codes.append(market.code)
    return codes


@contextmanager
def statements_about_stalls(session: Session) -> Iterator[list[str]]:
    """What is asked of the database about stalls meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM stalls" in statement:
            asked.append(statement)

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(bind, "before_cursor_execute", note)


def test_markets_follow_each_other_each_as_one_walks(session: Session, markets: list[str]) -> None:
    rows = list(stall_reports.stall_rows(SYSTEM, TODAY, choice=EVERYWHERE))

    assert [(row[0], row[3]) for row in rows] == [
        (code, stall) for code in markets for stall in ("A1", "A2", "A10")
    ]


def test_only_a_few_markets_are_held_while_the_first_is_written(
    session: Session, markets: list[str]
) -> None:
    with statements_about_stalls(session) as asked:
        rows = stall_reports.stall_rows(SYSTEM, TODAY, choice=EVERYWHERE)
        next(iter(rows))
        begun = len(asked)
        rest = sum(1 for _row in rows)

    # Those being written and at most those read meanwhile, of four times two markets.
    assert begun <= 2
    assert len(asked) == 4
    assert rest == MARKETS * 3 - 1


def test_who_stops_half_way_leaves_a_session_that_works(
    session: Session, markets: list[str]
) -> None:
    rows = stall_reports.stall_rows(SYSTEM, TODAY, choice=EVERYWHERE)
    next(rows)
    rows.close()  # type: ignore[attr-defined]

    assert len(list(stall_reports.stall_rows(SYSTEM, TODAY, choice=EVERYWHERE))) == MARKETS * 3
