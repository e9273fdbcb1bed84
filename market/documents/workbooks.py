"""A board's file → rows with their numbers: what it is, whether it may be read, reading it."""

from enum import StrEnum
from pathlib import PurePath

from market.documents.compound_file import SIGNATURE as COMPOUND_SIGNATURE
from market.documents.compound_file import CompoundFile
from market.documents.workbook_limits import (
    MAX_FILE_BYTES,
    MEGABYTE,
    encrypted,
    too_large,
    wrong_kind,
)
from market.documents.workbook_ods import is_ods, read_ods
from market.documents.workbook_text import read_text
from market.documents.workbook_xls import read_xls
from market.documents.workbook_xlsx import is_xlsx, read_xlsx
from market.documents.zip_parts import ZipParts
from market.domain.errors import Invalid
from market.domain.workbook import Workbook


class FileKind(StrEnum):
    """The kinds of list that can be read."""

    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"
    TEXT = "csv"


_KINDS = {
    ".xlsx": FileKind.XLSX,
    ".xlsm": FileKind.XLSX,
    ".xls": FileKind.XLS,
    ".ods": FileKind.ODS,
    ".csv": FileKind.TEXT,
    ".tsv": FileKind.TEXT,
    ".txt": FileKind.TEXT,
}
UPLOAD_EXTENSIONS = tuple(_KINDS)

# White space and the marks of UTF-8 and UTF-16.
_NOTHING = b" \t\r\n\0\xef\xbb\xbf\xff\xfe"
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_FOREIGN_SIGNATURES = (
    (b"%PDF", "tài liệu PDF"),
    (b"\x89PNG", "ảnh"),
    (b"\xff\xd8\xff", "ảnh"),
    (b"GIF8", "ảnh"),
    (b"RIFF", "ảnh"),
    (b"{\\rtf", "văn bản RTF"),
    (b"Rar!", "tệp nén"),
    (b"7z\xbc\xaf", "tệp nén"),
    (b"\x1f\x8b", "tệp nén"),
)
_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<head", b"<meta", b"<body")
_FOREIGN_PARTS = (
    ("word/document.xml", "văn bản Word"),
    ("ppt/presentation.xml", "bài trình chiếu"),
    ("xl/workbook.bin", "bảng tính .xlsb"),
)
_FOREIGN_STREAMS = (
    ("WordDocument", "văn bản Word"),
    ("PowerPoint Document", "bài trình chiếu"),
)


def read_workbook(data: bytes, filename: str) -> Workbook:
    """All sheets of an uploaded list.

    Raises Invalid for a file that is empty, broken, encrypted, of another kind than its
    name says or of a kind that is not read, TooLarge over 20 MB, over 50,000 rows on a
    sheet or where it would unpack to more than a list needs.
    """
    if len(data) > MAX_FILE_BYTES:
        raise too_large(
            f"Tệp nặng quá {MAX_FILE_BYTES // MEGABYTE} MB. Hãy xóa hình ảnh, trang tính thừa"
            " hoặc chia danh sách thành nhiều tệp."
        )
    extension = PurePath(filename).suffix.lower()
    expected = _KINDS.get(extension)
    if expected is None:
        raise wrong_kind(
            "Không đọc được loại tệp này. Hãy lưu danh sách thành .xlsx, .xls, .ods hoặc .csv."
        )
    if not data.strip(_NOTHING):
        raise wrong_kind("Tệp rỗng. Hãy kiểm tra lại rồi chọn tệp danh sách.")
    if data.startswith(_ZIP_SIGNATURES):
        return _read_zip(ZipParts(data), expected, extension)
    if data.startswith(COMPOUND_SIGNATURE):
        return _read_compound(CompoundFile(data), expected, extension)
    found = _foreign_kind(data)
    if found is not None:
        raise _named_wrongly(extension, found)
    if expected is not FileKind.TEXT:
        raise _named_wrongly(extension, "văn bản thường")
    return Workbook((read_text(data, PurePath(filename).stem),), is_text=True)


def _read_zip(parts: ZipParts, expected: FileKind, extension: str) -> Workbook:
    if is_ods(parts):
        _expect(FileKind.ODS, expected, extension)
        return Workbook(read_ods(parts))
    for part, found in _FOREIGN_PARTS:
        if part in parts:
            raise _named_wrongly(extension, found)
    if not is_xlsx(parts):
        raise _named_wrongly(extension, "tệp nén")
    _expect(FileKind.XLSX, expected, extension)
    return Workbook(read_xlsx(parts))


def _read_compound(file: CompoundFile, expected: FileKind, extension: str) -> Workbook:
    if "EncryptedPackage" in file:
        raise encrypted()
    for stream, found in _FOREIGN_STREAMS:
        if stream in file:
            raise _named_wrongly(extension, found)
    _expect(FileKind.XLS, expected, extension)
    return Workbook(read_xls(file))


def _expect(found: FileKind, expected: FileKind, extension: str) -> None:
    if found is not expected:
        raise wrong_kind(
            f"Tệp mang đuôi {extension} nhưng bên trong là bảng tính .{found}."
            f" Hãy đổi đuôi tệp thành .{found} rồi tải lên lần nữa."
        )


def _foreign_kind(data: bytes) -> str | None:
    """What else the bytes are, by how they begin; None for text."""
    for signature, found in _FOREIGN_SIGNATURES:
        if data.startswith(signature):
            return found
    start = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return "trang web" if start.startswith(_MARKUP) else None


def _named_wrongly(extension: str, found: str) -> Invalid:
    return wrong_kind(
        f"Tệp mang đuôi {extension} nhưng bên trong là {found}."
        " Hãy mở bằng chương trình đã tạo ra nó, lưu thành bảng tính .xlsx rồi tải lên lần nữa."
    )
