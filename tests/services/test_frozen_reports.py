"""Frozen reports: the same bytes for ever, one effect however often, and what was adjusted."""

import csv
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO, StringIO
from typing import Any

import pytest
from flask import Flask, current_app
from openpyxl import load_workbook
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from market.documents import report_columns
from market.documents.tables import Style
from market.domain.coverage import Denominator
from market.domain.errors import Conflict, Forbidden, Invalid, NotFound
from market.domain.levels import Level
from market.domain.roles import Role
from market.domain.rules import Rules
from market.extensions import db
from market.models.audit import AuditEntry
from market.models.frozen_report import FrozenFile, FrozenReport, FrozenRow
from market.models.market import Market
from market.models.merchant import Tenancy
from market.services import (
    audit,
    coverage,
    frozen_differences,
    frozen_files,
    frozen_lists,
    frozen_reports,
    frozen_scope,
    reports,
)
from market.services.access import Actor
from market.services.frozen_differences import ComparedReport
from market.services.market_lines import MarketChoice
from market.services.report_files import FileFormat, Form
from market.services.reports import Period
from tests.audit_log import list_entries
from tests.closing import close_since
from tests.factories import (
    NOW,
    make_actor,
    make_commune,
    make_market,
    make_operator,
    make_province,
)
from tests.ladders import make_at, see

Transaction = Callable[[], AbstractContextManager[Session]]
AUGUST = Period(date(2026, 8, 1), date(2026, 8, 31))
SEPTEMBER = Period(date(2026, 9, 1), date(2026, 9, 30))
SYSTEM = Actor.system(NOW)
FORMS = (
    Form(FileFormat.CSV, Style.DATA),
    Form(FileFormat.CSV, Style.REPORT),
    Form(FileFormat.XLSX),
)


@pytest.fixture
def dam_ha(session: Session) -> Market:
    """Đầm Hà, of whose three traders one accepts; a trader of Tiên Yên accepts, too."""
    dam_ha = make_market("QN-DAMHA", "Chợ Đầm Hà", operator=make_operator("Ban Đầm Hà"))
    tien_yen = make_market("QN-TIENYEN", "Chợ Tiên Yên", operator=make_operator("Ban Tiên Yên"))
    make_at(dam_ha, Level.ACCEPTS, since=date(2026, 7, 20), code="A1")
    make_at(dam_ha, Level.DISPLAYED, since=date(2026, 7, 20), code="A2")
    make_at(dam_ha, Level.EQUIPPED, since=date(2026, 7, 20), code="A3")
    make_at(tien_yen, Level.ACCEPTS, since=date(2026, 7, 20), code="B1")
    for market in (dam_ha, tien_yen):
        coverage.recompute_market(market.id)
    return dam_ha


def officer() -> Actor:
    return make_actor(Role.PROVINCE_OFFICER, province=make_province())


def frozen(period: Period = AUGUST, actor: Actor = SYSTEM, **known: Any) -> FrozenReport:
    """A report that was not frozen before."""
    done = frozen_reports.freeze("22", period, actor=actor, **known)
    assert done.is_new
    return done.report


def files(number: str, actor: Actor = SYSTEM) -> list[bytes]:
    """The report's three files as that actor gets them."""
    opened = frozen_scope.get_report(number, actor=actor)
    return [frozen_files.file_of(opened, form, actor=actor).content for form in FORMS]


def compared(number: str, actor: Actor = SYSTEM) -> ComparedReport:
    return frozen_differences.compare(frozen_scope.get_report(number, actor=actor), actor=actor)


def accept_late(market: Market, code: str = "A3", on: date = date(2026, 8, 20)) -> None:
    """Record now that a trader accepted on a day that was reported already."""
    stalls = select(Tenancy).join(Tenancy.stall).where(Tenancy.stall.has(code=code))
    see(db.session.scalars(stalls).one(), on=on, accepts=True)
    coverage.recompute_market(market.id)


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode())))


@pytest.mark.only_sqlite
def test_a_report_is_numbered_in_its_year(session: Session, dam_ha: Market) -> None:
    numbers = [frozen(period).number for period in (AUGUST, SEPTEMBER)]

    assert numbers == ["BC-2026-0001", "BC-2026-0002"]


@pytest.mark.only_sqlite
def test_a_report_holds_every_market_of_the_province(session: Session, dam_ha: Market) -> None:
    elsewhere = make_commune("09169", "Quế Võ", make_province("24", "Bắc Ninh"))
    make_market("BN-QUEVO", commune_code=elsewhere.code)
    report = frozen()

    data = files(report.number)[0]
    assert [row["market_code"] for row in rows_of(data)] == ["QN-DAMHA", "QN-TIENYEN"]
    assert (report.row_count, report.sha256) == (2, sha256(data).hexdigest())


@pytest.mark.only_sqlite
def test_files_are_those_of_the_report_that_was_asked_for_at_that_moment(
    session: Session, dam_ha: Market
) -> None:
    live = reports.market_report(SYSTEM, AUGUST, choice=MarketChoice(province_code="22"))
    before = [list(map(str, row)) for row in live.rows()]

    kept = load_workbook(BytesIO(files(frozen().number)[2])).worksheets[0]

    assert [str(cell.value) for cell in kept[2]][6:8] == before[0][6:8]
    assert kept.cell(4, 1).value == "Tổng cộng"


def test_the_files_stay_byte_for_byte_whatever_comes_afterwards(
    session: Session, dam_ha: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = make_actor(Role.BOARD_MANAGER, market=dam_ha)
    number = frozen().number
    before, extract = files(number), files(number, board)

    accept_late(dam_ha)
    dam_ha.name, dam_ha.programme_start = "Chợ mới", date(2026, 8, 30)
    make_province().name = "Quảng Ninh mới"
    make_at(dam_ha, Level.ACCEPTS, since=date(2026, 8, 2))
    current_app.extensions["cho_rules"] = Rules(stale_days=7)
    coverage.recompute_market(dam_ha.id)
    changed = replace(report_columns.MARKET_COLUMNS[7], heading_vi="Tên", width=90)
    columns = (*report_columns.MARKET_COLUMNS[:7], changed, *report_columns.MARKET_COLUMNS[8:])
    monkeypatch.setattr("market.services.report_files.MARKET_COLUMNS", columns)

    assert files(number) == before
    assert files(number, board) == extract
    assert compared(number).total.counted == 1


@pytest.mark.only_sqlite
def test_a_workbook_says_what_it_is(session: Session, dam_ha: Market) -> None:
    actor = officer()
    report = frozen(actor=actor, denominator=Denominator.B)

    _sheet, told = load_workbook(BytesIO(files(report.number)[2])).worksheets
    said = {name: value for name, value in told.iter_rows(values_only=True)}

    assert said == {
        "Tên báo cáo": "Báo cáo Chợ 4.0 – Tháng 8/2026",
        "Ngày chốt số liệu": "31/08/2026",
        "Mẫu số": "B – Điểm cố định đang kinh doanh hoặc tạm nghỉ",
        "Số ngày phải kiểm tra lại": "180",
        "Số ngày tính là còn phát sinh giao dịch": "30",
        "Số báo cáo": "BC-2026-0001",
        "So với": "Số liệu ngày 31/07/2026, tính khi lập báo cáo",
        "Lập lúc": "30/09/2026 10:00",
        "Người lập": actor.name,
        "Số dòng": "2",
        "SHA-256 (CSV)": report.sha256,
    }


def test_nothing_changes_what_is_kept(session: Session, dam_ha: Market) -> None:
    frozen()
    session.commit()

    for entity in (FrozenReport, FrozenRow, FrozenFile):
        key = next(iter(entity.__table__.primary_key))
        for act in (update(entity).values({key.name: 99}), delete(entity)):
            with pytest.raises(DBAPIError, match=rf"{entity.__tablename__}_never_(change|go)"):
                session.execute(act)
            session.rollback()


@pytest.mark.only_sqlite
def test_a_frozen_report_is_an_entry_with_its_hash(session: Session, dam_ha: Market) -> None:
    report = frozen(actor=officer())
    session.commit()

    entry = list_entries(AuditEntry.action == "freeze")[0]
    assert (entry.entity, entry.entity_id) == ("frozen_reports", str(report.id))
    assert report.sha256 in entry.content
    assert audit.verify().broken is None


def test_freezing_again_gives_the_report_that_is_there(session: Session, dam_ha: Market) -> None:
    first = frozen()

    accept_late(dam_ha)
    again = frozen_reports.freeze("22", AUGUST, actor=SYSTEM)

    assert (again.is_new, again.report.number) == (False, first.number)
    assert session.scalar(select(func.count()).select_from(FrozenReport)) == 1


@pytest.mark.only_sqlite
def test_another_period_or_denominator_is_another_report(session: Session, dam_ha: Market) -> None:
    frozen()

    assert frozen(denominator=Denominator.C).number == "BC-2026-0002"
    assert frozen(Period(date(2026, 7, 1), date(2026, 8, 31))).number == "BC-2026-0003"


def test_several_who_freeze_at_once_get_one_report(app: Flask, transaction: Transaction) -> None:
    with transaction():
        market = make_market()
        make_at(market, Level.ACCEPTS, since=date(2026, 7, 20))
        coverage.recompute_market(market.id)
    ready = threading.Barrier(4)
    got: list[tuple[str, bool]] = []
    errors: list[str] = []

    def freeze() -> None:
        try:
            with app.app_context():
                ready.wait(timeout=30)
                done = frozen_reports.freeze("22", AUGUST, actor=SYSTEM)
                number = done.report.number
                db.session.commit()
                got.append((number, done.is_new))
        except Exception as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=freeze) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert sorted(got) == [("BC-2026-0001", False)] * 3 + [("BC-2026-0001", True)]
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(FrozenReport)) == 1


@pytest.mark.only_sqlite
def test_what_was_recorded_afterwards_is_shown_as_an_adjustment(
    session: Session, dam_ha: Market
) -> None:
    number = frozen().number
    assert compared(number).changed == []

    accept_late(dam_ha)
    make_at(dam_ha, Level.NONE, since=date(2026, 8, 2), code="A9")
    coverage.recompute_market(dam_ha.id)

    report = compared(number)
    (changed,) = report.changed
    assert (changed.code, changed.comparison.accepting, changed.comparison.counted) == (
        "QN-DAMHA",
        1,
        1,
    )
    assert (report.total.accepting, report.total.stalls) == (1, 1)
    assert str(changed.comparison.share) == "16.67"
    assert report.total.reported.merchants.accepting == 2


@pytest.mark.only_sqlite
def test_facts_after_the_period_are_no_adjustment(session: Session, dam_ha: Market) -> None:
    number = frozen().number

    accept_late(dam_ha, on=date(2026, 9, 1))

    assert compared(number).changed == []


@pytest.mark.only_sqlite
def test_markets_that_came_or_went_afterwards_are_adjustments(
    session: Session, dam_ha: Market
) -> None:
    number = frozen().number
    close_since(dam_ha, date(2026, 8, 15))
    late = make_market("QN-BACHE", "Chợ Ba Chẽ")
    make_at(late, Level.ACCEPTS, since=date(2026, 8, 20))
    coverage.recompute_market(late.id)

    report = compared(number)
    told = {each.code: (each.comparison.counted, bool(each.row)) for each in report.markets}
    assert told == {"QN-DAMHA": (-3, True), "QN-TIENYEN": (0, True), "QN-BACHE": (1, False)}
    assert report.total.counted == -2


@pytest.mark.only_sqlite
def test_a_renamed_market_keeps_its_name_in_the_report(session: Session, dam_ha: Market) -> None:
    number = frozen().number

    dam_ha.name = "Chợ mới"
    session.flush()

    assert [each.name for each in compared(number).markets] == ["Chợ Đầm Hà", "Chợ Tiên Yên"]


def test_the_change_is_taken_against_what_was_frozen(session: Session, dam_ha: Market) -> None:
    frozen()
    accept_late(dam_ha)

    data, _report, workbook = files(frozen(SEPTEMBER).number)

    # Today's view of 31/8 has two of three accepting; one of three was reported.
    assert [row["merchant_share_change"] for row in rows_of(data)] == ["33.33", "0.00"]
    sheet, told = load_workbook(BytesIO(workbook)).worksheets
    assert sheet.cell(4, 28).value == 25
    said = {name: value for name, value in told.iter_rows(values_only=True)}
    assert said["So với"] == "Số liệu ngày 31/08/2026, báo cáo đã chốt BC-2026-0001"


@pytest.mark.only_sqlite
def test_a_report_that_nobody_freezes_is_compared_the_same_way(
    session: Session, dam_ha: Market
) -> None:
    frozen()
    accept_late(dam_ha)
    board = make_actor(Role.BOARD_MANAGER, market=dam_ha)
    changed_at = report_columns.MARKET_COLUMNS.index(
        next(each for each in report_columns.MARKET_COLUMNS if each.name == "merchant_share_change")
    )

    found = {}
    for actor, denominator in ((SYSTEM, Denominator.A), (SYSTEM, Denominator.C), (board, "A")):
        report = reports.market_report(
            actor,
            SEPTEMBER,
            choice=MarketChoice(market_code="QN-DAMHA"),
            denominator=Denominator(denominator),
        )
        (row,) = report.rows()
        found[actor.name, str(denominator)] = (
            str(row[changed_at]),
            str(report.total_row()[changed_at]),
        )

    assert found == {
        ("system", "A"): ("33.33", "33.33"),
        ("system", "C"): ("0.00", "0.00"),
        (board.name, "A"): ("33.33", "33.33"),
    }


def test_a_correction_has_a_number_of_its_own_and_both_stay(
    session: Session, dam_ha: Market
) -> None:
    old = frozen()
    before = files(old.number)
    accept_late(dam_ha)

    new = frozen_reports.correct(old.number, " Ghi bổ sung A3 ", actor=officer())

    assert (new.number, new.revision, new.corrects_id) == ("BC-2026-0002", 2, old.id)
    assert files(old.number) == before
    assert [row["merchants_accepting"] for row in rows_of(files(new.number)[0])] == ["2", "1"]
    told = load_workbook(BytesIO(files(new.number)[2])).worksheets[1]
    said = {name: value for name, value in told.iter_rows(values_only=True)}
    assert (said["Thay cho báo cáo"], said["Lý do"]) == (old.number, "Ghi bổ sung A3")
    neighbours = frozen_lists.neighbours_of(old, actor=SYSTEM)
    assert (neighbours.corrects, neighbours.corrected_by) == (None, new.number)


@pytest.mark.only_sqlite
def test_the_last_report_of_a_day_is_the_one_to_compare_with(
    session: Session, dam_ha: Market
) -> None:
    first = frozen()
    accept_late(dam_ha)
    frozen_reports.correct(first.number, "Ghi bổ sung A3", actor=SYSTEM)

    report = frozen(SEPTEMBER)

    assert frozen_lists.neighbours_of(report, actor=SYSTEM).before == "BC-2026-0002"


@pytest.mark.only_sqlite
def test_a_correction_needs_a_reason_and_something_to_correct(
    session: Session, dam_ha: Market
) -> None:
    number = frozen().number

    with pytest.raises(Invalid, match="không khác"):
        frozen_reports.correct(number, "Thử", actor=SYSTEM)
    accept_late(dam_ha)
    with pytest.raises(Invalid, match="lý do"):
        frozen_reports.correct(number, "  ", actor=SYSTEM)
    frozen_reports.correct(number, "Ghi bổ sung", actor=SYSTEM)
    with pytest.raises(Conflict, match="BC-2026-0002"):
        frozen_reports.correct(number, "Ghi bổ sung", actor=SYSTEM)
    assert session.scalar(select(func.count()).select_from(FrozenReport)) == 2


@pytest.mark.parametrize(
    ("code", "period", "told"),
    [
        ("22", Period(date(2026, 9, 1), date(2026, 10, 1)), "chưa tới"),
        ("22", Period(date(2024, 1, 1), date(2024, 1, 31)), "ghi nhận đầu tiên"),
        ("22", Period(date(2026, 9, 2), date(2026, 9, 1)), "sau ngày chốt số liệu"),
        ("24", AUGUST, "không có chợ nào"),
    ],
)
def test_what_cannot_be_frozen_is_said_and_nothing_is_written(
    session: Session, dam_ha: Market, code: str, period: Period, told: str
) -> None:
    make_province("24", "Bắc Ninh")

    with pytest.raises(Invalid, match=told):
        frozen_reports.freeze(code, period, actor=SYSTEM)

    assert session.scalar(select(func.count()).select_from(FrozenReport)) == 0


@pytest.mark.only_sqlite
def test_a_province_whose_markets_have_no_figures_has_no_report(session: Session) -> None:
    make_market()

    with pytest.raises(Invalid, match="chưa có số liệu"):
        frozen_reports.freeze("22", AUGUST, actor=SYSTEM)


@pytest.mark.only_sqlite
def test_only_who_has_the_whole_province_freezes_it(session: Session, dam_ha: Market) -> None:
    elsewhere = make_actor(Role.PROVINCE_OFFICER, province=make_province("24", "Bắc Ninh"))
    for role in (Role.BOARD_MANAGER, Role.PROVINCE_OFFICER, Role.AUDITOR):
        with pytest.raises(Forbidden):
            frozen_reports.freeze("22", AUGUST, actor=make_actor(role, market=dam_ha))
    with pytest.raises(NotFound):
        frozen_reports.freeze("22", AUGUST, actor=elsewhere)

    assert frozen(actor=officer()).number == "BC-2026-0001"


def test_a_board_has_the_rows_of_its_markets(session: Session, dam_ha: Market) -> None:
    report = frozen()
    board = make_actor(Role.BOARD_MANAGER, market=dam_ha)

    data, style_report, workbook = files(report.number, board)

    text = b"".join((data, style_report)).decode()
    assert [row["market_code"] for row in rows_of(data)] == ["QN-DAMHA"]
    assert "TIENYEN" not in text
    assert "Tháng 8/2026 (trích BC-2026-0001)" in text
    assert "Tổng cộng" not in text
    sheet, told = load_workbook(BytesIO(workbook)).worksheets
    assert sheet.max_row == 2
    said = {name: value for name, value in told.iter_rows(values_only=True)}
    assert said["Phạm vi"].startswith("Bản trích")
    assert said["SHA-256 của cả báo cáo"] == report.sha256
    assert said["SHA-256 (CSV)"] == sha256(data).hexdigest()
    assert said["Số dòng"] == "1"
    page = frozen_lists.page_of(board, 1)
    assert [(row.markets, row.counted, row.accepting) for row in page.items] == [(1, 3, 1)]
    assert [each.code for each in compared(report.number, board).markets] == ["QN-DAMHA"]


@pytest.mark.only_sqlite
def test_a_report_without_own_rows_does_not_exist(session: Session, dam_ha: Market) -> None:
    report = frozen()
    stranger = make_actor(Role.BOARD_MANAGER, market=make_market("QN-SAU", "Chợ lập sau"))

    with pytest.raises(NotFound):
        frozen_scope.get_report(report.number, actor=stranger)
    assert frozen_lists.page_of(stranger, 1).total == 0


def test_the_list_has_the_latest_period_first(session: Session, dam_ha: Market) -> None:
    frozen(SEPTEMBER)
    old = frozen(AUGUST)
    accept_late(dam_ha)
    frozen_reports.correct(old.number, "Ghi bổ sung", actor=SYSTEM)

    rows = frozen_lists.page_of(officer(), 1).items

    assert [(row.FrozenReport.number, row.corrected_by) for row in rows] == [
        ("BC-2026-0001", None),
        ("BC-2026-0003", None),
        ("BC-2026-0002", "BC-2026-0003"),
    ]
    assert [str(frozen_lists.share_of(row).percent()) for row in rows] == ["50.0", "75.0", "50.0"]


@pytest.mark.only_sqlite
def test_a_report_of_today_may_be_frozen(session: Session, dam_ha: Market) -> None:
    today = Period(SYSTEM.today - timedelta(days=6), SYSTEM.today)

    assert frozen(today).as_of == SYSTEM.today
