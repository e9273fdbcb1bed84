"""Compound files ([MS-CFB]), the wrapping of .xls and of encrypted workbooks: streams out."""

import struct
from collections.abc import Iterator

from market.documents.workbook_limits import broken

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER = struct.Struct("<8s16x5H6x9L")
_SECTOR_SHIFTS = (9, 12)
_MINI_SECTOR = 64
_MINI_SHIFT = 6
_MINI_CUTOFF = 4096
_ENTRY_SIZE = 128
_END_OF_CHAIN = 0xFFFFFFFE
_FREE = 0xFFFFFFFF
_STREAM, _ROOT = 2, 5


class CompoundFile:
    """The streams of a compound file by name; chains are followed only inside the file."""

    def __init__(self, data: bytes) -> None:
        """Raises Invalid where the header, a chain or the directory does not hold."""
        try:
            fields = _HEADER.unpack_from(data)
        except struct.error as error:
            raise broken() from error
        signature, _, _, _, shift, mini_shift, *numbers = fields
        if signature != SIGNATURE or shift not in _SECTOR_SHIFTS or mini_shift != _MINI_SHIFT:
            raise broken()
        _, _, directory, _, _, mini_fat, _, difat, _ = numbers
        self._data = data
        self._size = 1 << shift
        self._fat = self._read_fat(difat)
        entries = list(_entries(self._chain(directory)))
        if not entries or entries[0][1] != _ROOT:
            raise broken()
        _, _, start, size = entries[0]
        self._mini_stream = self._chain(start)[:size]
        self._mini_fat = _numbers(self._chain(mini_fat))
        self._streams = {
            name: (start, size) for name, kind, start, size in entries if kind == _STREAM
        }

    def __contains__(self, name: str) -> bool:
        return name in self._streams

    def stream(self, name: str) -> bytes:
        """Raises Invalid where the stream does not lie inside the file."""
        start, size = self._streams[name]
        found = self._mini_chain(start) if size < _MINI_CUTOFF else self._chain(start)
        if len(found) < size:
            raise broken()
        return found[:size]

    def _read_fat(self, difat: int) -> list[int]:
        sectors = [id_ for id_ in _numbers(self._data[76:512]) if id_ != _FREE]
        seen: set[int] = set()
        while difat not in (_END_OF_CHAIN, _FREE):
            if difat in seen:
                raise broken()
            seen.add(difat)
            *more, difat = _numbers(self._sector(difat))
            sectors += [id_ for id_ in more if id_ != _FREE]
        if len(sectors) != len(set(sectors)):
            raise broken()
        return [entry for id_ in sectors for entry in _numbers(self._sector(id_))]

    def _sector(self, id_: int) -> bytes:
        start = (id_ + 1) * self._size
        sector = self._data[start : start + self._size]
        if not sector:
            raise broken()
        # The last sector of a file is sometimes cut short.
        return sector.ljust(self._size, b"\0")

    def _chain(self, start: int) -> bytes:
        return b"".join(self._sector(id_) for id_ in _links(start, self._fat))

    def _mini_chain(self, start: int) -> bytes:
        return b"".join(
            self._mini_stream[id_ * _MINI_SECTOR : (id_ + 1) * _MINI_SECTOR]
            for id_ in _links(start, self._mini_fat)
        )


def _entries(directory: bytes) -> Iterator[tuple[str, int, int, int]]:
    """Name, kind, first sector and size of each entry in use."""
    for offset in range(0, len(directory) - _ENTRY_SIZE + 1, _ENTRY_SIZE):
        entry = directory[offset : offset + _ENTRY_SIZE]
        name_size, kind = struct.unpack_from("<HB", entry, 64)
        if kind:
            name = entry[: min(max(name_size - 2, 0), 64)].decode("utf-16-le", "replace")
            start, size = struct.unpack_from("<LL", entry, 116)
            yield name, kind, start, size


def _links(start: int, table: list[int]) -> Iterator[int]:
    """The chain from `start`; raises Invalid where it leaves the table or turns back."""
    id_ = start
    for _ in range(len(table) + 1):
        if id_ in (_END_OF_CHAIN, _FREE):
            return
        if id_ >= len(table):
            raise broken()
        yield id_
        id_ = table[id_]
    raise broken()


def _numbers(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}L", data[: len(data) // 4 * 4]))
