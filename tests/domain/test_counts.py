"""Counts of a market: what is counted where, and against a plain recount of each day."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.domain.calendar import Span
from market.domain.counts import (
    DayCounts,
    StallFacts,
    Tally,
    TenancyLevels,
    count_days,
)
from market.domain.coverage import (
    FIGURE_NAMES,
    NOTHING,
    Counts,
    Denominator,
    Ladder,
    Points,
    Unit,
    names_of,
)
from market.domain.levels import LADDER, Level, Tenancy
from market.domain.shares import Share
from market.domain.stalls import Placement, StallState
from tests.steps import counts_on, level_on

START = date(2026, 1, 1)
A, B, C = Denominator.A, Denominator.B, Denominator.C


def nth(number: int) -> date:
    return START + timedelta(days=number)


def stall(
    number: int, *states: tuple[int, StallState], placement: Placement = Placement.FIXED
) -> StallFacts:
    dated = states or ((0, StallState.TRADING),)
    return StallFacts(number, placement, tuple((nth(day), state) for day, state in dated))


def tenancy(
    stall_id: int,
    merchant_id: int,
    *steps: tuple[int, Level],
    start: int = 0,
    end: int | None = None,
) -> TenancyLevels:
    span = Span(nth(start), None if end is None else nth(end))
    return TenancyLevels(
        Tenancy(id=1, stall_id=stall_id, merchant_id=merchant_id, span=span),
        tuple((nth(day), level) for day, level in steps),
    )


def on(days: list[DayCounts], number: int) -> Counts:
    return counts_on(days, nth(number))


def test_before_the_first_fact_there_is_nothing() -> None:
    assert on(count_days([stall(1, (5, StallState.TRADING))], []), 4) == NOTHING


def test_a_trading_stall_without_tenancy_is_counted_at_level_0() -> None:
    counts = on(count_days([stall(1)], []), 0)

    assert counts.of(A).stalls == Ladder(1, 0, 0, 0, 0, 0)
    assert counts.of(A).merchants == Ladder(0, 0, 0, 0, 0, 0)


def test_each_level_counts_at_all_levels_below() -> None:
    counts = on(count_days([stall(1)], [tenancy(1, 7, (3, Level.DISPLAYED))]), 3)

    assert counts.of(A).stalls == Ladder(1, 1, 1, 1, 0, 0)
    assert counts.of(A).merchants == Ladder(1, 1, 1, 1, 0, 0)


@pytest.mark.parametrize(
    ("state", "counted"),
    [
        (StallState.TRADING, (1, 1, 1)),
        (StallState.RESTING, (0, 1, 1)),
        (StallState.VACANT, (0, 0, 1)),
        (StallState.REPAIR, (0, 0, 1)),
        (StallState.CLOSED, (0, 0, 0)),
    ],
)
def test_the_state_decides_the_denominators(
    state: StallState, counted: tuple[int, int, int]
) -> None:
    days = count_days([stall(1, (0, state))], [tenancy(1, 7, (0, Level.ACCEPTS))])

    for denominator, expected in zip(Denominator, counted, strict=True):
        coverage = on(days, 0).of(denominator)
        assert coverage.stalls == Ladder(expected, expected, expected, expected, expected, 0)
        assert coverage.merchants == Ladder(expected, expected, expected, expected, expected, 0)


def test_points_are_told_by_state_and_mobile_ones_apart() -> None:
    stalls = [stall(number, (0, state)) for number, state in enumerate(StallState)]
    walking = [
        stall(10 + number, (0, state), placement=Placement.MOBILE)
        for number, state in enumerate(StallState)
    ]

    points = on(count_days(stalls + walking, []), 0).points

    assert points == Points(total=4, trading=1, resting=1, vacant=1, repair=1, mobile=4)


def test_a_mobile_stall_is_in_no_denominator() -> None:
    days = count_days([stall(1, placement=Placement.MOBILE)], [tenancy(1, 7, (0, Level.IN_USE))])

    counts = on(days, 0)
    assert [counts.of(denominator).merchants.counted for denominator in Denominator] == [0, 0, 0]
    assert counts.of(C).stalls.counted == 0


def test_a_shared_stall_has_the_highest_level_and_two_merchants() -> None:
    days = count_days(
        [stall(1)], [tenancy(1, 7, (0, Level.ACCOUNT)), tenancy(1, 8, (0, Level.ACCEPTS))]
    )

    coverage = on(days, 0).of(A)
    assert coverage.stalls == Ladder(1, 1, 1, 1, 1, 0)
    assert coverage.merchants == Ladder(2, 2, 1, 1, 1, 0)


def test_a_merchant_with_three_stalls_is_one_household() -> None:
    days = count_days(
        [stall(1), stall(2), stall(3)],
        [tenancy(1, 7), tenancy(2, 7, (0, Level.ACCEPTS)), tenancy(3, 7)],
    )

    coverage = on(days, 0).of(A)
    assert coverage.merchants == Ladder(1, 1, 1, 1, 1, 0)
    assert coverage.stalls == Ladder(3, 1, 1, 1, 1, 0)


def test_a_merchant_counts_only_through_stalls_in_the_denominator() -> None:
    days = count_days(
        [stall(1), stall(2, (0, StallState.RESTING))],
        [tenancy(1, 7, (0, Level.ACCOUNT)), tenancy(2, 7, (0, Level.ACCEPTS))],
    )

    counts = on(days, 0)
    assert counts.of(A).merchants == Ladder(1, 1, 0, 0, 0, 0)
    assert counts.of(B).merchants == Ladder(1, 1, 1, 1, 1, 0)


def test_a_merchant_does_not_rise_by_a_neighbour_at_the_same_stall() -> None:
    days = count_days([stall(1)], [tenancy(1, 7), tenancy(1, 8, (0, Level.IN_USE))])

    assert on(days, 0).of(A).merchants == Ladder(2, 1, 1, 1, 1, 1)


def test_a_tenancy_ends_and_the_stall_goes_on() -> None:
    days = count_days([stall(1)], [tenancy(1, 7, (0, Level.ACCEPTS), (4, Level.NONE), end=4)])

    assert on(days, 3).of(A).merchants.counted == 1
    assert on(days, 4).of(A).merchants.counted == 0
    assert on(days, 4).of(A).stalls == Ladder(1, 0, 0, 0, 0, 0)


def test_a_tenancy_that_begins_before_its_stall_waits_for_it() -> None:
    days = count_days([stall(1, (5, StallState.TRADING))], [tenancy(1, 7, (2, Level.ACCOUNT))])

    assert [entry.day for entry in days] == [nth(5)]
    assert on(days, 5).of(A).merchants == Ladder(1, 1, 0, 0, 0, 0)


def test_a_closed_stall_may_open_again() -> None:
    days = count_days(
        [stall(1, (0, StallState.TRADING), (3, StallState.CLOSED), (9, StallState.TRADING))], []
    )

    assert [on(days, number).points.total for number in (2, 3, 8, 9)] == [1, 0, 0, 1]


def test_of_two_states_on_one_day_the_last_holds() -> None:
    days = count_days([stall(1, (0, StallState.TRADING), (0, StallState.RESTING))], [])

    assert on(days, 0).points == Points(1, 0, 1, 0, 0, 0)


def test_a_day_on_which_the_sums_stay_has_no_entry() -> None:
    days = count_days(
        [
            stall(1, (0, StallState.TRADING), (5, StallState.CLOSED)),
            stall(2, (5, StallState.TRADING)),
        ],
        [],
    )

    assert [entry.day for entry in days] == [nth(0)]


def test_a_tenancy_at_an_unknown_stall_is_an_error() -> None:
    with pytest.raises(KeyError):
        count_days([stall(1)], [tenancy(2, 7)])


def test_adding_counts_pools_every_figure() -> None:
    one = Counts(tuple(range(len(FIGURE_NAMES))))

    assert (one + one).figures == tuple(2 * each for each in range(len(FIGURE_NAMES)))
    assert (one + NOTHING) == one


def test_counts_need_all_their_figures() -> None:
    with pytest.raises(ValueError, match="3 figures instead of 42"):
        Counts((1, 2, 3))


def test_figures_stand_under_their_names() -> None:
    counts = Counts(tuple(range(len(FIGURE_NAMES))))
    named = dict(zip(FIGURE_NAMES, counts.figures, strict=True))

    assert counts.points.mobile == named["points_mobile"]
    assert counts.of(A).stalls.counted == named["a_stalls_counted"]
    assert counts.of(B).merchants.accepting == named["b_merchants_accepting"]
    assert counts.of(C).merchants.in_use == named["c_merchants_in_use"] == 41


def test_of_one_denominator_alone_the_others_are_not_made_up() -> None:
    alone = Counts(tuple(range(len(names_of(B)))), only=B)

    assert names_of(B)[0] == "b_stalls_counted"
    assert alone.ladder(B, Unit.STALLS) == Ladder(0, 1, 2, 3, 4, 5)
    assert (alone + alone).ladder(B, Unit.MERCHANTS) == Ladder(12, 14, 16, 18, 20, 22)
    for asked in (
        lambda: alone.ladder(A, Unit.STALLS),
        lambda: alone.of(B),
        lambda: alone.points,
        lambda: alone + NOTHING,
    ):
        with pytest.raises(ValueError, match=r"alone|added"):
            asked()


def test_a_ladder_gives_the_share_of_each_level() -> None:
    ladder = Ladder(50, 40, 30, 20, 10, 5)

    assert ladder.share() == Share(10, 50)
    assert [ladder.share(level).numerator for level in Level] == [50, 40, 30, 20, 10, 5]


# A plain recount: every stall and merchant looked at on one day, nothing carried over.


def state_on(facts: StallFacts, day: date) -> StallState | None:
    found = None
    for since, state in facts.states:
        if since <= day:
            found = state
    return found


def recount(stalls: list[StallFacts], tenancies: list[TenancyLevels], day: date) -> Counts:
    here = {one.id: state_on(one, day) for one in stalls}
    fixed = {one.id for one in stalls if one.placement == "fixed"}
    standing = [one for one in tenancies if one.tenancy.span.covers(day)]
    figures = dict.fromkeys(FIGURE_NAMES, 0)
    for one in stalls:
        state = here[one.id]
        if state is None or state == "closed":
            continue
        figures["points_mobile" if one.id not in fixed else f"points_{state}"] += 1
        figures["points_total"] += one.id in fixed
    states_of = {
        "a": {"trading"},
        "b": {"trading", "resting"},
        "c": {"trading", "resting", "vacant", "repair"},
    }
    names = ["counted", "account", "equipped", "displayed", "accepting", "in_use"]
    for letter, states in states_of.items():
        counted = {number for number in fixed if here[number] in states}
        best_of_stall = dict.fromkeys(counted, 0)
        best_of_merchant: defaultdict[int, int] = defaultdict(int)
        for each in standing:
            place, who = each.tenancy.stall_id, each.tenancy.merchant_id
            if place in counted:
                rank = level_on(each.steps, day).rank
                best_of_stall[place] = max(best_of_stall[place], rank)
                best_of_merchant[who] = max(best_of_merchant[who], rank)
        for unit, best in (("stalls", best_of_stall), ("merchants", best_of_merchant)):
            for rank, name in enumerate(names):
                figures[f"{letter}_{unit}_{name}"] = sum(each >= rank for each in best.values())
    return Counts(tuple(figures[name] for name in FIGURE_NAMES))


WINDOW = 25
DAY_NUMBERS = st.integers(0, WINDOW)
STALL_IDS = st.integers(0, 4)


@st.composite
def stalls_of_a_market(draw: st.DrawFn) -> list[StallFacts]:
    dated = st.lists(
        st.tuples(DAY_NUMBERS, st.sampled_from([StallState.TRADING, *StallState])), max_size=4
    ).map(lambda states: sorted(states, key=lambda entry: entry[0]))
    return [
        StallFacts(
            number,
            draw(st.sampled_from([Placement.FIXED, Placement.FIXED, Placement.MOBILE])),
            tuple((nth(day), state) for day, state in draw(dated)),
        )
        for number in range(5)
    ]


@st.composite
def tenancies_of_a_market(draw: st.DrawFn) -> list[TenancyLevels]:
    found = []
    for number in range(draw(st.integers(0, 8))):
        start = draw(DAY_NUMBERS)
        length = draw(st.none() | st.integers(0, WINDOW))
        end = None if length is None else start + length
        moves = draw(st.dictionaries(st.integers(start, start + WINDOW), st.sampled_from(LADDER)))
        steps = [(nth(day), moves[day]) for day in sorted(moves) if end is None or day < end]
        if end is not None:
            steps.append((nth(end), Level.NONE))
        found.append(
            TenancyLevels(
                Tenancy(
                    number,
                    draw(STALL_IDS),
                    draw(st.integers(0, 3)),
                    Span(nth(start), None if end is None else nth(end)),
                ),
                tuple(steps),
            )
        )
    return found


@settings(max_examples=300, deadline=None)
@given(stalls=stalls_of_a_market(), tenancies=tenancies_of_a_market())
def test_counts_equal_a_recount_on_every_day(
    stalls: list[StallFacts], tenancies: list[TenancyLevels]
) -> None:
    days = count_days(stalls, tenancies)

    for number in range(-1, 2 * WINDOW + 2):
        assert on(days, number) == recount(stalls, tenancies, nth(number))
    assert all(
        before.day < after.day and before.counts != after.counts for before, after in pairwise(days)
    )


@settings(max_examples=150, deadline=None)
@given(
    stalls=stalls_of_a_market(),
    before=tenancies_of_a_market(),
    after=tenancies_of_a_market(),
    merchant_id=st.integers(0, 3),
)
def test_a_change_of_one_merchant_can_be_carried_into_stored_counts(
    stalls: list[StallFacts],
    before: list[TenancyLevels],
    after: list[TenancyLevels],
    merchant_id: int,
) -> None:
    others = [one for one in before if one.tenancy.merchant_id != merchant_id]
    former = [one for one in before if one.tenancy.merchant_id == merchant_id]
    latter = [one for one in after if one.tenancy.merchant_id == merchant_id]
    places = {one.id: one for one in stalls}
    touched = {one.tenancy.stall_id for one in former + latter}

    change = Tally()
    for own, sign in ((former, -1), (latter, 1)):
        change.add_merchant(own, places, sign=sign)
        for number in touched:
            here = [one for one in others + own if one.tenancy.stall_id == number]
            change.add_stall(places[number], here, sign=sign)
    differences = change.list_days()

    stored = count_days(stalls, others + former)
    fresh = count_days(stalls, others + latter)
    for number in range(-1, 2 * WINDOW + 2):
        assert on(stored, number) + on(differences, number) == on(fresh, number)
