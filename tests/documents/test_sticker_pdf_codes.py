"""The paper itself: finished PDFs rasterised and every code on them decoded, also when harmed."""

from io import BytesIO

import numpy as np
import pytest
from pypdf import PdfReader
from pyzbar import pyzbar
from zxingcpp import BarcodeFormat

from market.documents.qr_code import symbol_size
from market.documents.sheets import Template, list_templates
from tests.paper import job, label_pictures, pictures, printed, read_codes, stickers
from tests.paper_damage import DAMAGES, Damage

each_template = pytest.mark.parametrize("template", list_templates(), ids=lambda each: each.name)
each_dpi = pytest.mark.parametrize("dpi", [150, 200, 300])


def full_sheet(template: Template) -> bytes:
    pdf, _ = printed(stickers(template.labels_per_page), job(template))
    return pdf


@each_dpi
@each_template
def test_every_code_of_a_rasterised_sheet_is_read_by_both_decoders(
    template: Template, dpi: int
) -> None:
    (page,) = pictures(full_sheet(template), dpi=dpi)

    expected = sorted(each.payload for each in stickers(template.labels_per_page))
    by_zbar = pyzbar.decode(page, symbols=[pyzbar.ZBarSymbol.QRCODE])
    assert read_codes(page, BarcodeFormat.QRCode) == expected
    assert sorted(each.data.decode() for each in by_zbar) == expected


@each_template
def test_every_serial_of_a_rasterised_sheet_is_read(template: Template) -> None:
    (page,) = pictures(full_sheet(template), dpi=300)

    expected = sorted(each.serial for each in stickers(template.labels_per_page))
    assert read_codes(page, BarcodeFormat.DataMatrix) == expected


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@each_dpi
@each_template
def test_every_harmed_code_is_read(template: Template, dpi: int, damage: Damage) -> None:
    labels = label_pictures(full_sheet(template), template, dpi=dpi)

    for sticker, picture in zip(stickers(template.labels_per_page), labels, strict=True):
        module = picture.shape[0] / (symbol_size(sticker.payload) + 8)
        assert read_codes(damage(picture, module), BarcodeFormat.QRCode) == [sticker.payload]


@each_template
def test_nothing_enters_the_four_modules_around_a_code(template: Template) -> None:
    labels = label_pictures(full_sheet(template), template, dpi=300)

    for sticker, picture in zip(stickers(template.labels_per_page), labels, strict=True):
        quiet = round(4 * picture.shape[0] / (symbol_size(sticker.payload) + 8)) - 2
        frame = np.ones(picture.shape, dtype=np.bool_)
        frame[quiet:-quiet, quiet:-quiet] = False
        assert picture[frame].min() == 255


@each_template
def test_the_text_on_paper_is_the_text_of_the_register(template: Template) -> None:
    pages = PdfReader(BytesIO(full_sheet(template))).pages

    text = " ".join(pages[0].extract_text().split())

    for each in stickers(template.labels_per_page):
        for words in (
            each.market_name,
            each.stall_code,
            each.merchant_name,
            each.holder_name,
            each.bank_short_name,
            " ".join(each.account_number[at : at + 4] for at in range(0, 20, 4)).strip(),
            each.serial,
            "31/07/2026",
            "0900 000 001",
            "Quét mã để thanh toán",
            "VietQR",
            "Kiểm tra tên người nhận trước khi chuyển",
        ):
            assert words in text
