"""Stalls are entered once, keep their history by the day, and close when nobody is left."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.errors import Conflict, Forbidden, Invalid
from market.domain.roles import Role
from market.domain.stalls import Placement, StallState
from market.domain.stickers import StickerState, VoidReason
from market.models.audit import AuditEntry
from market.models.market import Market, Section
from market.models.stall import Stall, StallStateSpan
from market.models.sticker import Sticker
from market.services import audit, stalls
from market.services.access import Actor
from market.services.stalls import StallValues
from tests.audit_log import list_entries
from tests.factories import (
    LONG_AGO,
    NOW,
    TODAY,
    make_account,
    make_actor,
    make_market,
    make_merchant,
    make_section,
    make_stall,
    make_tenancy,
)

SYSTEM = Actor.system(NOW)
TRADING, RESTING, VACANT = StallState.TRADING, StallState.RESTING, StallState.VACANT


def spans(stall: Stall) -> list[tuple[StallState, date, date | None]]:
    """What the stall did, in order."""
    return [(span.state, span.from_day, span.to_day) for span in stalls.list_states(stall)]


def back(days: int) -> date:
    """A day before today."""
    return TODAY - timedelta(days=days)


def test_a_new_stall_has_its_first_state_from_the_day_given(session: Session) -> None:
    market = make_market()

    stall = stalls.add_stall(
        market, values=StallValues("A 12", since=back(30), state=VACANT), actor=SYSTEM
    )

    assert (stall.code, stall.code_key) == ("A 12", "a 12")
    assert spans(stall) == [(VACANT, back(30), None)]


def test_a_code_is_taken_whatever_its_case_and_accents(session: Session) -> None:
    market = make_market()
    stalls.add_stall(market, values=StallValues("Ốt 1"), actor=SYSTEM)

    with pytest.raises(Invalid) as refused:
        stalls.add_stall(market, values=StallValues("ot  1"), actor=SYSTEM)

    assert refused.value.problems[0].field == "code"


def test_another_market_may_use_the_same_code(session: Session) -> None:
    stalls.add_stall(make_market(), values=StallValues("A1"), actor=SYSTEM)

    assert stalls.add_stall(make_market(), values=StallValues("A1"), actor=SYSTEM).id


def test_a_code_taken_at_the_same_moment_is_refused_and_the_rest_goes_on(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = make_market()
    stalls.add_stall(market, values=StallValues("A1"), actor=SYSTEM)
    monkeypatch.setattr(stalls, "_find_by_code", lambda market, code: None)

    with pytest.raises(Invalid):
        stalls.add_stall(market, values=StallValues("a1"), actor=SYSTEM)

    stalls.add_stall(market, values=StallValues("A2"), actor=SYSTEM)
    codes = session.scalars(select(Stall.code).where(Stall.market_id == market.id))
    assert set(codes) == {"A1", "A2"}


@pytest.mark.parametrize("code", ["", " \u200b ", "A" * 41])
def test_a_code_that_is_empty_or_too_long_is_refused(session: Session, code: str) -> None:
    with pytest.raises(Invalid):
        stalls.add_stall(make_market(), values=StallValues(code), actor=SYSTEM)


def test_codes_stand_in_the_order_people_count(session: Session) -> None:
    market = make_market()
    for code in ("A10", "A2", "B1", "A1"):
        stalls.add_stall(market, values=StallValues(code), actor=SYSTEM)

    ordered = session.scalars(select(Stall.code).order_by(Stall.sort_key))

    assert list(ordered) == ["A1", "A2", "A10", "B1"]


def test_an_unknown_line_is_refused(session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        stalls.add_stall(make_market(), values=StallValues("A1", line_code="no"), actor=SYSTEM)

    assert refused.value.problems[0].field == "line_code"


def test_a_section_of_another_market_is_refused(session: Session) -> None:
    elsewhere = make_section(make_market())

    with pytest.raises(Invalid):
        stalls.add_stall(make_market(), values=StallValues("A1", elsewhere), actor=SYSTEM)


def test_who_has_one_section_adds_stalls_there_only(session: Session) -> None:
    market = make_market()
    own, other = make_section(market, "Khu A"), make_section(market, "Khu B")
    actor = make_actor(Role.BOARD_MANAGER, section=own)

    assert stalls.add_stall(market, values=StallValues("A1", own), actor=actor).id
    with pytest.raises(Forbidden):
        stalls.add_stall(market, values=StallValues("B1", other), actor=actor)
    with pytest.raises(Forbidden):
        stalls.add_stall(market, values=StallValues("C1"), actor=actor)


def test_a_stall_that_begins_tomorrow_is_refused(session: Session) -> None:
    with pytest.raises(Invalid):
        stalls.add_stall(make_market(), values=StallValues("A1", since=back(-1)), actor=SYSTEM)


def test_a_state_holds_from_its_day_on(session: Session) -> None:
    stall = make_stall(make_market())

    stalls.change_state(stall, RESTING, on=TODAY, actor=SYSTEM)

    assert spans(stall) == [(TRADING, LONG_AGO, TODAY), (RESTING, TODAY, None)]


def test_a_state_of_the_past_lasts_until_the_next_change(session: Session) -> None:
    stall = make_stall(make_market())
    stalls.change_state(stall, VACANT, on=back(10), actor=SYSTEM)

    stalls.change_state(stall, RESTING, on=back(40), actor=SYSTEM)

    assert spans(stall) == [
        (TRADING, LONG_AGO, back(40)),
        (RESTING, back(40), back(10)),
        (VACANT, back(10), None),
    ]


def test_a_state_on_the_day_of_a_change_corrects_it(session: Session) -> None:
    stall = make_stall(make_market())
    stalls.change_state(stall, VACANT, on=back(10), actor=SYSTEM)

    stalls.change_state(stall, RESTING, on=back(10), actor=SYSTEM)

    assert spans(stall) == [(TRADING, LONG_AGO, back(10)), (RESTING, back(10), None)]


def test_a_state_before_the_first_extends_the_history(session: Session) -> None:
    stall = make_stall(make_market(), since=back(10))

    stalls.change_state(stall, VACANT, on=back(20), actor=SYSTEM)

    assert spans(stall) == [(VACANT, back(20), back(10)), (TRADING, back(10), None)]


def test_the_same_state_again_changes_nothing(session: Session) -> None:
    stall = make_stall(make_market())

    assert stalls.change_state(stall, TRADING, on=back(5), actor=SYSTEM) is False
    assert spans(stall) == [(TRADING, LONG_AGO, None)]


def test_a_day_that_has_not_come_is_refused(session: Session) -> None:
    stall = make_stall(make_market())

    with pytest.raises(Invalid) as refused:
        stalls.change_state(stall, RESTING, on=back(-1), actor=SYSTEM)

    assert refused.value.problems[0].field == "on"


@pytest.mark.parametrize("state", [StallState.CLOSED, StallState.VACANT])
def test_nobody_may_be_left_where_a_stall_is_closed_or_empty(
    session: Session, state: StallState
) -> None:
    market = make_market()
    stall = make_stall(market)
    make_tenancy(stall, make_merchant(market))

    with pytest.raises(Conflict, match="còn 1 hộ"):
        stalls.set_state(stall, state, on=TODAY, actor=SYSTEM)


def test_a_stall_whose_merchant_left_can_be_closed(session: Session) -> None:
    market = make_market()
    stall = make_stall(market)
    make_tenancy(stall, make_merchant(market), until=TODAY)

    stalls.set_state(stall, StallState.CLOSED, on=TODAY, actor=SYSTEM)

    assert spans(stall)[-1] == (StallState.CLOSED, TODAY, None)


def changed(stall: Stall, **new: object) -> StallValues:
    """The stall's values with some of them new."""
    known = {
        "code": stall.code,
        "section": stall.section,
        "placement": stall.placement,
        "form": stall.form,
        "area_m2": stall.area_m2,
        "line_code": stall.line_code,
        "note": stall.note,
    }
    return StallValues(**{**known, **new})  # type: ignore[arg-type]


def entered() -> tuple[Market, Stall]:
    """A market and a stall as the service enters it."""
    market = make_market()
    return market, stalls.add_stall(market, values=StallValues("A1"), actor=SYSTEM)


def test_what_was_changed_is_kept_and_recorded(session: Session) -> None:
    market, stall = entered()

    stalls.change_stall(
        market,
        stall,
        values=changed(stall, placement=Placement.MOBILE, form="Sạp"),
        version=stall.version,
        actor=SYSTEM,
    )
    audit.chain_pending(session)

    newest = list_entries(AuditEntry.entity == "stalls")[0]
    assert (stall.placement, stall.form) == (Placement.MOBILE, "Sạp")
    assert newest.action == "change"
    assert '"old":{"form":null,"placement":"fixed"}' in newest.content


def test_what_somebody_changed_meanwhile_is_not_overwritten(session: Session) -> None:
    market, stall = entered()
    seen = stall.version
    stalls.change_stall(
        market, stall, values=changed(stall, form="Sạp"), version=seen, actor=SYSTEM
    )
    session.flush()

    with pytest.raises(Conflict):
        stalls.change_stall(
            market, stall, values=changed(stall, form="Kệ"), version=seen, actor=SYSTEM
        )


def test_a_note_never_stands_in_the_audit_log(session: Session) -> None:
    market, stall = entered()

    stalls.change_stall(
        market,
        stall,
        values=changed(stall, note="gọi chị Mẫu 0900000001"),
        version=stall.version,
        actor=SYSTEM,
    )
    audit.chain_pending(session)

    entries = list_entries(AuditEntry.entity == "stalls")
    assert not any("Mẫu" in entry.content for entry in entries)


def test_another_code_voids_the_stickers_that_show_the_old_one(session: Session) -> None:
    market, stall = entered()
    merchant = make_merchant(market)
    make_tenancy(stall, merchant)
    sticker = Sticker(
        serial="ABCDEFG1",
        stall_id=stall.id,
        account_id=make_account(merchant).id,
        market_name=market.name,
        stall_code=stall.code,
        merchant_name=merchant.display_name,
        state=StickerState.ON_STALL,
        queued_at=NOW,
        printed_at=NOW,
        hung_at=NOW,
    )
    session.add(sticker)
    session.flush()

    stalls.change_stall(
        market, stall, values=changed(stall, code="B1"), version=stall.version, actor=SYSTEM
    )

    assert (sticker.state, sticker.void_reason) == (StickerState.VOID, VoidReason.STALL_MOVED)
    queued = session.scalars(select(Sticker).where(Sticker.state == StickerState.QUEUED)).one()
    assert queued.stall_code == "B1"


def test_a_section_is_made_once_and_opened_again(session: Session) -> None:
    market = make_market()
    first = stalls.get_or_make_section(market, "Khu hàng cá", actor=SYSTEM)
    first.closed_on = TODAY

    again = stalls.get_or_make_section(market, "KHU  HANG CA", actor=SYSTEM)

    assert again is first
    assert again.closed_on is None
    assert len(session.scalars(select(Section)).all()) == 1


def test_many_stalls_enter_in_one_go(session: Session) -> None:
    market = make_market()
    for number in range(300):
        stalls.create_stall(market, values=StallValues(f"A{number}"), actor=SYSTEM)

    session.flush()

    assert len(session.scalars(select(StallStateSpan)).all()) == 300
