"""Setting, changing and ending targets, and what figures are measured on."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.documents.report_columns import MARKET_COLUMNS
from market.domain.coverage import Denominator, Unit
from market.domain.errors import Conflict, Forbidden, Invalid, NotFound
from market.domain.levels import Level
from market.domain.roles import Role
from market.domain.stalls import StallState
from market.domain.targets import PACE_DAYS, Place, PlaceKind
from market.models.audit import AuditEntry
from market.models.market import Market
from market.models.target import Target
from market.services import (
    area_targets,
    area_totals,
    audit,
    audit_lists,
    coverage,
    market_lines,
    reports,
    target_lists,
    target_scope,
    targets,
)
from market.services.access import Actor
from market.services.audit_lists import EntryFilter
from market.services.market_lines import MarketChoice
from market.services.reports import Period
from market.services.target_lists import TargetState
from market.services.targets import TargetValues
from tests.closing import close_between, close_since
from tests.factories import (
    LONG_AGO,
    NOW,
    TODAY,
    make_actor,
    make_commune,
    make_market,
    make_province,
    make_target,
)
from tests.ladders import make_at, merchant_of

NEW_YEAR, END_OF_YEAR = date(2026, 1, 1), date(2026, 12, 31)
MID_YEAR = date(2026, 7, 2)
QUANG_NINH = MarketChoice(province_code="22")
NAMES = [column.name for column in MARKET_COLUMNS]
FEES: dict[str, Any] = {"cashless_fees": "Phí chợ", "cashless_fees_since": LONG_AGO}


def officer() -> Actor:
    return make_actor(Role.PROVINCE_OFFICER, province=make_province())


def province_22(actor: Actor) -> Place:
    make_province()
    return target_scope.get_place(PlaceKind.PROVINCE, "22", actor=actor)


def values(
    first: str = "80", last: str = "90", from_day: date = NEW_YEAR, to_day: date = END_OF_YEAR
) -> TargetValues:
    return TargetValues(from_day, Decimal(first), to_day, Decimal(last))


def filled(accepting: int, others: int, *, day: date = date(2026, 8, 10), **known: Any) -> Market:
    """A counted market where so many households accept and so many do not."""
    market = make_market(**known)
    for level in [Level.ACCEPTS] * accepting + [Level.NONE] * others:
        make_at(market, level, since=day)
    coverage.recompute_market(market.id)
    return market


def entries(session: Session) -> list[AuditEntry]:
    audit.chain_pending(session)
    found = select(AuditEntry).where(AuditEntry.entity == "targets").order_by(AuditEntry.id)
    return list(session.scalars(found))


def test_a_target_is_set_and_told_in_the_log(session: Session) -> None:
    actor = officer()

    target = targets.set_target(province_22(actor), values(), actor=actor)

    assert (target.province_code, target.market_id, target.commune_code) == ("22", None, None)
    assert (target.set_by_id, target.ended_on, target.version) == (actor.user_id, None, 1)
    (entry,) = entries(session)
    assert (entry.action, entry.entity_id) == ("create", str(target.id))
    told = json.loads(entry.content)["new"]
    assert (told["from_percent"], told["to_day"]) == ("80", "2026-12-31")


def test_percentages_come_back_as_they_were_given(session: Session) -> None:
    actor = officer()
    target = targets.set_target(province_22(actor), values("86.55", "90.1"), actor=actor)
    session.expire(target)

    assert (target.from_percent, target.to_percent) == (Decimal("86.55"), Decimal("90.10"))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (values("-1", "90"), "from_percent"),
        (values("80", "100.01"), "to_percent"),
        (values("80", "86.555"), "to_percent"),
        (values(from_day=END_OF_YEAR, to_day=NEW_YEAR), "to_day"),
        (values("80", "90", from_day=NEW_YEAR, to_day=NEW_YEAR), "to_percent"),
    ],
)
def test_what_is_no_target_is_refused(session: Session, wrong: TargetValues, field: str) -> None:
    actor = officer()

    with pytest.raises(Invalid) as refused:
        targets.set_target(province_22(actor), wrong, actor=actor)

    assert [problem.field for problem in refused.value.problems] == [field]


def test_one_share_may_be_due_on_a_single_day(session: Session) -> None:
    actor = officer()
    day = values("90", "90.00", from_day=NEW_YEAR, to_day=NEW_YEAR)

    target = targets.set_target(province_22(actor), day, actor=actor)

    assert (target.from_day, target.to_day) == (NEW_YEAR, NEW_YEAR)


def test_a_change_cannot_ask_two_shares_of_one_day(session: Session) -> None:
    target = make_target(shares=("90", "90"))
    two = values("90", "95", from_day=MID_YEAR, to_day=MID_YEAR)

    with pytest.raises(Invalid, match="hai tỷ lệ phải bằng nhau"):
        targets.change_target(target, two, version=None, actor=officer())

    assert target.ended_on is None


def test_targets_of_one_place_do_not_overlap(session: Session) -> None:
    actor = officer()
    place = province_22(actor)
    targets.set_target(place, values(), actor=actor)

    with pytest.raises(Invalid, match="đã có chỉ tiêu từ 01/01/2026 đến 31/12/2026"):
        targets.set_target(place, values("90", "90", END_OF_YEAR, END_OF_YEAR), actor=actor)
    next_year = values("90", "95", date(2027, 1, 1), date(2027, 12, 31))
    assert targets.set_target(place, next_year, actor=actor).id


def test_places_within_one_another_have_targets_at_the_same_time(session: Session) -> None:
    actor = officer()
    market = make_market("QN-DAMHA")
    targets.set_target(province_22(actor), values(), actor=actor)
    for kind, code in ((PlaceKind.COMMUNE, "06895"), (PlaceKind.MARKET, "QN-DAMHA")):
        place = target_scope.get_place(kind, code, actor=actor)
        targets.set_target(place, values(), actor=actor)

    assert session.scalars(select(Target.market_id).order_by(Target.id)).all() == [
        None,
        None,
        market.id,
    ]


def test_a_change_leaves_the_days_before_as_they_were(session: Session) -> None:
    actor = officer()
    old = targets.set_target(province_22(actor), values(), actor=actor)

    new = targets.change_target(
        old, values("85", "88", from_day=MID_YEAR), version=old.version, actor=actor
    )

    assert (old.ended_on, old.to_percent, new.from_day) == (MID_YEAR, Decimal(90), MID_YEAR)
    aimed = area_targets.of_market(make_market(), TODAY)
    before, after = MID_YEAR - timedelta(days=1), END_OF_YEAR
    percents = aimed.percents_on([before, MID_YEAR, after])
    assert {day: float(percent) for day, percent in percents.items()} == {
        before: pytest.approx(85, abs=0.03),
        MID_YEAR: 85,
        after: 88,
    }
    assert [entry.action for entry in entries(session)] == ["create", "create", "end"]


def test_a_target_that_was_wrong_from_the_start_never_held(session: Session) -> None:
    actor = officer()
    mistyped = targets.set_target(province_22(actor), values("8", "9"), actor=actor)

    targets.change_target(mistyped, values(), version=1, actor=actor)

    assert mistyped.ended_on == mistyped.from_day
    assert area_targets.of_market(make_market(), TODAY).percents_on([NEW_YEAR]) == {NEW_YEAR: 80}


def test_an_ended_target_measures_nothing_from_that_day_on(session: Session) -> None:
    actor = officer()
    target = targets.set_target(province_22(actor), values(), actor=actor)

    targets.end_target(target, on=TODAY, version=1, actor=actor)

    market = make_market()
    assert area_targets.of_market(market, TODAY).standing is None
    assert area_targets.of_market(market, TODAY - timedelta(days=1)).standing is not None
    with pytest.raises(Conflict, match="đã kết thúc"):
        targets.end_target(target, on=TODAY, version=None, actor=actor)
    with pytest.raises(Conflict, match="đã kết thúc"):
        targets.change_target(target, values(), version=None, actor=actor)


def test_a_target_does_not_end_before_it_begins(session: Session) -> None:
    actor = officer()
    target = targets.set_target(province_22(actor), values(), actor=actor)

    with pytest.raises(Invalid, match="01/01/2026"):
        targets.end_target(target, on=date(2025, 12, 31), version=1, actor=actor)


def test_what_somebody_else_changed_meanwhile_is_not_changed_again(session: Session) -> None:
    target = make_target()

    with pytest.raises(Conflict, match="vừa được người khác thay đổi"):
        targets.change_target(target, values(), version=target.version + 1, actor=officer())


def test_the_database_itself_refuses_what_is_no_target(session: Session) -> None:
    make_target()
    columns = "from_day, from_percent, to_day, to_percent, unit, set_at, version"
    row = "'2026-01-01', 80, '2026-12-31', 90, 'merchants', '2026-01-01 00:00:00+00', 1"
    wrong = [
        f"INSERT INTO targets ({columns}) VALUES ({row})",
        f"INSERT INTO targets (province_code, {columns}) VALUES ('22', {row})",
        f"INSERT INTO targets (province_code, {columns}) VALUES ('22', {row})".replace("80", "101"),
        f"INSERT INTO targets (province_code, {columns}) VALUES ('22', {row})".replace(
            "'2026-01-01', 80", "'2027-01-01', 80"
        ),
    ]

    for statement in wrong:
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(statement))


def test_only_the_province_sets_targets(session: Session) -> None:
    market = make_market("QN-DAMHA")
    board, auditor = make_actor(market=market), make_actor(Role.AUDITOR, province=make_province())
    elsewhere = make_actor(Role.PROVINCE_OFFICER, province=make_province("01", "Hà Nội"))
    places = [
        (PlaceKind.PROVINCE, "22"),
        (PlaceKind.COMMUNE, "06895"),
        (PlaceKind.MARKET, "QN-DAMHA"),
    ]

    for kind, code in places:
        for reader in (board, auditor):
            with pytest.raises(Forbidden):
                target_scope.get_place(kind, code, actor=reader)
        with pytest.raises(NotFound):
            target_scope.get_place(kind, code, actor=elsewhere)
        with pytest.raises(NotFound):
            target_scope.get_place(kind, "99", actor=officer())


def test_a_merged_commune_gets_no_target(session: Session) -> None:
    make_commune("06900", "Xã Cũ").is_current = False
    session.flush()

    with pytest.raises(Invalid, match="không còn"):
        target_scope.get_place(PlaceKind.COMMUNE, "06900", actor=officer())


def test_who_reads_reports_reads_the_targets_that_measure_their_markets(session: Session) -> None:
    here, there = make_market("QN-DAMHA"), make_market("QN-KHAC")
    tien_yen = make_commune("06862", "Tiên Yên")
    province, own, other = make_target(), make_target(market=here), make_target(market=there)
    near, far = make_target(commune=make_commune()), make_target(commune=tien_yen)
    board = make_actor(market=here)

    for target in (province, own, near):
        assert targets.get_target(target.id, actor=board) is target
        with pytest.raises(Forbidden):
            targets.get_target(target.id, actor=board, to_set=True)
    for target in (other, far):
        with pytest.raises(NotFound):
            targets.get_target(target.id, actor=board)
        assert targets.get_target(target.id, actor=officer(), to_set=True) is target
    elsewhere = make_actor(Role.PROVINCE_OFFICER, province=make_province("01", "Hà Nội"))
    with pytest.raises(NotFound):
        targets.get_target(province.id, actor=elsewhere)


def passed(choice: MarketChoice = QUANG_NINH, on: date = TODAY, **known: Any) -> int:
    return area_totals.of_area(officer(), on, choice=choice, **known).passed


def test_without_a_target_nothing_is_passed(session: Session) -> None:
    filled(1, 0, **FEES)

    assert passed() == 0


def test_passed_takes_a_running_market_at_its_target_with_fees_without_cash(
    session: Session,
) -> None:
    make_target(shares=("66", "66"))
    filled(2, 1, code="QN-DAT", **FEES)
    filled(1, 1, code="QN-THIEU", **FEES)
    filled(2, 1, code="QN-PHI")
    filled(2, 1, code="QN-CHUA", programme_start=None, **FEES)
    make_market("QN-TRONG", **FEES)

    assert passed() == 1
    assert passed(MarketChoice(market_code="QN-DAT")) == 1
    assert passed(on=date(2026, 8, 9)) == 0


def test_passed_uses_the_value_of_the_day(session: Session) -> None:
    filled(2, 1, **FEES)
    make_target(shares=("60", "70"), from_day=date(2026, 9, 1), to_day=date(2026, 9, 30))

    # 66,67 % is over the line until the 20th: 60 + 10 × 19/29 = 66,55.
    assert [passed(on=date(2026, 9, day)) for day in (1, 20, 21, 30)] == [1, 1, 0, 0]
    assert passed(on=date(2026, 8, 31)) == 0


def test_a_target_on_stalls_is_compared_with_the_share_of_stalls(session: Session) -> None:
    market = make_market(**FEES)
    both = make_at(market, Level.ACCEPTS, since=date(2026, 8, 10))
    make_at(market, Level.ACCEPTS, since=date(2026, 8, 10), merchant=merchant_of(session, both))
    make_at(market, Level.NONE, since=date(2026, 8, 10))
    coverage.recompute_market(market.id)
    target = make_target(shares=("60", "60"), unit=Unit.STALLS)

    assert passed() == 1
    target.unit = Unit.MERCHANTS
    session.flush()
    assert passed() == 0


def test_the_nearest_target_decides_over_passing(session: Session) -> None:
    filled(2, 1, code="QN-DAMHA", **FEES)
    make_target(shares=("90", "90"))
    commune = make_target(commune=make_commune(), shares=("60", "60"))

    assert passed() == 1
    assert passed(denominator=Denominator.C) == 1
    targets.end_target(commune, on=TODAY, version=None, actor=officer())
    assert passed() == 0


def rows_of(choice: MarketChoice = QUANG_NINH, actor: Actor | None = None) -> list[dict[str, Any]]:
    """The report on September; the row in sums comes last."""
    period = Period(date(2026, 9, 1), TODAY)
    report = reports.market_report(actor or officer(), period, choice=choice)
    return [dict(zip(NAMES, row, strict=True)) for row in [*report.rows(), report.total_row()]]


def aimed_at(row: dict[str, Any]) -> tuple[Any, Any]:
    return row["target_percent"], row["merchants_missing"]


def test_the_report_tells_the_target_of_the_day_and_what_is_missing_to_it(
    session: Session,
) -> None:
    market = filled(2, 3, name="Chợ Đầm Hà")
    make_target(market=market, shares=("0", "100"), from_day=date(2026, 9, 1), to_day=TODAY)
    filled(0, 1, name="Chợ Tiên Yên")

    own, other, total = rows_of()

    assert aimed_at(own) == (Decimal("100.00"), 3)
    assert aimed_at(other) == aimed_at(total) == (None, None)


def test_the_sums_are_measured_by_the_target_of_the_province_alone(session: Session) -> None:
    make_target(shares=("50", "50"))
    filled(1, 3, code="QN-DAMHA")
    filled(2, 0, code="QN-TIENYEN", commune_code=make_commune("06862", "Tiên Yên").code)

    assert aimed_at(rows_of()[-1]) == (Decimal("50.00"), 0)
    in_commune = rows_of(MarketChoice(province_code="22", commune_code="06895"))
    assert aimed_at(in_commune[-1]) == (Decimal("50.00"), 1)
    running = rows_of(MarketChoice(province_code="22", is_running=True))
    assert aimed_at(running[-1]) == (None, None)


def test_who_reads_only_some_markets_has_no_target_over_their_sum(session: Session) -> None:
    make_target(shares=("50", "50"))
    market = filled(1, 3)

    row, total = rows_of(actor=make_actor(market=market))

    assert aimed_at(row) == (Decimal("50.00"), 1)
    assert aimed_at(total) == (None, None)


def test_stalls_missing_are_not_told_as_households(session: Session) -> None:
    make_target(shares=("50", "50"), unit=Unit.STALLS)
    filled(1, 3)

    assert aimed_at(rows_of()[0]) == (Decimal("50.00"), None)


def test_the_list_tells_what_is_missing_the_pace_and_the_forecast(session: Session) -> None:
    filled(2, 3, code="QN-DAMHA")
    make_target(shares=("100", "100"))

    (row,) = target_lists.of_province("22", on=TODAY, actor=officer()).rows

    assert (row.name, row.state) == ("Quảng Ninh", TargetState.IN_FORCE)
    standing = row.standing
    assert standing is not None
    assert (standing.share.numerator, standing.missing, standing.gained) == (2, 3, 2)
    # 3 within 13 weeks and a day; 2 in 56 days make 3 in 84.
    assert standing.pace == 1
    assert standing.forecast == TODAY + timedelta(days=84)


def test_the_list_orders_places_and_tells_their_states(session: Session) -> None:
    market = filled(1, 1, code="QN-DAMHA", name="Chợ Đầm Hà")
    make_target(market=market, from_day=date(2026, 11, 1))
    make_target(commune=make_commune())
    make_target()
    make_target(from_day=date(2025, 1, 1), to_day=date(2025, 12, 31))

    rows = target_lists.of_province("22", on=TODAY, actor=officer()).rows

    assert [(row.name, row.state) for row in rows] == [
        ("Quảng Ninh", TargetState.IN_FORCE),
        ("Quảng Ninh", TargetState.PAST),
        ("Đầm Hà", TargetState.IN_FORCE),
        ("Chợ Đầm Hà", TargetState.COMING),
    ]
    assert [row.standing is not None for row in rows] == [True, False, True, False]
    shown = target_lists.chosen(rows, kind=None, state=None)
    assert [row.state for row in shown] == [
        TargetState.IN_FORCE,
        TargetState.IN_FORCE,
        TargetState.COMING,
    ]
    assert len(target_lists.chosen(rows, kind=PlaceKind.MARKET, state=None)) == 1
    assert len(target_lists.chosen(rows, kind=None, state=TargetState.PAST)) == 1


def test_a_board_reads_its_provinces_target_without_its_provinces_figures(
    session: Session,
) -> None:
    market = filled(1, 1, code="QN-DAMHA")
    filled(3, 0, code="QN-KHAC")
    make_target()
    make_target(market=market)

    found = target_lists.of_province("22", on=TODAY, actor=make_actor(market=market))

    assert [row.standing is not None for row in found.rows] == [False, True]
    assert [line.code for line in found.lines] == ["QN-DAMHA"]


def test_markets_below_their_line_come_with_the_farthest_first(session: Session) -> None:
    make_target(shares=("80", "80"))
    filled(3, 1, code="QN-BA")
    filled(1, 3, code="QN-MOT")
    filled(4, 1, code="QN-DAT")
    make_market("QN-TRONG")
    ahead = filled(1, 1, code="QN-RIENG")
    make_target(market=ahead, shares=("40", "40"))

    found = target_lists.of_province("22", on=TODAY, actor=officer())

    assert [line.code for line in found.behind(QUANG_NINH)] == ["QN-MOT", "QN-BA"]
    assert len(found.measured) == 4
    far = MarketChoice(province_code="22", commune_code="06862")
    assert found.behind(far) == []


def test_a_day_to_come_has_no_list(session: Session) -> None:
    with pytest.raises(Invalid, match="chưa tới"):
        target_lists.of_province("22", on=TODAY + timedelta(days=1), actor=officer())


def test_a_market_is_told_as_an_area_of_it_alone_is(session: Session) -> None:
    target = make_target(shares=("90", "90"))
    market = filled(3, 2, code="QN-DAMHA")
    make_at(market, Level.ACCEPTS, since=date(2026, 7, 1), state=StallState.RESTING)
    coverage.recompute_market(market.id)
    choice = MarketChoice(market_code="QN-DAMHA")

    for unit in Unit:
        target.unit = unit
        session.flush()
        for denominator in Denominator:
            own = area_targets.of_market(market, TODAY, denominator).standing
            lines = market_lines.list_lines(Actor.system(NOW), TODAY, choice=choice)
            area = area_targets.of_choice(
                choice, lines, TODAY, denominator, actor=Actor.system(NOW)
            )
            assert own is not None
            assert area is not None
            assert own == area.standing
            assert own.gained == 3


def test_a_closed_market_has_no_standing(session: Session) -> None:
    make_target()
    market = filled(1, 0)
    close_since(market, TODAY)

    assert area_targets.of_market(market, TODAY).standing is None
    assert area_targets.of_market(market, TODAY - timedelta(days=1)).standing is not None


def test_a_market_closed_when_its_pace_begins_has_gained_all_it_has(session: Session) -> None:
    make_target()
    market = filled(2, 1, day=date(2026, 7, 1))
    begins = TODAY - timedelta(days=PACE_DAYS)
    close_between(market, begins, begins + timedelta(days=1))
    choice = MarketChoice(market_code=market.code)

    own = area_targets.of_market(market, TODAY).standing
    lines = market_lines.list_lines(Actor.system(NOW), TODAY, choice=choice)
    area = area_targets.of_choice(choice, lines, TODAY, actor=Actor.system(NOW))

    assert own is not None
    assert own.gained == own.share.numerator
    assert area is not None
    assert own == area.standing


def test_officers_read_in_the_log_what_was_set_for_their_province(session: Session) -> None:
    market = make_market()
    elsewhere = make_actor(Role.PROVINCE_OFFICER, province=make_province("01", "Hà Nội"))
    setter = officer()
    for kind, code in ((PlaceKind.PROVINCE, "22"), (PlaceKind.COMMUNE, "06895")):
        place = target_scope.get_place(kind, code, actor=setter)
        targets.set_target(place, values(), actor=setter)
    audit.chain_pending(session)

    def seen(actor: Actor) -> int:
        return len(audit_lists.page_of(EntryFilter(entity="targets"), actor=actor).rows)

    assert (seen(setter), seen(make_actor(market=market)), seen(elsewhere)) == (2, 0, 0)
