"""The PDF of a run: pages with their boxes, parts they share, and what the file says of itself."""

from market.documents.label_layouts import LogoPlace
from market.documents.pdf_catalog import About, catalog, information
from market.documents.pdf_file import PdfFile, Sink, rectangle
from market.documents.pdf_fonts import PdfFonts
from market.documents.pdf_images import EmbeddedImage, embed_image
from market.documents.sheet_jobs import SheetJob
from market.documents.sheet_marks import crop_marks, ruler, run_note, test_cell
from market.documents.sheets import Position
from market.documents.sticker_text import POINTS


class SheetBook:
    """Pages are written when the next one begins, fonts and shared parts at the end."""

    def __init__(self, job: SheetJob, out: Sink) -> None:
        self.fonts = PdfFonts()
        self._job = job
        self._template = job.template
        self._pdf = PdfFile(out)
        self._tree, self._resources = self._pdf.reserve(), self._pdf.reserve()
        self._trim = self._pdf.add(self._page_box(grown=0))
        self._bleed = self._pdf.add(self._page_box(grown=job.template.bleed))
        self._externals: list[int] = []
        self._pages: list[int] = []
        self._marks: list[bytes] = []
        self._page = 0
        self._cutting = self.add_form(crop_marks(job.template)) if job.template.crop_marks else b""

    @property
    def pages(self) -> int:
        return len(self._pages)

    @property
    def size(self) -> int:
        return self._pdf.size

    @property
    def sha256(self) -> str:
        return self._pdf.sha256

    def add_form(self, marks: bytes) -> bytes:
        """Write marks that many labels share; gives the name that draws them."""
        template = self._template
        width, height = (length + 2 * template.slug for length in template.page)
        box = rectangle(
            -template.slug * POINTS, -height * POINTS, width * POINTS, template.slug * POINTS
        )
        number = self._pdf.add_stream(
            marks,
            b"/Type/XObject/Subtype/Form/BBox%b/Resources %d 0 R" % (box, self._resources),
        )
        return self._named(number)

    def add_logos(self) -> dict[LogoPlace, bytes]:
        """Embed the job's logos; gives the marks that draw each at its place of the layout."""
        drawn = {}
        for place, box in self._template.layout.logos.items():
            if place in self._job.logos:
                image: EmbeddedImage = embed_image(self._pdf, self._job.logos[place])
                drawn[place] = image.drawn(self._named(image.number), box)
        return drawn

    def put(self, position: Position, marks: bytes) -> None:
        """Draw on a label, its top left corner the origin; pages come in their order."""
        self._turn_to(position.page)
        corner = (position.x * POINTS, -position.y * POINTS)
        self._marks.append(b"q 1 0 0 1 %.2f %.2f cm\n%bQ\n" % (*corner, marks))

    def put_test_cell(self, position: Position) -> None:
        self._turn_to(position.page)
        self._marks.append(test_cell(self._template, self.fonts, (position.x, position.y)))

    def close(self) -> None:
        """Write the last page and all that pages refer to."""
        self._finish_page()
        template = self._template
        sheet = rectangle(
            0, 0, *((length + 2 * template.slug) * POINTS for length in template.page)
        )
        kids = b" ".join(b"%d 0 R" % page for page in self._pages)
        self._pdf.add(
            b"<</Type/Pages/Count %d/MediaBox%b/Resources %d 0 R/Kids[%b]>>"
            % (len(self._pages), sheet, self._resources, kids),
            self._tree,
        )
        externals = b"".join(b"/X%d %d 0 R" % (number, number) for number in self._externals)
        fonts = self.fonts.write(self._pdf)
        self._pdf.add(b"<</Font<<%b>>/XObject<<%b>>>>" % (fonts, externals), self._resources)
        root = self._pdf.add(catalog(self._tree))
        self._pdf.close(root=root, info=self._pdf.add(information(self._about())))

    def _named(self, number: int) -> bytes:
        self._externals.append(number)
        return b"/X%d" % number

    def _turn_to(self, page: int) -> None:
        if page == self._page:
            return
        self._finish_page()
        self._page = page
        if self._cutting:
            self._marks.append(self._cutting + b" Do\n")
        self._marks.append(run_note(self._template, self.fonts, self._job.run_number, page))
        if self._job.has_ruler and page == 1:
            self._marks.append(ruler(self._template, self.fonts))

    def _finish_page(self) -> None:
        if not self._page:
            return
        template, (right, down) = self._template, self._job.offset
        top = template.slug + template.page[1]
        origin = ((template.slug + right) * POINTS, (top - down) * POINTS)
        marks = b"1 0 0 1 %.3f %.3f cm\n%b" % (*origin, b"".join(self._marks))
        self._marks = []
        contents = self._pdf.add_stream(marks)
        page = b"<</Type/Page/Parent %d 0 R/TrimBox %d 0 R/BleedBox %d 0 R/Contents %d 0 R>>" % (
            self._tree,
            self._trim,
            self._bleed,
            contents,
        )
        self._pages.append(self._pdf.add(page))

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
