"""One sticker as SVG."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from market.documents.accents import ACCENT, read_accent
from market.documents.label_layouts import Box, Face, Ink, Layout, LogoPlace, Shape, ShapeKind
from market.documents.qr_code import QUIET_ZONE, run_edges
from market.documents.qr_tables import Bits
from market.documents.sheets import Template
from market.documents.sticker_check import CheckedSticker, Confirm, checked
from market.documents.sticker_text import POINTS, SetText, Sticker, set_texts
from market.documents.typeface import typeface

Logos = Mapping[LogoPlace, bytes]

WEIGHTS = {Face.REGULAR: 400, Face.SEMIBOLD: 600, Face.BOLD: 700}


@dataclass(frozen=True, slots=True)
class _Look:
    """What labels have in common."""

    layout: Layout
    colours: Mapping[Ink, str]
    logos: Logos


def sticker_svg(
    sticker: Sticker,
    template: Template,
    *,
    accent: str = ACCENT,
    logos: Logos | None = None,
    confirm: Confirm | None = None,
) -> str:
    """One label in millimetres, its code read back as for a printed one; raises as `sticker_png`.

    Words are text: where the family is missing another is drawn, pressed into the same width.
    """
    (each,) = checked([sticker], confirm)
    template.module_millimetres(each.code.size)
    layout = template.layout
    label = _label(each, _look(layout, accent, logos))
    return _document(layout.width, layout.height, label)


def _document(width: float, height: float, parts: Iterable[str]) -> str:
    size = f"{_number(width)} {_number(height)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}"'
        f' width="{_number(width)}mm" height="{_number(height)}mm">'
        f'<path fill="#fff" d="M0 0h{_number(width)}v{_number(height)}H0z"/>'
        f"{''.join(parts)}</svg>"
    )


def _look(layout: Layout, accent: str, logos: Logos | None) -> _Look:
    read_accent(accent)
    colours = {Ink.BLACK: "#000", Ink.WHITE: "#fff", Ink.ACCENT: accent}
    return _Look(layout, colours, logos or {})


def _label(each: CheckedSticker, look: _Look) -> Iterator[str]:
    layout = look.layout
    for shape in layout.shapes:
        if not shape.bleed_only:
            yield _shape(shape, look.colours[shape.ink])
    for text in set_texts(layout.texts, each.sticker.printed()):
        yield from _text(text, look.colours[text.box.ink])
    for place, box in layout.logos.items():
        if place in look.logos:
            yield _logo(look.logos[place], box)
    yield _symbol(each.code.matrix, layout.qr, quiet_zone=QUIET_ZONE)
    yield _symbol(each.serial_code, layout.data_matrix, quiet_zone=0)


def _shape(shape: Shape, colour: str) -> str:
    box, radius = shape.box, shape.radius
    foot = 0.0 if shape.flat_bottom else radius
    path = (
        f"M{_number(box.x)} {_number(box.bottom - foot)}V{_number(box.y + radius)}"
        f"{_quarter(radius, -radius)}H{_number(box.right - radius)}{_quarter(radius, radius)}"
        f"V{_number(box.bottom - foot)}{_quarter(-foot, foot)}H{_number(box.x + foot)}"
        f"{_quarter(-foot, -foot)}z"
    )
    if shape.kind is ShapeKind.FRAME:
        width = _number(shape.width)
        return f'<path fill="none" stroke="{escape(colour)}" stroke-width="{width}" d="{path}"/>'
    return f'<path fill="{escape(colour)}" d="{path}"/>'


def _quarter(right: float, down: float) -> str:
    """A quarter of a circle, clockwise."""
    radius = _number(abs(right))
    return f"a{radius} {radius} 0 0 1 {_number(right)} {_number(down)}" if right else ""


def _text(text: SetText, colour: str) -> Iterator[str]:
    face, size = text.box.face, text.size / POINTS
    for line in text.lines:
        length = typeface(face).width(line.text) * size
        yield (
            f'<text x="{_number(line.x)}" y="{_number(line.y)}" font-size="{_number(size)}"'
            f' font-family="Be Vietnam Pro, sans-serif" font-weight="{WEIGHTS[face]}"'
            f' fill="{escape(colour)}" textLength="{_number(length)}"'
            f' lengthAdjust="spacingAndGlyphs">{escape(line.text)}</text>'
        )


def _logo(file: bytes, box: Box) -> str:
    """As large as fits its place, in its middle: what SVG does unless told otherwise."""
    return (
        f'<image x="{_number(box.x)}" y="{_number(box.y)}" width="{_number(box.width)}"'
        f' height="{_number(box.height)}" href="data:image/png;base64,{b64encode(file).decode()}"/>'
    )


def _symbol(matrix: Bits, box: Box, *, quiet_zone: int) -> str:
    side = box.width / (len(matrix) + 2 * quiet_zone)
    path = "".join(
        f"M{start} {row}h{end - start}v1h{start - end}z"
        for row, start, end in zip(*run_edges(matrix), strict=True)
    )
    x, y = box.x + quiet_zone * side, box.y + quiet_zone * side
    return f'<path transform="translate({x:.4f} {y:.4f}) scale({side:.5f})" d="{path}"/>'


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
