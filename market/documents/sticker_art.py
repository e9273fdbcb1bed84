"""A sticker's marks on its label: what all of a market share is a form, the rest its own."""

from collections.abc import Iterable
from datetime import date
from itertools import chain

from market.documents.label_layouts import Ink
from market.documents.pdf_fonts import PdfFonts
from market.documents.pdf_shapes import drawn_shape, inks, set_text_lines, symbol
from market.documents.qr_code import QUIET_ZONE
from market.documents.sheet_jobs import SheetJob
from market.documents.sticker_check import CheckedSticker
from market.documents.sticker_text import SetText, Sticker, is_shared, set_texts

# What decides on a form: market's name, hotline, print date.
SharedValues = tuple[str, str | None, date]


def shared_values(sticker: Sticker) -> SharedValues:
    return sticker.market_name, sticker.hotline, sticker.printed_on


class StickerArt:
    """Draws stickers of one job; every letter it draws is noted in `fonts`."""

    def __init__(self, job: SheetJob, fonts: PdfFonts) -> None:
        self._template = job.template
        self._layout = job.template.layout
        self._inks = inks(job.accent)
        self._fonts = fonts
        self._own = tuple(box for box in self._layout.texts if not is_shared(box))
        self._shared = tuple(box for box in self._layout.texts if is_shared(box))

    def shared_marks(self, sticker: Sticker) -> bytes:
        """What the sticker has in common with all of its `shared_values`, logos left out."""
        shapes = (
            drawn_shape(shape, self._inks, bleed=self._template.bleed)
            for shape in self._layout.shapes
            if self._template.bleed or not shape.bleed_only
        )
        texts = set_texts(self._shared, sticker.printed())
        return b"".join(chain(shapes, [self._drawn_texts(texts)]))

    def marks(self, checked: CheckedSticker, form: bytes) -> tuple[bytes, list[SetText]]:
        """Marks from the label's top left corner, and the texts in them; `form` is drawn first.

        Raises Invalid where the template is too small for the payload.
        """
        self._template.module_millimetres(checked.code.size)
        values = checked.sticker.printed()
        own = tuple(set_texts(self._own, values))
        drawn = (
            form,
            b" Do\n",
            self._drawn_texts(own),
            self._inks.fill[Ink.BLACK],
            symbol(checked.code.matrix, self._layout.qr, quiet_zone=QUIET_ZONE),
            symbol(checked.serial_code, self._layout.data_matrix, quiet_zone=0),
        )
        return b"".join(drawn), [*set_texts(self._shared, values), *own]

    def _drawn_texts(self, texts: Iterable[SetText]) -> bytes:
        parts = [b"BT\n"]
        ink: Ink | None = None
        for text in texts:
            if text.box.ink is not ink:
                ink = text.box.ink
                parts.append(self._inks.fill[ink])
            parts.append(set_text_lines(self._fonts, text))
        return b"".join((*parts, b"ET\n"))
