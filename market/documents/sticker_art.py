"""A sticker's marks on its label: what all of a market share is a form, the rest its own."""

from itertools import chain

from market.documents.label_layouts import Ink
from market.documents.pdf_shapes import drawn_shape, inks, set_text_lines, symbol
from market.documents.qr_code import QUIET_ZONE
from market.documents.sheet_book import SheetBook
from market.documents.sheet_jobs import SheetJob
from market.documents.sticker_check import CheckedSticker
from market.documents.sticker_text import SetText, is_shared, set_texts

SharedArt = tuple[bytes, tuple[SetText, ...]]


class StickerArt:
    """Draws stickers for one book; remembers the forms it has put into it."""

    def __init__(self, job: SheetJob, book: SheetBook) -> None:
        self._template = job.template
        self._layout = job.template.layout
        self._inks = inks(job.accent)
        self._fonts = book.fonts
        self._book = book
        self._own = tuple(box for box in self._layout.texts if not is_shared(box))
        self._shared = tuple(box for box in self._layout.texts if is_shared(box))
        self._logos = b"".join(book.add_logos().values())
        self._forms: dict[tuple[SetText, ...], bytes] = {}

    def marks(self, checked: CheckedSticker) -> tuple[bytes, list[SetText]]:
        """Marks from the label's top left corner, and the texts in them.

        Raises Invalid where the template is too small for the payload.
        """
        self._template.module_millimetres(checked.code.size)
        values = checked.sticker.printed()
        shared = tuple(set_texts(self._shared, values))
        own = tuple(set_texts(self._own, values))
        drawn = (
            self._form(shared),
            b" Do\n",
            self._drawn_texts(own),
            self._inks.fill[Ink.BLACK],
            symbol(checked.code.matrix, self._layout.qr, quiet_zone=QUIET_ZONE),
            symbol(checked.serial_code, self._layout.data_matrix, quiet_zone=0),
        )
        return b"".join(drawn), [*shared, *own]

    def _form(self, texts: tuple[SetText, ...]) -> bytes:
        if texts not in self._forms:
            shapes = (
                drawn_shape(shape, self._inks, bleed=self._template.bleed)
                for shape in self._layout.shapes
                if self._template.bleed or not shape.bleed_only
            )
            marks = chain(shapes, (self._drawn_texts(texts), self._logos))
            self._forms[texts] = self._book.add_form(b"".join(marks))
        return self._forms[texts]

    def _drawn_texts(self, texts: tuple[SetText, ...]) -> bytes:
        parts = [b"BT\n"]
        ink: Ink | None = None
        for text in texts:
            if text.box.ink is not ink:
                ink = text.box.ink
                parts.append(self._inks.fill[ink])
            parts.append(set_text_lines(self._fonts, text))
        return b"".join((*parts, b"ET\n"))
