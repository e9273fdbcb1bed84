"""A PDF written object by object to a stream: memory does not grow, the same input gives the
same bytes (ISO 32000-1, 7.5)."""

import hashlib
import zlib
from typing import Protocol

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
COMPRESSION = 6


class Sink(Protocol):
    """Where the file goes; nothing is read back and nothing sought."""

    def write(self, data: bytes, /) -> object: ...


class PdfFile:
    """Objects are numbered from 1; a number can be reserved before its object is written."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self._offsets: list[int] = []
        self.size = 0
        self._put(HEADER)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def reserve(self) -> int:
        self._offsets.append(0)
        return len(self._offsets)

    def add(self, body: bytes, number: int | None = None) -> int:
        """Write an object and give its number."""
        number = number or self.reserve()
        self._offsets[number - 1] = self.size
        self._put(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        return number

    def add_stream(self, data: bytes, entries: bytes = b"", number: int | None = None) -> int:
        """Write a compressed stream with further dictionary entries and give its number."""
        return self.add_packed(packed(data), entries, number)

    def add_packed(self, data: bytes, entries: bytes = b"", number: int | None = None) -> int:
        """Write a stream compressed before."""
        head = b"<<%b/Filter/FlateDecode/Length %d>>" % (entries, len(data))
        return self.add(b"%b\nstream\n%b\nendstream" % (head, data), number)

    def close(self, *, root: int, info: int) -> None:
        """Write the table of objects; the file's identity is a hash of what it holds."""
        identity = self._digest.hexdigest()[:32].encode()
        start = self.size
        count = len(self._offsets) + 1
        self._put(b"xref\n0 %d\n0000000000 65535 f \n" % count)
        self._put(b"".join(b"%010d 00000 n \n" % offset for offset in self._offsets))
        self._put(
            b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%b><%b>]>>\nstartxref\n%d\n%%%%EOF\n"
            % (count, root, info, identity, identity, start)
        )

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._digest.update(data)
        self.size += len(data)


def packed(data: bytes) -> bytes:
    return zlib.compress(data, COMPRESSION)


def text_string(text: str) -> bytes:
    """A text for titles and the like (ISO 32000-1, 7.9.2.2)."""
    return b"<FEFF%b>" % text.encode("utf-16-be").hex().upper().encode()


def rectangle(left: float, bottom: float, right: float, top: float) -> bytes:
    return b"[%.3f %.3f %.3f %.3f]" % (left, bottom, right, top)
