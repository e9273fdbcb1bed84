"""A sticker's marks on its label: what all of a market share is a form, the rest its own."""

from datetime import date
from itertools import chain

from market.documents.label_layouts import Ink
from market.documents.pdf_fonts import PdfFonts
from market.documents.pdf_shapes import drawn_shape, drawn_texts, inks, symbol
from market.documents.qr_blocks import eyes, without_eyes
from market.documents.qr_code import QUIET_ZONE, symbol_size
from market.documents.qr_tables import Bits
from market.documents.sheet_jobs import SheetJob
from market.documents.sticker_check import CheckedSticker
from market.documents.sticker_text import SetText, Sticker, is_shared, set_texts

# What decides on a form: market's name, hotline, print date, modules along a side of the code.
SharedValues = tuple[str, str | None, date, int]


def shared_values(sticker: Sticker) -> SharedValues:
    """Raises Invalid for a payload that no code holds."""
    size = symbol_size(sticker.payload)
    return sticker.market_name, sticker.hotline, sticker.printed_on, size


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
        """What the sticker has in common with all of its `shared_values`, logos left out.

        The code's finder patterns are among it: they are a tenth of its rectangles.
        """
        shapes = (
            drawn_shape(shape, self._inks, bleed=self._template.bleed)
            for shape in self._layout.shapes
            if self._template.bleed or not shape.bleed_only
        )
        texts = set_texts(self._shared, sticker.printed())
        finders = eyes(symbol_size(sticker.payload))
        own = (drawn_texts(self._fonts, self._inks, texts), self._drawn_code(finders))
        return b"".join(chain(shapes, own))

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
            self._drawn_code(without_eyes(checked.code.matrix)),
            symbol(checked.serial_code, self._layout.data_matrix, quiet_zone=0),
            drawn_texts(self._fonts, self._inks, own, ink=Ink.BLACK),
        )
        return b"".join(drawn), [*set_texts(self._shared, values), *own]

    def _drawn_code(self, matrix: Bits) -> bytes:
        """Modules in black, which stays set."""
        drawn = symbol(matrix, self._layout.qr, quiet_zone=QUIET_ZONE)
        return self._inks.fill[Ink.BLACK] + drawn
