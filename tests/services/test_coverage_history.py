"""The figures kept for every day are those that history gives, whatever happened in it."""

from datetime import date, timedelta
from itertools import product
from random import Random
from typing import Any, ClassVar

from flask import current_app
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.coverage import FIGURE_NAMES, Denominator, Unit
from market.domain.levels import Level
from market.domain.stalls import Placement, StallState
from market.models.coverage import CoverageDay
from market.models.stall import Stall
from market.services import area_totals, coverage
from market.services.access import Actor
from market.services.market_lines import MarketChoice
from tests.market_life import MarketLife
from tests.plain_recount import PlainRecount, Tables

WHICH = st.integers(0, 11)
STALE_DAYS = st.sampled_from([12, 40, 180])
AGO = st.sampled_from([0, 0, 1, 3, 10, 29, 30, 31, 60])
HOURS_LATE = st.sampled_from([2, 20, 30, 24 * 12, 24 * 13, 24 * 31, 24 * 50])
ANSWERS = st.sampled_from(
    [
        {"accepts": True, "use_shown": True},
        {"accepts": True},
        {"test_transfer_acknowledged": True},
        {"accepts": True, "use_shown": False, "level_seen": Level.ACCEPTS},
        {"accepts": False, "level_seen": Level.IN_USE},
        {},
    ]
)
STATES = st.sampled_from([StallState.TRADING] * 3 + list(StallState))
PLACEMENTS = st.sampled_from([Placement.FIXED] * 5 + [Placement.MOBILE])
SEEN = st.sampled_from(
    ["account"] * 6
    + ["serial"] * 4
    + ["match"] * 3
    + ["foreign", "foreign", "unknown", "missing", "unreadable", "stall_shut"]
)
LINES = (
    ("A000", "Hộ Mẫu 0", "", "", "", "", ""),
    ("A001", "Hộ Mẫu Trong Danh Sách", "0900000001", "Thịt lợn", "8800100001", "VCB", ""),
    ("A002", "Hộ Mẫu Trong Danh Sách", "0900000001", "Thịt lợn", "8800100001", "VCB", ""),
    ("A001", "", "", "", "", "", "Trống"),
    ("A003", "Hộ Mẫu 1", "", "", "", "", "Tạm nghỉ"),
    ("A090", "Hộ Mẫu Khác", "0900000002", "", "8800100002", "VCB", ""),
)
LISTS = st.lists(st.sampled_from(LINES), min_size=1, max_size=4, unique=True)


class History(RuleBasedStateMachine):
    """Anything that people do, in any order; after each act the figures are compared."""

    session: ClassVar[Session]

    def __init__(self) -> None:
        super().__init__()
        self.rules_before = current_app.extensions["cho_rules"]
        self.life = MarketLife(self.session)
        self.dice = Random(0)
        self.steps = 0

    def teardown(self) -> None:
        """Compare once more, on every day on which anything changes; then forget it all."""
        try:
            self.compare_all()
        finally:
            self.session.rollback()
            self.session.expunge_all()
            current_app.extensions["cho_rules"] = self.rules_before

    @initialize(stale_days=STALE_DAYS)
    def begin(self, stale_days: int) -> None:
        """Three stalls in use, so that everything that follows has something to move."""
        life = self.life
        life.set_stale_days(stale_days)
        for which in range(3):
            life.open_stall(which, StallState.TRADING, Placement.FIXED, 60)
            life.come(which, None, 60)
            life.enter_account(which, 0, becomes_preferred=True)
            life.decide(0, "approve")
        for which in range(2):
            life.print_stickers(which, 1)
            life.move_sticker(which, "hand_out")
            life.visit(which, "serial", which, 0, accepts=True, use_shown=True)
        life.note_code(2, 0)
        life.change_code(0, "check")

    @rule(which=WHICH, state=STATES, placement=PLACEMENTS, ago=AGO)
    def open_stall(self, which: int, state: StallState, placement: Placement, ago: int) -> None:
        self.life.open_stall(which, state, placement, ago)

    @rule(which=WHICH, state=STATES, ago=AGO)
    def change_state(self, which: int, state: StallState, ago: int) -> None:
        self.life.change_state(which, state, ago)

    @rule(which=WHICH, placement=PLACEMENTS, code=st.booleans())
    def change_stall(self, which: int, placement: Placement, code: bool) -> None:
        self.life.change_stall(which, placement, gets_new_code=code)

    @rule(which=WHICH, ago=AGO)
    def close_or_reopen(self, which: int, ago: int) -> None:
        self.life.close_or_reopen(which, ago)

    @rule(which=WHICH, who=st.none() | WHICH, ago=AGO)
    def come(self, which: int, who: int | None, ago: int) -> None:
        self.life.come(which, who, ago)

    @rule(which=WHICH, ago=AGO)
    def leave(self, which: int, ago: int) -> None:
        self.life.leave(which, ago)

    @rule(which=WHICH, into=WHICH, really=st.sampled_from([True, False, False]))
    def rename_or_merge(self, which: int, into: int, really: bool) -> None:
        if really:
            self.life.merge(which, into)
        else:
            self.life.rename(which)

    @rule(which=WHICH, number=st.integers(0, 2), preferred=st.sampled_from([True, True, False]))
    def enter_account(self, which: int, number: int, preferred: bool) -> None:
        self.life.enter_account(which, number, becomes_preferred=preferred)

    @rule(which=WHICH, how=st.sampled_from(["approve", "approve", "approve", "reject"]))
    def decide(self, which: int, how: str) -> None:
        self.life.decide(which, how)

    @rule(which=WHICH)
    def retire(self, which: int) -> None:
        self.life.retire(which)

    @rule(which=WHICH)
    def prefer(self, which: int) -> None:
        self.life.prefer(which)

    @rule(which=WHICH, copies=st.integers(1, 2))
    def print_stickers(self, which: int, copies: int) -> None:
        self.life.print_stickers(which, copies)

    @rule(which=WHICH, how=st.sampled_from(["hand_out"] * 5 + ["void", "void", "spoil"]))
    def move_sticker(self, which: int, how: str) -> None:
        self.life.move_sticker(which, how)

    @rule(which=WHICH, number=st.integers(0, 2))
    def note_code(self, which: int, number: int) -> None:
        self.life.note_code(which, number)

    @rule(which=WHICH, how=st.sampled_from(["check", "remove"]))
    def change_code(self, which: int, how: str) -> None:
        self.life.change_code(which, how)

    @rule(which=WHICH, seen=SEEN, pick=WHICH, answers=ANSWERS)
    def visit(self, which: int, seen: str, pick: int, answers: dict[str, Any]) -> None:
        self.life.visit(which, seen, pick, 0, **answers)

    @rule(which=WHICH, seen=SEEN, pick=WHICH, answers=ANSWERS, hours_ago=HOURS_LATE)
    def tell_of_visit_late(
        self, which: int, seen: str, pick: int, answers: dict[str, Any], hours_ago: int
    ) -> None:
        self.life.visit(which, seen, pick, hours_ago, **answers)

    @rule(which=WHICH, rows=LISTS, ago=AGO)
    def import_list(self, which: int, rows: list[tuple[str, ...]], ago: int) -> None:
        self.life.import_list(which, rows, ago)

    @rule(which=WHICH)
    def undo_list(self, which: int) -> None:
        self.life.undo_list(which)

    @rule(hours=st.sampled_from([1, 15, 24, 24, 48, 24 * 7, 24 * 13, 24 * 31, 24 * 90]))
    def wait(self, hours: int) -> None:
        self.life.wait(hours)

    @rule(days=STALE_DAYS)
    def set_stale_days(self, days: int) -> None:
        self.life.set_stale_days(days)

    @invariant()
    def figures_are_those_of_history(self) -> None:
        """Today, on a day before and on one to come; areas now and then."""
        before = self.some_day(-90, -1)
        self.compare([self.life.today, before, self.some_day(1, 220)])
        self.steps += 1
        if self.steps % 4 == 0:
            self.compare_area([self.life.today, before, *self.month_ends(5)])

    def some_day(self, first: int, last: int) -> date:
        return self.life.today + timedelta(days=self.dice.randint(first, last))

    def month_ends(self, number: int) -> list[date]:
        """The last days of the months before, which trends are made of."""
        ends = [self.life.today]
        while len(ends) <= number:
            ends.append(ends[-1].replace(day=1) - timedelta(days=1))
        return [day for day in ends[1:] if day != self.life.today]

    def compare_all(self) -> None:
        """Each day on which a figure is said to change, and the day before it."""
        days = set(self.session.scalars(select(CoverageDay.day)))
        self.compare(sorted(days | {day - timedelta(days=1) for day in days}))

    def recount(self) -> PlainRecount:
        rules = current_app.extensions["cho_rules"]
        return PlainRecount(Tables.read(self.session), stale_days=rules.stale_days)

    def compare(self, days: list[date]) -> None:
        plain = self.recount()
        stall_ids = list(self.session.scalars(select(Stall.id)))
        for day in days:
            for market_id in self.life.market_ids:
                counts = coverage.counts_of_market(market_id, day)
                figures = counts.figures if counts else (0,) * len(FIGURE_NAMES)
                expected = plain.figures(market_id, day)
                assert dict(zip(FIGURE_NAMES, figures, strict=True)) == expected, day
            levels = coverage.levels_of_stalls(stall_ids, day)
            assert {id_: level.rank for id_, level in levels.items()} == {
                id_: plain.stall_level(id_, day) for id_ in stall_ids
            }, day

    def compare_area(self, days: list[date]) -> None:
        """What pages, commands and trends say of an area, on days that have come."""
        area = self.dice.choice([*({code} for code in self.life.communes), self.life.communes])
        choice = MarketChoice("22", next(iter(area)) if len(area) == 1 else None)
        denominator, unit = self.dice.choice(list(product(Denominator, Unit)))
        days = sorted(set(days))
        ladders = coverage.ladders_of_days(days, denominator, unit, markets=choice.area())
        plain = self.recount()
        for day in days:
            pooled = plain.area_figures(area, day)
            assert _told(ladders[day]) == _part(pooled, denominator, unit), day
            first = coverage.find_first_day(choice.area())
            if first is not None and first <= day:
                actor = Actor.system(self.life.now)
                totals = area_totals.of_area(actor, day, choice=choice, denominator=denominator)
                assert _told(totals.merchants) == _part(pooled, denominator, Unit.MERCHANTS), day
                assert _told(totals.stalls) == _part(pooled, denominator, Unit.STALLS), day


def _told(ladder: Any) -> list[int]:
    return [ladder.reached(level) for level in Level]


def _part(figures: dict[str, int], denominator: Denominator, unit: Unit) -> list[int]:
    names = ("counted", "account", "equipped", "displayed", "accepting", "in_use")
    prefix = f"{denominator.value.lower()}_{unit.value}"
    return [figures.get(f"{prefix}_{name}", 0) for name in names]


def test_figures_of_any_day_are_those_of_history(session: Session) -> None:
    class Here(History):
        pass

    Here.session = session
    is_nightly = settings.get_current_profile_name() == "nightly"
    examples, steps = (250, 50) if is_nightly else (14, 28)
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=not is_nightly,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
