"""Invented stickers, and finished PDFs looked at as a printer and a phone would."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

import numpy as np
import pypdfium2
import zxingcpp
from numpy.typing import NDArray
from PIL import Image

from market.documents.qr_code import Modules, modules_of
from market.documents.sheet_jobs import SheetJob
from market.documents.sheets import Template, get_template
from market.documents.sticker_check import Confirm
from market.documents.sticker_pdf import PrintedSheets, write_stickers
from market.documents.sticker_text import Sticker
from market.domain.vietqr import encode

Picture = NDArray[np.uint8]

MILLIMETRE = 72 / 25.4
LONG_NAME = "Hợp tác xã Dịch vụ Nông nghiệp và Thương mại tổng hợp Đông Ngũ"
SERIAL_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NAMES = (
    ("Nguyễn Thị Hoa", "NGUYEN THI HOA"),
    ("Trần Văn Đức", "TRAN VAN DUC"),
    ("Quán phở Thìn – Ẩm thực", "PHAM VAN THIN"),
    (LONG_NAME, "HOP TAC XA DICH VU NONG NGHIEP VA THUONG MAI TONG HOP DONG NGU"),
)


def sticker(number: int = 0, **changes: Any) -> Sticker:
    """The same number gives the same sticker."""
    chance = random.Random(number)
    account = "88001" + "".join(chance.choices("0123456789", k=chance.choice((5, 8, 9, 14))))
    merchant, holder = NAMES[number % len(NAMES)]
    made = Sticker(
        serial="".join(chance.choices(SERIAL_LETTERS, k=8)),
        payload=encode(bin="970436", account=account),
        market_name="Chợ Đầm Hà",
        stall_code=f"{'ABCD'[number % 4]}-{number + 1:02}",
        merchant_name=merchant,
        holder_name=holder,
        bank_short_name="Vietcombank",
        account_number=account,
        printed_on=date(2026, 7, 31),
        hotline="0900 000 001",
        bank_bin="970436",
    )
    return replace(made, **changes)


def stickers(count: int) -> Iterator[Sticker]:
    return (sticker(number) for number in range(count))


def modules(payload: str) -> Modules:
    """The code of one payload, as it is printed."""
    (symbol,) = modules_of([payload])
    return symbol


def job(template: Template | str, **changes: Any) -> SheetJob:
    chosen = get_template(template) if isinstance(template, str) else template
    made = SheetJob(chosen, "DT-2026-0012", "Tem QR chợ Đầm Hà", date(2026, 7, 31))
    return replace(made, **changes)


def printed(
    stickers: Iterator[Sticker] | list[Sticker], job: SheetJob, confirm: Confirm | None = None
) -> tuple[bytes, PrintedSheets]:
    file = BytesIO()
    result = write_stickers(stickers, job, file, confirm=confirm)
    return file.getvalue(), result


def logo(colour: str, size: tuple[int, int] = (80, 40)) -> bytes:
    """A picture file, twice as wide as high."""
    file = BytesIO()
    Image.new("RGBA", size, colour).save(file, "PNG")
    return file.getvalue()


def pictures(pdf: bytes, *, dpi: int) -> Iterator[Picture]:
    """Pages as grey pixels."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            yield np.squeeze(page.render(scale=dpi / 72, grayscale=True).to_numpy())
    finally:
        document.close()


def read_codes(picture: Picture, symbology: zxingcpp.BarcodeFormat) -> list[str]:
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(symbology))
    return sorted(each.text for each in found)


def label_pictures(pdf: bytes, template: Template, *, dpi: int) -> Iterator[Picture]:
    """Every label's code with its quiet zone, page by page, slot by slot."""
    code = template.layout.qr
    for page in pictures(pdf, dpi=dpi):
        for slot in range(template.labels_per_page):
            x, y = template.slot_of(slot)
            left, top = (template.slug + x + code.x, template.slug + y + code.y)
            columns = slice(_pixels(left, dpi), _pixels(left + code.width, dpi))
            rows = slice(_pixels(top, dpi), _pixels(top + code.height, dpi))
            yield np.ascontiguousarray(page[rows, columns])


def _pixels(millimetres: float, dpi: int) -> int:
    return round(millimetres / 25.4 * dpi)
