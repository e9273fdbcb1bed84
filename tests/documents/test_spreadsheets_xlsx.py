"""Workbooks as offices get them, read back by a library that shares no code with the writer."""

import io
import tempfile
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from market.documents import spreadsheets
from market.documents.spreadsheets import Colophon, write_rows_xlsx, write_xlsx
from market.documents.tables import Cell, Column, Digest, Kind, Row, Style, TotalRow, write_csv
from market.domain.errors import TooLarge
from market.domain.stalls import StallState

MADE_AT = datetime(2026, 10, 1, 1, 30, tzinfo=UTC)
COLOPHON = Colophon(MADE_AT, (("Ngày chốt số liệu", "30/09/2026"), ("Mẫu số", "A")), "Báo cáo")

NAME = Column("market", "Tên chợ", width=30)
CODE = Column("commune_code", "Mã xã", Kind.CODE, width=9)
COUNT = Column("stalls_total", "Tổng số điểm kinh doanh", Kind.INTEGER)
SHARE = Column("stall_share_percent", "Tỷ lệ điểm chấp nhận (%)", Kind.PERCENT)
DAY = Column("as_of", "Ngày chốt số liệu", Kind.DATE)
FEE = Column("fee", "Phí (đồng)", Kind.MONEY)
COLUMNS = (NAME, CODE, COUNT, SHARE, DAY, FEE)
ROW: Row = ("Chợ Đầm Hà", "06895", 486, Decimal("84.77"), date(2026, 9, 30), 1500000)

HOSTILE = [
    "=1+1",
    '=HYPERLINK("http://example.test","xem")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "+84900000001",
    "-1+1",
    "@SUM(1+1)",
    "\t=1+1",
    " =1+1",
    "\u200b=1+1",
    "＝1+1",
    "{=1+1}",
    '"=1+1',
    "chợ\n=1+1",
    "<r><t>=1+1</t></r>",
    "<r>",
    "<f>1+1</f>",
    "_x003D_1+1",
    "http://example.test",
    "mailto:a@example.test",
    "0123456789012345678",
]


def made(
    columns: tuple[Column, ...],
    rows: list[Row],
    *,
    colophon: Colophon = COLOPHON,
    total_row: TotalRow = None,
) -> tuple[bytes, Digest]:
    stream = io.BytesIO()
    digest = write_xlsx(stream, columns, rows, colophon=colophon, total_row=total_row)
    return stream.getvalue(), digest


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def values(content: bytes, sheet: int = 0) -> list[tuple[Any, ...]]:
    return list(opened(content).worksheets[sheet].iter_rows(values_only=True))


def test_numbers_are_numbers_and_days_are_days() -> None:
    content, _ = made(COLUMNS, [ROW])

    assert values(content) == [
        tuple(column.heading_vi for column in COLUMNS),
        ("Chợ Đầm Hà", "06895", 486, 84.77, datetime(2026, 9, 30), 1500000),
    ]
    sheet = opened(content).worksheets[0]
    assert [cell.number_format for cell in sheet[2]] == [
        "@",
        "@",
        "#,##0",
        "0.00",
        "dd/mm/yyyy",
        "#,##0",
    ]


def test_a_last_row_holds_the_totals() -> None:
    content, _ = made(COLUMNS, [ROW], total_row=lambda: [None, None, 486, None, None, 1500000])

    sheet = opened(content).worksheets[0]
    assert [cell.value for cell in sheet[3]] == ["Tổng cộng", None, 486, None, None, 1500000]
    assert sheet["C3"].font.bold


def test_what_is_unknown_is_blank() -> None:
    content, _ = made(COLUMNS, [[None] * 6, ROW])

    assert values(content)[1] == (None,) * 6


def test_words_stand_for_choices_and_flags() -> None:
    content, _ = made((NAME, CODE), [[StallState.RESTING, "1"], [True, "2"]])

    assert [row[0] for row in values(content)[1:]] == ["Tạm nghỉ", "Có"]


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.CODE])
def test_hostile_cells_are_text_with_every_character(kind: Kind) -> None:
    content, _ = made((Column("x", "x", kind),), [[text] for text in HOSTILE])

    cells = [row[0] for row in opened(content).worksheets[0].iter_rows(min_row=2)]
    # Inline text is escaped as ECMA-376 has it (_x005F_); openpyxl leaves undoing it to us.
    assert [unescape(cell.value) for cell in cells] == HOSTILE
    assert {cell.data_type for cell in cells} == {"s"}
    sheet_xml = ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet_xml
    assert sheet_xml.count('t="inlineStr"') == len(HOSTILE) + 1


def test_a_cell_that_would_become_a_formula_when_edited_is_marked_as_text() -> None:
    content, _ = made((NAME,), [["=1+1"], ["Chợ"]])

    sheet = opened(content).worksheets[0]
    assert [sheet["A2"].quotePrefix, sheet["A3"].quotePrefix] == [True, False]


def test_a_control_character_does_not_break_the_file() -> None:
    content, _ = made((NAME,), [["a\x00b\x0bc\ufffe"]])

    assert len(values(content)) == 2


def test_a_text_too_long_for_a_cell_is_cut_where_it_shows() -> None:
    content, _ = made((NAME,), [["x" * 40_000]])

    assert values(content)[1][0] == "x" * 32_766 + "…"


def test_the_sheet_is_ready_to_read_and_to_print() -> None:
    content, _ = made(COLUMNS, [ROW])

    sheet = opened(content).worksheets[0]
    assert sheet.freeze_panes == "A2"
    assert sheet.page_setup.orientation == "landscape"
    assert int(sheet.page_setup.paperSize) == 9
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.auto_filter.ref == "A1:F2"
    assert round(sheet.column_dimensions["A"].width) in (30, 31)


def test_the_second_sheet_says_what_was_counted_and_its_digest() -> None:
    rows: list[Row] = [ROW] * 1500
    data = io.BytesIO()
    write_csv(data, COLUMNS, rows, style=Style.DATA)

    content, digest = made(COLUMNS, rows)

    expected = sha256(data.getvalue()).hexdigest()
    assert values(content, 1) == [
        ("Ngày chốt số liệu", "30/09/2026"),
        ("Mẫu số", "A"),
        ("Số dòng", "1500"),
        ("SHA-256 (CSV)", expected),
    ]
    assert (digest.row_count, digest.hexdigest) == (1500, expected)


def test_the_same_rows_give_the_same_bytes() -> None:
    first, _ = made(COLUMNS, [ROW])
    second, _ = made(COLUMNS, [ROW])

    assert first == second
    assert {entry.date_time[0] for entry in ZipFile(io.BytesIO(first)).infolist()} == {1980}


def test_the_time_in_the_file_is_the_one_it_was_told() -> None:
    hanoi = MADE_AT.astimezone(timezone(timedelta(hours=7)))

    content, _ = made(COLUMNS, [ROW], colophon=Colophon(hanoi, title="Báo cáo"))

    properties = opened(content).properties
    assert properties.created == datetime(2026, 10, 1, 1, 30)
    assert properties.title == "Báo cáo"


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "MAX_SHEET_ROWS", 5)
    stream = io.BytesIO()

    write_xlsx(io.BytesIO(), (COUNT,), [[1]] * 3, colophon=COLOPHON, total_row=[None])
    with pytest.raises(TooLarge, match="CSV"):
        write_xlsx(stream, (COUNT,), [[1]] * 4, colophon=COLOPHON)

    assert stream.getvalue() == b""


def test_a_value_that_does_not_fit_leaves_neither_output_nor_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stream = io.BytesIO()
    hostile: list[list[Cell]] = [[1], ["=1+1"]]

    with pytest.raises(TypeError):
        write_xlsx(stream, (COUNT,), hostile, colophon=COLOPHON)

    assert stream.getvalue() == b""
    assert list(tmp_path.iterdir()) == []


def test_bad_rows_come_back_as_they_were_with_a_reason() -> None:
    stream = io.BytesIO()
    write_rows_xlsx(
        stream,
        ["Ki ốt số", "Họ và tên", "Số tài khoản"],
        [
            (["B10", "Nguyễn Thị Thử", "1,90312E+13"], "Số tài khoản đã mất chữ số."),
            (["=B11", "", "0088001"], "Thiếu tên."),
        ],
        made_at=MADE_AT,
    )

    assert values(stream.getvalue()) == [
        ("Ki ốt số", "Họ và tên", "Số tài khoản", "Lý do"),
        ("B10", "Nguyễn Thị Thử", "1,90312E+13", "Số tài khoản đã mất chữ số."),
        ("=B11", None, "0088001", "Thiếu tên."),
    ]
    assert len(opened(stream.getvalue()).worksheets) == 1


def test_the_reason_stands_behind_the_longest_row() -> None:
    stream = io.BytesIO()
    write_rows_xlsx(stream, ["Ki ốt số"], [(["B1", "thừa"], "Một"), ([], "Hai")], made_at=MADE_AT)

    assert values(stream.getvalue()) == [
        ("Ki ốt số", None, "Lý do"),
        ("B1", "thừa", "Một"),
        (None, None, "Hai"),
    ]


def test_a_list_without_bad_rows_has_its_heading() -> None:
    stream = io.BytesIO()
    write_rows_xlsx(stream, ["Ki ốt số"], [], made_at=MADE_AT)

    assert values(stream.getvalue()) == [("Ki ốt số", "Lý do")]
