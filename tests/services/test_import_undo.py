"""Taking an import back: closed and reopened as dated facts, refused once something moved on."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.errors import Conflict
from market.domain.imports import BatchState
from market.domain.markets import MarketClass
from market.domain.stalls import StallState
from market.extensions import db
from market.models.import_batch import ImportBatch
from market.models.market import Market, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.services import (
    coverage,
    import_runs,
    merchants,
    sections,
    stalls,
    sticker_states,
)
from market.services.access import Actor
from tests.factories import TODAY, make_merchant, make_stall, make_tenancy
from tests.factories import make_market as make_any_market
from tests.importing import (
    DUNG,
    EMPTY,
    HEADINGS,
    LAN,
    SYSTEM,
    accounts_of,
    apply_rows,
    changed,
    kinds_of,
    later,
    merchants_of,
    refusal_of,
    stall_named,
    states_of,
    tenants_of,
)

LAN_NAME, DUNG_NAME = LAN[1], DUNG[1]
BEFORE = date(2026, 9, 1)
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def market(session: Session) -> Market:
    """A market where Nguyễn Thị Lan trades at A01 since the beginning of the month."""
    made: Market = make_any_market("QN-DAMHA", market_class=MarketClass.UNCLASSIFIED)
    apply_rows(made, LAN, on=BEFORE)
    return made


def undo(market: Market, batch: ImportBatch, actor: Actor = SYSTEM) -> None:
    """Take the batch back."""
    import_runs.undo_batch(batch.id, market=market, actor=actor)
    db.session.flush()


def test_what_came_in_is_closed(market: Market) -> None:
    batch = apply_rows(market, DUNG)

    undo(market, batch)

    assert batch.state is BatchState.UNDONE
    assert states_of(market, "A02") == [("closed", TODAY, None)]
    assert tenants_of(market, "A02") == [(DUNG_NAME, TODAY, TODAY)]
    assert [account.state for account in accounts_of(DUNG_NAME)] == [AccountState.REJECTED]


def test_what_was_there_before_is_untouched(market: Market) -> None:
    batch = apply_rows(market, LAN, DUNG)

    undo(market, batch)

    assert states_of(market, "A01") == [("trading", BEFORE, None)]
    assert tenants_of(market, "A01") == [(LAN_NAME, BEFORE, None)]
    assert [account.state for account in accounts_of(LAN_NAME)] == [AccountState.AWAITING_APPROVAL]


def test_who_was_replaced_is_back_without_a_gap_on_the_same_day(market: Market) -> None:
    batch = apply_rows(market, changed(DUNG, stall="A01"))

    undo(market, batch)

    assert tenants_of(market, "A01") == [(LAN_NAME, BEFORE, None), (DUNG_NAME, TODAY, TODAY)]


def test_who_was_replaced_is_back_from_the_day_of_undoing(market: Market) -> None:
    batch = apply_rows(market, changed(DUNG, stall="A01"))

    undo(market, batch, later())

    assert tenants_of(market, "A01") == [
        (LAN_NAME, BEFORE, TODAY),
        (DUNG_NAME, TODAY, TOMORROW),
        (LAN_NAME, TOMORROW, None),
    ]


def test_a_state_is_back_on_the_same_day(market: Market) -> None:
    batch = apply_rows(market, changed(LAN, state="Tạm nghỉ"))

    undo(market, batch)

    assert states_of(market, "A01") == [("trading", BEFORE, TODAY), ("trading", TODAY, None)]


def test_a_state_is_back_from_the_day_of_undoing(market: Market) -> None:
    batch = apply_rows(market, changed(EMPTY, stall="A01"))

    undo(market, batch, later())

    assert states_of(market, "A01") == [
        ("trading", BEFORE, TODAY),
        ("vacant", TODAY, TOMORROW),
        ("trading", TOMORROW, None),
    ]


def test_a_state_put_right_in_place_is_back(market: Market) -> None:
    batch = apply_rows(market, changed(LAN, state="Tạm nghỉ"), on=BEFORE)

    undo(market, batch)

    assert states_of(market, "A01") == [("resting", BEFORE, TODAY), ("trading", TODAY, None)]


def test_changed_facts_of_stall_and_merchant_are_back(market: Market) -> None:
    headings = (*HEADINGS, "Khu", "Diện tích", "Ghi chú")
    row = changed(LAN, line="Vải", phone="0900000009", name="Nguyễn Thị Lân")
    batch = apply_rows(market, (*row, "Khu B", "12,5", "gần cổng"), headings=headings)

    undo(market, batch)

    stall = stall_named(market, "A01")
    (merchant,) = merchants_of(market)
    assert (stall.line_code, stall.section_id, stall.area_m2, stall.note) == (
        "meat",
        None,
        None,
        None,
    )
    assert merchant.display_name == LAN_NAME
    assert merchants.open_phone(merchant) == "0900000001"


def test_a_withdrawn_account_waits_again(market: Market) -> None:
    headings = (*HEADINGS, "Chủ tài khoản")
    batch = apply_rows(market, (*LAN, "TRAN VAN BA"), headings=headings)

    undo(market, batch)

    states = [account.state for account in accounts_of(LAN_NAME)]
    assert states == [AccountState.AWAITING_APPROVAL, AccountState.REJECTED]


def test_a_section_that_came_in_is_closed(session: Session, market: Market) -> None:
    batch = apply_rows(market, ("Khu C", *DUNG), headings=("Khu", *HEADINGS))

    undo(market, batch)

    session.expire_all()
    (section,) = session.scalars(select(Section).where(Section.name == "Khu C"))
    assert section.closed_on == TODAY


def test_the_counts_are_as_before(session: Session, market: Market) -> None:
    coverage.recompute_market(market.id)
    before = coverage.counts_of_market(market.id, TODAY)
    batch = apply_rows(market, changed(LAN, state="Tạm nghỉ"), DUNG, EMPTY)

    undo(market, batch)

    coverage.recompute_market(market.id)
    assert coverage.counts_of_market(market.id, TODAY) == before


def test_what_was_taken_back_can_come_in_again(market: Market) -> None:
    undo(market, apply_rows(market, DUNG))

    batch = apply_rows(market, DUNG, actor=later())

    assert kinds_of(batch) == {"changed": 1}
    assert len([name for name, _, until in tenants_of(market, "A02") if until is None]) == 1
    assert len(merchants_of(market)) == 2
    states = [account.state for account in accounts_of(DUNG_NAME)]
    assert states == [AccountState.REJECTED, AccountState.AWAITING_APPROVAL]


def test_undoing_twice_changes_nothing_more(market: Market) -> None:
    batch = apply_rows(market, DUNG)
    undo(market, batch)

    undo(market, batch, later())

    assert tenants_of(market, "A02") == [(DUNG_NAME, TODAY, TODAY)]


def test_a_list_that_was_never_applied_cannot_be_taken_back(market: Market) -> None:
    batch = apply_rows(market, DUNG)
    batch.state = BatchState.PREVIEWED
    db.session.flush()

    with pytest.raises(Conflict):
        undo(market, batch)


def test_two_lists_are_taken_back_in_turn(market: Market) -> None:
    first = apply_rows(market, DUNG)
    second = apply_rows(market, changed(DUNG, line="Vải"))

    with pytest.raises(Conflict):
        undo(market, first)
    undo(market, second)

    assert stall_named(market, "A02").line_code == "clothing"


def approve(market: Market) -> None:
    """Somebody decides on the account that came in."""
    (account,) = accounts_of(DUNG_NAME)
    account.state, account.in_force_from = AccountState.APPROVED, SYSTEM.at


def edit_stall(market: Market) -> None:
    """Somebody changes the stall."""
    stall_named(market, "A02").note = "đổi mái che"


def edit_merchant(market: Market) -> None:
    """Somebody changes the merchant."""
    merchants_of(market)[-1].note = "nói tiếng Dao"


def change_state(market: Market) -> None:
    """Somebody says that the stall rests."""
    stall = stall_named(market, "A02")
    stalls.change_state(stall, StallState.RESTING, on=TOMORROW, actor=later())


def move_out(market: Market) -> None:
    """The merchant leaves."""
    tenancy = db.session.scalars(select(Tenancy).order_by(Tenancy.id.desc())).first()
    assert tenancy is not None
    tenancy.to_day = TOMORROW


def share(market: Market) -> None:
    """Another merchant comes to the stall."""
    make_tenancy(stall_named(market, "A02"), make_merchant(market), since=TOMORROW)


def print_for(market: Market) -> None:
    """A sticker is made for the stall."""
    tenancy = db.session.scalars(select(Tenancy).order_by(Tenancy.id.desc())).first()
    assert tenancy is not None
    db.session.refresh(tenancy, ["stall", "merchant"])
    db.session.refresh(tenancy.stall, ["market"])
    (account,) = accounts_of(DUNG_NAME)
    sticker_states.queue([(tenancy, account)], actor=later())


@pytest.mark.parametrize(
    "touch", [approve, edit_stall, edit_merchant, change_state, move_out, share, print_for]
)
def test_it_is_refused_once_something_else_touched_a_row(
    market: Market, touch: Callable[[Market], None]
) -> None:
    batch = apply_rows(market, LAN, DUNG)
    db.session.flush()
    touch(market)
    db.session.flush()

    with pytest.raises(Conflict) as refused:
        undo(market, batch, later())

    assert [message.split(":")[0] for message in refusal_of(refused.value)] == ["Dòng 3"]


def test_what_others_do_elsewhere_does_not_stand_in_the_way(
    session: Session, market: Market
) -> None:
    batch = apply_rows(market, DUNG)
    make_tenancy(make_stall(market, "Z99"), make_merchant(market))
    sections.create_section(market, "Khu Z", actor=SYSTEM)

    undo(market, batch)

    assert batch.state is BatchState.UNDONE


def test_nothing_is_deleted(session: Session, market: Market) -> None:
    batch = apply_rows(market, DUNG, EMPTY)
    kept = {
        entity: set(session.scalars(select(entity.id)))
        for entity in (Stall, StallStateSpan, Merchant, Tenancy)
    }

    undo(market, batch)

    for entity, ids in kept.items():
        assert ids <= set(session.scalars(select(entity.id)))
