"""Stickers on label sheets as a PDF stream: checked one by one, written page by page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from market.documents.pdf_file import Sink
from market.documents.sheet_book import SheetBook
from market.documents.sheet_jobs import SheetJob, check_job
from market.documents.sheets import Template, positions
from market.documents.sticker_art import StickerArt
from market.documents.sticker_check import Confirm, checked
from market.documents.sticker_text import SetText, Sticker, TextFlaw, fields_of, set_texts
from market.domain.errors import Invalid


@dataclass(frozen=True, slots=True)
class Flag:
    """A text of a sticker that a person must look at; `fields` are those that stand in it."""

    serial: str
    stall_code: str
    fields: tuple[str, ...]
    flaw: TextFlaw


@dataclass(frozen=True, slots=True)
class PrintedSheets:
    """What was written; `next_start` is the first free slot of the last sheet, 1 if it is full."""

    pages: int
    stickers: int
    verified: int
    flags: tuple[Flag, ...]
    bytes: int
    sha256: str
    next_start: int

    @property
    def flagged(self) -> int:
        """How many stickers have a flag."""
        return len({flag.serial for flag in self.flags})


def write_stickers(
    stickers: Iterable[Sticker],
    job: SheetJob,
    out: Sink,
    *,
    confirm: Confirm | None = None,
) -> PrintedSheets:
    """Write the sheets to `out`; the same stickers and job give the same bytes.

    Raises Invalid for a job that cannot be printed, for no stickers at all, or for a payload too
    large for the template; WrongCode where a symbol, read back, differs from the register. What
    was written by then must be thrown away.
    """
    check_job(job)
    remaining = iter(stickers)
    first = next(remaining, None)
    if first is None:
        raise Invalid("Không có tem nào để in. Hãy chọn điểm kinh doanh có tài khoản đã duyệt.")
    book = SheetBook(job, out)
    art = StickerArt(job, book)
    slots = positions(job.template, job.start)
    if job.has_test_cell:
        book.put_test_cell(next(slots))
    flags: list[Flag] = []
    count = 0
    for each in checked(chain([first], remaining), confirm):
        marks, texts = art.marks(each)
        book.put(next(slots), marks)
        flags += _flags(each.sticker, texts)
        count += 1
    book.close()
    return PrintedSheets(
        pages=book.pages,
        stickers=count,
        verified=count,
        flags=tuple(flags),
        bytes=book.size,
        sha256=book.sha256,
        next_start=next(slots).slot,
    )


def list_flags(stickers: Iterable[Sticker], template: Template) -> Iterator[Flag]:
    """What would be flagged, without drawing anything."""
    for sticker in stickers:
        yield from _flags(sticker, set_texts(template.layout.texts, sticker.printed()))


def _flags(sticker: Sticker, texts: Iterable[SetText]) -> Iterator[Flag]:
    for text in texts:
        if text.flaw is not None:
            fields = tuple(sorted(fields_of(text.box.text)))
            yield Flag(sticker.serial, sticker.stall_code, fields, text.flaw)
