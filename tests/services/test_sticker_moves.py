"""What people do with stickers on paper, and the balance of runs whatever they do."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.errors import Conflict, Invalid, NotFound
from market.domain.print_runs import Balance
from market.domain.roles import Role
from market.domain.stickers import RunState, StickerState, VoidReason
from market.models.market import Market
from market.models.sticker import PrintRun, Sticker
from market.services import account_switches, print_runs, sticker_moves
from tests.factories import NOW, make_account, make_actor, make_market, make_section
from tests.print_shop import (
    SYSTEM,
    codes_of,
    entries_of,
    make_ready,
    make_run,
    printed_run,
    stickers_of,
)


@pytest.fixture
def market(session: Session) -> Market:
    """A market with two stalls ready for stickers."""
    made: Market = make_market()
    make_ready(made, "A1")
    make_ready(made, "A2")
    return made


def waiting(session: Session) -> list[Sticker]:
    """What is queued and in no run."""
    return list(
        session.scalars(
            select(Sticker).where(Sticker.run_id.is_(None), Sticker.state == StickerState.QUEUED)
        )
    )


def test_a_new_run_has_nothing_on_paper(market: Market) -> None:
    assert print_runs.balance(make_run(market)) == Balance(0, 0, 0, 0, 0, 0, unprinted=2)


def test_a_printed_run_is_all_in_stock(market: Market) -> None:
    assert print_runs.balance(printed_run(market)) == Balance(2, 2, 0, 0, 0, 0)


def test_stickers_that_were_handed_out_left_the_stock(market: Market) -> None:
    run = printed_run(market)

    sticker_moves.hand_out(stickers_of(run)[:1], market=market, actor=SYSTEM)

    assert print_runs.balance(run) == Balance(
        2, in_stock=1, handed_out=1, on_stall=0, spoiled=0, void=0
    )
    assert stickers_of(run)[0].handed_out_at == NOW


def test_a_sticker_is_handed_out_once(market: Market) -> None:
    stickers = stickers_of(printed_run(market))
    sticker_moves.hand_out(stickers, market=market, actor=SYSTEM)

    with pytest.raises(Conflict, match="đã giao"):
        sticker_moves.hand_out(stickers, market=market, actor=SYSTEM)


def test_a_spoiled_sticker_brings_another_one_of_the_same_copy(
    session: Session, market: Market
) -> None:
    run = printed_run(market, copies=2)
    spoiled = stickers_of(run)[1]

    sticker_moves.spoil([spoiled], market=market, actor=SYSTEM)

    (again,) = waiting(session)
    assert (again.replaces_id, again.copy_number) == (spoiled.id, 2)
    assert print_runs.balance(run).spoiled == 1
    assert codes_of(make_run(market)) == ["A1"]


def test_a_spoiled_sticker_of_a_merchant_who_left_brings_none(
    session: Session, market: Market
) -> None:
    ready = make_ready(market, "A3")
    spoiled = stickers_of(printed_run(market))[2]
    ready.tenancy.to_day = SYSTEM.today

    sticker_moves.spoil([spoiled], market=market, actor=SYSTEM)

    assert waiting(session) == []


def test_what_left_the_office_cannot_be_spoiled(market: Market) -> None:
    stickers = stickers_of(printed_run(market))
    sticker_moves.hand_out(stickers, market=market, actor=SYSTEM)

    with pytest.raises(Conflict):
        sticker_moves.spoil(stickers, market=market, actor=SYSTEM)


@pytest.mark.parametrize("reason", sticker_moves.REASONS_BY_HAND)
def test_a_void_sticker_brings_another_one(
    session: Session, market: Market, reason: VoidReason
) -> None:
    run = printed_run(market)
    (first, _second) = stickers_of(run)

    sticker_moves.void([first], reason, market=market, actor=SYSTEM)

    assert (first.state, first.void_reason) == (StickerState.VOID, reason)
    assert [sticker.replaces_id for sticker in waiting(session)] == [first.id]
    assert print_runs.balance(run).void == 1


def test_reasons_that_follow_from_the_register_are_not_given_by_hand(market: Market) -> None:
    stickers = stickers_of(printed_run(market))

    with pytest.raises(Invalid):
        sticker_moves.void(stickers, VoidReason.ACCOUNT_CHANGED, market=market, actor=SYSTEM)


def test_a_sticker_is_voided_once_and_only_from_paper(market: Market) -> None:
    queued = stickers_of(make_run(market))

    with pytest.raises(Conflict):
        sticker_moves.void(queued, VoidReason.WORN, market=market, actor=SYSTEM)


@pytest.mark.parametrize("is_handed_out", [True, False])
def test_a_sticker_seen_hanging_is_on_its_stall(market: Market, is_handed_out: bool) -> None:
    run = printed_run(market)
    sticker = stickers_of(run)[0]
    if is_handed_out:
        sticker_moves.hand_out([sticker], market=market, actor=SYSTEM)
    seen = NOW + timedelta(hours=1)
    loaded = load(sticker)

    sticker_moves.hang(loaded, at=seen, actor=SYSTEM)

    assert (loaded.state, loaded.hung_at) == (StickerState.ON_STALL, seen)
    assert loaded.handed_out_at == (NOW if is_handed_out else seen)
    assert print_runs.balance(run).on_stall == 1


def test_a_sticker_seen_again_keeps_the_day_it_was_first_seen(market: Market) -> None:
    sticker = load(stickers_of(printed_run(market))[0])
    sticker_moves.hang(sticker, at=NOW, actor=SYSTEM)

    sticker_moves.hang(sticker, at=NOW + timedelta(days=1), actor=SYSTEM)

    assert sticker.hung_at == NOW


def test_a_void_sticker_does_not_come_back_to_life(market: Market) -> None:
    sticker = load(stickers_of(printed_run(market))[0])
    sticker_moves.void([sticker], VoidReason.WORN, market=market, actor=SYSTEM)

    with pytest.raises(Conflict):
        sticker_moves.hang(sticker, at=NOW, actor=SYSTEM)


def test_void_stickers_that_left_the_office_hang_until_found_gone(market: Market) -> None:
    in_stock, handed_out = (load(sticker) for sticker in stickers_of(printed_run(market)))
    sticker_moves.hand_out([handed_out], market=market, actor=SYSTEM)
    sticker_moves.void([in_stock, handed_out], VoidReason.LOST, market=market, actor=SYSTEM)

    hanging = sticker_moves.list_still_hanging(market, 1, actor=SYSTEM).items
    sticker_moves.mark_gone(handed_out, at=NOW, actor=SYSTEM)

    assert [sticker.id for sticker in hanging] == [handed_out.id]
    assert sticker_moves.list_still_hanging(market, 1, actor=SYSTEM).total == 0
    assert handed_out.gone_at == NOW


def test_a_live_sticker_is_not_marked_gone(market: Market) -> None:
    sticker = load(stickers_of(printed_run(market))[0])

    sticker_moves.mark_gone(sticker, at=NOW, actor=SYSTEM)

    assert sticker.gone_at is None


def test_a_volunteer_sees_what_still_hangs_in_the_own_section(session: Session) -> None:
    market = make_market()
    mine = make_section(market, "Khu A")
    make_ready(market, "A1", section=mine)
    make_ready(market, "B1")
    stickers = stickers_of(printed_run(market))
    sticker_moves.hand_out(stickers, market=market, actor=SYSTEM)
    sticker_moves.void(stickers, VoidReason.OVERLAID, market=market, actor=SYSTEM)
    volunteer = make_actor(Role.VOLUNTEER, section=mine)

    page = sticker_moves.list_still_hanging(market, 1, actor=volunteer)

    assert [sticker.stall_code for sticker in page.items] == ["A1"]


def test_handing_out_is_one_entry_with_all_serials(market: Market) -> None:
    stickers = stickers_of(printed_run(market))

    sticker_moves.hand_out(stickers, market=market, actor=SYSTEM)

    (entry,) = entries_of("hand_out")
    assert all(sticker.serial in entry.content for sticker in stickers)


def test_a_run_given_up_drops_its_stickers_and_keeps_what_waited(
    session: Session, market: Market
) -> None:
    worn = stickers_of(printed_run(market))[0]
    sticker_moves.void([worn], VoidReason.WORN, market=market, actor=SYSTEM)
    make_ready(market, "A3")
    run = make_run(market)

    print_runs.cancel(run.number, market=market, actor=SYSTEM)

    assert run.state is RunState.CANCELLED
    assert [sticker.replaces_id for sticker in waiting(session)] == [worn.id]
    (dropped,) = stickers_of(run)
    assert (dropped.state, dropped.spoiled_at, dropped.printed_at) == (
        StickerState.SPOILED,
        NOW,
        None,
    )
    balance = print_runs.balance(run)
    assert (balance.reached_paper, balance.spoiled, balance.unprinted) == (0, 0, 1)


def test_the_stalls_of_a_run_given_up_need_stickers_again(market: Market) -> None:
    run = make_run(market)
    print_runs.cancel(run.number, market=market, actor=SYSTEM)

    assert codes_of(make_run(market)) == ["A1", "A2"]


def test_a_printed_run_cannot_be_given_up(market: Market) -> None:
    run = printed_run(market)

    with pytest.raises(Conflict):
        print_runs.cancel(run.number, market=market, actor=SYSTEM)


def test_an_account_that_changes_takes_its_stickers_out_of_the_stock(
    session: Session, market: Market
) -> None:
    ready = make_ready(market, "A3")
    run = printed_run(market)
    make_account(ready.merchant, is_preferred=False, in_force_from=NOW)

    account_switches.sweep(NOW)

    balance = print_runs.balance(run)
    assert (balance.in_stock, balance.void) == (2, 1)
    assert codes_of(make_run(market)) == ["A3"]


def test_a_run_with_stickers_of_other_sections_does_not_exist_for_a_volunteer(
    session: Session,
) -> None:
    market = make_market()
    mine = make_section(market, "Khu A")
    make_ready(market, "A1", section=mine)
    own = make_run(market)
    make_ready(market, "B1")
    foreign = make_run(market)
    volunteer = make_actor(Role.VOLUNTEER, section=mine)

    listed = print_runs.list_runs(market, 1, actor=volunteer).items

    assert [run.number for run in listed] == [own.number]
    with pytest.raises(NotFound):
        print_runs.get_run(foreign.number, market=market, actor=volunteer)


def test_a_run_of_another_market_is_not_found(market: Market) -> None:
    run = make_run(market)

    with pytest.raises(NotFound):
        print_runs.get_run(run.number, market=make_market(), actor=SYSTEM)


def test_the_next_run_starts_where_the_last_sheet_ended(market: Market) -> None:
    run = make_run(market, start=4)

    assert print_runs.free_slot_after(run) == 6


@pytest.mark.parametrize(("start", "free"), [(7, 1), (6, 8), (8, 2)])
def test_a_full_sheet_leaves_nothing(market: Market, start: int, free: int) -> None:
    assert print_runs.free_slot_after(make_run(market, start=start)) == free


def test_a_test_cell_takes_a_label_too(market: Market) -> None:
    assert print_runs.free_slot_after(make_run(market, has_test_cell=True)) == 4


def test_the_last_run_on_such_sheets_is_offered_unless_it_was_given_up(market: Market) -> None:
    run = make_run(market)
    assert find_last(market) == run

    print_runs.cancel(run.number, market=market, actor=SYSTEM)

    assert find_last(market) is None
    assert print_runs.find_last_run(market, "a4-4xa6", actor=SYSTEM) is None


def find_last(market: Market) -> PrintRun | None:
    """The run that leaves a part-used sheet of eight."""
    return print_runs.find_last_run(market, "a4-8", actor=SYSTEM)


def load(sticker: Sticker) -> Sticker:
    """With its stall, as visits have it."""
    session = Session.object_session(sticker)
    assert session is not None
    session.refresh(sticker, ["stall"])
    return sticker
