"""Vietnamese text: cleaned for keeping, folded for finding, ordered for lists, ASCII for QR."""

import re
import unicodedata
from functools import lru_cache

# NFD leaves the stroke of đ in place; old files hold the Icelandic eth instead of it.
_UNSTROKED = str.maketrans({"đ": "d", "Đ": "D", "ð": "d", "Ð": "D"})


_MOST_REMEMBERED = 4096


class _Unmarked(dict[int, int | None]):
    """Tells `str.translate` to drop combining marks; each character is looked up once."""

    def __missing__(self, code: int) -> int | None:
        kept = None if unicodedata.combining(chr(code)) else code
        if len(self) < _MOST_REMEMBERED:
            self[code] = kept
        return kept


_UNMARKED = _Unmarked()
_ONE_STROKED_D = str.maketrans({"ð": "đ", "Ð": "Đ"})

_NEVER_WRITTEN = frozenset({"Cc", "Cf", "Cs"})
_OUTSIDE_ASCII_WORDS = re.compile(r"[^A-Za-z0-9]+")
_DIGITS = re.compile(r"([0-9]+)")

_SIGNS_IN_ORDER = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_LETTERS_IN_ORDER = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANKS = {
    char: chr(ord("!") + rank)
    for rank, char in enumerate(_SIGNS_IN_ORDER + "0123456789" + _LETTERS_IN_ORDER)
}
_AFTER_ALL_RANKS = "~"
_END_OF_LEVEL = " "

# Grave, hook above, tilde, acute, dot below: the order of the Vietnamese alphabet (CLDR "vi").
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
_NO_TONE = "0"
_FOREIGN_MARK = "6"


def clean(text: str) -> str:
    """Text as it is kept: NFC, one space between words, none around, nothing invisible.

    Control characters, direction overrides, zero-width characters and lone surrogates
    go without a word.
    """
    if _is_clean(text):
        return text
    spaced = "".join(" " if char.isspace() else char for char in text)
    written = "".join(char for char in spaced if unicodedata.category(char) not in _NEVER_WRITTEN)
    return " ".join(unicodedata.normalize("NFC", written).split())


def fold(text: str) -> str:
    """Text as it is searched and matched: without accents, case or doubled spaces."""
    return _without_marks(clean(text)).casefold()


def to_ascii(text: str) -> str:
    """Letters, digits and single spaces only, as fields 59, 60 and 62 of a payload take them."""
    return _OUTSIDE_ASCII_WORDS.sub(" ", _without_marks(clean(text))).strip()


def sort_key(text: str) -> str:
    """A key whose code-point order is the Vietnamese order of the texts.

    Base letters (a ă â … u ư) decide first, then tones, then lower before upper case,
    each over the whole text. ASCII for anything Vietnamese; a database column that holds
    it needs the binary (C) collation.
    """
    weighed = _weighed(text)
    levels = zip(*weighed, strict=True) if weighed else ("", "", "")
    return _END_OF_LEVEL.join(map("".join, levels))


def natural_key(text: str) -> str:
    """A key that orders stall codes as people count: A2, A10, B12, B12A, B13."""
    parts = _DIGITS.split(clean(text))
    numbered = "".join(
        _by_size(part) if part.isdigit() else "".join(weights[0] for weights in _weighed(part))
        for part in parts
    )
    return numbered + _END_OF_LEVEL + sort_key(text)


def _by_size(digits: str) -> str:
    """Digits with their count before them, so that more digits come later."""
    significant = digits.lstrip("0") or "0"
    return "".join(_RANKS[digit] for digit in f"{len(significant):02d}{significant}")


def _is_clean(text: str) -> bool:
    """Whether `clean` would change nothing; most text that comes in is clean already."""
    return (
        text.isprintable()
        and "  " not in text
        and text[:1] != " "
        and text[-1:] != " "
        and (text.isascii() or unicodedata.is_normalized("NFC", text))
    )


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFD", text.translate(_UNSTROKED)).translate(_UNMARKED)


def _weighed(text: str) -> list[tuple[str, str, str]]:
    letters = unicodedata.normalize("NFC", clean(text).translate(_ONE_STROKED_D))
    return [_weights(letter) for letter in letters]


@lru_cache(maxsize=_MOST_REMEMBERED)
def _weights(letter: str) -> tuple[str, str, str]:
    """Rank of the letter without its tone, its tone, its case."""
    decomposed = unicodedata.normalize("NFD", letter)
    base, tone = decomposed[0], _NO_TONE
    for mark in decomposed[1:]:
        shaped = unicodedata.normalize("NFC", base + mark)
        if mark in _TONES:
            tone = _TONES[mark]
        elif shaped.lower() in _RANKS:
            base = shaped
        else:
            tone = _FOREIGN_MARK
    lower = base.lower()
    return _RANKS.get(lower, _AFTER_ALL_RANKS + lower), tone, "0" if base == lower else "1"
