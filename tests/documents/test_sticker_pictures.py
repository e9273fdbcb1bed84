"""One sticker as PNG and SVG."""

import re
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest
from PIL import Image
from zxingcpp import BarcodeFormat

from market.documents.label_layouts import LogoPlace
from market.documents.qr_code import data_matrix
from market.documents.sheets import Template, get_template, list_templates
from market.documents.sticker_check import WrongCode
from market.documents.sticker_png import DOTS_PER_MILLIMETRE, sticker_png
from market.documents.sticker_svg import sticker_svg
from market.domain.errors import Invalid
from tests.paper import LONG_NAME, Picture, logo, modules, read_codes, sticker

SVG = "{http://www.w3.org/2000/svg}"

each_template = pytest.mark.parametrize("template", list_templates(), ids=lambda each: each.name)
each_kind = pytest.mark.parametrize("draw", [sticker_png, sticker_svg])


def pixels(file: bytes) -> Picture:
    return np.asarray(Image.open(BytesIO(file)).convert("L"))


def words(document: str) -> list[str]:
    return [each.text or "" for each in fromstring(document).iter(f"{SVG}text")]


@each_template
def test_the_png_holds_one_payment_code_and_the_serial(template: Template) -> None:
    picture = pixels(sticker_png(sticker(), template))

    assert read_codes(picture, BarcodeFormat.QRCode) == [sticker().payload]
    assert read_codes(picture, BarcodeFormat.DataMatrix) == [sticker().serial]


def test_the_png_has_the_size_of_the_label() -> None:
    picture = pixels(sticker_png(sticker(), get_template("a6-card")))

    assert picture.shape == (148 * DOTS_PER_MILLIMETRE, 105 * DOTS_PER_MILLIMETRE)


def test_the_png_is_the_same_again() -> None:
    template = get_template("a6-card")

    assert sticker_png(sticker(), template) == sticker_png(sticker(), template)


def test_the_modules_of_the_png_have_sharp_edges() -> None:
    template = get_template("a6-card")

    code = template.layout.qr.times(DOTS_PER_MILLIMETRE)
    picture = pixels(sticker_png(sticker(), template))

    square = picture[round(code.y) : round(code.bottom), round(code.x) : round(code.right)]
    assert set(np.unique(square)) == {0, 255}


def test_a_logo_stands_in_its_place_of_the_png() -> None:
    template = get_template("a6-card")

    file = sticker_png(sticker(), template, logos={LogoPlace.BANK: logo("#c00000")})

    box = template.layout.logos[LogoPlace.BANK].times(DOTS_PER_MILLIMETRE)
    middle = (round(box.x + box.width / 2), round(box.y + box.height / 2))
    assert Image.open(BytesIO(file)).getpixel(middle) == (192, 0, 0)


@each_kind
def test_a_picture_of_a_wrong_code_is_refused(draw: Callable[..., object]) -> None:
    wrong = sticker(account_number="880010000002")

    with pytest.raises(WrongCode, match="A-01"):
        draw(wrong, get_template("a6-card"))


@each_kind
def test_a_picture_asks_the_register(draw: Callable[..., object]) -> None:
    with pytest.raises(WrongCode, match="A-01"):
        draw(sticker(), get_template("a6-card"), confirm=lambda _, __: False)


@each_kind
def test_a_picture_too_small_for_its_payload_is_refused(draw: Callable[..., object]) -> None:
    with pytest.raises(Invalid, match="97 module"):
        draw(sticker(payload="X" * 560, bank_bin=None), get_template("a4-21"))


@each_kind
def test_a_picture_in_too_pale_an_accent_is_refused(draw: Callable[..., object]) -> None:
    with pytest.raises(Invalid, match="quá nhạt"):
        draw(sticker(), get_template("a6-card"), accent="#88ccaa")


@each_template
def test_the_svg_says_what_the_sticker_says(template: Template) -> None:
    said = " ".join(words(sticker_svg(sticker(3), template)))

    for expected in ("Chợ Đầm Hà", "D-04", LONG_NAME, sticker(3).holder_name, "VietQR"):
        assert expected in said


def test_marks_of_the_language_in_a_name_are_only_letters() -> None:
    odd = 'Cá < "Tôm" & Cua'

    document = sticker_svg(sticker(merchant_name=odd), get_template("a4-8"))

    assert odd in words(document)


def test_the_symbols_of_the_svg_are_the_modules() -> None:
    document = sticker_svg(sticker(), get_template("a4-8"))

    code, serial = [each for each in fromstring(document) if each.get("transform")]
    assert np.array_equal(painted(code), modules(sticker().payload).matrix)
    assert np.array_equal(painted(serial), data_matrix(sticker().serial))


def painted(path: Element) -> np.ndarray:
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", path.get("d", ""))
    size = 1 + max(int(row) for _, row, _ in runs)
    matrix = np.zeros((size, size), dtype=np.bool_)
    for start, row, length in runs:
        matrix[int(row), int(start) : int(start) + int(length)] = True
    return matrix


def test_a_logo_stands_in_its_place_of_the_svg() -> None:
    template = get_template("a6-card")
    file = logo("#c00000")

    document = sticker_svg(sticker(), template, logos={LogoPlace.BANK: file})

    (image,) = fromstring(document).iter(f"{SVG}image")
    assert [float(image.get(edge, 0)) for edge in ("x", "y", "width", "height")] == [9, 21, 18, 12]
    kind, _, data = image.get("href", "").partition(",")
    assert (kind, b64decode(data)) == ("data:image/png;base64", file)
