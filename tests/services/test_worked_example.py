"""The example by which docs/chi-so.md explains the figures comes out as it is printed there."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from market.domain.calendar import parse_day
from market.domain.coverage import Denominator, Unit
from market.domain.levels import LADDER, Level
from market.domain.shares import (
    SCREEN_PLACES,
    Share,
    format_percent_vi,
    mean_of_markets,
    pooled,
    weekly_pace,
)
from market.domain.stalls import Placement, StallState
from market.models.market import Market
from market.models.merchant import Merchant
from market.services import coverage
from tests.factories import make_market, make_stall
from tests.ladders import make_at
from tests.sources import ROOT

DAY = date(2026, 9, 30)
STATES = {
    "đang kinh doanh": (StallState.TRADING, Placement.FIXED),
    "tạm nghỉ": (StallState.RESTING, Placement.FIXED),
    "trống": (StallState.VACANT, Placement.FIXED),
    "không cố định": (StallState.TRADING, Placement.MOBILE),
}
UNITS = {"theo hộ": Unit.MERCHANTS, "theo điểm": Unit.STALLS}
NOBODY = "–"


def table(heading: str) -> Iterator[list[str]]:
    """The rows under a heading row of the document."""
    lines = (ROOT / "docs" / "chi-so.md").read_text(encoding="utf-8").splitlines()
    start = lines.index(heading) + 2
    for line in lines[start:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.fixture
def example(session: Session) -> Market:
    """Chợ Ví Dụ as the document's table says."""
    market = make_market(name="Chợ Ví Dụ")
    households: dict[str, Merchant] = {}
    for code, state, name, rank, since in table("| Điểm | Tình trạng | Hộ | Bậc | Từ ngày |"):
        what, placement = STATES[state]
        if name == NOBODY:
            make_stall(market, code, state=what)
            continue
        tenancy = make_at(
            market,
            LADDER[int(rank)],
            since=parse_day(since),
            code=code,
            state=what,
            placement=placement,
            merchant=households.get(name),
        )
        households[name] = session.get_one(Merchant, tenancy.merchant_id)
    coverage.recompute_market(market.id)
    return market


def share_of(
    market: Market,
    on: date = DAY,
    denominator: Denominator = Denominator.A,
    unit: Unit = Unit.MERCHANTS,
) -> Share:
    """The share as the pages count it."""
    counts = coverage.counts_of_market(market.id, on)
    assert counts is not None
    return counts.of(denominator).ladder(unit).share()


def printed(share: Share) -> list[str]:
    return [f"{share.numerator}/{share.denominator}", format_percent_vi(share.percent())]


def test_every_share_of_the_example_is_as_printed(example: Market) -> None:
    asked = list(table("| Hỏi | Đếm | Tỷ lệ |"))

    assert len(asked) == 7
    for question, counts, percent in asked:
        words, _, day = question.partition(", ngày ")
        letter, unit = words.split(" ", 1)
        on = parse_day(day) if day else DAY
        found = share_of(example, on, Denominator(letter), UNITS[unit])
        assert printed(found) == [counts, percent], question


def test_the_funnel_of_the_example_is_as_printed(example: Market) -> None:
    counts = coverage.counts_of_market(example.id, DAY)
    assert counts is not None
    ladder = counts.of(Denominator.A).merchants

    told = (
        f"có tài khoản {ladder.account}, có mã QR {ladder.equipped}, đã treo {ladder.displayed}, "
        f"chấp nhận {ladder.accepting}, có sử dụng {ladder.in_use}."
    )
    assert told in (ROOT / "docs" / "chi-so.md").read_text(encoding="utf-8")


def test_two_markets_are_pooled_and_averaged_as_printed(example: Market) -> None:
    small = make_market(name="Chợ Nhỏ")
    make_at(small, Level.ACCEPTS, since=DAY, code="B1")
    coverage.recompute_market(small.id)
    shares = [share_of(example), share_of(small)]

    rows = {name: cells for name, *cells in table("| Cách gộp hai chợ | Đếm | Tỷ lệ |")}

    assert rows["Tỷ lệ gộp"] == printed(pooled(shares))
    mean = mean_of_markets(shares, SCREEN_PLACES).percent
    assert rows["Bình quân các chợ"] == [NOBODY, format_percent_vi(mean)]


def test_what_is_missing_to_the_target_is_as_printed(example: Market) -> None:
    missing = share_of(example).missing_to(Decimal(90))
    assert missing is not None
    pace = weekly_pace(missing, day=DAY, by=date(2026, 12, 31))

    text = " ".join((ROOT / "docs" / "chi-so.md").read_text(encoding="utf-8").split())
    assert f"còn thiếu {missing} hộ, mỗi tuần {pace} hộ" in text
