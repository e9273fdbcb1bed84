"""Fonts of one PDF: text as UTF-16 code units, so that no text waits for another's subset.

A letter's character code is its code point; which glyph of the embedded subset that is stands in
a map written with the font when the last text is known (ISO 32000-1, 9.7.4).
"""

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import groupby

from market.documents.label_layouts import Face
from market.documents.pdf_file import PdfFile
from market.documents.typeface import Metrics, Subset, Typeface, typeface

RESOURCE_NAMES = {Face.REGULAR: b"/FR", Face.SEMIBOLD: b"/FS", Face.BOLD: b"/FB"}
Letters = Mapping[Face, AbstractSet[str]]

LETTERS = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
ESCAPES = ((b"\\", b"\\\\"), (b"(", b"\\("), (b")", b"\\)"), (b"\r", b"\\r"))
MAPPING = b"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
%d beginbfrange
%bendbfrange
endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


class PdfFonts:
    """Remembers the letters drawn in each weight and embeds exactly those."""

    def __init__(self) -> None:
        self._drawn: dict[Face, set[str]] = {}

    def encode(self, face: Face, text: str) -> bytes:
        """The operand of a show operator."""
        self._drawn.setdefault(face, set()).update(text)
        return b"(%b)" % _escaped(text.encode("utf-16-be"))

    @property
    def drawn(self) -> Letters:
        """The letters drawn so far."""
        return self._drawn

    def note(self, drawn: Letters) -> None:
        """Letters drawn elsewhere that will be shown in this PDF."""
        for face, letters in drawn.items():
            self._drawn.setdefault(face, set()).update(letters)

    def write(self, pdf: PdfFile) -> bytes:
        """Embed what was drawn; gives the entries of the page's font dictionary."""
        return b"".join(
            b"%b %d 0 R" % (RESOURCE_NAMES[face], _embed(pdf, typeface(face), letters))
            for face, letters in sorted(self._drawn.items())
        )


def _escaped(octets: bytes) -> bytes:
    """Octets of a literal string (ISO 32000-1, 7.3.4.2): half as long as a hexadecimal one."""
    for octet, escape in ESCAPES:
        octets = octets.replace(octet, escape)
    return octets


def _embed(pdf: PdfFile, font: Typeface, letters: set[str]) -> int:
    subset = font.subset(letters)
    metrics = font.metrics()
    name = b"/%b+%b" % (_tag(subset), metrics.name.encode())
    file = pdf.add_stream(subset.file, b"/Length1 %d" % len(subset.file))
    descriptor = pdf.add(_descriptor(metrics, name, file))
    glyph_map = pdf.add_stream(_glyph_map(subset))
    widths = b"".join(
        b"%d[%d]" % (ord(letter), round(font.width(letter) * 1000)) for letter in subset.glyphs
    )
    descendant = pdf.add(
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont%b"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        b"/FontDescriptor %d 0 R/DW 500/W[%b]/CIDToGIDMap %d 0 R>>"
        % (name, descriptor, widths, glyph_map)
    )
    mapping = pdf.add_stream(_unicode_mapping(subset))
    return pdf.add(
        b"<</Type/Font/Subtype/Type0/BaseFont%b/Encoding/Identity-H"
        b"/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>" % (name, descendant, mapping)
    )


def _descriptor(metrics: Metrics, name: bytes, file: int) -> bytes:
    box = b" ".join(b"%d" % edge for edge in metrics.box)
    return (
        b"<</Type/FontDescriptor/FontName%b/Flags %d/FontBBox[%b]/ItalicAngle 0/Ascent %d"
        b"/Descent %d/CapHeight %d/StemV %d/FontFile2 %d 0 R>>"
        % (
            name,
            metrics.flags,
            box,
            metrics.ascent,
            metrics.descent,
            metrics.cap_height,
            metrics.stem,
            file,
        )
    )


def _tag(subset: Subset) -> bytes:
    """Six capitals that tell one subset of a font from another (ISO 32000-1, 9.6.4)."""
    digest = hashlib.sha256(subset.file).digest()
    return "".join(LETTERS[octet % len(LETTERS)] for octet in digest[:6]).encode()


def _glyph_map(subset: Subset) -> bytes:
    glyphs = bytearray(2 * (1 + max(map(ord, subset.glyphs), default=0)))
    for letter, glyph in subset.glyphs.items():
        glyphs[2 * ord(letter) : 2 * ord(letter) + 2] = glyph.to_bytes(2)
    return bytes(glyphs)


def _unicode_mapping(subset: Subset) -> bytes:
    """Every code is its own code point; a range may not leave its high octet."""
    high = [octet for octet, _ in groupby(sorted(ord(letter) >> 8 for letter in subset.glyphs))]
    ranges = b"".join(b"<%02X00> <%02XFF> <%02X00>\n" % (each, each, each) for each in high)
    return MAPPING % (len(high), ranges)
