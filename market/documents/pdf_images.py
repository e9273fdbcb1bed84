"""Pictures embedded in a PDF."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from market.documents.label_layouts import Box
from market.documents.pdf_file import PdfFile
from market.documents.sticker_text import POINTS


@dataclass(frozen=True, slots=True)
class EmbeddedImage:
    """Object number and size in pixels."""

    number: int
    width: int
    height: int

    def drawn(self, name: bytes, box: Box) -> bytes:
        """Operators that show it as large as fits the box, in its middle."""
        scale = min(box.width / self.width, box.height / self.height)
        width, height = self.width * scale, self.height * scale
        left = box.x + (box.width - width) / 2
        bottom = -(box.y + (box.height + height) / 2)
        return b"q %.2f 0 0 %.2f %.2f %.2f cm%b Do Q\n" % (
            width * POINTS,
            height * POINTS,
            left * POINTS,
            bottom * POINTS,
            name,
        )


def embed_image(pdf: PdfFile, file: bytes) -> EmbeddedImage:
    """Embed a picture file, what is transparent in it on white."""
    picture = Image.open(BytesIO(file)).convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    pixels = Image.alpha_composite(paper, picture).convert("RGB")
    number = pdf.add_stream(
        pixels.tobytes(),
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8"
        % pixels.size,
    )
    return EmbeddedImage(number, *pixels.size)
