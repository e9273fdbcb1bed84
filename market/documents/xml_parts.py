"""XML parts of zipped workbooks: looked over first, then read as they unpack."""

from collections.abc import Iterable
from xml.parsers import expat

from market.documents.workbook_limits import (
    MAX_ROWS,
    MEGABYTE,
    broken,
    suspicious,
    too_many_cells,
    too_many_rows,
)
from market.documents.zip_parts import ZipParts

Attributes = dict[str, str]

# A cell takes four tags and ends; a part without cells never needs so many.
MAX_TAGS_OF_CELLS = 6_000_000
_MAX_TAGS = 1_000_000
_MAX_DEPTH = 10_000
_MAX_TOKEN_BYTES = MEGABYTE


class XmlReader:
    """Calls `enter` and `leave` for each element by its name without prefix.

    Between `take_text()` and `taken_text()` the text met is collected.
    """

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self.enter
        self._parser.EndElementHandler = self.leave
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._text: list[str] = []

    def enter(self, name: str, attributes: Attributes) -> None:
        raise NotImplementedError

    def leave(self, name: str) -> None:
        """Called at the end of an element; most readers have nothing to do there."""

    def take_text(self) -> None:
        self._text.clear()
        self._parser.CharacterDataHandler = self._text.append

    def add_text(self, text: str) -> None:
        """Put in what an element stands for, as `text:s` for spaces."""
        self._text.append(text)

    def taken_text(self) -> str:
        self._parser.CharacterDataHandler = None
        return "".join(self._text)

    def read(
        self, parts: ZipParts, name: str, *, row_tag: bytes = b"", max_tags: int = _MAX_TAGS
    ) -> None:
        """Read a part; `row_tag` opens a row, where the part has rows to count.

        Raises Invalid for XML that is broken or declares entities, TooLarge for more rows,
        cells or nesting than a list has.
        """
        _look_over(parts.stream(name), row_tag, max_tags)
        fed = 0
        try:
            for chunk in parts.stream(name):
                self._parser.Parse(chunk, False)
                fed += len(chunk)
                # A tag without an end would be read again from its start at every chunk.
                if fed - self._parser.CurrentByteIndex > _MAX_TOKEN_BYTES:
                    raise suspicious()
            self._parser.Parse(b"", True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise broken() from error


def local_name(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse_doctype(*_: object) -> None:
    """No spreadsheet program declares a document type; entity bombs do."""
    raise suspicious()


def _look_over(chunks: Iterable[bytes], row_tag: bytes, max_tags: int) -> None:
    """Count before anything is built: tags, depth and rows with values."""
    tags = depth = rows = 0
    unfinished_row = b""
    for chunk in chunks:
        opened, closed = chunk.count(b"<"), chunk.count(b"</")
        tags += opened
        depth += opened - 2 * closed - chunk.count(b"/>")
        if tags > max_tags:
            raise too_many_cells()
        if depth > _MAX_DEPTH:
            raise suspicious()
        if row_tag:
            *whole, unfinished_row = (unfinished_row + chunk).split(row_tag)
            rows += sum(map(_holds_value, whole))
            # One value may stand before the first row tag.
            if rows > MAX_ROWS + 1:
                raise too_many_rows()
            if len(unfinished_row) > _MAX_TOKEN_BYTES:
                unfinished_row = b""


def _holds_value(row: bytes) -> bool:
    return b"<v>" in row or b"<is>" in row or b"office:value" in row
