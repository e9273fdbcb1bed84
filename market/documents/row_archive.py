"""A long list as compressed JSON of which single rows can be read without the rest."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_MAGIC = b"CHO1"
_LENGTH_BYTES = 4
_ROWS_A_CHUNK = 50


def pack(header: Mapping[str, Any], rows: Sequence[Any]) -> bytes:
    """Put a header and rows of plain JSON values into one run of bytes."""
    chunks = [
        _squeezed(rows[start : start + _ROWS_A_CHUNK])
        for start in range(0, len(rows), _ROWS_A_CHUNK)
    ]
    sizes = [len(chunk) for chunk in chunks]
    head = _squeezed({"header": header, "sizes": sizes, "count": len(rows)})
    return b"".join((_MAGIC, len(head).to_bytes(_LENGTH_BYTES, "big"), head, *chunks))


class RowArchive:
    """What `pack` made. Raises ValueError for other bytes."""

    def __init__(self, data: bytes) -> None:
        start = len(_MAGIC) + _LENGTH_BYTES
        if not data.startswith(_MAGIC):
            raise ValueError("not an archive of rows")
        end = start + int.from_bytes(data[len(_MAGIC) : start], "big")
        head = _opened(data[start:end])
        self._data = data
        self._bounds = [end]
        for size in head["sizes"]:
            self._bounds.append(self._bounds[-1] + size)
        self.header: dict[str, Any] = head["header"]
        self._count: int = head["count"]

    def __len__(self) -> int:
        return self._count

    def read(self, places: Iterable[int]) -> list[Any]:
        """The rows at these places, counted from 0; only their chunks are opened."""
        opened: dict[int, list[Any]] = {}
        found = []
        for place in places:
            number, within = divmod(place, _ROWS_A_CHUNK)
            if number not in opened:
                opened[number] = _opened(
                    self._data[self._bounds[number] : self._bounds[number + 1]]
                )
            found.append(opened[number][within])
        return found


def _squeezed(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode(), 6)


def _opened(data: bytes) -> Any:
    return json.loads(zlib.decompress(data))
