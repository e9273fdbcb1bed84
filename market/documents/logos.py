"""Logo files that people upload: checked within limits, drawn anew, kept as plain PNG.

Nothing of an uploaded file is kept but its pixels.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import zxingcpp
from PIL import Image

from market.documents.svg_drawing import read_drawing
from market.documents.svg_raster import NotDrawn, rasterised
from market.domain.errors import Invalid, TooLarge

LARGEST_FILE = 1024 * 1024
LONGEST_SIDE = 4096
MOST_PIXELS = 8_000_000
# The largest place is 40 mm wide; this prints it with 600 dots to the inch.
KEPT_SIDE = 1000
SHORTEST_SIDE = 150
PALEST = 225

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">8s4x4sII")
_BROKEN_PNG = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)


@dataclass(frozen=True, slots=True)
class Logo:
    """A PNG drawn by this project, without anything but pixels."""

    png: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.png).hexdigest()


def read_logo(file: bytes) -> Logo:
    """A logo from a PNG or SVG file; the same file gives the same bytes.

    Raises TooLarge for a file or picture over the limits, before anything is unpacked, and
    Invalid for what is no picture, cannot be seen or printed, or holds a code that phones scan.
    """
    if len(file) > LARGEST_FILE:
        raise TooLarge(
            f"Tệp logo nặng {len(file) / 1024:.0f} KiB, nhiều nhất {LARGEST_FILE // 1024} KiB."
        )
    if file.startswith(_SIGNATURE):
        return _kept(_opened_png(file))
    if b"<" in file[:4096].lstrip(b"\xef\xbb\xbf\xfe\xff\x00 \t\r\n")[:1]:
        return _kept(_drawn_svg(file))
    raise Invalid("Logo phải là tệp PNG hoặc SVG. Ảnh JPEG hay PDF hãy lưu lại thành PNG.")


def _opened_png(file: bytes) -> Image.Image:
    """The pixels, once the header has said that there are not too many."""
    try:
        _, kind, width, height = _HEADER.unpack_from(file)
    except struct.error as error:
        raise _broken() from error
    if kind != b"IHDR":
        raise _broken()
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise TooLarge(
            f"Ảnh logo {width} × {height} điểm ảnh quá lớn: mỗi cạnh nhiều nhất {LONGEST_SIDE},"
            f" cả ảnh nhiều nhất {MOST_PIXELS // 1_000_000} triệu điểm ảnh. Hãy thu nhỏ ảnh lại."
        )
    try:
        with Image.open(BytesIO(file), formats=("PNG",)) as picture:
            return picture.convert("RGBA")
    except _BROKEN_PNG as error:
        raise _broken() from error


def _drawn_svg(file: bytes) -> Image.Image:
    drawing = read_drawing(file)
    width = round(KEPT_SIDE * min(1, drawing.ratio))
    height = round(KEPT_SIDE / max(1, drawing.ratio))
    try:
        png = rasterised(drawing.document, width, height)
    except NotDrawn as error:
        raise Invalid("Không vẽ được tệp SVG này. Hãy dùng tệp PNG.") from error
    return Image.open(BytesIO(png)).convert("RGBA")


def _kept(picture: Image.Image) -> Logo:
    """What is seen of the picture, no larger than it can be printed."""
    visible = picture.getbbox()
    if visible is None:
        raise Invalid("Logo trong suốt hoàn toàn, in ra không thấy gì.")
    picture = picture.crop(visible)
    if max(picture.size) < SHORTEST_SIDE:
        raise Invalid(
            f"Logo chỉ có {picture.width} × {picture.height} điểm ảnh, in ra sẽ vỡ: cạnh dài cần"
            f" ít nhất {SHORTEST_SIDE}. Hãy dùng ảnh lớn hơn hoặc tệp SVG."
        )
    picture.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    _check_on_paper(picture)
    bare = Image.frombytes("RGBA", picture.size, picture.tobytes())
    if bare.getchannel("A").getextrema() == (255, 255):
        bare = bare.convert("RGB")
    out = BytesIO()
    bare.save(out, "PNG", optimize=True)
    return Logo(out.getvalue(), *bare.size)


def _check_on_paper(picture: Image.Image) -> None:
    paper = Image.new("RGBA", picture.size, "white")
    seen = np.asarray(Image.alpha_composite(paper, picture).convert("L"))
    if seen.min() > PALEST:
        raise Invalid("Logo gần như trắng, in trên giấy trắng sẽ không thấy. Hãy dùng bản màu.")
    # One code only stands on a sticker: the one that pays.
    if zxingcpp.read_barcodes(np.pad(seen, 40, constant_values=255)):
        raise Invalid("Trong logo có một mã quét được. Trên tem chỉ được có một mã: mã thanh toán.")


def _broken() -> Invalid:
    return Invalid("Tệp PNG bị hỏng, không đọc được. Hãy xuất lại tệp.")
