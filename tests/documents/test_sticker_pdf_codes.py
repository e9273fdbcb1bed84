"""The paper itself: finished PDFs rasterised and every code on them decoded, also when harmed."""

from io import BytesIO

import numpy as np
import pytest
from pypdf import PdfReader
from pyzbar import pyzbar
from zxingcpp import BarcodeFormat

from market.documents.label_layouts import LogoPlace
from market.documents.qr_code import QUIET_ZONE, symbol_size
from market.documents.qr_tables import LARGEST_VERSION, version_tables
from market.documents.sheets import SMALLEST_MODULE, Template, list_templates
from market.domain.errors import Invalid
from tests.paper import (
    Picture,
    job,
    label_pictures,
    logo,
    pictures,
    printed,
    read_codes,
    sticker,
    stickers,
)
from tests.paper_damage import DAMAGES, Damage

each_template = pytest.mark.parametrize("template", list_templates(), ids=lambda each: each.name)
each_dpi = pytest.mark.parametrize("dpi", [150, 200, 300])


def full_sheet(template: Template) -> bytes:
    pdf, _ = printed(stickers(template.labels_per_page), job(template))
    return pdf


def by_zbar(picture: Picture) -> str:
    """One code at a time: on a sheet of many, zbar gives up after so many tries at finders."""
    (found,) = pyzbar.decode(picture, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return str(found.data.decode())


@each_dpi
@each_template
def test_every_code_of_a_rasterised_sheet_is_read_by_both_decoders(
    template: Template, dpi: int
) -> None:
    pdf = full_sheet(template)

    (page,) = pictures(pdf, dpi=dpi)
    labels = label_pictures(pdf, template, dpi=dpi)
    expected = [each.payload for each in stickers(template.labels_per_page)]
    assert read_codes(page, BarcodeFormat.QRCode) == sorted(expected)
    assert [by_zbar(label) for label in labels] == expected


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

    for each, picture in zip(stickers(template.labels_per_page), labels, strict=True):
        module = picture.shape[0] / (symbol_size(each.payload) + 8)
        assert read_codes(damage(picture, module), BarcodeFormat.QRCode) == [each.payload]


@each_template
def test_every_code_is_read_with_logos_ruler_and_test_cell(template: Template) -> None:
    full = job(
        template,
        has_ruler=True,
        has_test_cell=True,
        accent="#aa0000",
        logos={LogoPlace.BANK: logo("#c00000"), LogoPlace.PROGRAMME: logo("#0000c0")},
    )
    count = template.labels_per_page

    pdf, _ = printed(stickers(count), full)

    labels = list(label_pictures(pdf, template, dpi=200))[1 : count + 1]
    for each, picture in zip(stickers(count), labels, strict=True):
        assert read_codes(picture, BarcodeFormat.QRCode) == [each.payload]
        assert by_zbar(picture) == each.payload


def largest_version(template: Template) -> int:
    """The largest whose modules are 0.4 mm or more on that template."""
    modules = int(template.layout.qr.width / SMALLEST_MODULE) - 2 * QUIET_ZONE
    return min((modules - 17) // 4, LARGEST_VERSION)


@each_template
def test_the_largest_payload_of_a_template_is_printed_and_read(template: Template) -> None:
    capacity = version_tables(largest_version(template)).capacity
    largest = sticker(payload="X" * capacity, bank_bin=None)

    pdf, _ = printed([largest], job(template))

    (page,) = pictures(pdf, dpi=300)
    assert read_codes(page, BarcodeFormat.QRCode) == [largest.payload]
    assert by_zbar(page) == largest.payload


@each_template
def test_one_octet_more_is_refused_with_the_numbers(template: Template) -> None:
    capacity = version_tables(largest_version(template)).capacity
    too_large = sticker(payload="X" * (capacity + 1), bank_bin=None)
    numbers = (
        f"{capacity + 1} byte.*nhiều nhất {capacity} byte"
        if largest_version(template) == LARGEST_VERSION
        else rf"{template.name} quá nhỏ.*mỗi module chỉ còn 0,3\d mm, ít nhất phải 0,4 mm"
    )

    with pytest.raises(Invalid, match=numbers):
        printed([too_large], job(template))


@each_template
def test_nothing_enters_the_four_modules_around_a_code(template: Template) -> None:
    labels = label_pictures(full_sheet(template), template, dpi=300)

    for each, picture in zip(stickers(template.labels_per_page), labels, strict=True):
        quiet = round(4 * picture.shape[0] / (symbol_size(each.payload) + 8)) - 2
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
