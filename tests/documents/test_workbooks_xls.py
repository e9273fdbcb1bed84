"""Records of Excel 97-2003 that other programs write, read one by one."""

import io
import struct

import pytest
from xlwt.CompoundDoc import XlsDoc

from market.documents.compound_file import CompoundFile
from market.documents.workbooks import read_workbook
from market.domain.errors import Invalid
from market.domain.workbook import CellKind, Row

BEGIN, END = 0x0809, 0x000A


def record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def short(text: str) -> bytes:
    """A string with one byte for each letter, its length in two."""
    return struct.pack("<HB", len(text), 0) + text.encode("latin-1")


def wide(text: str) -> bytes:
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


def begin(version: int = 0x0600) -> bytes:
    return record(BEGIN, struct.pack("<HHHHLL", version, 0x0010, 0, 0, 0, 0))


def stream(*cells: bytes, head: bytes = b"", version: int = 0x0600) -> bytes:
    """A workbook of one sheet."""
    name = struct.pack("<BB", 1, 0) + b"a"
    before = begin(version) + head
    offset = len(before) + len(record(0x0085, struct.pack("<LBB", 0, 0, 0) + name)) + 4
    bound = record(0x0085, struct.pack("<LBB", offset, 0, 0) + name)
    return before + bound + record(END, b"") + begin() + b"".join(cells) + record(END, b"")


def packed(data: bytes) -> bytes:
    buffer = io.BytesIO()
    XlsDoc().save(buffer, data)
    return buffer.getvalue()


def rows(*cells: bytes, head: bytes = b"") -> tuple[Row, ...]:
    (sheet,) = read_workbook(packed(stream(*cells, head=head)), "a.xls").sheets
    return sheet.rows


def only_cell(cell: bytes, head: bytes = b"") -> tuple[str, CellKind]:
    (row,) = rows(cell, head=head)
    return row.cells[0].text, row.cells[0].kind


def at(row: int, column: int, style: int = 0) -> bytes:
    return struct.pack("<3H", row, column, style)


def formula(result: bytes) -> bytes:
    return record(0x0006, at(0, 0) + result + bytes(8))


def test_a_number_is_read() -> None:
    cell = record(0x0203, at(0, 0) + struct.pack("<d", 8800100685))

    assert only_cell(cell) == ("8800100685", CellKind.NUMBER)


@pytest.mark.parametrize(
    ("bits", "shown"),
    [
        (12 << 2 | 2, "12"),
        ((2**30 - 5) << 2 | 2, "-5"),
        (1250 << 2 | 3, "12.5"),
        (struct.unpack("<Q", struct.pack("<d", 1.5))[0] >> 32, "1.5"),
        (struct.unpack("<Q", struct.pack("<d", 150.0))[0] >> 32 | 1, "1.5"),
    ],
)
def test_a_number_in_30_bits_is_read(bits: int, shown: str) -> None:
    assert only_cell(record(0x027E, at(0, 0) + struct.pack("<L", bits)))[0] == shown


def test_several_numbers_in_one_record_are_read() -> None:
    numbers = b"".join(struct.pack("<HL", 0, number << 2 | 2) for number in (7, 8))

    (row,) = rows(record(0x00BD, struct.pack("<HH", 0, 1) + numbers + struct.pack("<H", 2)))

    assert [cell.text for cell in row.cells] == ["", "7", "8"]


def test_texts_outside_the_shared_table_are_read() -> None:
    (row,) = rows(
        record(0x0204, at(0, 0) + wide("Quầy")),
        record(0x00D6, at(0, 1) + short("sap") + struct.pack("<H", 0)),
    )

    assert [cell.text for cell in row.cells] == ["Quầy", "sap"]


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (struct.pack("<d", 42), ("42", CellKind.NUMBER)),
        (b"\1\0\1\0\0\0\xff\xff", ("TRUE", CellKind.BOOL)),
        (b"\2\0\x2a\0\0\0\xff\xff", ("#N/A", CellKind.TEXT)),
    ],
)
def test_the_result_of_a_formula_is_read(result: bytes, shown: tuple[str, CellKind]) -> None:
    assert only_cell(formula(result)) == shown


def test_the_text_of_a_formula_follows_it() -> None:
    (row,) = rows(formula(b"\0" * 6 + b"\xff\xff"), record(0x0207, wide("Lan")))

    assert row.cells[0].text == "Lan"


def test_a_formula_without_text_is_empty() -> None:
    assert rows(formula(b"\3" + b"\0" * 5 + b"\xff\xff"), record(0x0207, wide("Lan"))) == ()


def test_a_style_names_its_format_by_number_or_by_code() -> None:
    styles = record(0x00E0, struct.pack("<HH", 0, 14)) + record(0x00E0, struct.pack("<HH", 0, 164))
    code = record(0x041E, struct.pack("<H", 164) + short("0000"))
    date = record(0x0203, at(0, 0, style=0) + struct.pack("<d", 1))
    number = record(0x0203, at(0, 1, style=1) + struct.pack("<d", 5))
    epoch = record(0x0022, struct.pack("<H", 1))

    (row,) = rows(date, number, head=epoch + code + styles)

    assert [cell.text for cell in row.cells] == ["02/01/1904", "0005"]


def test_shared_strings_may_change_their_width_where_a_record_ends() -> None:
    table = struct.pack("<LL", 2, 2) + struct.pack("<HB", 5, 0) + b"Quay"
    rest = b"\1" + "ầ".encode("utf-16-le") + short("sap")
    cells = [record(0x00FD, at(0, n) + struct.pack("<L", n)) for n in (0, 1)]

    (row,) = rows(*cells, head=record(0x00FC, table) + record(0x003C, rest))

    assert [cell.text for cell in row.cells] == ["Quayầ", "sap"]


def test_runs_and_readings_of_shared_strings_are_passed_over() -> None:
    runs = struct.pack("<HBHL", 3, 0x0C, 1, 4) + b"Lan" + bytes(4) + bytes(2)
    table = struct.pack("<LL", 2, 2) + runs
    cells = [record(0x00FD, at(0, n) + struct.pack("<L", n)) for n in (0, 1)]

    (row,) = rows(*cells, head=record(0x00FC, table) + record(0x003C, bytes(2) + short("Hoa")))

    assert [cell.text for cell in row.cells] == ["Lan", "Hoa"]


def test_cells_of_a_chart_on_the_sheet_are_not_its_own() -> None:
    chart = begin() + record(0x0204, at(5, 5) + short("x")) + record(END, b"")

    assert rows(chart, record(0x0204, at(0, 0) + short("Lan")))[0].cells[0].text == "Lan"


@pytest.mark.parametrize(
    "damaged",
    [
        stream(record(0x00FD, at(0, 0) + struct.pack("<L", 9))),
        stream(record(0x0203, at(0, 0))),
        stream(head=record(0x00FC, struct.pack("<LL", 9, 9) + short("a"))),
        stream(head=record(0x00FC, struct.pack("<LL", 1, 1) + struct.pack("<HB", 90, 0) + b"a")),
        stream()[:-4],
    ],
)
def test_damaged_records_are_told(damaged: bytes) -> None:
    with pytest.raises(Invalid, match="bị hỏng"):
        read_workbook(packed(damaged), "a.xls")


@pytest.mark.parametrize("version", [0x0500, 0x0400])
def test_an_older_version_is_told(version: int) -> None:
    with pytest.raises(Invalid, match="quá cũ"):
        read_workbook(packed(stream(version=version)), "a.xls")


def test_two_sheets_in_one_place_are_refused() -> None:
    name = struct.pack("<BB", 1, 0) + b"a"
    bound = record(0x0085, struct.pack("<LBB", 40, 0, 0) + name)

    with pytest.raises(Invalid, match="bất thường"):
        read_workbook(packed(begin() + bound + bound + record(END, b"")), "a.xls")


def test_a_small_stream_lies_in_the_small_sectors() -> None:
    """[MS-CFB] 2.4: streams under 4,096 bytes are cut into pieces of 64."""
    data = stream(record(0x0204, at(0, 0) + short("Lan")))
    pieces = -(-len(data) // 64)
    fat = [1, 0xFFFFFFFE, 0xFFFFFFFE, 0xFFFFFFFE, 0xFFFFFFFD]
    header = struct.pack(
        "<8s16x5H6x9L",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, 2, 0, 4096, 3, 1, 0xFFFFFFFE, 0,
    )  # fmt: skip
    table = struct.pack("<109L", 4, *[0xFFFFFFFF] * 108)

    def entry(name: str, kind: int, start: int, size: int) -> bytes:
        written = name.encode("utf-16-le")
        return struct.pack("<64sHB49xLLL", written, len(written) + 2, kind, start, size, 0)

    directory = entry("Root Entry", 5, 0, pieces * 64) + entry("Workbook", 2, 0, len(data))
    mini = [*range(1, pieces), 0xFFFFFFFE]
    file = b"".join(
        (
            header + table,
            data.ljust(1024, b"\0"),
            directory.ljust(512, b"\0"),
            struct.pack(f"<{len(mini)}L", *mini).ljust(512, b"\xff"),
            struct.pack("<5L", *fat).ljust(512, b"\xff"),
        )
    )

    assert CompoundFile(file).stream("Workbook") == data
