"""Files made to harm are refused before they are unpacked or built, in one plain sentence."""

import io
import random
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from market.documents.workbook_limits import MAX_ROWS
from market.documents.workbooks import UPLOAD_EXTENSIONS, read_workbook
from market.domain.business_lines import packaged_lines
from market.domain.errors import DomainError, Invalid, TooLarge
from market.domain.stall_list.reading import read_list
from tests.stall_lists import banks, xlsx

MEGABYTE = 1024 * 1024
SHEET = "xl/worksheets/sheet1.xml"
LIST = [["Số sạp", "Họ tên"], ["A1", "Nguyễn Thị Lan"]]


def repacked(changes: dict[str, bytes], *, extra: dict[str, bytes] | None = None) -> bytes:
    """A small workbook with parts replaced or added."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(LIST))) as read,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as written,
    ):
        for name in read.namelist():
            written.writestr(name, changes.get(name, read.read(name)))
        for name, part in (extra or {}).items():
            written.writestr(name, part)
    return buffer.getvalue()


def sheet(body: str, head: str = '<?xml version="1.0"?>') -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'{head}<worksheet xmlns="{main}">{body}</worksheet>'.encode()


def rows(body: str) -> bytes:
    return sheet(f"<sheetData>{body}</sheetData>")


def hard_to_pack(piece: str, size: int) -> str:
    """The piece around random digits, `size` bytes long, so that no ratio gives it away."""
    chance = random.Random(4)
    block = "".join(piece.format(chance.getrandbits(64)) for _ in range(3_000))
    return block * (size // len(block) + 1)


def zip_bomb() -> bytes:
    return repacked({SHEET: rows(" " * (210 * MEGABYTE))})


def bomb_with_a_lying_directory() -> bytes:
    """Declares 1,000 bytes where 100 MB come out."""
    data = bytearray(repacked({SHEET: rows(" " * (100 * MEGABYTE))}))
    size = struct.pack("<L", len(rows(" " * (100 * MEGABYTE))))
    return bytes(data.replace(size, struct.pack("<L", 1_000)))


def many_entries() -> bytes:
    return repacked({}, extra={f"customXml/item{number}.xml": b"" for number in range(5_000)})


def nested_zips() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as outer:
        for number in range(10):
            outer.writestr(f"{number}.zip", zip_bomb_of_text())
    return buffer.getvalue()


def zip_bomb_of_text() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as inner:
        inner.writestr("a.txt", b"0" * (8 * MEGABYTE))
    return buffer.getvalue()


def symlink() -> bytes:
    buffer = io.BytesIO(xlsx(LIST))
    link = zipfile.ZipInfo("xl/worksheets/sheet2.xml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def part_twice() -> bytes:
    buffer = io.BytesIO(xlsx(LIST))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(SHEET.upper(), rows(""))
    return buffer.getvalue()


def entity_bomb() -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE x [<!ENTITY e0 "lol">{entities}]>'
    body = "<sheetData><row><c t='str'><v>&e9;</v></c></row></sheetData>"
    return repacked({SHEET: sheet(body, head=doctype)})


def file_entity() -> bytes:
    doctype = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    body = "<sheetData><row><c t='str'><v>&e;</v></c></row></sheetData>"
    return repacked({SHEET: sheet(body, head=doctype)})


def deep_elements() -> bytes:
    return repacked({SHEET: sheet(hard_to_pack("<a{}>", 2 * MEGABYTE))})


def endless_tag() -> bytes:
    return repacked({SHEET: sheet(f'<c r="{hard_to_pack("{}", 8 * MEGABYTE)}"/>')})


def many_cells() -> bytes:
    cells = "<c><v>1</v></c>" * 9 + "<c><v>{}</v></c>"
    return repacked({SHEET: rows(f"<row>{hard_to_pack(cells, 30 * MEGABYTE)}</row>")})


def many_rows() -> bytes:
    body = "".join(f'<row r="{n}"><c><v>{n}</v></c></row>' for n in range(1, MAX_ROWS + 20_000))
    return repacked({SHEET: rows(body)})


def many_strings() -> bytes:
    strings = hard_to_pack("<si/><si/><si/><si/><si/><si/><si/><si><t>{}</t></si>", 60 * MEGABYTE)
    return repacked({"xl/sharedStrings.xml": f"<sst>{strings}</sst>".encode()})


def overlapping_merges() -> bytes:
    merges = "<mergeCell ref='A1:XFD1048576'/>" * 100
    filled = "".join(f"<row r='{n}'><c r='Z{n}'><v>1</v></c></row>" for n in range(1, 3_000))
    body = f"<sheetData>{filled}</sheetData><mergeCells>{merges}</mergeCells>"
    return repacked({SHEET: sheet(body)})


def repeated_ods_rows() -> bytes:
    cell = '<table:table-cell office:value-type="float" office:value="1"'
    content = (
        "<office:document-content><table:table><table:table-row"
        ' table:number-rows-repeated="1048576">'
        f'{cell} table:number-columns-repeated="16384"/></table:table-row></table:table>'
        "</office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return buffer.getvalue()


def excel_97(rows_and_columns: list[tuple[int, int]]) -> bytes:
    book = xlwt.Workbook()
    written = book.add_sheet("a")
    for row, column in rows_and_columns:
        written.write(row, column, "x")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def excel_97_loop() -> bytes:
    """The table of sectors leads back to where it came from."""
    data = bytearray(excel_97([(n, 0) for n in range(500)]))
    (table,) = struct.unpack_from("<L", data, 76)
    struct.pack_into("<L", data, (table + 1) * 512, 0)
    return bytes(data)


def million_columns() -> bytes:
    return b"a;" * 1_000_000 + b"\n"


def many_lines() -> bytes:
    return b"a;b\n" * 4_000_000


def huge_picture() -> bytes:
    """A picture of 50,000 by 50,000 points, as far as its head."""
    head = b"IHDR" + struct.pack(">2L5B", 50_000, 50_000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">L", 13) + head + bytes(300_000)


HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zip bomb": ("a.xlsx", zip_bomb),
    "lying directory": ("a.xlsx", bomb_with_a_lying_directory),
    "many entries": ("a.xlsx", many_entries),
    "nested zips": ("a.xlsx", nested_zips),
    "symbolic link": ("a.xlsx", symlink),
    "a part twice": ("a.xlsx", part_twice),
    "entity bomb": ("a.xlsx", entity_bomb),
    "entity of a file": ("a.xlsx", file_entity),
    "deep elements": ("a.xlsx", deep_elements),
    "endless tag": ("a.xlsx", endless_tag),
    "many cells": ("a.xlsx", many_cells),
    "many rows": ("a.xlsx", many_rows),
    "many strings": ("a.xlsx", many_strings),
    "overlapping merged cells": ("a.xlsx", overlapping_merges),
    "repeated rows": ("a.ods", repeated_ods_rows),
    "a chain that loops": ("a.xls", excel_97_loop),
    "a million columns": ("a.csv", million_columns),
    "millions of lines": ("a.csv", many_lines),
    "a huge picture": ("a.xlsx", huge_picture),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_file_is_refused_within_little_memory(name: str) -> None:
    filename, make = HOSTILE[name]
    data = make()

    tracemalloc.start()
    with pytest.raises((Invalid, TooLarge)):
        read_workbook(data, filename)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 50 * MEGABYTE


def test_a_sheet_that_claims_all_cells_but_has_few_is_read() -> None:
    body = (
        '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData>'
    )

    (found,) = read_workbook(repacked({SHEET: sheet(body)}), "a.xlsx").sheets

    assert [(row.number, len(row.cells)) for row in found.rows] == [(1, 1), (1_048_576, 16_384)]


def test_styled_empty_rows_to_the_end_of_the_sheet_are_no_rows() -> None:
    body = rows('<row r="1"><c r="A1"><v>1</v></c></row>' + '<row s="1"/>' * 100_000)

    (found,) = read_workbook(repacked({SHEET: body}), "a.xlsx").sheets

    assert len(found.rows) == 1


def test_as_many_rows_as_allowed_are_read() -> None:
    (found,) = read_workbook(b"a;b\n" * MAX_ROWS, "a.csv").sheets

    assert len(found.rows) == MAX_ROWS


@pytest.mark.parametrize("line", [b"a;b\n", b'"a";b\n'])
def test_one_row_more_than_allowed_is_too_large(line: bytes) -> None:
    with pytest.raises(TooLarge, match=r"50\.000 dòng"):
        read_workbook(line * (MAX_ROWS + 1), "a.csv")


def test_one_row_more_than_allowed_is_too_large_in_an_excel_97_file() -> None:
    with pytest.raises(TooLarge, match=r"50\.000 dòng"):
        read_workbook(excel_97([(n, 0) for n in range(MAX_ROWS + 1)]), "a.xls")


def test_a_file_over_20_megabytes_is_too_large() -> None:
    with pytest.raises(TooLarge, match="20 MB"):
        read_workbook(b" " * (20 * MEGABYTE + 1), "a.csv")


def test_a_cell_longer_than_excel_allows_is_too_large() -> None:
    with pytest.raises(TooLarge):
        read_workbook(b"a;" + b"x" * 32_768, "a.csv")


@pytest.mark.parametrize("extension", UPLOAD_EXTENSIONS)
@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "ảnh"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "ảnh"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\n<!DOCTYPE html><html><table>", "trang web"),
        (b"<html xmlns:o='urn:x'><body><table>", "trang web"),
        (b"{\\rtf1 x}", "RTF"),
        (b"Rar!\x1a\x07\x00", "tệp nén"),
    ],
)
def test_another_kind_of_file_under_a_lists_name_is_told(
    data: bytes, found: str, extension: str
) -> None:
    with pytest.raises(Invalid, match=found):
        read_workbook(data, f"danh-sach{extension}")


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("word/document.xml", "Word"),
        ("ppt/presentation.xml", "trình chiếu"),
        ("xl/workbook.bin", "xlsb"),
        ("hình.png", "tệp nén"),
    ],
)
def test_another_package_under_a_lists_name_is_told(part: str, found: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(part, "x")

    with pytest.raises(Invalid, match=found):
        read_workbook(buffer.getvalue(), "danh-sach.xlsx")


@pytest.mark.parametrize("extension", [".csv", ".xls", ".ods", ".txt"])
def test_a_workbook_under_another_name_is_told_with_its_right_one(extension: str) -> None:
    with pytest.raises(Invalid, match=r"đổi đuôi tệp thành \.xlsx"):
        read_workbook(xlsx(LIST), f"danh-sach{extension}")


def test_an_excel_97_file_under_another_name_is_told_with_its_right_one() -> None:
    with pytest.raises(Invalid, match=r"đổi đuôi tệp thành \.xls "):
        read_workbook(excel_97([(0, 0)]), "danh-sach.xlsx")


@pytest.mark.parametrize("extension", [".xlsx", ".xls", ".ods"])
def test_plain_text_under_a_workbooks_name_is_told(extension: str) -> None:
    with pytest.raises(Invalid, match="văn bản thường"):
        read_workbook("Số sạp;Họ tên".encode(), f"danh-sach{extension}")


@pytest.mark.parametrize("filename", ["danh-sach", "a.pdf", "a.xlsb", ".csv", "a.exe"])
def test_a_name_without_a_known_ending_is_refused(filename: str) -> None:
    with pytest.raises(Invalid, match="xlsx"):
        read_workbook(xlsx(LIST), filename)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n  \n", b"\xff\xfe"])
def test_a_file_without_anything_in_it_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match="rỗng"):
        read_workbook(data, "a.csv")


@pytest.mark.parametrize(
    "data", [b"a\0b\0c" + bytes(9), b"S\x8d\x8e;a\n", b"\xff\xfe\x00\xd8\x00\xd8"]
)
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        read_workbook(data, "a.csv")


def test_damaged_utf_8_does_not_pass_for_windows_1258() -> None:
    with pytest.raises(Invalid, match="bảng mã"):
        read_workbook("So sap;Ho ten\nA1;Nguyễn Thị Lan\n".encode() + b"A2;L\xea\n", "a.csv")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize(
    ("filename", "make"),
    [("a.xlsx", lambda: xlsx(LIST)), ("a.xls", lambda: excel_97([(n, 0) for n in range(900)]))],
)
def test_half_a_file_is_told_to_be_broken(
    filename: str, make: Callable[[], bytes], share: float
) -> None:
    data = make()

    with pytest.raises(Invalid, match="bị hỏng"):
        read_workbook(data[: int(len(data) * share)], filename)


def test_a_missing_part_is_told_to_be_broken() -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(LIST))) as read,
        zipfile.ZipFile(buffer, "w") as written,
    ):
        for name in read.namelist():
            if name != SHEET:
                written.writestr(name, read.read(name))

    with pytest.raises(Invalid, match="bị hỏng"):
        read_workbook(buffer.getvalue(), "a.xlsx")


def test_a_workbook_with_a_password_is_told() -> None:
    data = excel_97([(n, 0) for n in range(500)]).replace(
        "Workbook".encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 18),
        "EncryptedPackage".encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 34),
    )

    with pytest.raises(Invalid, match="mật khẩu"):
        read_workbook(data, "a.xlsx")


def test_an_excel_97_workbook_with_a_password_is_told() -> None:
    # A record of the workbook's head becomes FILEPASS, which stands where it is encrypted.
    data = excel_97([(0, 0)])
    window_protection = struct.pack("<HH", 0x0019, 2)

    with pytest.raises(Invalid, match="mật khẩu"):
        read_workbook(data.replace(window_protection, struct.pack("<HH", 0x002F, 2), 1), "a.xls")


def test_an_encrypted_zip_entry_is_told() -> None:
    data = bytearray(xlsx(LIST))
    data[data.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(Invalid, match="mật khẩu"):
        read_workbook(bytes(data), "a.xlsx")


def test_an_encrypted_opendocument_file_is_told() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<m:encryption-data/>")
        archive.writestr("content.xml", b"\x8f\x01\x02")

    with pytest.raises(Invalid, match="mật khẩu"):
        read_workbook(buffer.getvalue(), "a.ods")


def only_domain_errors(data: bytes, filename: str) -> None:
    """Whatever is wrong with the file, nothing but a refusal leaves the reader."""
    with suppress(DomainError):
        read_list(read_workbook(data, filename), banks=banks(), lines=packaged_lines())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2_000), st.sampled_from(UPLOAD_EXTENSIONS))
def test_any_bytes_are_read_or_refused_with_a_message(data: bytes, extension: str) -> None:
    only_domain_errors(data, f"a{extension}")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.text(max_size=12), max_size=5), max_size=8),
    st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
)
def test_any_text_under_a_header_is_read_or_refused(lists: list[list[str]], encoding: str) -> None:
    lines = ["STT,Số sạp,Họ tên,SĐT,Số TK", *(",".join(values) for values in lists)]
    text = "\n".join(lines).encode(encoding, "replace")

    only_domain_errors(text, "a.csv")


MUTABLE = {
    "a.xlsx": xlsx([["Số sạp", "Họ tên"], ["A1", 5]], merged=["A4:A5"]),
    "a.xls": excel_97([(0, 0), (1, 3), (9, 9)]),
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(MUTABLE)), st.data())
def test_a_damaged_workbook_is_read_or_refused(filename: str, data: st.DataObject) -> None:
    damaged = bytearray(MUTABLE[filename])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))

    only_domain_errors(bytes(damaged), filename)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_damaged_sheet_inside_a_sound_package_is_read_or_refused(data: st.DataObject) -> None:
    part = data.draw(
        st.sampled_from([SHEET, "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"])
    )
    with zipfile.ZipFile(io.BytesIO(MUTABLE["a.xlsx"])) as archive:
        damaged = bytearray(archive.read(part))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.sampled_from(b'0123456789<>/"= aZ&x'))

    only_domain_errors(repacked({part: bytes(damaged)}), "a.xlsx")
