"""The accent colour of stickers and posters: dark enough for white letters on it."""

import re

from market.domain.errors import Invalid, Problem

ACCENT = "#0b5d51"
READABLE_CONTRAST = 4.5


def read_accent(accent: str) -> tuple[float, float, float]:
    """Red, green and blue between 0 and 1 of a colour `#rrggbb`.

    Raises Invalid, with the numbers, where white letters on it could not be read (WCAG 2.2, 1.4.3).
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
        raise _refused(f"Màu “{accent}” không đúng dạng #rrggbb, ví dụ {ACCENT}.")
    red, green, blue = (int(accent[at : at + 2], 16) / 255 for at in (1, 3, 5))
    contrast = 1.05 / (_luminance(red, green, blue) + 0.05)
    if contrast < READABLE_CONTRAST:
        raise _refused(
            f"Màu {accent} quá nhạt: chữ trắng trên nền này có độ tương phản"
            f" {_number(contrast)}, cần ít nhất {_number(READABLE_CONTRAST)}."
            " Hãy chọn màu đậm hơn."
        )
    return red, green, blue


def _luminance(*channels: float) -> float:
    """Relative luminance (WCAG 2.2)."""
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _number(value: float) -> str:
    # Rounded down: 4,49 must not read as the 4,5 that is asked for.
    return f"{int(value * 10) / 10}".replace(".", ",")


def _refused(message: str) -> Invalid:
    return Invalid(message, (Problem(message, field="accent"),))
