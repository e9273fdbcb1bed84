"""Stickers on label sheets as a PDF stream: drawn a few sheets at a time, checked one by one."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from math import ceil

from market.documents.drawing_crew import Batch, drawn_in_order
from market.documents.pdf_file import Sink
from market.documents.sheet_book import SheetBook
from market.documents.sheet_drawing import DrawnSheets, Label, Sheet
from market.documents.sheet_jobs import SheetJob, check_job
from market.documents.sheets import positions
from market.documents.sticker_art import SharedValues, StickerArt, shared_values
from market.documents.sticker_check import Confirm, release
from market.documents.sticker_flags import Flag
from market.documents.sticker_text import Sticker
from market.domain.errors import Invalid

# So many stickers, rounded up to whole sheets, are drawn together.
TOGETHER = 64

Progress = Callable[[int], None]


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
    progress: Progress | None = None,
    cores: int | None = None,
) -> PrintedSheets:
    """Write the sheets to `out`; the same stickers and job give the same bytes on all machines.

    All available cores are used for a long run, or so many. `progress` is told every few sheets
    how many stickers are done; what it raises ends the run. Stickers, `confirm` and `progress`
    stay in the caller's thread; a few hundred stickers are taken before the first is confirmed.

    Raises Invalid for a job that cannot be printed, for no stickers at all, or for a payload too
    large for the template; WrongCode where a symbol, read back, differs from the register. What
    was written by then must be thrown away.
    """
    check_job(job)
    remaining = iter(stickers)
    first = next(remaining, None)
    if first is None:
        raise Invalid("Không có tem nào để in. Hãy chọn điểm kinh doanh có tài khoản đã duyệt.")
    run = _Run(job, out, confirm)
    batches = run.batches(chain([first], remaining))
    with closing(drawn_in_order(job, batches, cores=cores)) as drawn_batches:
        for batch, drawn in drawn_batches:
            run.write(batch, drawn)
            if progress is not None:
                progress(run.count)
    return run.close()


class _Run:
    """Cuts a run into batches of sheets, and puts what was drawn of them into the book."""

    def __init__(self, job: SheetJob, out: Sink, confirm: Confirm | None) -> None:
        self.count = 0
        self._template = job.template
        self._book = SheetBook(job, out)
        self._art = StickerArt(job, self._book.fonts)
        self._confirm = confirm
        self._slots = positions(job.template, job.start)
        self._test_cell = next(self._slots) if job.has_test_cell else None
        self._slot = next(self._slots)
        self._forms: dict[SharedValues, bytes] = {}
        self._new_forms: list[tuple[bytes, Sticker]] = []
        self._flags: list[Flag] = []

    def batches(self, stickers: Iterator[Sticker]) -> Iterator[Batch]:
        together = ceil(TOGETHER / self._template.labels_per_page)
        while sheets := tuple(islice(self._sheets(stickers), together)):
            yield Batch(sheets, tuple(self._new_forms))
            self._new_forms.clear()

    def write(self, batch: Batch, drawn: DrawnSheets) -> None:
        """Release the stickers of a batch one by one, and write its pages."""
        for name, sticker in batch.new_forms:
            self._book.add_label_form(name, self._art.shared_marks(sticker))
        self._book.fonts.note(drawn.letters)
        for sheet, drawn_sheet in zip(batch.sheets, drawn.sheets, strict=True):
            for label, text in zip(sheet.labels, drawn_sheet.texts, strict=True):
                release(label.sticker, text, self._confirm)
            self._book.add_page(drawn_sheet.contents)
            self._flags += drawn_sheet.flags
            self.count += len(sheet.labels)

    def close(self) -> PrintedSheets:
        self._book.close()
        return PrintedSheets(
            pages=self._book.pages,
            stickers=self.count,
            verified=self.count,
            flags=tuple(self._flags),
            bytes=self._book.size,
            sha256=self._book.sha256,
            next_start=self._slot.slot,
        )

    def _sheets(self, stickers: Iterator[Sticker]) -> Iterator[Sheet]:
        if self._test_cell is not None:
            cell, self._test_cell = self._test_cell, None
            yield Sheet(cell.page, tuple(self._labels(stickers, cell.page)), cell)
        while labels := tuple(self._labels(stickers, self._slot.page)):
            yield Sheet(labels[0].position.page, labels)

    def _labels(self, stickers: Iterator[Sticker], page: int) -> Iterator[Label]:
        """Labels for as many stickers as there are left, and as the page has room for."""
        while self._slot.page == page and (sticker := next(stickers, None)) is not None:
            yield Label(sticker, self._slot, self._form_of(sticker))
            self._slot = next(self._slots)

    def _form_of(self, sticker: Sticker) -> bytes:
        key = shared_values(sticker)
        if key not in self._forms:
            self._forms[key] = b"/F%d" % len(self._forms)
            self._new_forms.append((self._forms[key], sticker))
        return self._forms[key]
