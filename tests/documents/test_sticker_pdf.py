"""Sheets of stickers as PDF: never a wrong code, positions, options, what the file says."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pypdfium2
import pytest
from pypdf import PdfReader
from zxingcpp import BarcodeFormat

from market.documents import sticker_check
from market.documents.label_layouts import LogoPlace
from market.documents.qr_code import Modules, data_matrix, modules_of
from market.documents.sheets import Template, get_template
from market.documents.sticker_check import WrongCode
from market.documents.sticker_text import Sticker, TextFlaw
from market.domain.errors import Invalid
from market.domain.vietqr import encode
from tests.paper import (
    LONG_NAME,
    MILLIMETRE,
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


def only_page(pdf: bytes, *, dpi: int = 150) -> Picture:
    (page,) = pictures(pdf, dpi=dpi)
    return page


def codes_by_slot(pdf: bytes, template: Template) -> list[list[str]]:
    labels = label_pictures(pdf, template, dpi=200)
    return [read_codes(label, BarcodeFormat.QRCode) for label in labels]


# Never a wrong code


def test_all_stickers_are_counted_as_verified() -> None:
    _, result = printed(stickers(20), job("a4-8"))

    assert (result.stickers, result.verified, result.pages) == (20, 20, 3)


def test_a_symbol_that_says_something_else_stops_the_run_and_names_the_stall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = sticker(99).payload

    def swapped(payloads: Sequence[str]) -> list[Modules]:
        return modules_of([*payloads[:2], wrong, *payloads[3:]])

    monkeypatch.setattr(sticker_check, "modules_of", swapped)

    with pytest.raises(WrongCode, match="C-03") as caught:
        printed(stickers(4), job("a4-8"))
    assert (caught.value.stall_code, caught.value.serial) == ("C-03", sticker(2).serial)


def test_a_symbol_that_cannot_be_read_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(payloads: Sequence[str]) -> list[Modules]:
        return [replace(each, matrix=each.matrix & False) for each in modules_of(payloads)]

    monkeypatch.setattr(sticker_check, "modules_of", torn)

    with pytest.raises(WrongCode, match="A-01"):
        printed([sticker()], job("a4-8"))


def test_a_serial_symbol_of_another_sticker_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sticker_check, "data_matrix", lambda _: data_matrix("AAAAAAAA"))

    with pytest.raises(WrongCode, match="A-01"):
        printed([sticker()], job("a4-8"))


@pytest.mark.parametrize(
    "changes",
    [
        {"account_number": "880010000002"},
        {"bank_bin": "970415"},
        {"payload": encode(bin="970436", account="880010000002")},
        {"payload": "https://example.org/not-a-payment"},
    ],
)
def test_a_code_that_does_not_pay_the_printed_account_stops_the_run(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(WrongCode, match="A-01"):
        printed([sticker(**changes)], job("a4-8"))


def test_a_code_of_a_bank_s_own_is_compared_as_a_whole() -> None:
    foreign = "https://example.org/a-code-that-a-wallet-issued"

    _, result = printed([sticker(payload=foreign, bank_bin=None, account_number="")], job("a4-8"))

    assert result.verified == 1


def test_the_register_is_asked_for_every_sticker_with_the_text_that_was_read() -> None:
    asked: list[tuple[str, str]] = []

    def confirm(each: Sticker, text: str) -> bool:
        asked.append((each.serial, text))
        return True

    printed(stickers(70), job("a4-8"), confirm)

    assert asked == [(each.serial, each.payload) for each in stickers(70)]


def test_a_register_that_has_moved_on_stops_the_run() -> None:
    replaced = sticker(2).serial

    with pytest.raises(WrongCode, match="C-03"):
        printed(stickers(4), job("a4-8"), lambda each, _: each.serial != replaced)


# Positions and options


def test_labels_begin_at_the_chosen_slot_and_go_on_to_the_next_sheet() -> None:
    template = get_template("a4-8")

    pdf, result = printed(stickers(4), job(template, start=7))

    codes = codes_by_slot(pdf, template)
    expected = [[each.payload] for each in stickers(4)]
    assert codes == [*[[]] * 6, *expected, *[[]] * 6]
    assert (result.pages, result.next_start) == (2, 3)


def test_a_full_last_sheet_offers_the_first_slot() -> None:
    _, result = printed(stickers(8), job("a4-8"))

    assert (result.pages, result.next_start) == (1, 1)


def test_a_test_cell_takes_one_slot_and_holds_no_code() -> None:
    template = get_template("a4-8")

    pdf, result = printed(stickers(2), job(template, start=2, has_test_cell=True))

    codes = codes_by_slot(pdf, template)
    assert codes == [[], [], *[[each.payload] for each in stickers(2)], *[[]] * 4]
    assert (result.stickers, result.next_start) == (2, 5)
    assert "Ô thử" in PdfReader(BytesIO(pdf)).pages[0].extract_text()


def test_the_offset_moves_everything_right_and_down_by_millimetres() -> None:
    plain, _ = printed(stickers(8), job("a4-8"))
    moved, _ = printed(stickers(8), job("a4-8", offset=(2.54, -1.27)))

    # At 100 dots an inch, 2.54 mm are ten dots.
    dots = only_page(plain, dpi=100)[20:-20, 20:-20].astype(int)
    moved_dots = only_page(moved, dpi=100)[15:-25, 30:-10]
    assert np.abs(dots - moved_dots).mean() < 1


def test_the_ruler_is_a_hundred_millimetres_long_and_only_on_the_first_sheet() -> None:
    template = get_template("a4-8")
    dots_per_millimetre = 10

    first, second = pictures(printed(stickers(9), job(template, has_ruler=True))[0], dpi=254)

    base = round((template.ruler[1] + 3) * dots_per_millimetre)
    for page, length in ((first, 1000), (second, 0)):
        dark = np.nonzero((page[base - 2 : base + 3] < 128).any(axis=0))[0]
        assert np.ptp(dark) if length else dark.size == pytest.approx(length, abs=4)


def test_crop_marks_stand_in_the_slug_of_the_card_and_outside_its_bleed() -> None:
    template = get_template("a6-card")

    page = only_page(printed([sticker()], job(template))[0], dpi=254)

    edge = template.slug * 10
    mark, bleed = page[edge - 2 : edge + 3, :], round((template.slug - template.bleed) * 10)
    assert (mark[:, 25:60] < 160).any(axis=0).all()
    assert (mark[:, bleed - 4 : bleed] == 255).all()


def test_crop_marks_of_four_cards_stand_where_the_sheet_is_cut() -> None:
    page = only_page(printed(stickers(4), job("a4-4xa6"))[0], dpi=254)

    for upright in (page[:60, 1048:1053], page[-60:, 1048:1053]):
        assert (upright < 160).any(axis=1).all()
    for level in (page[1483:1488, :60], page[1483:1488, -60:]):
        assert (level < 160).any(axis=0).all()


def test_the_accent_reaches_the_end_of_the_bleed() -> None:
    pdf, _ = printed([sticker()], job("a6-card", accent="#aa0000"))

    document = pypdfium2.PdfDocument(pdf)
    pixels = document[0].render(scale=2).to_pil().convert("RGB")
    inside = round((10 - 2.8) * MILLIMETRE * 2)
    outside = round((10 - 3.6) * MILLIMETRE * 2)
    document.close()
    assert pixels.getpixel((inside, inside)) == (170, 0, 0)
    assert pixels.getpixel((outside, outside)) == (255, 255, 255)


def test_logos_stand_in_their_places_and_keep_their_shape() -> None:
    template = get_template("a6-card")
    logos = {LogoPlace.BANK: logo("#c00000"), LogoPlace.PROGRAMME: logo("#0000c000")}

    pdf, _ = printed(stickers(3), job(template, logos=logos))

    document = pypdfium2.PdfDocument(pdf)
    pixels = np.asarray(document[2].render(scale=4).to_pil().convert("RGB"))
    document.close()
    red = np.nonzero((pixels == (192, 0, 0)).all(axis=2))
    box = template.layout.logos[LogoPlace.BANK]
    height, width = (np.ptp(axis) / 4 / MILLIMETRE for axis in red)
    assert width == pytest.approx(box.width, abs=0.3)
    assert height == pytest.approx(box.width / 2, abs=0.3)
    assert red[1].min() / 4 / MILLIMETRE == pytest.approx(template.slug + box.x, abs=0.2)
    assert pdf.count(b"/Subtype/Image") == 2


def test_a_missing_hotline_leaves_no_words_without_a_number() -> None:
    pdf, _ = printed([sticker(hotline=None)], job("a6-card"))

    assert "Đường dây nóng" not in PdfReader(BytesIO(pdf)).pages[0].extract_text()


def test_two_markets_in_one_run_keep_their_own_names() -> None:
    both = [sticker(0), sticker(1, market_name="Chợ Tiên Yên")]

    pages = PdfReader(BytesIO(printed(both, job("a6-card"))[0])).pages

    assert ["Chợ Đầm Hà" in page.extract_text() for page in pages] == [True, False]
    assert ["Chợ Tiên Yên" in page.extract_text() for page in pages] == [False, True]


# What is refused and what is flagged


def test_a_run_without_stickers_is_refused_and_writes_nothing() -> None:
    file = BytesIO()

    with pytest.raises(Invalid, match="Không có tem nào"):
        printed([], job("a4-8"))
    assert file.getvalue() == b""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": 9}, "8 ô"),
        ({"offset": (0.0, 10.5)}, r"10.5 mm quá lớn.*10 mm"),
        ({"accent": "#88ccaa"}, "tương phản 1,8, cần ít nhất 4,5"),
        ({"accent": "green"}, "#rrggbb"),
    ],
)
def test_a_job_that_cannot_be_printed_is_refused_with_the_numbers(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        printed([sticker()], job("a4-8", **changes))


def test_a_payload_too_large_for_the_template_is_refused_with_the_numbers() -> None:
    large = sticker(payload="X" * 560, bank_bin=None)

    with pytest.raises(Invalid, match=r"a4-21.*97 module"):
        printed([large], job("a4-21"))


def test_a_name_that_does_not_fit_is_flagged_and_still_stands_whole() -> None:
    long = LONG_NAME * 3

    pdf, result = printed([sticker(0), sticker(1, merchant_name=long)], job("a4-8"))

    assert result.flagged == 1
    (flag,) = result.flags
    assert (flag.serial, flag.stall_code) == (sticker(1).serial, "B-02")
    assert (flag.fields, flag.flaw) == (("merchant_name",), TextFlaw.TOO_LONG)
    assert long in " ".join(PdfReader(BytesIO(pdf)).pages[0].extract_text().split())
