"""What an answer says, whatever its format: the words of a page, a table, a PDF, a picture."""

import re
import zipfile
from html import unescape
from io import BytesIO

import pypdfium2
import zxingcpp
from PIL import Image
from werkzeug.test import TestResponse

from market.domain.text import fold

RASTER_SCALE = 3
BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[\s.\u00a0\u202f-]+(?=[0-9])")
TAG = re.compile(r"<[^>]*>")


def words_of(answer: TestResponse) -> str:
    """The answer's text, folded; digits that were set in groups stand together."""
    kind = answer.mimetype or ""
    if kind == "application/pdf":
        text = pdf_text(answer.data)
    elif kind.startswith("image/") and kind != "image/svg+xml":
        text = "\n".join(codes_in(Image.open(BytesIO(answer.data))))
    elif "spreadsheet" in kind or kind == "application/zip":
        text = zip_text(answer.data)
    else:
        text = answer.get_data(as_text=True)
    return words_in(text) + words_in(answer.headers.get("Content-Disposition", ""))


def words_in(text: str) -> str:
    """The text as written, then without its markup, so that split words are found too."""
    plain = unescape(text)
    bare = unescape(TAG.sub("", text))
    return "\n".join(fold(BETWEEN_DIGITS.sub("", each)) for each in (plain, bare))


def pdf_text(data: bytes) -> str:
    """The words on all pages and what the codes on them say."""
    document = pypdfium2.PdfDocument(data)
    found = []
    for page in document:
        text = page.get_textpage()
        found.append(text.get_text_range())
        found += codes_in(page.render(scale=RASTER_SCALE).to_pil())
        text.close()
        page.close()
    document.close()
    return "\n".join(found)


def codes_in(picture: Image.Image) -> list[str]:
    """What every code in the picture says."""
    return [code.text for code in zxingcpp.read_barcodes(picture.convert("L"))]


def zip_text(data: bytes) -> str:
    """Everything inside a workbook, markup left out."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
    return "\n".join(parts)
