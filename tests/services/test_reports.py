"""The provincial report and the list of stalls: figures, columns, files in every style."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.orm import Session

from market.documents.report_columns import MARKET_COLUMNS, STALL_COLUMNS
from market.documents.tables import Style
from market.domain.coverage import Denominator
from market.domain.errors import Invalid
from market.domain.levels import Level
from market.domain.markets import MarketClass
from market.domain.roles import Role
from market.domain.stalls import Placement, StallState
from market.domain.stickers import StickerState, VoidReason
from market.domain.visits import IncidentState, VisitResult
from market.models.market import Market, MarketOperator
from market.models.stall import Stall
from market.models.visit import Incident
from market.services import coverage, report_files, reports, stall_reports
from market.services.access import Actor
from market.services.market_lines import MarketChoice
from market.services.missing_stalls import MissingFilter
from market.services.report_files import FileFormat, Form
from market.services.reports import Period
from market.services.stall_reports import StallChoice
from tests.factories import (
    NOW,
    TODAY,
    make_account,
    make_actor,
    make_market,
    make_merchant,
    make_operator,
    make_province,
    make_section,
    make_stall,
    make_tenancy,
)
from tests.ladders import hand_out, make_at, merchant_of, moment, see

SEPTEMBER = Period(date(2026, 9, 1), date(2026, 9, 30))
QUANG_NINH = MarketChoice(province_code="22")
NAMES = [column.name for column in MARKET_COLUMNS]


def officer() -> Actor:
    return make_actor(Role.PROVINCE_OFFICER, province=make_province())


def rows_of(period: Period = SEPTEMBER, **known: Any) -> list[dict[str, Any]]:
    """The report as one dict a market."""
    report = reports.market_report(officer(), period, choice=QUANG_NINH, **known)
    return [dict(zip(NAMES, row, strict=True)) for row in report.rows()]


def written(form: Form, period: Period = SEPTEMBER) -> bytes:
    stream = BytesIO()
    table = report_files.market_table(officer(), period, choice=QUANG_NINH)
    report_files.write(stream, table, form, actor=Actor.system(NOW))
    return stream.getvalue()


def test_the_columns_stand_in_their_order() -> None:
    assert " ".join(NAMES) == (
        "period as_of province_code province commune_code commune market_code market class trade "
        "operator_kind operator programme_start stalls_total stalls_trading stalls_resting "
        "stalls_vacant stalls_mobile merchants_trading merchants_account merchants_equipped "
        "merchants_displayed merchants_accepting merchant_share_percent stalls_accepting "
        "stall_share_percent merchants_in_use merchant_share_change cashless_fees target_percent "
        "merchants_missing stickers_printed stickers_void incidents"
    )


@pytest.fixture
def dam_ha(session: Session) -> Market:
    """A market with everything a report tells of."""
    market = make_market(
        "QN-DAMHA",
        "Chợ Đầm Hà",
        operator=make_operator("Ban quản lý chợ Đầm Hà"),
        market_class=MarketClass.CLASS_2,
        cashless_fees="Phí vệ sinh",
        cashless_fees_since=date(2026, 9, 30),
    )
    make_at(market, Level.ACCEPTS, since=date(2026, 8, 10))
    make_at(market, Level.IN_USE, since=date(2026, 9, 20))
    make_at(market, Level.EQUIPPED, since=date(2026, 9, 1))
    make_at(market, Level.NONE, since=date(2026, 9, 1), state=StallState.RESTING)
    make_stall(market, state=StallState.VACANT)
    make_stall(market, placement=Placement.MOBILE)
    coverage.recompute_market(market.id)
    return market


def test_a_row_tells_all_of_a_market(session: Session, dam_ha: Market) -> None:
    (row,) = rows_of()

    assert row["period"].label == "Tháng 9/2026"
    assert {name: row[name] for name in NAMES[1:]} == {
        "as_of": TODAY,
        "province_code": "22",
        "province": "Quảng Ninh",
        "commune_code": "06895",
        "commune": "Đầm Hà",
        "market_code": "QN-DAMHA",
        "market": "Chợ Đầm Hà",
        "class": "2",
        "trade": "retail",
        "operator_kind": "board",
        "operator": "Ban quản lý chợ Đầm Hà",
        "programme_start": date(2025, 1, 1),
        "stalls_total": 5,
        "stalls_trading": 3,
        "stalls_resting": 1,
        "stalls_vacant": 1,
        "stalls_mobile": 1,
        "merchants_trading": 3,
        "merchants_account": 3,
        "merchants_equipped": 3,
        "merchants_displayed": 2,
        "merchants_accepting": 2,
        "merchant_share_percent": Decimal("66.67"),
        "stalls_accepting": 2,
        "stall_share_percent": Decimal("66.67"),
        "merchants_in_use": 1,
        "merchant_share_change": Decimal("33.33"),
        "cashless_fees": True,
        "target_percent": None,
        "merchants_missing": None,
        "stickers_printed": 2,
        "stickers_void": 0,
        "incidents": 0,
    }


def test_the_change_is_against_the_day_before_the_period(session: Session, dam_ha: Market) -> None:
    (row,) = rows_of(Period(date(2026, 8, 10), date(2026, 8, 31)))

    assert row["merchant_share_change"] == Decimal("33.33")
    (row,) = rows_of(Period(date(2026, 8, 11), date(2026, 8, 31)))
    assert row["merchant_share_change"] == Decimal("0.00")


def test_without_a_period_before_there_is_no_change(session: Session, dam_ha: Market) -> None:
    (row,) = rows_of(Period(date(2024, 1, 1), TODAY))

    assert row["merchant_share_change"] is None


def test_a_market_with_nothing_to_count_has_no_share(session: Session, dam_ha: Market) -> None:
    make_market("QN-MOI", "Chợ An Mới")

    row = rows_of()[0]

    assert (row["market_code"], row["merchants_trading"]) == ("QN-MOI", 0)
    assert row["merchant_share_percent"] is None
    assert row["stall_share_percent"] is None


def test_the_operator_is_that_of_the_day(session: Session, dam_ha: Market) -> None:
    span = session.query(MarketOperator).one()
    span.to_day = date(2026, 9, 15)
    session.flush()
    newer = make_operator("Hợp tác xã Mẫu")
    session.add(
        MarketOperator(market_id=dam_ha.id, operator_id=newer.id, from_day=date(2026, 9, 15))
    )
    session.flush()

    assert [row["operator"] for row in rows_of()] == ["Hợp tác xã Mẫu"]
    (before,) = rows_of(Period(date(2026, 8, 1), date(2026, 8, 31)))
    assert before["operator"] == "Ban quản lý chợ Đầm Hà"


def test_what_happened_is_counted_within_the_period_in_viet_nam(
    session: Session, dam_ha: Market
) -> None:
    tenancy = make_at(dam_ha, Level.ACCOUNT, since=date(2026, 6, 1))
    account = make_account(
        merchant_of(session, tenancy), is_preferred=False, since=moment(date(2026, 6, 1))
    )
    # 17:00 UTC is midnight in Việt Nam.
    moments = {
        "before": datetime(2026, 8, 31, 16, 59, tzinfo=UTC),
        "first": datetime(2026, 8, 31, 17, 0, tzinfo=UTC),
        "last": datetime(2026, 9, 30, 16, 59, tzinfo=UTC),
        "after": datetime(2026, 9, 30, 17, 0, tzinfo=UTC),
    }
    for at in moments.values():
        sticker = hand_out(tenancy, account, on=date(2026, 6, 2))
        sticker.state, sticker.void_reason, sticker.void_at = StickerState.VOID, VoidReason.WORN, at
    queued = hand_out(tenancy, account, on=date(2026, 9, 2))
    queued.printed_at = queued.handed_out_at = None
    queued.state, queued.void_reason = StickerState.VOID, VoidReason.WORN
    queued.void_at = moments["first"]
    for day in (date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 30)):
        visit = see(tenancy, on=day, result=VisitResult.OTHER_ACCOUNT)
        session.add(
            Incident(
                stall_id=tenancy.stall_id,
                visit_id=visit.id,
                state=IncidentState.OPEN,
                opened_at=moment(day),
                opened_on=day,
            )
        )
    session.flush()

    (row,) = rows_of()

    assert (row["stickers_void"], row["incidents"]) == (2, 2)
    # Two of the market's own were printed in September.
    assert row["stickers_printed"] == 2


def test_the_sums_are_those_of_sql_written_by_hand(session: Session, dam_ha: Market) -> None:
    other = make_market("QN-TIENYEN", "Chợ Tiên Yên")
    for level in (Level.ACCEPTS, Level.NONE, Level.NONE):
        make_at(other, level, since=date(2026, 9, 5))
    coverage.recompute_market(other.id)
    report = reports.market_report(officer(), SEPTEMBER, choice=QUANG_NINH)

    total = dict(zip(NAMES, report.total_row(), strict=True))

    by_hand = session.execute(
        text(
            """
            SELECT sum(a_merchants_counted), sum(a_merchants_accepting) FROM coverage_days c
            WHERE day = (SELECT max(day) FROM coverage_days d
                         WHERE d.market_id = c.market_id AND d.day <= :day)
            """
        ),
        {"day": TODAY},
    ).one()
    assert (total["merchants_trading"], total["merchants_accepting"]) == tuple(by_hand) == (6, 3)
    assert total["merchant_share_percent"] == Decimal("50.00")
    # Before: 1 of 6; the mean of the markets' changes would be another figure.
    assert total["merchant_share_change"] == Decimal("33.33")
    assert (total["as_of"], total["cashless_fees"]) == (None, None)


def test_other_denominators_count_more_stalls(session: Session, dam_ha: Market) -> None:
    (row,) = rows_of(denominator=Denominator.B)

    assert (row["merchants_trading"], row["stalls_accepting"]) == (4, 2)
    assert row["merchant_share_percent"] == Decimal("50.00")


def test_a_board_reports_its_own_markets(session: Session, dam_ha: Market) -> None:
    make_at(make_market("QN-KHAC"), Level.ACCEPTS, since=TODAY)
    board = make_actor(market=dam_ha)

    report = reports.market_report(board, SEPTEMBER, choice=QUANG_NINH)

    assert [line.code for line in report.lines] == ["QN-DAMHA"]


@pytest.mark.parametrize(
    ("since", "as_of"),
    [(date(2026, 9, 2), date(2026, 9, 1)), (None, TODAY + timedelta(days=1))],
)
def test_a_period_that_cannot_be_is_refused(
    session: Session, dam_ha: Market, since: date | None, as_of: date
) -> None:
    with pytest.raises(Invalid):
        reports.market_report(officer(), reports.usual_period(as_of, since), choice=QUANG_NINH)


def test_the_report_style_is_what_offices_open(session: Session, dam_ha: Market) -> None:
    content = written(Form())

    lines = content.decode("utf-8-sig").splitlines()
    assert content.startswith(b"\xef\xbb\xbf")
    assert lines[0].startswith("Kỳ báo cáo;Ngày chốt số liệu;Mã tỉnh;")
    assert lines[1] == (
        "Tháng 9/2026;30/09/2026;22;Quảng Ninh;06895;Đầm Hà;QN-DAMHA;Chợ Đầm Hà;Hạng 2;"
        "Chợ dân sinh;Ban quản lý;Ban quản lý chợ Đầm Hà;01/01/2025;5;3;1;1;1;3;3;3;2;2;66,67;2;"
        "66,67;1;33,33;Có;;;2;0;0"
    )
    assert lines[2] == "Tổng cộng" + ";" * 13 + "5;3;1;1;1;3;3;3;2;2;66,67;2;66,67;1;33,33;;;;2;0;0"
    assert len(lines) == 3


def test_the_data_style_is_what_programs_read(session: Session, dam_ha: Market) -> None:
    content = written(Form(style=Style.DATA))

    (row,) = csv.DictReader(StringIO(content.decode()))
    assert not content.startswith(b"\xef\xbb\xbf")
    assert list(row) == NAMES
    assert row["period"] == "2026-09-01/2026-09-30"
    assert row["merchant_share_percent"] == "66.67"
    assert row["cashless_fees"] == "true"
    assert row["target_percent"] == ""


def test_a_workbook_holds_numbers_and_says_how_it_came_about(
    session: Session, dam_ha: Market
) -> None:
    book = load_workbook(BytesIO(written(Form(FileFormat.XLSX))))

    sheet, colophon = book.worksheets
    header = [cell.value for cell in sheet[1]]
    row = dict(zip(header, [cell.value for cell in sheet[2]], strict=True))
    told = {name: value for name, value in colophon.iter_rows(values_only=True)}
    assert row["Tỷ lệ hộ chấp nhận (%)"] == 66.67
    assert row["Mã xã"] == "06895"
    assert sheet[3][0].value == "Tổng cộng"
    assert told["Ngày chốt số liệu"] == "30/09/2026"
    assert told["Mẫu số"].startswith("A – ")
    assert told["Số ngày phải kiểm tra lại"] == "180"
    assert told["Lập lúc"] == "30/09/2026 10:00"
    assert told["Người lập"] == "system"
    assert told["Số dòng"] == "1"
    assert len(told["SHA-256 (CSV)"]) == 64


def test_a_workbook_has_one_style_only() -> None:
    with pytest.raises(Invalid):
        Form(FileFormat.XLSX, Style.DATA)


HOSTILE = '=cmd|"/c calc"!A1'


def test_what_a_spreadsheet_would_run_is_made_harmless(session: Session) -> None:
    market = make_market("QN-XAU", HOSTILE, operator=make_operator("@SUM(1)"))
    make_at(market, Level.NONE, since=TODAY)
    coverage.recompute_market(market.id)

    for form in (Form(), Form(style=Style.DATA)):
        separator = ";" if form.style is Style.REPORT else ","
        content = written(form).decode("utf-8-sig")
        row = list(csv.reader(StringIO(content), delimiter=separator))[1]
        assert row[7] == "'" + HOSTILE
        assert row[11] == "'@SUM(1)"
    cell = load_workbook(BytesIO(written(Form(FileFormat.XLSX)))).worksheets[0]["H2"]
    assert (cell.value, cell.data_type) == (HOSTILE, "s")


def stall_rows(actor: Actor, on: date = TODAY, **chosen: Any) -> list[dict[str, Any]]:
    """The list of stalls as one dict a row."""
    choice = StallChoice(chosen.pop("markets", MarketChoice()), **chosen)
    names = [column.name for column in STALL_COLUMNS]
    rows = stall_reports.stall_rows(actor, on, choice=choice)
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_a_stall_is_told_with_its_merchant_and_last_four_digits(session: Session) -> None:
    market = make_market("QN-DAMHA", "Chợ Đầm Hà")
    section = make_section(market)
    tenancy = make_tenancy(
        make_stall(market, "A1", section=section), make_merchant(market, "Đỗ Thị Mẫu")
    )
    account = make_account(
        merchant_of(session, tenancy), "88001234567", since=moment(date(2026, 8, 1))
    )
    hand_out(tenancy, account, on=date(2026, 8, 10))
    see(tenancy, on=date(2026, 9, 2), accepts=True)
    coverage.recompute_market(market.id)

    (row,) = stall_rows(make_actor(market=market))

    assert row == {
        "market_code": "QN-DAMHA",
        "market": "Chợ Đầm Hà",
        "section": "Khu A",
        "stall": "A1",
        "line": None,
        "placement": "fixed",
        "state": "trading",
        "merchant": "Đỗ Thị Mẫu",
        "level": "accepts",
        "bank": "Vietcombank",
        "account_last4": "4567",
        "sticker_state": "handed_out",
        "last_check": date(2026, 9, 2),
        "last_result": "match",
    }


def test_stalls_are_told_as_they_were_on_the_day(session: Session) -> None:
    market = make_market()
    tenancy = make_at(market, Level.ACCEPTS, since=date(2026, 8, 10))
    coverage.recompute_market(market.id)

    (before,) = stall_rows(make_actor(market=market), date(2026, 8, 9))
    (then,) = stall_rows(make_actor(market=market), date(2026, 8, 10))

    assert (before["level"], before["bank"], before["sticker_state"], before["last_check"]) == (
        "none",
        None,
        None,
        None,
    )
    assert (then["level"], then["sticker_state"]) == ("accepts", "handed_out")
    assert tenancy.stall_id


def test_a_shared_stall_has_a_row_for_each_merchant_and_a_closed_one_none(
    session: Session,
) -> None:
    market = make_market()
    shared = make_stall(market, "A1")
    make_tenancy(shared, make_merchant(market, "Một"))
    make_tenancy(shared, make_merchant(market, "Hai"))
    make_stall(market, "A2", state=StallState.VACANT)
    make_stall(market, "A3", state=StallState.CLOSED)
    coverage.recompute_market(market.id)

    rows = stall_rows(make_actor(market=market))

    assert [(row["stall"], row["merchant"]) for row in rows] == [
        ("A1", "Một"),
        ("A1", "Hai"),
        ("A2", None),
    ]


def test_the_list_can_hold_the_missing_stalls_alone(session: Session) -> None:
    market = make_market()
    make_at(market, Level.ACCEPTS, since=TODAY, code="A1")
    make_at(market, Level.EQUIPPED, since=TODAY, code="A2")
    coverage.recompute_market(market.id)

    rows = stall_rows(make_actor(market=market), missing=MissingFilter(TODAY))

    assert [row["stall"] for row in rows] == ["A2"]


def test_stalls_of_others_are_not_told(session: Session) -> None:
    mine, other = make_market("QN-A"), make_market("QN-B")
    section = make_section(mine)
    make_stall(mine, "A1", section=section)
    make_stall(mine, "B1")
    make_stall(other, "C1")
    for market in (mine, other):
        coverage.recompute_market(market.id)

    assert [row["stall"] for row in stall_rows(make_actor(market=mine))] == ["A1", "B1"]
    narrow = make_actor(Role.BOARD_MANAGER, section=section)
    assert [row["stall"] for row in stall_rows(narrow)] == ["A1"]
    assert [row["stall"] for row in stall_rows(officer())] == ["A1", "B1", "C1"]


def test_columns_are_chosen_by_name_and_keep_their_order(session: Session) -> None:
    market = make_market("QN-DAMHA")
    make_stall(market, "A1")
    coverage.recompute_market(market.id)
    actor = make_actor(market=market)
    stream = BytesIO()

    table = report_files.stall_table(
        actor, TODAY, choice=StallChoice(MarketChoice()), names=["level", "stall"]
    )
    rows = report_files.write(stream, table, Form(style=Style.DATA), actor=actor)

    assert stream.getvalue() == b"stall,level\r\nA1,none\r\n"
    assert rows == 1
    with pytest.raises(Invalid, match="account_number"):
        stall_reports.chosen_columns(["account_number"])


def test_no_column_holds_a_full_number() -> None:
    assert not {"account", "account_number", "number", "phone"} & {
        column.name for column in STALL_COLUMNS
    }


def test_a_market_with_two_stalls_of_one_merchant_counts_one_household(session: Session) -> None:
    market = make_market()
    first = make_at(market, Level.ACCEPTS, since=date(2026, 9, 1))
    merchant = merchant_of(session, first)
    make_at(market, Level.NONE, since=TODAY, merchant=merchant)
    coverage.recompute_market(market.id)
    assert session.get_one(Stall, first.stall_id)

    (row,) = rows_of()

    assert (row["merchants_trading"], row["stalls_trading"]) == (1, 2)
    assert row["merchant_share_percent"] == Decimal("100.00")
    assert row["stall_share_percent"] == Decimal("50.00")
