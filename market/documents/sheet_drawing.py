"""Sheets drawn apart from the file they go into, by whichever process has time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from market.documents.pdf_file import packed
from market.documents.pdf_fonts import Letters, PdfFonts
from market.documents.sheet_jobs import SheetJob
from market.documents.sheet_marks import ruler, run_note, sheet_number, test_cell
from market.documents.sheets import Position
from market.documents.sticker_art import StickerArt
from market.documents.sticker_check import CheckedSticker, read_back
from market.documents.sticker_flags import Flag, flags_of
from market.documents.sticker_text import POINTS, Sticker

# The form of the crop marks, drawn first on every sheet of a template that has them.
CUTTING = b"/Cut"


@dataclass(frozen=True, slots=True)
class Label:
    """A sticker, where it goes, and the name of the form it shares with others."""

    sticker: Sticker
    position: Position
    form: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page to draw."""

    number: int
    labels: Sequence[Label]
    test_cell: Position | None = None


@dataclass(frozen=True, slots=True)
class DrawnSheet:
    """A page's compressed contents after its head; what its codes say, None for a wrong one."""

    contents: bytes
    texts: tuple[str | None, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class DrawnSheets:
    """Pages drawn together, and the letters that stand on them."""

    sheets: tuple[DrawnSheet, ...]
    letters: Letters


def sheet_head(job: SheetJob, fonts: PdfFonts) -> bytes:
    """What every sheet of a run begins with; the origin is its finished top left corner then."""
    template, (right, down) = job.template, job.offset
    origin = (template.slug + right, template.slug + template.page[1] - down)
    move = b"1 0 0 1 %.3f %.3f cm\n" % tuple(length * POINTS for length in origin)
    cutting = CUTTING + b" Do\n" if template.crop_marks else b""
    return move + cutting + run_note(template, fonts, job.run_number)


def draw_sheets(job: SheetJob, sheets: Sequence[Sheet]) -> DrawnSheets:
    """The same sheets give the same bytes, in any process.

    Raises Invalid where the template is too small for a payload.
    """
    fonts = PdfFonts()
    art = StickerArt(job, fonts)
    stickers = [label.sticker for sheet in sheets for label in sheet.labels]
    ready = read_back(stickers)
    drawn = tuple(_draw(job, sheet, art, fonts, ready) for sheet in sheets)
    return DrawnSheets(drawn, fonts.drawn)


def _draw(
    job: SheetJob, sheet: Sheet, art: StickerArt, fonts: PdfFonts, ready: Iterator[CheckedSticker]
) -> DrawnSheet:
    parts = [*_marks_of_sheet(job, sheet, fonts)]
    read: list[str | None] = []
    flags: list[Flag] = []
    for label, each in zip(sheet.labels, ready, strict=False):
        marks, texts = art.marks(each, label.form)
        parts.append(_placed(label.position, marks))
        read.append(each.text)
        flags += flags_of(each.sticker, texts)
    return DrawnSheet(packed(b"".join(parts)), tuple(read), tuple(flags))


def _marks_of_sheet(job: SheetJob, sheet: Sheet, fonts: PdfFonts) -> Iterator[bytes]:
    """What stands on this sheet alone, around its labels."""
    yield sheet_number(job.template, fonts, job.run_number, sheet.number)
    if job.has_ruler and sheet.number == 1:
        yield ruler(job.template, fonts)
    if sheet.test_cell is not None:
        yield test_cell(job.template, fonts, (sheet.test_cell.x, sheet.test_cell.y))


def _placed(position: Position, marks: bytes) -> bytes:
    corner = (position.x * POINTS, -position.y * POINTS)
    return b"q 1 0 0 1 %.2f %.2f cm\n%bQ\n" % (*corner, marks) if any(corner) else marks
