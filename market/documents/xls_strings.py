"""Strings of Excel 97-2003 files, shared ones across record borders ([MS-XLS] 2.5.293)."""

import struct

from market.documents.workbook_limits import MAX_SLOTS, broken, too_many_cells

_IS_WIDE, _HAS_PHONETIC, _HAS_RUNS = 0x01, 0x04, 0x08


def read_string(data: bytes, offset: int, *, wide_count: bool) -> str:
    """One string inside a record; raises struct.error or IndexError past its end."""
    if wide_count:
        count, flags = struct.unpack_from("<HB", data, offset)
        offset += 3
    else:
        count, flags = struct.unpack_from("<BB", data, offset)
        offset += 2
    if flags & _HAS_RUNS:
        offset += 2
    if flags & _HAS_PHONETIC:
        offset += 4
    return _decoded(data[offset:], count, flags)


def read_shared_strings(records: list[bytes]) -> list[str]:
    """All strings of the table and the records that continue it.

    Raises Invalid where the table ends before its last string, TooLarge where it holds
    more than one file may.
    """
    if not records:
        return []
    reader = _TableReader(records)
    if reader.count > MAX_SLOTS:
        raise too_many_cells()
    return [reader.string() for _ in range(reader.count)]


class _TableReader:
    def __init__(self, records: list[bytes]) -> None:
        self._records = records
        self._index = 0
        self._offset = 8
        self.count = struct.unpack_from("<4xL", records[0])[0]

    def string(self) -> str:
        # The head of a string never stands across two records.
        if self._offset >= len(self._records[self._index]):
            self._next_record()
        record = self._records[self._index]
        count, flags = struct.unpack_from("<HB", record, self._offset)
        self._offset += 3
        after = 0
        if flags & _HAS_RUNS:
            after += 4 * struct.unpack_from("<H", record, self._offset)[0]
            self._offset += 2
        if flags & _HAS_PHONETIC:
            after += struct.unpack_from("<L", record, self._offset)[0]
            self._offset += 4
        text = self._characters(count, flags)
        self._skip(after)
        return text

    def _characters(self, count: int, flags: int) -> str:
        parts: list[str] = []
        while True:
            size = 2 if flags & _IS_WIDE else 1
            record = self._records[self._index]
            here = min(count, (len(record) - self._offset) // size)
            parts.append(_decoded(record[self._offset :], here, flags))
            self._offset += here * size
            count -= here
            if not count:
                return "".join(parts)
            self._next_record()
            # What is left of the characters starts with its own flags.
            flags = self._records[self._index][0]
            self._offset = 1

    def _skip(self, size: int) -> None:
        while size > len(self._records[self._index]) - self._offset:
            size -= len(self._records[self._index]) - self._offset
            self._next_record()
        self._offset += size

    def _next_record(self) -> None:
        self._index += 1
        self._offset = 0
        if self._index >= len(self._records):
            raise broken()


def _decoded(data: bytes, count: int, flags: int) -> str:
    size = count * 2 if flags & _IS_WIDE else count
    if size > len(data):
        raise broken()
    # Without the flag each byte is the lower half of its UTF-16 unit.
    return data[:size].decode("utf-16-le" if flags & _IS_WIDE else "latin-1", "replace")
