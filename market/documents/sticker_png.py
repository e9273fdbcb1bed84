"""One sticker as a PNG picture, to be sent to the trader's phone."""

from collections.abc import Mapping
from io import BytesIO

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from market.documents.accents import ACCENT, read_accent
from market.documents.label_layouts import Box, Face, Ink, Layout, LogoPlace, Shape, ShapeKind
from market.documents.qr_code import QUIET_ZONE
from market.documents.qr_tables import Bits
from market.documents.sheets import Template
from market.documents.sticker_check import Confirm, checked
from market.documents.sticker_text import POINTS, SetText, Sticker, set_texts
from market.documents.typeface import font_file

# Drawn larger and shrunk, so that letters and round corners come out smooth.
OVERSAMPLING = 2
DOTS_PER_MILLIMETRE = 12

Logos = Mapping[LogoPlace, bytes]


def sticker_png(
    sticker: Sticker,
    template: Template,
    *,
    accent: str = ACCENT,
    logos: Logos | None = None,
    confirm: Confirm | None = None,
) -> bytes:
    """A picture of the finished label, its code read back as for a printed one.

    Raises as `write_stickers` does: WrongCode, and Invalid for a template too small or an accent
    too pale.
    """
    read_accent(accent)
    (each,) = checked([sticker], confirm)
    layout = template.layout
    template.module_millimetres(each.code.size)
    picture = _Picture(layout, accent)
    for shape in layout.shapes:
        if not shape.bleed_only:
            picture.draw_shape(shape)
    for text in set_texts(layout.texts, sticker.printed()):
        picture.draw_text(text)
    image = picture.smooth()
    for place, file in (logos or {}).items():
        if place in layout.logos:
            _paste_logo(image, file, layout.logos[place])
    _paste_symbol(image, each.code.matrix, layout.qr, quiet_zone=QUIET_ZONE)
    _paste_symbol(image, each.serial_code, layout.data_matrix, quiet_zone=0)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


class _Picture:
    """The label without symbols, in dots of the larger size."""

    def __init__(self, layout: Layout, accent: str) -> None:
        self._scale = DOTS_PER_MILLIMETRE * OVERSAMPLING
        size = (round(layout.width * self._scale), round(layout.height * self._scale))
        self._image = Image.new("RGB", size, "white")
        self._draw = ImageDraw.Draw(self._image)
        self._colours = {
            Ink.BLACK: ImageColor.getrgb("black"),
            Ink.WHITE: ImageColor.getrgb("white"),
            Ink.ACCENT: ImageColor.getrgb(accent),
        }

    def draw_shape(self, shape: Shape) -> None:
        corners = (True, True, not shape.flat_bottom, not shape.flat_bottom)
        colour = self._colours[shape.ink]
        is_frame = shape.kind is ShapeKind.FRAME
        line = shape.width / 2 if is_frame else 0.0
        box = shape.box
        edges = (box.x - line, box.y - line, box.right + line, box.bottom + line)
        self._draw.rounded_rectangle(
            [round(edge * self._scale) for edge in edges],
            radius=(shape.radius + line) * self._scale,
            fill=None if is_frame else colour,
            outline=colour if is_frame else None,
            width=round(shape.width * self._scale) if is_frame else 0,
            corners=corners,
        )

    def draw_text(self, text: SetText) -> None:
        font = _font(text.box.face, text.size / POINTS * self._scale)
        colour = self._colours[text.box.ink]
        for line in text.lines:
            at = (line.x * self._scale, line.y * self._scale)
            self._draw.text(at, line.text, fill=colour, font=font, anchor="ls")

    def smooth(self) -> Image.Image:
        return self._image.reduce(OVERSAMPLING)


def _font(face: Face, dots: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(BytesIO(font_file(face)), dots, layout_engine=ImageFont.Layout.BASIC)


def _paste_symbol(image: Image.Image, matrix: Bits, box: Box, *, quiet_zone: int) -> None:
    """Paste with whole dots to a module, in the middle of the box: edges stay sharp."""
    framed = np.pad(matrix, quiet_zone)
    dots = int(box.width * DOTS_PER_MILLIMETRE / len(framed))
    pixels = np.where(np.kron(framed, np.ones((dots, dots), dtype=np.bool_)), 0, 255)
    symbol = Image.fromarray(pixels.astype(np.uint8))
    image.paste(symbol, _middle(box, symbol.size))


def _paste_logo(image: Image.Image, file: bytes, box: Box) -> None:
    logo = Image.open(BytesIO(file)).convert("RGBA")
    room = (box.width * DOTS_PER_MILLIMETRE, box.height * DOTS_PER_MILLIMETRE)
    scale = min(room[0] / logo.width, room[1] / logo.height)
    logo = logo.resize((max(1, round(logo.width * scale)), max(1, round(logo.height * scale))))
    image.paste(logo, _middle(box, logo.size), logo)


def _middle(box: Box, size: tuple[int, int]) -> tuple[int, int]:
    return (
        round((box.x + box.width / 2) * DOTS_PER_MILLIMETRE - size[0] / 2),
        round((box.y + box.height / 2) * DOTS_PER_MILLIMETRE - size[1] / 2),
    )
