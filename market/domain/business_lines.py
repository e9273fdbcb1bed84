"""What stalls sell: the list of business lines, found by what people write."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from market.domain.errors import NotFound
from market.domain.text import clean, fold

Words = tuple[str, ...]

_WORD = re.compile(r"\w+")
_BETWEEN_LINES = re.compile(r"[,;/+&\n]|\s[-–—]\s|\bvà\b", re.IGNORECASE)
_AND = {"và", "va"}
# What says that something is sold, and not what.
_EMPTY_STARTS = tuple(
    tuple(start.split())
    for start in (
        "ngành hàng",
        "mặt hàng",
        "kinh doanh",
        "buôn bán",
        "mua bán",
        "bán lẻ",
        "bán buôn",
        "các loại",
        "cửa hàng",
        "bán",
        "kd",
        "quầy",
        "hàng",
        "đồ",
    )
)
_EMPTY_ENDS = tuple(tuple(end.split()) for end in ("các loại", "các mặt hàng", "tổng hợp"))


@dataclass(frozen=True, slots=True)
class BusinessLine:
    """One line; `mcc` is a merchant category code of ISO 18245, four digits as text."""

    code: str
    name: str
    mcc: str
    aliases: tuple[str, ...] = ()


class BusinessLines:
    """The lines, looked up by exact names only, never by likeness.

    Diacritics decide where they are written (sữa, sửa, sứa) and are not missed where
    they are not; of two lines that then look alike, the first in the list is meant.
    """

    def __init__(self, lines: Iterable[BusinessLine]) -> None:
        self._by_code = {line.code: line for line in lines}
        self._by_name: dict[Words, BusinessLine] = {}
        self._by_folded_name: dict[Words, BusinessLine] = {}
        for line in self._by_code.values():
            for name in (line.name, *line.aliases):
                words = _words(name)
                self._by_name.setdefault(words, line)
                self._by_folded_name.setdefault(_folded(words), line)

    def __iter__(self) -> Iterator[BusinessLine]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def get(self, code: str) -> BusinessLine:
        """The line of this code; raises NotFound."""
        try:
            return self._by_code[code]
        except KeyError:
            raise NotFound(
                f"Không có ngành hàng nào mang mã {code}. Hãy chọn trong danh mục ngành hàng."
            ) from None

    def find(self, written: str) -> BusinessLine | None:
        """The line that a list means by this, None where it is not known.

        Of several goods in one cell the first decides, if all of them are known.
        """
        whole = self._find_one(written)
        if whole is not None:
            return whole
        parts = [self._find_one(part) for part in _BETWEEN_LINES.split(written) if _words(part)]
        return parts[0] if parts and None not in parts else None

    def _find_one(self, written: str) -> BusinessLine | None:
        forms = list(_forms(_words(written)))
        for form in forms:
            if form in self._by_name:
                return self._by_name[form]
        for form in forms:
            if (folded := _folded(form)) in self._by_folded_name:
                return self._by_folded_name[folded]
        return None


@cache
def packaged_lines() -> BusinessLines:
    """The lines that come with the release."""
    return BusinessLines(
        BusinessLine(
            code=row["code"],
            name=row["name"],
            mcc=row["mcc"],
            aliases=tuple(alias for alias in row["aliases"].split("|") if alias),
        )
        for row in _read_rows()
    )


def _read_rows() -> list[dict[str, str]]:
    data = files("market.domain").joinpath("data", "business_lines.csv")
    return list(csv.DictReader(data.read_text(encoding="utf-8").splitlines()))


def _words(written: str) -> Words:
    words = _WORD.findall(clean(written).casefold())
    return tuple(word for word in words if word not in _AND)


def _folded(words: Words) -> Words:
    return tuple(map(fold, words))


def _forms(words: Words) -> Iterator[Words]:
    """The words as they are, then with less and less of what names no goods."""
    yield words
    for end in _EMPTY_ENDS:
        if len(words) > len(end) and _folded(words[-len(end) :]) == _folded(end):
            yield from _forms(words[: -len(end)])
    for start in _EMPTY_STARTS:
        if len(words) > len(start) and _folded(words[: len(start)]) == _folded(start):
            yield from _forms(words[len(start) :])
