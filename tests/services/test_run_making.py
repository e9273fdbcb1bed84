"""Making print runs: which stalls get a sticker, in which order, with which texts."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.errors import Invalid, NotFound
from market.domain.print_runs import RunOrder, WhichStalls
from market.domain.roles import Role
from market.domain.serials import check_serial
from market.domain.stalls import StallState
from market.domain.stickers import RunState, StickerState, VoidReason
from market.models.job import Counter
from market.models.sticker import PrintRun, Sticker
from market.services import sticker_moves
from tests.factories import (
    NOW,
    TODAY,
    VIETCOMBANK,
    make_account,
    make_actor,
    make_market,
    make_merchant,
    make_operator,
    make_section,
    make_stall,
    make_tenancy,
    make_trader,
)
from tests.print_shop import (
    SYSTEM,
    chosen,
    codes_of,
    entries_of,
    make_ready,
    make_run,
    printed_run,
    stickers_of,
    wallet_code,
)


def test_a_run_holds_a_sticker_for_each_stall_that_needs_one(session: Session) -> None:
    market = make_market()
    one, other = make_ready(market, "A1"), make_ready(market, "A2")

    run = make_run(market)

    made = stickers_of(run)
    assert [(sticker.stall_id, sticker.account_id, sticker.place) for sticker in made] == [
        (one.tenancy.stall_id, one.account.id, 1),
        (other.tenancy.stall_id, other.account.id, 2),
    ]
    assert {sticker.state for sticker in made} == {StickerState.QUEUED}
    assert run.state is RunState.MADE


def test_every_sticker_has_a_serial_of_its_own_with_a_right_check_character(
    session: Session,
) -> None:
    market = make_market()
    make_ready(market, "A1")
    make_ready(market, "A2")

    serials = [sticker.serial for sticker in stickers_of(make_run(market, copies=3))]

    assert len(set(serials)) == 6
    assert [check_serial(serial) for serial in serials] == serials


def test_runs_of_a_year_are_numbered_one_after_the_other(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    make_ready(market, "A2")

    numbers = [make_run(market, **chosen(code)).number for code in ("A1", "A2")]

    assert numbers == ["DT-2026-0001", "DT-2026-0002"]


def test_after_9999_runs_the_number_gets_longer(session: Session) -> None:
    session.add(Counter(name="print_runs:2026", value=9999))
    market = make_market()
    make_ready(market, "A1")

    assert make_run(market).number == "DT-2026-10000"


@pytest.mark.parametrize("state", [StallState.TRADING, StallState.RESTING])
def test_stalls_that_trade_or_rest_get_a_sticker(session: Session, state: StallState) -> None:
    market = make_market()
    merchant = make_merchant(market)
    make_tenancy(make_stall(market, "A1", state=state), merchant)
    make_account(merchant)

    assert codes_of(make_run(market)) == ["A1"]


@pytest.mark.parametrize("state", [StallState.VACANT, StallState.REPAIR, StallState.CLOSED])
def test_other_stalls_get_none(session: Session, state: StallState) -> None:
    market = make_market()
    merchant = make_merchant(market)
    make_tenancy(make_stall(market, "A1", state=state), merchant)
    make_account(merchant)

    with pytest.raises(Invalid, match="Không có điểm"):
        make_run(market)


def test_only_accounts_in_force_get_a_sticker(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    make_ready(market, "A2", state=AccountState.AWAITING_APPROVAL)
    make_ready(market, "A3", is_preferred=False, becomes_preferred=False)
    make_ready(market, "A4", in_force_from=NOW + timedelta(hours=1))
    make_trader(market, "A5")

    assert codes_of(make_run(market)) == ["A1"]


def test_an_account_whose_cool_off_is_over_takes_the_place_of_the_one_before(
    session: Session,
) -> None:
    market = make_market()
    ready = make_ready(market, "A1", "8800100001")
    make_account(
        ready.merchant,
        "8800100002",
        is_preferred=False,
        in_force_from=NOW - timedelta(seconds=1),
    )

    (sticker,) = stickers_of(make_run(market))

    session.refresh(ready.account)
    assert sticker.account_id != ready.account.id
    assert ready.account.state is AccountState.RETIRED


def test_a_tenancy_that_is_over_gets_no_sticker(session: Session) -> None:
    market = make_market()
    stall = make_stall(market, "A1")
    merchant = make_merchant(market)
    make_tenancy(stall, merchant, until=TODAY)
    make_account(merchant)

    with pytest.raises(Invalid):
        make_run(market)


def test_two_merchants_who_share_a_stall_get_a_sticker_each(session: Session) -> None:
    market = make_market()
    stall = make_stall(market, "A1")
    for _ in range(2):
        merchant = make_merchant(market)
        make_tenancy(stall, merchant)
        make_account(merchant)

    assert len({sticker.account_id for sticker in stickers_of(make_run(market))}) == 2


def test_a_merchant_with_two_stalls_gets_a_sticker_at_each(session: Session) -> None:
    market = make_market()
    merchant = make_merchant(market)
    make_account(merchant)
    for code in ("A1", "A2"):
        make_tenancy(make_stall(market, code), merchant)

    assert codes_of(make_run(market)) == ["A1", "A2"]


def test_a_stall_that_has_a_sticker_or_is_in_an_unprinted_run_needs_none(
    session: Session,
) -> None:
    market = make_market()
    make_ready(market, "A1")
    printed_run(market)
    make_ready(market, "A2")
    make_run(market)
    make_ready(market, "A3")

    assert codes_of(make_run(market)) == ["A3"]


def test_the_refusal_of_an_empty_run_says_how_many_stalls_lack_what(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    printed_run(market)
    make_trader(market, "A2")
    make_stall(market, "A3")
    make_stall(market, "A4", state=StallState.VACANT)

    with pytest.raises(Invalid) as refused:
        make_run(market)

    for part in ("1 đã có tem", "1 chưa có tài khoản", "1 chưa có hộ", "1 không kinh doanh"):
        assert part in refused.value.message


def test_more_copies_can_be_printed_for_stalls_that_have_a_sticker(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    printed_run(market)

    more = stickers_of(make_run(market, with_equipped=True, copies=2))

    assert [sticker.copy_number for sticker in more] == [2, 3]


def test_what_waits_for_a_print_is_taken_instead_of_a_new_sticker(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    (first,) = stickers_of(printed_run(market))
    sticker_moves.void([first], VoidReason.WORN, market=market, actor=SYSTEM)
    (waiting,) = session.scalars(select(Sticker).where(Sticker.run_id.is_(None)))

    run = make_run(market)

    assert [sticker.id for sticker in stickers_of(run)] == [waiting.id]


def test_one_worn_copy_of_two_brings_one_new_sticker(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    worn, _kept = stickers_of(printed_run(market, copies=2))
    sticker_moves.void([worn], VoidReason.WORN, market=market, actor=SYSTEM)

    (again,) = stickers_of(make_run(market, copies=2))

    assert again.replaces_id == worn.id
    assert again.copy_number == worn.copy_number


def test_waiting_stickers_count_towards_the_copies(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    (first,) = stickers_of(printed_run(market))
    sticker_moves.void([first], VoidReason.LOST, market=market, actor=SYSTEM)

    assert [sticker.copy_number for sticker in stickers_of(make_run(market, copies=2))] == [1, 2]


def test_one_section_alone_can_be_printed(session: Session) -> None:
    market = make_market()
    section = make_section(market, "Khu A")
    make_ready(market, "A1", section=section)
    make_ready(market, "B1")

    run = make_run(market, which=WhichStalls.SECTION, section_id=section.id)

    assert codes_of(run) == ["A1"]
    assert run.section_id == section.id


def test_chosen_stalls_are_found_as_people_write_their_codes(session: Session) -> None:
    market = make_market()
    make_ready(market, "Ki-ốt 1")
    make_ready(market, "A2")

    assert codes_of(make_run(market, **chosen("ki-OT  1"))) == ["Ki-ốt 1"]


def test_a_code_that_the_market_does_not_have_is_named(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    make_ready(make_market(), "Z9")

    with pytest.raises(Invalid, match="Z9"):
        make_run(market, **chosen("A1", "Z9"))


def test_the_live_stickers_of_a_run_can_be_made_anew(session: Session) -> None:
    market = make_market()
    for code in ("A1", "A2", "A3"):
        make_ready(market, code)
    run = printed_run(market)
    dead = stickers_of(run)[1]
    sticker_moves.spoil([dead], market=market, actor=SYSTEM)

    again = make_run(market, which=WhichStalls.RUN, run=run.number)

    assert codes_of(again) == ["A1", "A3"]


def test_stickers_follow_the_walk_through_the_sections(session: Session) -> None:
    market = make_market()
    late = make_section(market, "Khu A", walking_order=2)
    early = make_section(market, "Khu B", walking_order=1)
    for code, section in (("A10", late), ("A9", late), ("B1", early), ("Z1", None)):
        make_ready(market, code, section=section)

    assert codes_of(make_run(market)) == ["B1", "A9", "A10", "Z1"]


def test_stickers_can_lie_in_the_order_of_their_codes(session: Session) -> None:
    market = make_market()
    late = make_section(market, "Khu A", walking_order=2)
    for code, section in (("A10", late), ("A9", late), ("B1", None)):
        make_ready(market, code, section=section)

    assert codes_of(make_run(market, order=RunOrder.CODE)) == ["A9", "A10", "B1"]


def test_copies_of_a_stall_lie_side_by_side(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    make_ready(market, "A2")

    assert codes_of(make_run(market, copies=2)) == ["A1", "A1", "A2", "A2"]


def test_texts_are_kept_as_they_are_when_the_run_is_made(session: Session) -> None:
    operator = make_operator(hotline="0900 000 009")
    market = make_market(name="Chợ Mẫu", operator=operator)
    ready = make_ready(market, "A1", name="Cô Mẫu")
    (first,) = stickers_of(printed_run(market))
    sticker_moves.void([first], VoidReason.WORN, market=market, actor=SYSTEM)
    ready.merchant.display_name = "Cô Mẫu Mới"

    (sticker,) = stickers_of(make_run(market))

    assert (sticker.market_name, sticker.stall_code, sticker.merchant_name, sticker.hotline) == (
        "Chợ Mẫu",
        "A1",
        "Cô Mẫu Mới",
        "0900 000 009",
    )


def test_an_operator_who_left_gives_no_hotline(session: Session) -> None:
    operator = make_operator(hotline="0900 000 009")
    market = make_market(operator=operator)
    session.refresh(market, ["operators"])
    market.operators[0].to_day = TODAY
    make_ready(market, "A1")

    assert stickers_of(make_run(market))[0].hotline is None


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"start": 9}, "từ 1 đến 8"),
        ({"start": 0}, "từ 1 đến 8"),
        ({"copies": 0}, "từ 1 đến 20"),
        ({"copies": 21}, "từ 1 đến 20"),
        ({"offset": (11.0, 0.0)}, "nhiều nhất 10 mm"),
    ],
)
def test_what_no_sheet_has_is_refused_with_the_numbers(
    session: Session, known: dict[str, Any], message: str
) -> None:
    market = make_market()
    make_ready(market, "A1")

    with pytest.raises(Invalid, match=message):
        make_run(market, **known)


def test_a_template_that_there_is_not_is_refused(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")

    with pytest.raises(NotFound, match="a4-8"):
        make_run(market, template="a3")


def test_a_template_too_small_for_a_kept_payload_is_refused_with_the_numbers(
    session: Session,
) -> None:
    market = make_market()
    make_ready(market, "A1", "8800100001", kept=wallet_code(VIETCOMBANK, "8800100001", filler=3))

    with pytest.raises(Invalid, match="ít nhất phải 0,4 mm"):
        make_run(market, template="a4-21")


def test_a_name_that_does_not_fit_is_flagged(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1", name="Hợp tác xã " * 15)
    make_ready(market, "A2")

    run = make_run(market)

    assert run.options["flagged"] == 1
    assert {flag[1] for flag in run.options["flags"]} == {"A1"}


def test_making_a_run_is_in_the_audit_log_with_its_serials(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    run = make_run(market)
    (entry,) = entries_of("make")

    assert (entry.entity, entry.market_id) == ("print_runs", market.id)
    assert stickers_of(run)[0].serial in entry.content


def test_a_volunteer_prints_the_own_section_only(session: Session) -> None:
    market = make_market()
    mine = make_section(market, "Khu A")
    make_ready(market, "A1", section=mine)
    make_ready(market, "B1", section=make_section(market, "Khu B"))
    make_ready(market, "C1")
    volunteer = make_actor(Role.VOLUNTEER, section=mine)

    assert codes_of(make_run(market, volunteer)) == ["A1"]


def test_nothing_is_left_behind_where_a_run_is_refused(session: Session) -> None:
    market = make_market()
    make_ready(market, "A1")
    session.commit()

    with pytest.raises(Invalid):
        make_run(market, start=9)
    session.rollback()

    assert session.scalars(select(PrintRun)).all() == []
    assert session.scalars(select(Sticker)).all() == []
    assert make_run(market).number == "DT-2026-0001"
