"""The words of a sticker: what each field says on paper, and how it is set into its box."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from itertools import combinations
from string import Formatter
from unicodedata import is_normalized

from market.documents.label_layouts import Align, TextBox
from market.documents.typeface import typeface
from market.domain.accounts import in_groups
from market.domain.text import clean

POINTS = 72 / 25.4
LINE_PITCH = 1.22
CAP_HEIGHT = 0.74
SHARED_FIELDS = frozenset({"market_name", "hotline", "printed_on"})


@dataclass(frozen=True, slots=True)
class Sticker:
    """One sticker's values, as the register holds them.

    `bank_bin` set means that the code must pay exactly that bank and `account_number`; without
    it only `payload` is compared (codes that a bank or wallet issued). `account_number` may then
    be empty, as `hotline` may always be.
    """

    serial: str
    payload: str
    market_name: str
    stall_code: str
    merchant_name: str
    holder_name: str
    bank_short_name: str
    account_number: str
    printed_on: date
    hotline: str | None = None
    bank_bin: str | None = None

    def printed(self) -> dict[str, str]:
        """Field name to the text that stands on paper: NFC, number in groups, day first."""
        return {
            "serial": self.serial,
            "market_name": _tidy(self.market_name),
            "stall_code": _tidy(self.stall_code),
            "merchant_name": _tidy(self.merchant_name),
            "holder_name": _tidy(self.holder_name),
            "bank_short_name": _tidy(self.bank_short_name),
            "account_number": in_groups(self.account_number),
            "printed_on": f"{self.printed_on:%d/%m/%Y}",
            "hotline": _tidy(self.hotline or ""),
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text and the left end of its baseline, in millimetres."""

    text: str
    x: float
    y: float


class TextFlaw(StrEnum):
    """Why a person must look at a printed text."""

    TOO_LONG = "too_long"
    LETTER_MISSING = "letter_missing"


@dataclass(frozen=True, slots=True)
class SetText:
    """A text set into its box; a flaw where it is under the smallest size or lacks a letter."""

    box: TextBox
    size: float
    lines: tuple[Line, ...]
    flaw: TextFlaw | None


@cache
def fields_of(text: str) -> frozenset[str]:
    """The sticker fields a text of a layout names."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def is_shared(box: TextBox) -> bool:
    """Whether the text is the same on all stickers of a market and a day."""
    return fields_of(box.text) <= SHARED_FIELDS


def set_texts(boxes: tuple[TextBox, ...], values: dict[str, str]) -> Iterator[SetText]:
    """Every text, set; one that has fields, all of them empty, is left out."""
    for box in boxes:
        fields = fields_of(box.text)
        if not fields or any(values[field] for field in fields):
            yield set_text(box, box.text.format_map(values))


@lru_cache(maxsize=1024)
def set_text(box: TextBox, text: str) -> SetText:
    """Set a text: at each size on one line, then on more, then the next smaller size.

    Where not even the smallest will do, it is made smaller still until all of it stands inside
    its box, and says so: nothing is ever cut.
    """
    words = text.split()
    width = typeface(box.face).width
    for size in box.sizes:
        for count in range(1, min(box.lines, len(words)) + 1):
            if not _has_height(box, size, count):
                break
            lines = _wrapped(words, count, box)
            if max(map(width, lines)) * size <= box.box.width * POINTS:
                flaw = None if typeface(box.face).has(text) else TextFlaw.LETTER_MISSING
                return _placed(box, size, lines, flaw)
    wrappings = [_wrapped(words, count, box) for count in range(1, min(box.lines, len(words)) + 1)]
    size, lines = max((_largest(box, lines), lines) for lines in wrappings)
    return _placed(box, size, lines, TextFlaw.TOO_LONG)


def _has_height(box: TextBox, size: float, lines: int) -> bool:
    return lines * LINE_PITCH * size <= box.box.height * POINTS


def _largest(box: TextBox, lines: list[str]) -> float:
    widest = max(map(typeface(box.face).width, lines))
    return POINTS * min(box.box.width / widest, box.box.height / (len(lines) * LINE_PITCH))


def _wrapped(words: list[str], lines: int, box: TextBox) -> list[str]:
    """Break into so many lines that the longest is as short as can be."""
    if lines == 1:
        return [" ".join(words)]
    width = typeface(box.face).width
    breaks = combinations(range(1, len(words)), lines - 1)
    ways = [_cut(words, at) for at in breaks]
    return min(ways, key=lambda way: max(map(width, way)))


def _cut(words: list[str], at: tuple[int, ...]) -> list[str]:
    edges = (0, *at, len(words))
    return [" ".join(words[edges[i] : edges[i + 1]]) for i in range(len(at) + 1)]


def _placed(box: TextBox, size: float, lines: list[str], flaw: TextFlaw | None) -> SetText:
    """Capitals centred on the middle of the box, whatever the number of lines."""
    area = box.box
    pitch = LINE_PITCH * size / POINTS
    middle = area.y + area.height / 2 + CAP_HEIGHT * size / POINTS / 2
    first = middle - pitch * (len(lines) - 1) / 2
    placed = []
    for number, text in enumerate(lines):
        room = area.width - typeface(box.face).width(text) * size / POINTS
        indent = {Align.LEFT: 0.0, Align.CENTRE: room / 2, Align.RIGHT: room}[box.align]
        placed.append(Line(text, area.x + indent, first + pitch * number))
    return SetText(box, size, tuple(placed), flaw)


def _tidy(text: str) -> str:
    if text.isprintable() and is_normalized("NFC", text):
        return text.strip()
    return clean(text)
