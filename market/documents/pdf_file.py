"""A PDF written object by object to a stream: memory does not grow, the same input gives the
same bytes (ISO 32000-1, 7.5).

Objects that are no streams stand packed together in object streams (7.5.7), and the table of
objects is a stream too (7.5.8): thousands of pages that differ by a number take next to nothing.
"""

import hashlib
import zlib
from typing import Protocol

import numpy as np

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
COMPRESSION = 6
# Objects in one object stream: readers unpack a whole one to find a single object.
TOGETHER = 200
# Kinds of entries in the table: where an object begins, or which object stream it is in.
ALONE, PACKED = 1, 2
ENTRY_OCTETS = (1, 5, 2)


class Sink(Protocol):
    """Where the file goes; nothing is read back and nothing sought."""

    def write(self, data: bytes, /) -> object: ...


class PdfFile:
    """Objects are numbered from 1; a number can be reserved before its object is written."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self._table = bytearray(sum(ENTRY_OCTETS))
        self._waiting: list[tuple[int, bytes]] = []
        self.size = 0
        self._put(HEADER)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def reserve(self) -> int:
        number = len(self._table) // sum(ENTRY_OCTETS)
        self._table += bytes(sum(ENTRY_OCTETS))
        return number

    def add(self, body: bytes, number: int | None = None) -> int:
        """Take an object that is no stream and give its number; it is written with others."""
        number = number or self.reserve()
        self._waiting.append((number, body))
        if len(self._waiting) == TOGETHER:
            self._write_waiting()
        return number

    def add_stream(self, data: bytes, entries: bytes = b"", number: int | None = None) -> int:
        """Write a compressed stream with further dictionary entries and give its number."""
        return self.add_packed(zlib.compress(data, COMPRESSION), entries, number)

    def add_packed(self, data: bytes, entries: bytes = b"", number: int | None = None) -> int:
        """Write a stream compressed before."""
        number = number or self.reserve()
        self._enter(number, ALONE, self.size)
        head = b"<<%b/Filter/FlateDecode/Length %d>>" % (entries, len(data))
        self._put(b"%d 0 obj\n%b\nstream\n%b\nendstream\nendobj\n" % (number, head, data))
        return number

    def close(self, *, root: int, info: int) -> None:
        """Write the table of objects; the file's identity is a hash of what it holds."""
        if self._waiting:
            self._write_waiting()
        identity = self._digest.hexdigest()[:32].encode()
        start = self.size
        table = self.reserve()
        self._enter(table, ALONE, start)
        entries = (
            b"/Type/XRef/Size %d/W[%d %d %d]/Root %d 0 R/Info %d 0 R/ID[<%b><%b>]"
            b"/DecodeParms<</Predictor 12/Columns %d>>"
            % (table + 1, *ENTRY_OCTETS, root, info, identity, identity, sum(ENTRY_OCTETS))
        )
        self.add_stream(_differences(self._table), entries, table)
        self._put(b"startxref\n%d\n%%%%EOF\n" % start)

    def _write_waiting(self) -> None:
        """An object stream: numbers and places first, then the objects."""
        holder = self.reserve()
        places: list[bytes] = []
        place = 0
        for index, (number, body) in enumerate(self._waiting):
            self._enter(number, PACKED, holder, index)
            places.append(b"%d %d " % (number, place))
            place += len(body) + 1
        head = b"".join(places)
        bodies = b"\n".join(body for _, body in self._waiting)
        entries = b"/Type/ObjStm/N %d/First %d" % (len(self._waiting), len(head))
        self._waiting.clear()
        self.add_stream(head + bodies, entries, holder)

    def _enter(self, number: int, kind: int, where: int, index: int = 0) -> None:
        entry = b"".join(
            value.to_bytes(octets)
            for value, octets in zip((kind, where, index), ENTRY_OCTETS, strict=True)
        )
        self._table[number * len(entry) : (number + 1) * len(entry)] = entry

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._digest.update(data)
        self.size += len(data)


def packed(marks: bytes) -> bytes:
    """Marks compressed: numbers, where a short repetition costs more than what it repeats."""
    packer = zlib.compressobj(COMPRESSION, strategy=zlib.Z_FILTERED)
    return packer.compress(marks) + packer.flush()


def text_string(text: str) -> bytes:
    """A text for titles and the like (ISO 32000-1, 7.9.2.2)."""
    return b"<FEFF%b>" % text.encode("utf-16-be").hex().upper().encode()


def rectangle(left: float, bottom: float, right: float, top: float) -> bytes:
    return b"[%.3f %.3f %.3f %.3f]" % (left, bottom, right, top)


def _differences(table: bytearray) -> bytes:
    """Each entry less the one before (ISO 32000-1, 7.4.4.4, predictor "up"), which packs well."""
    rows = np.frombuffer(table, dtype=np.uint8).reshape(-1, sum(ENTRY_OCTETS))
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    return np.insert(rows - above, 0, 2, axis=1).tobytes()
