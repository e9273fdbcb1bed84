"""What must hold for a layout before anything is printed by it."""

from collections.abc import Iterator
from itertools import combinations

from market.documents.label_layouts import Box, Layout, ShapeKind, TextBox
from market.documents.sticker_text import LINE_PITCH, POINTS, fields_of, set_text

FIELDS = frozenset(
    {
        "serial",
        "market_name",
        "stall_code",
        "merchant_name",
        "holder_name",
        "bank_short_name",
        "account_number",
        "printed_on",
        "hotline",
    }
)
TOLERANCE = 0.01


def layout_problems(layout: Layout) -> Iterator[str]:
    """Everything that is wrong with the layout, as parts of a sentence."""
    label = Box(0, 0, layout.width + TOLERANCE, layout.height + TOLERANCE)
    contents = {
        "mã QR": layout.qr,
        "Data Matrix": layout.data_matrix,
        **{f"logo {place}": box for place, box in layout.logos.items()},
        **{f"chữ “{each.text}”": each.box for each in layout.texts},
    }
    for name, box in contents.items():
        if not label.holds(box):
            yield f"{name} vượt ra ngoài nhãn"
    for (first, one), (second, other) in combinations(contents.items(), 2):
        if one.meets(other):
            yield f"{first} chồng lên {second}"
    for shape in layout.shapes:
        line = shape.width / 2
        inner = Box(
            shape.box.x + line,
            shape.box.y + line,
            shape.box.width - 2 * line,
            shape.box.height - 2 * line,
        )
        is_around = shape.kind is ShapeKind.FRAME and inner.holds(layout.qr)
        if shape.box.meets(layout.qr) and not is_around:
            yield f"hình tại ({shape.box.x}, {shape.box.y}) chạm vùng trắng của mã QR"
    for text in layout.texts:
        yield from _text_problems(text)


def _text_problems(text: TextBox) -> Iterator[str]:
    unknown = sorted(fields_of(text.text) - FIELDS)
    if unknown:
        yield f"chữ “{text.text}” dùng trường không có: {', '.join(unknown)}"
    if not fields_of(text.text) and set_text(text, text.text).flaw:
        yield f"chữ “{text.text}” dài hơn ô của nó"
    if list(text.sizes) != sorted(text.sizes, reverse=True):
        yield f"cỡ chữ của “{text.text}” phải giảm dần"
    needed = text.lines * LINE_PITCH * text.sizes[-1] / POINTS
    if needed > text.box.height + TOLERANCE:
        yield (
            f"chữ “{text.text}” cần cao {needed:.1f} mm cho {text.lines} dòng,"
            f" ô chỉ cao {text.box.height:.1f} mm"
        )
