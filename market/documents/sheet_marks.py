"""What helps to print and cut a sheet: crop marks, a 100 mm ruler, a test cell, the run's number.

Lengths are millimetres right and down from the finished page's top left corner.
"""

from collections.abc import Iterator

import numpy as np

from market.documents.label_layouts import Box, Face
from market.documents.pdf_fonts import PdfFonts
from market.documents.pdf_shapes import strokes, symbol, text_at
from market.documents.sheets import Template
from market.documents.sticker_text import POINTS
from market.documents.typeface import typeface

HAIRLINE = 0.25
NOTE_SIZE = 5.0
MARK_LENGTH = 5.0
MARK_INSIDE = 7.0
CROSS_ARM = 3.0
RULER_LENGTH = 100
TEST_MODULES = (0.3, 0.4, 0.5, 0.6)

Segment = tuple[float, float, float, float]


def crop_marks(template: Template) -> bytes:
    """Marks in the slug where there is one; else at the page's edges and where two cuts cross."""
    lines = _slug_marks(template) if template.slug else _sheet_marks(template)
    return strokes(map(_in_points, lines), HAIRLINE)


def run_note(template: Template, fonts: PdfFonts, run_number: str) -> bytes:
    """The run's number, small, where nobody cuts a label; the sheet's own follows it."""
    at = _from_millimetres(template.note)
    return b"0 g\n" + text_at(fonts, NOTE_SIZE, at, _note(template, run_number))


def sheet_number(template: Template, fonts: PdfFonts, run_number: str, page: int) -> bytes:
    """Which sheet of the run, at the end of the run's note and in its letters."""
    x, y = _from_millimetres(template.note)
    end = x + typeface(Face.REGULAR).width(_note(template, run_number)) * NOTE_SIZE
    return b"BT %.1f %.1f Td%bTj ET\n" % (end, y, fonts.encode(Face.REGULAR, f"{page}"))


def ruler(template: Template, fonts: PdfFonts) -> bytes:
    """100 mm to lay a real ruler on: any scaling by a viewer or printer shows."""
    x, y = template.ruler
    base = y + 3
    ticks = [
        (x + at, base, x + at, base - (3 if at % 50 == 0 else 2 if at % 10 == 0 else 1.2))
        for at in range(0, RULER_LENGTH + 1, 5)
    ]
    lines = [(x, base, x + RULER_LENGTH, base), *ticks]
    words = "100 mm – in đúng cỡ thì khớp với thước"
    at = ((x + 56) * POINTS, -(y - 0.6) * POINTS)
    return strokes(map(_in_points, lines), 0.4) + b"0 g\n" + text_at(fonts, 4.5, at, words)


def test_cell(template: Template, fonts: PdfFonts, corner: tuple[float, float]) -> bytes:
    """A label's outline with millimetre scales, to read the printer's offset from, and patches."""
    x, y = corner
    width, height = template.label
    outline = [
        (x, y, x + width, y),
        (x, y + height, x + width, y + height),
        (x, y, x, y + height),
        (x + width, y, x + width, y + height),
    ]
    middle = (x + width / 2, y + height / 2)
    cell = strokes(map(_in_points, [*outline, *_offset_scales(x, y, middle)]), HAIRLINE)
    words = ("Ô thử: không dán.", "Vạch cách nhau 1 mm, tính từ mép nhãn.")
    lines = [
        text_at(fonts, 6, ((x + 9) * POINTS, -(y + 9 + 3 * number) * POINTS), text)
        for number, text in enumerate(words)
    ]
    return cell + b"0 g\n" + b"".join(lines) + _patches(x + 9, y + 15, fonts)


def _offset_scales(x: float, y: float, middle: tuple[float, float]) -> Iterator[Segment]:
    """Scales across the middle of the left and the upper edge."""
    for millimetre in range(-5, 7):
        arm = 2.0 if millimetre % 5 == 0 else 1.2
        yield (x + millimetre, middle[1] - arm, x + millimetre, middle[1] + arm)
        yield (middle[0] - arm, y + millimetre, middle[0] + arm, y + millimetre)
    yield (x - 5, middle[1], x + 6, middle[1])
    yield (middle[0], y - 5, middle[0], y + 6)


def _patches(x: float, y: float, fonts: PdfFonts) -> bytes:
    """Chequers of single modules: the finest that stays open is the finest this printer prints."""
    chequer = np.indices((9, 9)).sum(axis=0) % 2 == 0
    parts = []
    for module in TEST_MODULES:
        parts.append(symbol(chequer, Box(x, y, 9 * module, 9 * module), quiet_zone=0))
        words = f"{module:g}".replace(".", ",")
        parts.append(text_at(fonts, 4.5, (x * POINTS, -(y + 9 * module + 2) * POINTS), words))
        x += 9 * module + 2
    return b"".join(parts)


def _slug_marks(template: Template) -> Iterator[Segment]:
    near, far = template.bleed + 0.5, template.bleed + 0.5 + MARK_LENGTH
    width, height = template.page
    for x in (0.0, width):
        yield (x, -far, x, -near)
        yield (x, height + near, x, height + far)
    for y in (0.0, height):
        yield (-far, y, -near, y)
        yield (width + near, y, width + far, y)


def _sheet_marks(template: Template) -> Iterator[Segment]:
    width, height = template.page
    uprights, levels = _cuts(template)
    for x in uprights:
        yield (x, 0, x, MARK_INSIDE)
        yield (x, height - MARK_INSIDE, x, height)
    for y in levels:
        yield (0, y, MARK_INSIDE, y)
        yield (width - MARK_INSIDE, y, width, y)
    for x in uprights:
        for y in levels:
            yield (x - CROSS_ARM, y, x + CROSS_ARM, y)
            yield (x, y - CROSS_ARM, x, y + CROSS_ARM)


def _cuts(template: Template) -> tuple[list[float], list[float]]:
    """Edges of labels inside the page: upright ones by x, level ones by y."""
    corners = [template.slot_of(number) for number in range(template.labels_per_page)]
    uprights = {edge for x, _ in corners for edge in (x, x + template.label[0])}
    levels = {edge for _, y in corners for edge in (y, y + template.label[1])}
    width, height = template.page
    return (
        sorted(edge for edge in uprights if 0 < edge < width),
        sorted(edge for edge in levels if 0 < edge < height),
    )


def _note(template: Template, run_number: str) -> str:
    return f"{run_number} · {template.name} · tờ "


def _from_millimetres(point: tuple[float, float]) -> tuple[float, float]:
    return point[0] * POINTS, -point[1] * POINTS


def _in_points(line: Segment) -> Segment:
    x1, y1, x2, y2 = line
    return x1 * POINTS, -y1 * POINTS, x2 * POINTS, -y2 * POINTS
