"""Counting only the stalls that changed gives what counting the whole market gives."""

import random
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.counts import DayCounts
from market.domain.coverage import FIGURE_NAMES, Counts, Denominator
from market.domain.stalls import Placement, StallState
from market.domain.stickers import StickerState, VoidReason
from market.domain.visits import VisitResult
from market.models.coverage import CoverageDay
from market.models.merchant import Merchant, Tenancy
from market.models.stall import StallStateSpan
from market.models.sticker import Sticker
from market.models.visit import Visit
from market.services import coverage, coverage_checks, coverage_rows
from tests.factories import (
    TODAY,
    make_account,
    make_market,
    make_merchant,
    make_stall,
    make_tenancy,
    make_trader,
)

START = date(2025, 6, 1)
DAYS = 400


def at(day: date, hour: int = 3) -> datetime:
    """A moment of that day in Việt Nam."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def counts(**figures: int) -> Counts:
    """These figures, and nothing of any other."""
    return Counts(tuple(figures.get(name, 0) for name in FIGURE_NAMES))


class Play:
    """A small market in which anything happens: shared stalls, several stalls, late facts."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session = session
        self.dice = random.Random(seed)
        self.market = make_market()
        self.stickers: list[Sticker] = []
        stalls = [
            make_stall(
                self.market,
                since=START,
                placement=Placement.MOBILE if number == 5 else Placement.FIXED,
            )
            for number in range(6)
        ]
        rests_from = self.day()
        span = session.scalars(
            select(StallStateSpan).where(StallStateSpan.stall_id == stalls[0].id)
        ).one()
        span.to_day = rests_from
        session.flush()
        session.add(
            StallStateSpan(stall_id=stalls[0].id, state=StallState.RESTING, from_day=rests_from)
        )
        merchants = [make_merchant(self.market) for _ in range(4)]
        self.accounts = {
            merchant.id: make_account(merchant, since=at(self.day())) for merchant in merchants
        }
        self.tenancies = [
            make_tenancy(stall, merchant, since=START + timedelta(days=self.dice.randrange(90)))
            for stall in stalls
            for merchant in self.dice.sample(merchants, self.dice.choice([1, 1, 2]))
        ]
        coverage.recompute_market(self.market.id)

    def day(self) -> date:
        return START + timedelta(days=self.dice.randrange(DAYS))

    def step(self) -> None:
        """One more fact, often about the past; then only its stall is counted again."""
        tenancy = self.dice.choice(self.tenancies)
        self.dice.choice([self.hand_out, self.visit, self.visit, self.void, self.retire])(tenancy)
        self.session.flush()
        coverage.recompute_stalls(self.market.id, {tenancy.stall_id})

    def hand_out(self, tenancy: Tenancy) -> None:
        moment = at(self.day())
        sticker = Sticker(
            serial=uuid4().hex[:8].upper(),
            stall_id=tenancy.stall_id,
            account_id=self.accounts[tenancy.merchant_id].id,
            market_name="Chợ Mẫu",
            stall_code="A1",
            merchant_name="Nguyễn Thị Mẫu",
            state=StickerState.HANDED_OUT,
            queued_at=moment,
            printed_at=moment,
            handed_out_at=moment,
        )
        self.stickers.append(sticker)
        self.session.add(sticker)

    def visit(self, tenancy: Tenancy) -> None:
        moment = at(self.day(), 5)
        self.session.add(
            Visit(
                uuid=str(uuid4()),
                stall_id=tenancy.stall_id,
                tenancy_id=tenancy.id,
                phone_at=moment,
                received_at=moment,
                day=moment.date(),
                result=self.dice.choice([VisitResult.MATCH, VisitResult.MATCH, *VisitResult]),
                accepts=self.dice.choice([True, False, None]),
                use_shown=self.dice.choice([True, False, None]),
            )
        )

    def void(self, tenancy: Tenancy) -> None:
        theirs = [
            sticker
            for sticker in self.stickers
            if sticker.stall_id == tenancy.stall_id and sticker.void_at is None
        ]
        for sticker in theirs[:1]:
            assert sticker.handed_out_at is not None
            sticker.state, sticker.void_reason = StickerState.VOID, VoidReason.WORN
            sticker.void_at = sticker.handed_out_at + timedelta(days=self.dice.randrange(60))

    def retire(self, tenancy: Tenancy) -> None:
        """The account goes, which moves every stall of its merchant."""
        account = self.accounts[tenancy.merchant_id]
        assert account.in_force_from is not None
        account.state, account.is_preferred = AccountState.RETIRED, False
        account.retired_at = account.in_force_from + timedelta(days=self.dice.randrange(200))
        self.session.flush()
        stalls = {
            each.stall_id for each in self.tenancies if each.merchant_id == tenancy.merchant_id
        }
        coverage.recompute_stalls(self.market.id, stalls)


@pytest.mark.parametrize("seed", range(4))
def test_after_any_fact_the_stored_counts_are_those_of_a_recount(
    session: Session, seed: int
) -> None:
    play = Play(session, seed)

    for _ in range(15):
        play.step()

        assert coverage_checks.first_wrong_day(play.market.id) is None


def test_a_visit_moves_the_counts_when_the_transaction_commits(session: Session) -> None:
    market = make_market()
    tenancy = make_trader(market)
    coverage.recompute_market(market.id)
    session.commit()
    make_account(session.get_one(Merchant, tenancy.merchant_id), since=at(START))

    coverage.touch_stall(market.id, tenancy.stall_id)
    session.commit()

    counts = coverage.counts_of_market(market.id, TODAY)
    assert counts is not None
    assert counts.of(Denominator.A).stalls.account == 1


def test_a_market_never_counted_is_counted_whole(session: Session) -> None:
    market = make_market()
    tenancy = make_trader(market)
    make_trader(market)

    coverage.recompute_stalls(market.id, {tenancy.stall_id})

    counts = coverage.counts_of_market(market.id, TODAY)
    assert counts is not None
    assert counts.of(Denominator.A).stalls.counted == 2


def test_a_wrong_count_is_found_with_its_day(session: Session) -> None:
    market = make_market()
    tenancy = make_trader(market)
    make_account(session.get_one(Merchant, tenancy.merchant_id), since=at(START))
    coverage.recompute_market(market.id)

    session.execute(
        update(CoverageDay).where(CoverageDay.day == START).values(a_merchants_account=0)
    )

    assert coverage_checks.first_wrong_day(market.id) == START
    assert [each.market_code for each in coverage_checks.deviations()] == [market.code]


def test_a_day_on_which_figures_make_up_for_one_another_keeps_its_row(session: Session) -> None:
    market = make_market()
    coverage_rows.write_days(session, market.id, [DayCounts(START, counts(a_stalls_account=1))])
    other_way = counts(a_stalls_account=-1, b_stalls_account=1)

    coverage_rows.carry(session, market.id, [DayCounts(TODAY, other_way)])

    assert coverage_rows.days_of(session, market.id) == {
        START: counts(a_stalls_account=1).figures,
        TODAY: counts(b_stalls_account=1).figures,
    }
