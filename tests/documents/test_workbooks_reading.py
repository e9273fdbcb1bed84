"""Cells, rows and merged ranges come out of every format as people see them."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import openpyxl
import pytest
import python_calamine
import xlsxwriter
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st
from odf.office import Annotation
from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableProperties
from odf.table import Table, TableCell, TableRow
from odf.text import P, S

from market.documents.workbooks import read_workbook
from market.domain.workbook import CellKind, MergedRange, Sheet
from tests.stall_lists import xlsx

EMPTY = ("", CellKind.EMPTY)


def only_sheet(data: bytes, name: str = "a.xlsx") -> Sheet:
    (sheet,) = read_workbook(data, name).sheets
    return sheet


def texts(sheet: Sheet) -> dict[int, list[str]]:
    return {row.number: [cell.text for cell in row.cells] for row in sheet.rows}


def kinds(sheet: Sheet) -> list[tuple[str, CellKind]]:
    return [(cell.text, cell.kind) for row in sheet.rows for cell in row.cells]


def formatted_xlsx(value: float | datetime, code: str) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    style = book.add_format({"num_format": code})
    written = book.add_worksheet()
    if isinstance(value, datetime):
        written.write_datetime(0, 0, value, style)
    else:
        written.write_number(0, 0, value, style)
    book.close()
    return buffer.getvalue()


def formatted_xls(value: float | date, code: str) -> bytes:
    buffer = io.BytesIO()
    book = xlwt.Workbook()
    book.add_sheet("a").write(0, 0, value, xlwt.easyxf(num_format_str=code))
    book.save(buffer)
    return buffer.getvalue()


def with_part(data: bytes, name: str, old: str, new: str) -> bytes:
    """The package with one of its parts changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for entry in source.namelist():
            part = source.read(entry)
            target.writestr(
                entry, part.replace(old.encode(), new.encode()) if entry == name else part
            )
    return buffer.getvalue()


def ods(*tables: Table, styles: tuple[Style, ...] = ()) -> bytes:
    book = OpenDocumentSpreadsheet()
    for style in styles:
        book.automaticstyles.addElement(style)
    for table in tables:
        book.spreadsheet.addElement(table)
    buffer = io.BytesIO()
    book.write(buffer)
    return buffer.getvalue()


def ods_row(*cells: TableCell, **options: object) -> TableRow:
    row = TableRow(**options)
    for cell in cells:
        row.addElement(cell)
    return row


def ods_text(text: str, **options: object) -> TableCell:
    cell = TableCell(valuetype="string", **options)
    cell.addElement(P(text=text))
    return cell


def ods_sheet(*rows: TableRow, **options: object) -> Table:
    table = Table(name="Danh sách", **options)
    for row in rows:
        table.addElement(row)
    return table


def test_rows_keep_the_numbers_of_the_sheet() -> None:
    assert texts(only_sheet(xlsx([[], [], [None, "x"], [], ["y"]]))) == {3: ["", "x"], 5: ["y"]}


def test_a_whole_number_has_no_decimals() -> None:
    assert kinds(only_sheet(xlsx([[8800100685]]))) == [("8800100685", CellKind.NUMBER)]


@pytest.mark.parametrize("number", [1e15, 1.234567890123457e18])
def test_a_number_beyond_15_digits_shows_that_digits_are_lost(number: float) -> None:
    (row,) = only_sheet(xlsx([[number]])).rows

    assert "E+" in row.cells[0].text
    assert row.cells[0].number == number


def test_a_number_of_15_digits_is_kept_whole() -> None:
    assert texts(only_sheet(xlsx([[999_999_999_999_999]]))) == {1: ["999999999999999"]}


def test_a_fraction_hides_the_noise_of_binary() -> None:
    assert texts(only_sheet(xlsx([[0.1 + 0.2]]))) == {1: ["0.3"]}


@pytest.mark.parametrize("write", [formatted_xlsx, formatted_xls])
@pytest.mark.parametrize("code", ["0000000000", "0000 000 000"])
def test_zeros_that_a_format_shows_are_read(
    write: Callable[[float, str], bytes], code: str
) -> None:
    name = "a.xlsx" if write is formatted_xlsx else "a.xls"

    assert kinds(only_sheet(write(900000003, code), name)) == [("0900000003", CellKind.NUMBER)]


@pytest.mark.parametrize("code", ["0.00", "#,##0", "0%", '"kg" 0', "General"])
def test_other_formats_leave_the_number_alone(code: str) -> None:
    assert texts(only_sheet(formatted_xlsx(5, code))) == {1: ["5"]}


@pytest.mark.parametrize(
    ("moment", "code", "shown"),
    [
        (datetime(2026, 9, 30), "dd/mm/yyyy", "30/09/2026"),
        (datetime(2026, 9, 30), "[$-42A]d mmmm yyyy", "30/09/2026"),
        (datetime(2026, 9, 30, 7, 5), "dd/mm/yyyy hh:mm", "30/09/2026 07:05"),
    ],
)
def test_a_date_is_written_as_in_vietnam(moment: datetime, code: str, shown: str) -> None:
    assert kinds(only_sheet(formatted_xlsx(moment, code))) == [(shown, CellKind.DATE)]


def test_a_date_of_an_excel_97_file_is_written_as_in_vietnam() -> None:
    data = formatted_xls(date(2026, 9, 30), "dd/mm/yyyy")

    assert kinds(only_sheet(data, "a.xls")) == [("30/09/2026", CellKind.DATE)]


def test_a_number_past_the_calendar_stays_a_number() -> None:
    data = formatted_xlsx(8800100685, "dd/mm/yyyy")

    assert kinds(only_sheet(data)) == [("8800100685", CellKind.NUMBER)]


def test_dates_count_from_1904_where_the_workbook_says_so() -> None:
    data = with_part(
        formatted_xlsx(1, "dd/mm/yyyy"),
        "xl/workbook.xml",
        "<workbookPr",
        '<workbookPr date1904="1"',
    )

    assert texts(only_sheet(data)) == {1: ["02/01/1904"]}


def test_runs_of_formatted_text_are_one_text() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    bold = book.add_format({"bold": True})
    book.add_worksheet().write_rich_string(0, 0, "Nguyễn ", bold, "Thị", " Lan")
    book.close()

    assert texts(only_sheet(buffer.getvalue())) == {1: ["Nguyễn Thị Lan"]}


def test_results_and_errors_of_formulas_are_read() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    written = book.add_worksheet()
    written.write_formula(0, 0, '="A"&1', None, "A1")
    written.write_formula(0, 1, "=1+1", None, 2)
    written.write_formula(0, 2, "=VLOOKUP(1,A1:B2,9)", None, "#N/A")
    written.write_boolean(0, 3, True)
    book.close()

    assert kinds(only_sheet(buffer.getvalue())) == [
        ("A1", CellKind.TEXT),
        ("2", CellKind.NUMBER),
        ("#N/A", CellKind.TEXT),
        ("TRUE", CellKind.BOOL),
    ]


def test_cells_without_addresses_follow_one_another() -> None:
    data = xlsx([["a", "b"]])
    for address in ('r="1" ', 'r="A1" ', 'r="B1" '):
        data = with_part(data, "xl/worksheets/sheet1.xml", f" {address.strip()}", "")

    assert texts(only_sheet(data)) == {1: ["a", "b"]}


def test_strings_written_into_the_sheet_are_read() -> None:
    data = with_part(
        xlsx([["a"]]),
        "xl/worksheets/sheet1.xml",
        't="s"><v>0</v>',
        't="inlineStr"><is><r><t>Vi </t></r><r><t>Thị</t></r><rPh><t>x</t></rPh></is>',
    )

    assert texts(only_sheet(data)) == {1: ["Vi Thị"]}


def test_element_names_may_carry_a_prefix() -> None:
    data = xlsx([["a", 5]])
    for tag in ("worksheet", "sheetData", "row", "c", "v"):
        for mark in ("<", "</"):
            for end in (" ", ">"):
                data = with_part(
                    data, "xl/worksheets/sheet1.xml", f"{mark}{tag}{end}", f"{mark}x:{tag}{end}"
                )
    data = with_part(data, "xl/worksheets/sheet1.xml", "xmlns=", "xmlns:x=")
    data = with_part(data, "xl/worksheets/sheet1.xml", "<dimension", "<x:dimension")

    assert texts(only_sheet(data)) == {1: ["a", "5"]}


def test_escaped_characters_are_turned_back_but_no_half_pairs() -> None:
    data = with_part(xlsx([["a"]]), "xl/sharedStrings.xml", "<t>a</t>", "<t>a_x000A_b_xD800_</t>")

    assert texts(only_sheet(data)) == {1: ["a\nb_xD800_"]}


def test_merged_ranges_are_cut_to_the_rows_that_hold_something() -> None:
    data = xlsx([["a"], ["b", "c"]], merged=["A1:A1048576", "B2:C2", "E5:F9"])

    sheet = only_sheet(data)

    assert sheet.merged == (MergedRange(1, 0, 2, 0),)


def test_hidden_sheets_are_told_apart() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    book.add_worksheet("Cũ").hide()
    book.add_worksheet("Mới").activate()
    book.close()

    sheets = read_workbook(buffer.getvalue(), "a.xlsx").sheets

    assert [(sheet.name, sheet.is_hidden) for sheet in sheets] == [("Cũ", True), ("Mới", False)]


def test_chart_sheets_are_left_out() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    chart = book.add_chart({"type": "pie"})
    book.add_worksheet("Số liệu").write(0, 0, 1)
    chart.add_series({"values": "='Số liệu'!$A$1:$A$1"})
    book.add_chartsheet("Hình").set_chart(chart)
    book.close()

    sheets = read_workbook(buffer.getvalue(), "a.xlsx").sheets

    assert [sheet.name for sheet in sheets] == ["Số liệu"]


def test_a_workbook_with_macros_is_read() -> None:
    assert texts(only_sheet(xlsx([["a"]]), "DANH SÁCH.XLSM")) == {1: ["a"]}


def test_an_excel_97_file_keeps_its_merged_ranges_errors_and_truth_values() -> None:
    buffer = io.BytesIO()
    book = xlwt.Workbook()
    sheet = book.add_sheet("Quầy")
    sheet.write_merge(1, 2, 1, 1, "Nguyễn Thị Lan")
    sheet.write(2, 0, True)
    sheet.row(2).set_cell_error(2, 0x2A)
    sheet.write_rich_text(3, 0, ["Vi ", ("Thị", xlwt.easyfont("bold true"))])
    sheet.write(4, 0, -1.5)
    sheet.write(5, 0, 1.25)
    book.save(buffer)

    found = only_sheet(buffer.getvalue(), "a.xls")

    assert found.merged == (MergedRange(2, 1, 3, 1),)
    assert texts(found) == {
        2: ["", "Nguyễn Thị Lan"],
        3: ["TRUE", "", "#N/A"],
        4: ["Vi Thị"],
        5: ["-1.5"],
        6: ["1.25"],
    }


def test_shared_strings_of_an_excel_97_file_run_on_across_records() -> None:
    names = [f"Điểm kinh doanh số {number} " + "x" * number for number in range(400)]
    buffer = io.BytesIO()
    book = xlwt.Workbook()
    sheet = book.add_sheet("a")
    for row, name in enumerate(names):
        sheet.write(row, 0, name)
    book.save(buffer)

    assert list(texts(only_sheet(buffer.getvalue(), "a.xls")).values()) == [[n] for n in names]


def test_an_opendocument_sheet_spells_out_what_repeats() -> None:
    data = ods(
        ods_sheet(
            TableRow(numberrowsrepeated=3),
            ods_row(TableCell(numbercolumnsrepeated=2), ods_text("x", numbercolumnsrepeated=2)),
            ods_row(ods_text("y"), numberrowsrepeated=2),
            TableRow(numberrowsrepeated=1_048_570),
        )
    )

    assert texts(only_sheet(data, "a.ods")) == {4: ["", "", "x", "x"], 5: ["y"], 6: ["y"]}


def test_an_opendocument_cell_leaves_out_its_comment_and_keeps_its_spaces() -> None:
    cell = TableCell(valuetype="string")
    note = Annotation()
    note.addElement(P(text="ghi chú của kế toán"))
    cell.addElement(note)
    line = P(text="A")
    line.addElement(S(c=2))
    line.addText("1")
    cell.addElement(line)
    cell.addElement(P(text="B"))

    assert texts(only_sheet(ods(ods_sheet(ods_row(cell))), "a.ods")) == {1: ["A  1\nB"]}


def test_an_opendocument_number_shows_the_zeros_of_its_format() -> None:
    cell = TableCell(valuetype="float", value="900000003")
    cell.addElement(P(text="0900 000 003"))

    assert kinds(only_sheet(ods(ods_sheet(ods_row(cell))), "a.ods")) == [
        ("0900000003", CellKind.NUMBER)
    ]


def test_opendocument_dates_and_truth_values_are_read() -> None:
    row = ods_row(
        TableCell(valuetype="date", datevalue="2026-09-30"),
        TableCell(valuetype="boolean", booleanvalue="true"),
    )

    assert kinds(only_sheet(ods(ods_sheet(row)), "a.ods")) == [
        ("30/09/2026", CellKind.DATE),
        ("TRUE", CellKind.BOOL),
    ]


def test_hidden_opendocument_sheets_are_told_apart() -> None:
    style = Style(name="an", family="table")
    style.addElement(TableProperties(display="false"))

    sheet = only_sheet(
        ods(ods_sheet(ods_row(ods_text("x")), stylename=style), styles=(style,)), "a.ods"
    )

    assert sheet.is_hidden


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(
            st.one_of(
                st.none(),
                st.integers(-(10**14), 10**14),
                st.floats(-1e9, 1e9).map(lambda number: round(number, 4)),
                st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
                    str.strip
                ),
            ),
            max_size=4,
        ),
        max_size=6,
    )
)
def test_what_another_reader_finds_is_found(rows: list[list[object]]) -> None:
    book = openpyxl.Workbook()
    for values in rows:
        book.active.append(values)
    buffer = io.BytesIO()
    book.save(buffer)

    ours = {
        (row.number, column): cell.text if cell.number is None else float(cell.number)
        for row in only_sheet(buffer.getvalue()).rows
        for column, cell in enumerate(row.cells)
        if cell.kind is not CellKind.EMPTY
    }

    others = python_calamine.load_workbook(io.BytesIO(buffer.getvalue())).get_sheet_by_index(0)
    theirs = {
        (number, column): value
        for number, row in enumerate(others.to_python(skip_empty_area=False), 1)
        for column, value in enumerate(row)
        if not isinstance(value, str) or value.strip()
    }
    assert ours == theirs


def test_a_text_file_counts_records_as_a_spreadsheet_does() -> None:
    data = 'Số sạp;Họ tên\n"A1\nA2";Lan\n\n;;\nA3;Hoa\n'.encode()

    assert texts(only_sheet(data, "a.csv")) == {
        1: ["Số sạp", "Họ tên"],
        2: ["A1\nA2", "Lan"],
        5: ["A3", "Hoa"],
    }


def test_a_line_that_names_the_separator_is_no_row() -> None:
    assert texts(only_sheet(b"sep=;\na,b;c\n", "a.csv")) == {1: ["a,b", "c"]}


def test_commas_inside_fields_do_not_beat_the_separator() -> None:
    data = "Số sạp;Họ tên;Hàng\nA1;Lan;Cá, hải sản\nA2;Hoa;Quần, áo, mũ\n".encode()

    assert texts(only_sheet(data, "a.csv"))[3] == ["A2", "Hoa", "Quần, áo, mũ"]


def test_a_quote_that_is_never_closed_spoils_its_own_line_alone() -> None:
    data = 'Số sạp,Họ tên\n"A1,Lan\nA2,"Hoa, Hồng"\n'.encode()

    assert texts(only_sheet(data, "a.csv"))[3] == ["A2", "Hoa, Hồng"]


@pytest.mark.parametrize("written", ['="0900000001"', "'0900000001"])
def test_marks_that_keep_zeros_in_excel_are_taken_off(written: str) -> None:
    assert texts(only_sheet(f"a;{written}\n".encode(), "a.csv")) == {1: ["a", "0900000001"]}


def test_old_line_ends_divide_rows() -> None:
    assert texts(only_sheet(b"a,b\rc,d\r", "a.txt")) == {1: ["a", "b"], 2: ["c", "d"]}
