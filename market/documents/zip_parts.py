"""Parts of a zipped workbook, read only after its directory was found harmless."""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator

from market.documents.workbook_limits import (
    MEGABYTE,
    broken,
    encrypted,
    suspicious,
    too_large,
)

_MAX_ENTRIES = 3_000
_MAX_UNPACKED = 96 * MEGABYTE
# A part this much larger than its packed form is a bomb; real sheets stay under 60.
_MAX_RATIO = 200
_RATIO_COUNTS_FROM = 4 * MEGABYTE
_CHUNK = 256 * 1024
_ENTRY_SIGNATURE = b"PK\x01\x02"
_IS_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ZipParts:
    """The parts of one package by name, whatever the case and slashes of their names."""

    def __init__(self, data: bytes) -> None:
        """Look at the directory alone; nothing is unpacked.

        Raises Invalid for a broken, encrypted or suspicious package, TooLarge for one that
        unpacks to more than any list needs.
        """
        # Each entry has its own signature, whatever the directory claims to hold.
        if data.count(_ENTRY_SIGNATURE) > _MAX_ENTRIES:
            raise _unpacks_too_far()
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise broken() from error
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._archive.infolist():
            _refuse_harmful(entry)
            name = _plain(entry.filename)
            if name in self._entries:
                raise suspicious()
            self._entries[name] = entry
        if sum(entry.file_size for entry in self._entries.values()) > _MAX_UNPACKED:
            raise _unpacks_too_far()

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._entries

    def read(self, name: str) -> bytes:
        return b"".join(self.stream(name))

    def stream(self, name: str) -> Iterator[bytes]:
        """The part in chunks, never more of it than the directory declares.

        Raises Invalid where the part is missing or broken.
        """
        entry = self._entries.get(_plain(name))
        if entry is None:
            raise broken()
        try:
            with self._archive.open(entry) as part:
                while chunk := part.read(_CHUNK):
                    yield chunk
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            ValueError,
        ) as error:
            raise broken() from error


def _refuse_harmful(entry: zipfile.ZipInfo) -> None:
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise suspicious()
    if entry.flag_bits & _IS_ENCRYPTED:
        raise encrypted()
    if entry.compress_type not in _METHODS:
        raise suspicious()
    if entry.file_size > _RATIO_COUNTS_FROM and entry.file_size > _MAX_RATIO * max(
        entry.compress_size, 1
    ):
        raise _unpacks_too_far()


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _unpacks_too_far() -> Exception:
    return too_large(
        "Tệp giải nén ra quá lớn. Hãy chép riêng bảng danh sách sang một tệp .xlsx mới"
        " rồi tải lên lần nữa."
    )
