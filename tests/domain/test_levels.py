"""The acceptance ladder, rule by rule, and against a second reading of the definitions."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.domain.calendar import Span
from market.domain.levels import (
    CodeFact,
    CodeKey,
    CodeKind,
    Level,
    Tenancy,
    TenancyFacts,
    VisitFact,
    steps,
)
from market.domain.visits import VisitResult
from tests.steps import level_on

START = date(2026, 1, 1)
FIRST = CodeKey(CodeKind.STICKER, 1)
SECOND = CodeKey(CodeKind.STICKER, 2)
BANK_CODE = CodeKey(CodeKind.FOREIGN, 1)


def nth(number: int) -> date:
    return START + timedelta(days=number)


def span(start: int, end: int | None = None) -> Span:
    return Span(nth(start), None if end is None else nth(end))


def code(
    key: CodeKey, start: int, end: int | None = None, *, order: int = 0, payee: str | None = None
) -> CodeFact:
    return CodeFact(key, span(start, end), order, payee)


def visit(
    day: int,
    result: VisitResult = VisitResult.MATCH,
    *,
    order: int = 1,
    of: CodeKey | None = None,
    payee: str | None = None,
    confirmed: bool | None = None,
    use_shown: bool | None = None,
) -> VisitFact:
    return VisitFact(nth(day), order, result, of, payee, confirmed, use_shown)


def facts(
    *parts: CodeFact | VisitFact,
    tenancy: Span | None = None,
    accounts: tuple[Span, ...] = (Span(START),),
) -> TenancyFacts:
    return TenancyFacts(
        Tenancy(id=1, stall_id=1, merchant_id=1, span=tenancy or span(0)),
        accounts,
        tuple(part for part in parts if isinstance(part, CodeFact)),
        tuple(part for part in parts if isinstance(part, VisitFact)),
    )


def changes(known: TenancyFacts, **rules: int) -> list[tuple[int, Level]]:
    return [((day - START).days, level) for day, level in steps(known, **rules)]


def test_ranks_run_from_none_to_in_use() -> None:
    assert [level.rank for level in Level] == [0, 1, 2, 3, 4, 5]
    assert Level.NONE.rank < Level.ACCEPTS.rank < Level.IN_USE.rank


def test_each_fact_lifts_a_tenancy_by_one_level() -> None:
    known = facts(
        code(FIRST, 3),
        visit(5),
        visit(7, confirmed=True),
        visit(9, use_shown=True),
        accounts=(span(1),),
        tenancy=span(0, 20),
    )

    assert changes(known) == [
        (1, Level.ACCOUNT),
        (3, Level.EQUIPPED),
        (5, Level.DISPLAYED),
        (7, Level.ACCEPTS),
        (9, Level.IN_USE),
        (20, Level.NONE),
    ]


def test_use_and_confirmation_without_a_match_leave_it_equipped() -> None:
    known = facts(code(FIRST, 0), visit(2, VisitResult.UNREADABLE, confirmed=True, use_shown=True))

    assert changes(known) == [(0, Level.EQUIPPED)]


def test_use_without_confirmation_stays_displayed() -> None:
    assert changes(facts(code(FIRST, 0), visit(0, use_shown=True))) == [(0, Level.DISPLAYED)]


def test_a_retired_account_takes_the_sticker_along() -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True), accounts=(span(0, 5),))

    assert changes(known)[-1] == (5, Level.NONE)


def test_a_retired_account_leaves_the_one_beside_it() -> None:
    known = facts(code(FIRST, 0, 5), visit(1, confirmed=True), accounts=(span(0, 5), span(2)))

    assert changes(known)[-1] == (5, Level.ACCOUNT)


def test_a_retired_account_leaves_a_foreign_code_that_was_seen() -> None:
    known = facts(
        code(FIRST, 0, 5), code(BANK_CODE, 0), visit(1, confirmed=True), accounts=(span(0, 5),)
    )

    assert level_on(steps(known), nth(5)) is Level.ACCEPTS


def test_a_foreign_code_that_was_removed_leaves_the_account() -> None:
    known = facts(code(BANK_CODE, 2, 9), visit(4, confirmed=True, use_shown=True))

    assert changes(known)[-2:] == [(4, Level.IN_USE), (9, Level.ACCOUNT)]


def test_an_account_that_follows_on_the_same_day_leaves_no_gap() -> None:
    known = facts(accounts=(span(0, 5), span(5)))

    assert changes(known) == [(0, Level.ACCOUNT)]


def test_a_sticker_without_account_is_nothing() -> None:
    assert changes(facts(code(FIRST, 0), accounts=())) == []


def test_a_foreign_code_needs_no_account_of_our_own() -> None:
    known = facts(code(BANK_CODE, 2, 9), visit(4, confirmed=True), accounts=())

    assert changes(known) == [
        (2, Level.EQUIPPED),
        (4, Level.ACCEPTS),
        (9, Level.NONE),
    ]


def test_a_void_sticker_leaves_the_account() -> None:
    known = facts(code(FIRST, 0, 6), visit(1, confirmed=True))

    assert changes(known)[-1] == (6, Level.ACCOUNT)


def test_after_a_reissue_a_fresh_match_restores_the_confirmation() -> None:
    known = facts(
        code(FIRST, 0, 6), code(SECOND, 6), visit(1, of=FIRST, confirmed=True), visit(8, of=SECOND)
    )

    assert changes(known)[1:4] == [(1, Level.ACCEPTS), (6, Level.EQUIPPED), (8, Level.ACCEPTS)]


def test_a_match_of_a_code_that_was_not_live_then_shows_nothing() -> None:
    known = facts(code(FIRST, 0, 6), code(SECOND, 8), visit(6, of=FIRST), visit(7))

    assert changes(known)[-1] == (8, Level.EQUIPPED)


def test_a_match_with_a_former_code_does_not_display_the_new_one() -> None:
    known = facts(code(SECOND, 0), visit(3, of=FIRST, confirmed=True))

    assert changes(known) == [(0, Level.EQUIPPED)]


def test_a_code_checked_again_needs_a_match_of_its_own() -> None:
    known = facts(code(BANK_CODE, 0, 5), code(BANK_CODE, 8), visit(1), accounts=())

    assert changes(known)[-1] == (8, Level.EQUIPPED)


def test_one_of_two_matched_codes_may_go() -> None:
    known = facts(code(FIRST, 0, 8), code(BANK_CODE, 0), visit(1, of=FIRST), visit(2, of=BANK_CODE))

    assert changes(known) == [(0, Level.EQUIPPED), (1, Level.DISPLAYED)]


def test_a_match_that_names_no_code_counts_for_every_live_one() -> None:
    known = facts(code(FIRST, 0, 8), code(BANK_CODE, 0), visit(1))

    assert changes(known)[-1] == (1, Level.DISPLAYED)


@pytest.mark.parametrize(
    "result", [VisitResult.OTHER_ACCOUNT, VisitResult.UNKNOWN_CODE, VisitResult.MISSING]
)
def test_a_wrong_or_missing_code_leaves_it_equipped_until_the_next_match(
    result: VisitResult,
) -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True), visit(4, result), visit(9))

    assert changes(known)[1:4] == [(1, Level.ACCEPTS), (4, Level.EQUIPPED), (9, Level.ACCEPTS)]


@pytest.mark.parametrize(
    ("result", "left"),
    [
        (VisitResult.OTHER_ACCOUNT, Level.EQUIPPED),
        (VisitResult.UNKNOWN_CODE, Level.EQUIPPED),
        (VisitResult.MISSING, Level.EQUIPPED),
        (VisitResult.OLD_ACCOUNT, Level.ACCOUNT),
        (VisitResult.UNREADABLE, Level.IN_USE),
        (VisitResult.STALL_SHUT, Level.IN_USE),
    ],
)
def test_from_in_use_a_visit_leads_down_as_far_as_what_it_found(
    result: VisitResult, left: Level
) -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True, use_shown=True), visit(4, result))

    assert level_on(steps(known), nth(3)) is Level.IN_USE
    assert level_on(steps(known), nth(4)) is left


@pytest.mark.parametrize("result", [VisitResult.UNREADABLE, VisitResult.STALL_SHUT])
def test_a_visit_that_saw_no_code_changes_nothing(result: VisitResult) -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True), visit(4, result))

    assert changes(known)[-1] == (181 + 1, Level.DISPLAYED)
    assert (4, Level.EQUIPPED) not in changes(known)


def test_a_wrong_code_and_a_void_sticker_leave_the_account() -> None:
    known = facts(code(FIRST, 0, 6), visit(1), visit(4, VisitResult.MISSING))

    assert changes(known)[-2:] == [(4, Level.EQUIPPED), (6, Level.ACCOUNT)]


def test_an_old_account_on_the_stall_leaves_the_account_until_a_match() -> None:
    known = facts(
        code(FIRST, 0),
        visit(1, confirmed=True),
        visit(4, VisitResult.OLD_ACCOUNT),
        visit(6, VisitResult.MISSING),
        visit(9),
    )

    assert changes(known)[1:4] == [(1, Level.ACCEPTS), (4, Level.ACCOUNT), (9, Level.ACCEPTS)]


def test_an_old_account_on_the_stall_holds_until_a_later_hand_out() -> None:
    known = facts(code(FIRST, 0), code(SECOND, 7), visit(4, VisitResult.OLD_ACCOUNT))

    assert changes(known)[-2:] == [(4, Level.ACCOUNT), (7, Level.EQUIPPED)]


def test_only_a_hand_out_later_the_same_day_answers_an_old_account() -> None:
    found = visit(4, VisitResult.OLD_ACCOUNT, order=10)

    before = facts(code(FIRST, 4, order=9), found)
    after = facts(code(FIRST, 4, order=11), found)

    assert level_on(steps(before), nth(4)) is Level.ACCOUNT
    assert level_on(steps(after), nth(4)) is Level.EQUIPPED


@pytest.mark.parametrize("order", [0, 10])
def test_a_hand_out_not_known_to_be_later_does_not_answer_an_old_account(order: int) -> None:
    found = visit(4, VisitResult.OLD_ACCOUNT, order=order)
    handed_out = CodeFact(FIRST, span(4)) if order == 0 else code(FIRST, 4, order=order)

    assert level_on(steps(facts(handed_out, found)), nth(4)) is Level.ACCOUNT


def test_an_old_account_beside_a_foreign_code_leaves_nothing_without_account() -> None:
    known = facts(code(BANK_CODE, 0), visit(4, VisitResult.OLD_ACCOUNT), accounts=())

    assert changes(known) == [(0, Level.EQUIPPED), (4, Level.NONE)]


def test_visits_of_one_day_are_read_in_their_order() -> None:
    swapped = visit(4, VisitResult.OTHER_ACCOUNT, order=1)
    restored = visit(4, order=2)

    assert level_on(steps(facts(code(FIRST, 0), restored, swapped)), nth(4)) is Level.DISPLAYED
    assert (
        level_on(steps(facts(code(FIRST, 0), replace(restored, order=0), swapped)), nth(4))
        is Level.EQUIPPED
    )


def test_a_reason_for_not_accepting_withdraws_the_confirmation() -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True), visit(5, confirmed=False))

    assert changes(known)[-2:] == [(1, Level.ACCEPTS), (5, Level.DISPLAYED)]


def test_without_a_match_for_180_days_accepts_falls_on_the_day_after() -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True))

    assert level_on(steps(known), nth(1 + 180)) is Level.ACCEPTS
    assert level_on(steps(known), nth(1 + 181)) is Level.DISPLAYED


def test_without_a_match_use_falls_with_what_it_rests_on() -> None:
    later = visit(170, VisitResult.UNREADABLE, use_shown=True)
    known = facts(code(FIRST, 0), visit(1, confirmed=True), later)

    assert changes(known)[-2:] == [(170, Level.IN_USE), (182, Level.DISPLAYED)]


def test_the_days_until_stale_are_a_setting() -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True))

    assert changes(known, stale_days=90)[-1] == (92, Level.DISPLAYED)


def test_a_later_match_puts_staleness_off() -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True), visit(100))

    assert changes(known)[-1] == (281, Level.DISPLAYED)


def test_use_counts_through_30_days_and_then_falls_back() -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True, use_shown=True))

    assert level_on(steps(known), nth(31)) is Level.IN_USE
    assert level_on(steps(known), nth(32)) is Level.ACCEPTS


def test_a_visit_that_heard_of_no_use_ends_the_earlier_use() -> None:
    known = facts(
        code(FIRST, 0), visit(1, confirmed=True, use_shown=True), visit(5, use_shown=False)
    )

    assert changes(known)[2] == (5, Level.ACCEPTS)


def test_a_visit_that_did_not_ask_about_use_leaves_it() -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True, use_shown=True), visit(5))

    assert changes(known)[2] == (32, Level.ACCEPTS)


@pytest.mark.parametrize(
    ("payee", "left"),
    [("own", Level.EQUIPPED), ("bank's", Level.ACCEPTS), (None, Level.ACCEPTS)],
)
def test_a_scan_shows_no_code_of_a_bank_that_pays_somebody_else(
    payee: str | None, left: Level
) -> None:
    known = facts(
        code(FIRST, 0, 9),
        code(BANK_CODE, 0, payee="bank's"),
        visit(1, payee=payee, confirmed=True),
    )

    assert level_on(steps(known), nth(8)) is Level.ACCEPTS
    assert level_on(steps(known), nth(9)) is left


def test_what_was_seen_before_the_tenancy_is_not_its_own() -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True), visit(7), tenancy=span(5))

    assert changes(known) == [(5, Level.EQUIPPED), (7, Level.DISPLAYED)]


def test_the_end_of_the_tenancy_ends_everything() -> None:
    known = facts(code(FIRST, 0), visit(1, confirmed=True), visit(12), tenancy=span(0, 9))

    assert changes(known)[-1] == (9, Level.NONE)


def test_a_tenancy_that_never_had_a_day_has_no_steps() -> None:
    assert changes(facts(code(FIRST, 0), visit(0), tenancy=span(0, 0))) == []


# A second reading: one given day, straight from the definitions, without any sweep.


def may_be_the_code(seen: VisitFact, one: CodeFact) -> bool:
    if seen.code is None and seen.payee and one.payee:
        return seen.payee == one.payee
    return seen.code in (None, one.key)


def level_by_definition(known: TenancyFacts, day: date, *, stale_days: int, use_days: int) -> Level:
    here = known.tenancy.span
    if day < here.from_day or (here.to_day is not None and day >= here.to_day):
        return Level.NONE

    def is_between(bounds: Span, on: date) -> bool:
        return bounds.from_day <= on and (bounds.to_day is None or on < bounds.to_day)

    def has_account(on: date) -> bool:
        return any(is_between(bounds, on) for bounds in known.accounts)

    def counts(one: CodeFact, on: date) -> bool:
        return is_between(one.span, on) and (one.key.kind == CodeKind.FOREIGN or has_account(on))

    seen = sorted(
        (one for one in known.visits if here.from_day <= one.day <= day),
        key=lambda one: (one.day, one.order),
    )
    results = [one.result for one in seen]
    contrary = {
        VisitResult.OTHER_ACCOUNT,
        VisitResult.OLD_ACCOUNT,
        VisitResult.UNKNOWN_CODE,
        VisitResult.MISSING,
    }
    last_contrary = max((n for n, r in enumerate(results) if r in contrary), default=-1)
    last_match = max((n for n, r in enumerate(results) if r == VisitResult.MATCH), default=-1)
    last_old = max((n for n, r in enumerate(results) if r == VisitResult.OLD_ACCOUNT), default=-1)

    out = [one for one in known.codes if counts(one, day)]
    if last_old > last_match:
        old = seen[last_old]
        out = [one for one in out if (one.span.from_day, one.order) > (old.day, old.order)]
    if not out:
        return Level.ACCOUNT if has_account(day) else Level.NONE

    proofs = [
        one.day
        for n, one in enumerate(seen)
        if n > last_contrary
        and one.result == VisitResult.MATCH
        and any(
            counts(c, one.day) and counts(c, day) and may_be_the_code(one, c) for c in known.codes
        )
    ]
    if not proofs:
        return Level.EQUIPPED
    answers = [one.confirmed for one in seen if one.confirmed is not None]
    if not answers or not answers[-1] or max(proofs) + timedelta(stale_days) < day:
        return Level.DISPLAYED
    uses = [one for one in seen if one.use_shown is not None]
    if uses and uses[-1].use_shown and uses[-1].day + timedelta(use_days) >= day:
        return Level.IN_USE
    return Level.ACCEPTS


WINDOW = 40
DAY_NUMBERS = st.integers(0, WINDOW)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = draw(DAY_NUMBERS)
    length = draw(st.none() | st.integers(0, WINDOW))
    return span(start, None if length is None else start + length)


PAYEES = st.sampled_from([None, "own account", "account of a bank code"])
CODES = st.builds(
    CodeFact,
    key=st.sampled_from([FIRST, SECOND, BANK_CODE]),
    span=spans(),
    order=st.integers(0, 3),
    payee=PAYEES,
)
VISITS = st.builds(
    VisitFact,
    day=DAY_NUMBERS.map(nth),
    order=st.integers(0, 3),
    result=st.sampled_from([VisitResult.MATCH] * 4 + list(VisitResult)),
    code=st.sampled_from([None, None, FIRST, SECOND, BANK_CODE]),
    payee=PAYEES,
    confirmed=st.sampled_from([None, True, True, False]),
    use_shown=st.sampled_from([None, True, True, False]),
)
LONG = st.builds(span, st.integers(0, 5))
FACTS = st.builds(
    TenancyFacts,
    tenancy=st.builds(
        Tenancy, id=st.just(1), stall_id=st.just(1), merchant_id=st.just(1), span=LONG | spans()
    ),
    accounts=st.lists(LONG | spans(), max_size=3).map(tuple),
    codes=st.lists(CODES, max_size=4).map(tuple),
    visits=st.lists(VISITS, max_size=8).map(tuple),
)


@settings(max_examples=600, deadline=None)
@given(known=FACTS, stale_days=st.integers(0, 12), use_days=st.integers(0, 8))
def test_steps_equal_the_definition_on_every_day(
    known: TenancyFacts, stale_days: int, use_days: int
) -> None:
    found = steps(known, stale_days=stale_days, use_days=use_days)

    for number in range(-1, 2 * WINDOW + 16):
        day = nth(number)
        expected = level_by_definition(known, day, stale_days=stale_days, use_days=use_days)
        assert level_on(found, day) is expected, day


@settings(max_examples=200, deadline=None)
@given(known=FACTS)
def test_steps_are_changes_in_order(known: TenancyFacts) -> None:
    found = steps(known)

    days = [day for day, _ in found]
    levels = [Level.NONE, *(level for _, level in found)]
    assert days == sorted(set(days))
    assert all(before is not after for before, after in pairwise(levels))


@settings(max_examples=100, deadline=None)
@given(known=FACTS, data=st.data())
def test_the_order_in_which_facts_arrive_does_not_matter(
    known: TenancyFacts, data: st.DataObject
) -> None:
    numbered = replace(
        known, visits=tuple(replace(one, order=n) for n, one in enumerate(known.visits))
    )
    shuffled = replace(
        numbered,
        accounts=tuple(data.draw(st.permutations(numbered.accounts))),
        codes=tuple(data.draw(st.permutations(numbered.codes))),
        visits=tuple(data.draw(st.permutations(numbered.visits))),
    )

    assert steps(shuffled) == steps(numbered)
