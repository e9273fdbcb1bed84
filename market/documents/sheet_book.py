"""The PDF of a run: pages with their boxes, and the parts they share."""

from market.documents.label_layouts import LogoPlace
from market.documents.pdf_catalog import About, catalog, information
from market.documents.pdf_file import PdfFile, Sink, rectangle
from market.documents.pdf_fonts import PdfFonts
from market.documents.pdf_images import embed_image
from market.documents.sheet_drawing import CUTTING, sheet_head
from market.documents.sheet_jobs import SheetJob
from market.documents.sheet_marks import crop_marks
from market.documents.sticker_text import POINTS


class SheetBook:
    """Contents of pages are written as they come; fonts and what ties them together at the end.

    So the pages' own objects, which differ by a number, stand side by side and take little.
    """

    def __init__(self, job: SheetJob, out: Sink) -> None:
        self.fonts = PdfFonts()
        self._job = job
        self._template = job.template
        self._pdf = PdfFile(out)
        self._tree, self._resources = self._pdf.reserve(), self._pdf.reserve()
        self._trim = self._pdf.add(self._page_box(grown=0))
        self._bleed = self._pdf.add(self._page_box(grown=job.template.bleed))
        self._externals: list[bytes] = []
        self._contents: list[int] = []
        if job.template.crop_marks:
            self.add_form(CUTTING, crop_marks(job.template))
        self._head = self._pdf.add_stream(sheet_head(job, self.fonts))
        self._logos = b"".join(self._add_logo(place) for place in job.template.layout.logos)

    @property
    def pages(self) -> int:
        return len(self._contents)

    @property
    def size(self) -> int:
        return self._pdf.size

    @property
    def sha256(self) -> str:
        return self._pdf.sha256

    def add_form(self, name: bytes, marks: bytes) -> None:
        """Write marks that many labels or sheets draw by their name."""
        template = self._template
        width, height = (length + 2 * template.slug for length in template.page)
        box = rectangle(
            -template.slug * POINTS, -height * POINTS, width * POINTS, template.slug * POINTS
        )
        entries = b"/Type/XObject/Subtype/Form/BBox%b/Resources %d 0 R" % (box, self._resources)
        self._add_external(name, self._pdf.add_stream(marks, entries))

    def add_label_form(self, name: bytes, marks: bytes) -> None:
        """The same for what labels share: the job's logos stand on all of them."""
        self.add_form(name, marks + self._logos)

    def add_page(self, contents: bytes) -> None:
        """Write the compressed contents of a page; `fonts` must know the letters on it."""
        self._contents.append(self._pdf.add_packed(contents))

    def close(self) -> None:
        """Write all that pages refer to."""
        template = self._template
        sheet = rectangle(
            0, 0, *((length + 2 * template.slug) * POINTS for length in template.page)
        )
        kids = b" ".join(b"%d 0 R" % self._add_page(number) for number in self._contents)
        self._pdf.add(
            b"<</Type/Pages/Count %d/MediaBox%b/Resources %d 0 R/Kids[%b]>>"
            % (self.pages, sheet, self._resources, kids),
            self._tree,
        )
        fonts, externals = self.fonts.write(self._pdf), b"".join(self._externals)
        self._pdf.add(b"<</Font<<%b>>/XObject<<%b>>>>" % (fonts, externals), self._resources)
        root = self._pdf.add(catalog(self._tree))
        self._pdf.close(root=root, info=self._pdf.add(information(self._about())))

    def _add_page(self, contents: int) -> int:
        return self._pdf.add(
            b"<</Type/Page/Parent %d 0 R/TrimBox %d 0 R/BleedBox %d 0 R/Contents[%d 0 R %d 0 R]>>"
            % (self._tree, self._trim, self._bleed, self._head, contents)
        )

    def _add_logo(self, place: LogoPlace) -> bytes:
        """Embed the job's logo, where it has one; gives the marks that draw it at its place."""
        if place not in self._job.logos:
            return b""
        image = embed_image(self._pdf, self._job.logos[place])
        name = b"/Logo%d" % image.number
        self._add_external(name, image.number)
        return image.drawn(name, self._template.layout.logos[place])

    def _add_external(self, name: bytes, number: int) -> None:
        self._externals.append(b"%b %d 0 R" % (name, number))

    def _page_box(self, *, grown: float) -> bytes:
        near = self._template.slug - grown
        width, height = self._template.page
        far = (self._template.slug + grown + width, self._template.slug + grown + height)
        return rectangle(near * POINTS, near * POINTS, far[0] * POINTS, far[1] * POINTS)

    def _about(self) -> About:
        number = self._job.run_number
        return About(
            self._job.title, f"Đợt in {number}", self._job.made_on, more={"PrintRun": number}
        )
