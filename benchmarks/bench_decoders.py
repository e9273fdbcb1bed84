"""How often common decoders read the printed codes, clean and harmed, for every template.

The codes are cut from finished PDFs, rasterised at 200 dpi, with their quiet zone. The tests
demand of zxing-cpp every code under the harm that stands in the first rows, and of zbar every
clean one; the harsher rows are only told. `--write docs/decoders.md` puts the tables there.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import cv2
from bench_stickers import machine
from pyzbar import pyzbar
from zxingcpp import BarcodeFormat

from market.documents.qr_code import QUIET_ZONE, symbol_size
from market.documents.sheets import Template, list_templates
from tests.paper import Picture, job, label_pictures, printed, read_codes, stickers
from tests.paper_damage import (
    Damage,
    blurred,
    dirty,
    faded,
    jpeg,
    leaning,
    noisy,
    shaded,
    small,
    turned,
)

DPI = 200
SYMBOLS = 12
MARK = "<!-- Từ đây do benchmarks/bench_decoders.py viết. -->\n"

CLEAN: dict[str, Damage] = {"sạch": lambda picture, _: picture}
DEMANDED: dict[str, Damage] = {
    "mờ, σ ¼ module": blurred,
    "nhiễu, σ 20/255": noisy,
    "xoay 15°": turned,
    "nghiêng 15°": leaning,
    "JPEG chất lượng 40": jpeg,
    "bẩn 5 % diện tích": dirty,
}
HARSHER: dict[str, Damage] = {
    "mờ, σ ½ module": partial(blurred, sigma=0.5),
    "mờ, σ ¾ module": partial(blurred, sigma=0.75),
    "nhiễu, σ 60/255": partial(noisy, sigma=60),
    "xoay 45°": partial(turned, degrees=45),
    "nghiêng 40°": partial(leaning, degrees=40),
    "JPEG chất lượng 10": partial(jpeg, quality=10),
    "bẩn 10 % diện tích": partial(dirty, part=0.10),
    "bẩn 15 % diện tích": partial(dirty, part=0.15),
    "xa: 2 điểm ảnh mỗi module": partial(small, dots=2.0),
    "xa: 1,5 điểm ảnh mỗi module": partial(small, dots=1.5),
    "phai: mực còn 40 %": partial(faded, black=153),
    "bóng tối dần còn 25 % sáng": partial(shaded, darkest=0.25),
}
GROUPS = (("sạch", CLEAN), ("hư hại phải đọc được", DEMANDED), ("hư hại nặng hơn", HARSHER))


def by_zxing(picture: Picture) -> list[str]:
    return read_codes(picture, BarcodeFormat.QRCode)


def by_zbar(picture: Picture) -> list[str]:
    found = pyzbar.decode(picture, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return [each.data.decode() for each in found]


def by_opencv(picture: Picture) -> list[str]:
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    return [text] if text else []


DECODERS: dict[str, Callable[[Picture], list[str]]] = {
    "zxing-cpp": by_zxing,
    "zbar": by_zbar,
    "OpenCV": by_opencv,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One decoder's try at one symbol."""

    template: str
    damage: str
    decoder: str
    is_read: bool
    is_wrong: bool


def readings() -> Iterator[Reading]:
    damages = CLEAN | DEMANDED | HARSHER
    for template in list_templates():
        for payload, picture in symbols(template):
            module = picture.shape[0] / (symbol_size(payload) + 2 * QUIET_ZONE)
            for damage, harm in damages.items():
                harmed = harm(picture, module)
                for decoder, read in DECODERS.items():
                    found = read(harmed)
                    is_wrong = any(text != payload for text in found)
                    yield Reading(template.name, damage, decoder, found == [payload], is_wrong)


def symbols(template: Template) -> Iterator[tuple[str, Picture]]:
    pdf, _ = printed(stickers(SYMBOLS), job(template))
    pictures = label_pictures(pdf, template, dpi=DPI)
    for sticker, picture in zip(stickers(SYMBOLS), pictures, strict=False):
        yield sticker.payload, picture


def tables(found: list[Reading]) -> Iterator[str]:
    """Markdown: by damage over all templates, then by template over groups of damage."""
    yield f"| hư hại | {' | '.join(DECODERS)} |"
    yield f"|---|{'---:|' * len(DECODERS)}"
    for title, group in GROUPS:
        if len(group) > 1:
            yield f"| **{title}** |{' |' * len(DECODERS)}"
        for damage in group:
            rates = (rate(found, decoder, {damage}) for decoder in DECODERS)
            yield f"| {damage} | {' | '.join(rates)} |"
    yield ""
    heads = [f"{decoder}, {title}" for title, _ in GROUPS for decoder in DECODERS]
    yield f"| mẫu | {' | '.join(heads)} |"
    yield f"|---|{'---:|' * len(heads)}"
    for template in list_templates():
        own = [each for each in found if each.template == template.name]
        rates = (rate(own, decoder, set(group)) for _, group in GROUPS for decoder in DECODERS)
        yield f"| `{template.name}` | {' | '.join(rates)} |"
    yield ""
    wrong = sum(each.is_wrong for each in found)
    yield f"Đọc ra nội dung khác với mã: {wrong} lần trong {len(found)} lần đọc."


def rate(found: list[Reading], decoder: str, damages: set[str]) -> str:
    tries = [each for each in found if each.decoder == decoder and each.damage in damages]
    share = 100 * sum(each.is_read for each in tries) / len(tries)
    return f"{share:.1f} %".replace(".", ",")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="Replace the tables in this file.")
    chosen = parser.parse_args()
    start = time.perf_counter()
    found = list(readings())
    seconds = time.perf_counter() - start
    lines = "\n".join(tables(found))
    text = f"{lines}\n\nĐo trên {machine()}; {len(found)} lần đọc trong {seconds:.0f} giây.\n"
    if chosen.write is None:
        print(text)
        return
    head, mark, _ = chosen.write.read_text(encoding="utf-8").partition(MARK)
    chosen.write.write_text(f"{head}{mark or MARK}\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
