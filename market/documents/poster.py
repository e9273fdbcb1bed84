"""The market's own A4 poster: how many of its households take transfers, on which day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain

from market.documents.accents import ACCENT
from market.documents.label_layouts import (
    Align,
    Box,
    Face,
    Ink,
    LogoPlace,
    Shape,
    ShapeKind,
    TextBox,
)
from market.documents.pdf_catalog import About, catalog, information
from market.documents.pdf_file import PdfFile, Sink, rectangle
from market.documents.pdf_fonts import PdfFonts
from market.documents.pdf_images import embed_image
from market.documents.pdf_shapes import Inks, drawn_shape, drawn_texts, inks
from market.documents.sticker_text import POINTS, set_texts
from market.domain.calendar import format_day
from market.domain.errors import Invalid
from market.domain.shares import Share, format_int_vi, format_percent_vi

PAGE = (210.0, 297.0)
BAR = Box(18, 200, 174, 9)
LOGOS = {LogoPlace.BANK: Box(18, 16, 52, 20), LogoPlace.PROGRAMME: Box(140, 16, 52, 20)}
WHAT_COUNTS = (
    "Tính các hộ ở điểm kinh doanh cố định đang hoạt động; nhận chuyển khoản là đã treo đúng mã,"
    " được kiểm tra tại quầy và hộ xác nhận nhận tiền."
)
TEXTS = (
    TextBox(
        "{market_name}",
        Box(18, 44, 174, 46),
        sizes=(62, 54, 46, 40, 34, 28),
        lines=3,
        face=Face.BOLD,
        align=Align.CENTRE,
        ink=Ink.ACCENT,
    ),
    TextBox(
        "{percent}",
        Box(18, 92, 174, 62),
        sizes=(140, 120),
        face=Face.BOLD,
        align=Align.CENTRE,
    ),
    TextBox(
        "{counts} hộ",
        Box(18, 157, 174, 19),
        sizes=(44,),
        face=Face.BOLD,
        align=Align.CENTRE,
    ),
    TextBox(
        "nhận chuyển khoản",
        Box(18, 176, 174, 18),
        sizes=(40,),
        face=Face.SEMIBOLD,
        align=Align.CENTRE,
    ),
    TextBox(
        "Tính đến ngày {as_of}",
        Box(18, 212, 174, 12),
        sizes=(22,),
        align=Align.CENTRE,
    ),
    TextBox(
        "Quét mã QR tại quầy. Kiểm tra tên người nhận trước khi chuyển.",
        Box(26, 232, 158, 26),
        sizes=(24, 22),
        lines=2,
        face=Face.SEMIBOLD,
        align=Align.CENTRE,
        ink=Ink.WHITE,
    ),
    TextBox(
        "{operator_name}",
        Box(18, 264, 108, 10),
        sizes=(13, 11, 9),
        lines=2,
        face=Face.SEMIBOLD,
    ),
    TextBox(
        "Đường dây nóng {hotline}",
        Box(128, 264, 64, 10),
        sizes=(13, 11, 9),
        face=Face.SEMIBOLD,
        align=Align.RIGHT,
    ),
    TextBox(WHAT_COUNTS, Box(18, 276, 174, 9), sizes=(8.5,), lines=2),
)
SHAPES = (
    Shape(ShapeKind.FILL, Box(18, 230, 174, 30), Ink.ACCENT, radius=4),
    Shape(ShapeKind.FRAME, BAR, Ink.ACCENT, width=0.7, radius=2.5),
)


@dataclass(frozen=True, slots=True)
class Poster:
    """What stands on it: `share` is of households; logos are PNG files, checked before."""

    market_name: str
    share: Share
    as_of: date
    operator_name: str = ""
    hotline: str | None = None
    accent: str = ACCENT
    logos: Mapping[LogoPlace, bytes] = field(default_factory=dict)

    def printed(self) -> dict[str, str]:
        """Field name to text; raises Invalid where there is no household to count."""
        if not self.share.denominator:
            raise Invalid(
                f"{self.market_name} chưa có hộ nào được tính vào ngày {format_day(self.as_of)},"
                " nên chưa có tỷ lệ để in áp phích. Hãy nhập danh sách điểm kinh doanh trước."
            )
        part, whole = map(format_int_vi, (self.share.numerator, self.share.denominator))
        return {
            "market_name": self.market_name,
            "percent": format_percent_vi(self.share.percent()),
            "counts": f"{part}/{whole}",
            "as_of": format_day(self.as_of),
            "operator_name": self.operator_name,
            "hotline": self.hotline or "",
        }


def write_poster(poster: Poster, out: Sink) -> None:
    """Write it as a PDF of one page; the same poster gives the same bytes.

    Raises Invalid where there is nothing to count, or for an accent that cannot be read.
    """
    texts = list(set_texts(TEXTS, poster.printed()))
    drawn_in = inks(poster.accent)
    pdf, fonts = PdfFile(out), PdfFonts()
    tree = pdf.reserve()
    logos, pictures = _logos(pdf, poster)
    marks = b"".join(
        chain(_shapes(poster.share, drawn_in), [drawn_texts(fonts, drawn_in, texts)], logos)
    )
    contents = pdf.add_stream(b"1 0 0 1 0 %.3f cm\n%b" % (PAGE[1] * POINTS, marks))
    resources = b"<</Font<<%b>>/XObject<<%b>>>>" % (fonts.write(pdf), pictures)
    edges = rectangle(0, 0, *(length * POINTS for length in PAGE))
    page = pdf.add(
        b"<</Type/Page/Parent %d 0 R/MediaBox%b/TrimBox%b/BleedBox%b/Resources%b/Contents %d 0 R>>"
        % (tree, edges, edges, edges, resources, contents)
    )
    pdf.add(b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % page, tree)
    root = pdf.add(catalog(tree))
    pdf.close(root=root, info=pdf.add(information(_about(poster))))


def _about(poster: Poster) -> About:
    values = poster.printed()
    subject = (
        f"{values['counts']} hộ nhận chuyển khoản ({values['percent']}), ngày {values['as_of']}"
    )
    return About(f"Áp phích {poster.market_name}", subject, poster.as_of)


def _shapes(share: Share, drawn_in: Inks) -> list[bytes]:
    """Frame and band, and the bar inside the frame as far as the share goes."""
    room = Box(BAR.x + 1.3, BAR.y + 1.3, BAR.width - 2.6, BAR.height - 2.6)
    width = room.width * share.numerator / share.denominator
    filled = Box(room.x, room.y, width, room.height)
    bar = Shape(ShapeKind.FILL, filled, Ink.ACCENT, radius=min(1.4, width / 2))
    return [drawn_shape(shape, drawn_in, bleed=0) for shape in (*SHAPES, bar)]


def _logos(pdf: PdfFile, poster: Poster) -> tuple[list[bytes], bytes]:
    """Marks that draw the logos, and the entries of the page's picture dictionary."""
    marks, entries = [], []
    for place, file in sorted(poster.logos.items()):
        image = embed_image(pdf, file)
        name = b"/X%d" % image.number
        marks.append(image.drawn(name, LOGOS[place]))
        entries.append(b"%b %d 0 R" % (name, image.number))
    return marks, b"".join(entries)
