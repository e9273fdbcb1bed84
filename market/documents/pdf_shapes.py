"""Marks on a PDF page as content operators.

Boxes are millimetres right and down from the caller's origin, where everything below is negative;
all other lengths are points.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import floor

import numpy as np
from numpy.typing import NDArray

from market.documents.accents import read_accent
from market.documents.label_layouts import Box, Face, Ink, Shape, ShapeKind
from market.documents.pdf_fonts import RESOURCE_NAMES, PdfFonts
from market.documents.qr_blocks import blocks
from market.documents.qr_tables import Bits
from market.documents.sticker_text import POINTS, SetText

Texts = NDArray[np.object_]

# How far from a corner of radius 1 the handles of its Bézier curve stand.
HANDLE = 1 - 0.5523


@dataclass(frozen=True, slots=True)
class Inks:
    """Operators that set each ink; black and white are grey, so that no separation blurs them."""

    fill: Mapping[Ink, bytes]
    stroke: Mapping[Ink, bytes]


def inks(accent: str) -> Inks:
    """Inks with an accent; raises as `read_accent` does."""
    red, green, blue = read_accent(accent)
    colour = b"%.3f %.3f %.3f" % (red, green, blue)
    return Inks(
        fill={Ink.BLACK: b"0 g\n", Ink.WHITE: b"1 g\n", Ink.ACCENT: colour + b" rg\n"},
        stroke={Ink.BLACK: b"0 G\n", Ink.WHITE: b"1 G\n", Ink.ACCENT: colour + b" RG\n"},
    )


def drawn_texts(
    fonts: PdfFonts, inks: Inks, texts: Iterable[SetText], *, ink: Ink | None = None
) -> bytes:
    """Texts as one text object, each line's place told from the line before; `ink` is set now."""
    parts = [b"BT\n"]
    pen = (0, 0)
    for text in texts:
        if text.box.ink is not ink:
            ink = text.box.ink
            parts.append(inks.fill[ink])
        # Rounded down: a text that just fits must still fit.
        size = floor(text.size * 10 + 1e-6) / 10
        parts.append(b"%b %g Tf\n" % (RESOURCE_NAMES[text.box.face], size))
        for line in text.lines:
            at = round(line.x * POINTS * 100), round(-line.y * POINTS * 100)
            move = b"%g %g Td" % ((at[0] - pen[0]) / 100, (at[1] - pen[1]) / 100)
            parts.append(b"%b%bTj\n" % (move, fonts.encode(text.box.face, line.text)))
            pen = at
    return b"".join((*parts, b"ET\n"))


def text_at(fonts: PdfFonts, size: float, at: tuple[float, float], text: str) -> bytes:
    """One line in the regular weight, the left end of its baseline at a point."""
    head = b"BT%b %.2f Tf %.2f %.2f Td" % (RESOURCE_NAMES[Face.REGULAR], size, *at)
    return b"%b%bTj ET\n" % (head, fonts.encode(Face.REGULAR, text))


def symbol(matrix: Bits, box: Box, *, quiet_zone: int) -> bytes:
    """A symbol's dark modules as rectangles in one path, quiet zone inside the box."""
    side = box.width * POINTS / (len(matrix) + 2 * quiet_zone)
    left = box.x * POINTS + quiet_zone * side
    top = -box.y * POINTS - quiet_zone * side
    found = blocks(matrix)
    corners, sizes = _block_texts(len(matrix))
    path = b"".join((corners[found.left, found.top] + sizes[found.width, found.height]).tolist())
    return b"q %.3f 0 0 %.3f %.2f %.2f cm\n%bf Q\n" % (side, -side, left, top, path)


def drawn_shape(shape: Shape, inks: Inks, *, bleed: float) -> bytes:
    """A shape in its ink; one made for the bleed reaches to its end."""
    grown = bleed if shape.bleed_only else 0.0
    box = shape.box
    left, right = (box.x - grown) * POINTS, (box.right + grown) * POINTS
    top, bottom = -(box.y - grown) * POINTS, -box.bottom * POINTS
    upper = shape.radius * POINTS
    lower = 0.0 if shape.flat_bottom else upper
    path = b"".join(
        (
            b"%.2f %.2f m %.2f %.2f l\n" % (left + lower, bottom, right - lower, bottom),
            _corner((right, bottom), (-lower, 0), (0, lower)),
            b"%.2f %.2f l\n" % (right, top - upper),
            _corner((right, top), (0, -upper), (-upper, 0)),
            b"%.2f %.2f l\n" % (left + upper, top),
            _corner((left, top), (upper, 0), (0, -upper)),
            b"%.2f %.2f l\n" % (left, bottom + lower),
            _corner((left, bottom), (0, lower), (lower, 0)),
        )
    )
    if shape.kind is ShapeKind.FRAME:
        return b"%b%.2f w\n%bs\n" % (inks.stroke[shape.ink], shape.width * POINTS, path)
    return b"%b%bf\n" % (inks.fill[shape.ink], path)


def strokes(lines: Iterable[tuple[float, float, float, float]], width: float) -> bytes:
    """Straight black lines, each from a point to a point."""
    path = b"".join(b"%.2f %.2f m %.2f %.2f l\n" % line for line in lines)
    return b"0 G %.2f w\n%bS\n" % (width, path)


@cache
def _block_texts(size: int) -> tuple[Texts, Texts]:
    """Text of each corner, by column and row, and of each size, by width and height."""
    edges = range(size + 1)
    return (
        np.array([[b"%d %d " % (left, top) for top in edges] for left in edges], np.object_),
        np.array([[b"%d %d re\n" % (wide, high) for high in edges] for wide in edges], np.object_),
    )


def _corner(
    at: tuple[float, float], entry: tuple[float, float], leave: tuple[float, float]
) -> bytes:
    """A rounded corner, from and to where the straight edges end, given from the corner."""
    (x, y), (in_x, in_y), (out_x, out_y) = at, entry, leave
    return b"%.2f %.2f %.2f %.2f %.2f %.2f c\n" % (
        x + in_x * HANDLE,
        y + in_y * HANDLE,
        x + out_x * HANDLE,
        y + out_y * HANDLE,
        x + out_x,
        y + out_y,
    )
