"""Be Vietnam Pro, the family that is printed: widths for setting, subsets for embedding."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

from reportlab.pdfbase.ttfonts import TTFontFile

from market.documents.label_layouts import Face

EM = 1000
FILES = {
    Face.REGULAR: "BeVietnamPro-Regular.ttf",
    Face.SEMIBOLD: "BeVietnamPro-SemiBold.ttf",
    Face.BOLD: "BeVietnamPro-Bold.ttf",
}


class _Widths(dict[str, int]):
    """Advance widths; a letter the font lacks is as wide as the box drawn in its place."""

    def __missing__(self, letter: str) -> int:
        return self["\0"]


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """What a font descriptor says (ISO 32000-1, table 122), in thousandths of the size."""

    name: str
    flags: int
    box: tuple[int, ...]
    ascent: int
    descent: int
    cap_height: int
    stem: int


@dataclass(frozen=True, slots=True, eq=False)
class Subset:
    """A font file of the wanted letters; `glyphs` says which glyph draws which letter."""

    file: bytes
    glyphs: dict[str, int]


class Typeface:
    """One weight of the family."""

    def __init__(self, file: bytes) -> None:
        self._font = TTFontFile(BytesIO(file))
        self._widths = _Widths({chr(code): w for code, w in self._font.charWidths.items()})
        self._widths["\0"] = self._font.defaultWidth

    def width(self, text: str) -> float:
        """Width in units of the size."""
        return sum(map(self._widths.__getitem__, text)) / EM

    def has(self, text: str) -> bool:
        """Whether the font draws every letter of the text."""
        return all(letter in self._widths for letter in text)

    def metrics(self) -> Metrics:
        font = self._font
        return Metrics(
            name=font.name.decode(),
            flags=font.flags,
            box=tuple(round(edge) for edge in font.bbox),
            ascent=round(font.ascent),
            descent=round(font.descent),
            cap_height=round(font.capHeight),
            stem=round(font.stemV),
        )

    def subset(self, letters: Iterable[str]) -> Subset:
        """The same letters give the same bytes, whatever their order."""
        codes = sorted(ord(letter) for letter in set(letters) if letter in self._widths)
        glyphs: dict[str, int] = {}
        taken = {0: 0}
        for code in codes:
            original = self._font.charToGlyph.get(code, 0)
            glyphs[chr(code)] = taken.setdefault(original, len(taken))
        return Subset(self._font.makeSubset(codes), glyphs)


@cache
def typeface(face: Face) -> Typeface:
    return Typeface(font_file(face))


@cache
def font_file(face: Face) -> bytes:
    """The whole font, for those who draw with it themselves."""
    return files("fontpkg_be_vietnam_pro").joinpath("files", FILES[face]).read_bytes()
