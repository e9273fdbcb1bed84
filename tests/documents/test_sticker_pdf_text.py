"""The words of a sticker: how they are set into their boxes and what is flagged."""

import unicodedata

import pytest

from market.documents.label_layouts import Align, Box, Face, TextBox
from market.documents.sheets import Template, get_template, list_templates
from market.documents.sticker_flags import list_flags
from market.documents.sticker_text import POINTS, TextFlaw, set_text, set_texts
from market.documents.typeface import typeface
from tests.paper import LONG_NAME, sticker

BOX = TextBox("{merchant_name}", Box(10, 20, 40, 12), sizes=(12, 10, 8), lines=2)


def set_lines(text: str, box: TextBox = BOX) -> list[str]:
    return [line.text for line in set_text(box, text).lines]


def test_a_short_text_stands_on_one_line_at_the_largest_size() -> None:
    found = set_text(BOX, "Phở Thìn")

    assert (found.size, len(found.lines), found.flaw) == (12, 1, None)


def test_a_longer_text_goes_to_a_second_line_before_it_gets_smaller() -> None:
    found = set_text(BOX, "Cửa hàng rau sạch Bình Minh")

    assert (found.size, found.flaw) == (12, None)
    assert set_lines("Cửa hàng rau sạch Bình Minh") == ["Cửa hàng rau", "sạch Bình Minh"]


def test_a_still_longer_text_gets_the_next_smaller_set_size() -> None:
    found = set_text(BOX, "Cửa hàng rau củ quả sạch tươi Bình Minh")

    assert (found.size, len(found.lines), found.flaw) == (10, 2, None)


def test_a_text_too_long_for_the_smallest_size_is_flagged_and_stands_whole() -> None:
    found = set_text(BOX, LONG_NAME * 3)

    assert found.flaw is TextFlaw.TOO_LONG
    assert found.size < 8
    assert " ".join(line.text for line in found.lines) == LONG_NAME * 3


def test_a_word_too_wide_for_the_box_is_not_broken() -> None:
    word = "Ch" * 40

    found = set_text(BOX, word)

    assert (found.flaw, [line.text for line in found.lines]) == (TextFlaw.TOO_LONG, [word])


@pytest.mark.parametrize("text", ["Ấp Ô Ễ", LONG_NAME, LONG_NAME * 3, "W" * 80])
def test_a_set_text_never_leaves_its_box(text: str) -> None:
    found = set_text(BOX, text)

    pitch = found.size * 1.22 / POINTS
    assert len(found.lines) * pitch <= BOX.box.height + 1e-6
    for line in found.lines:
        width = typeface(BOX.face).width(line.text) * found.size / POINTS
        assert line.x >= BOX.box.x - 1e-6
        assert line.x + width <= BOX.box.right + 1e-6


@pytest.mark.parametrize(("align", "share"), [("left", 0), ("centre", 0.5), ("right", 1)])
def test_a_line_is_aligned_in_its_box(align: str, share: float) -> None:
    box = TextBox("", Box(10, 20, 40, 12), sizes=(12,), align=Align(align))
    width = typeface(box.face).width("A-01") * 12 / POINTS

    (line,) = set_text(box, "A-01").lines

    assert line.x == pytest.approx(10 + share * (40 - width))


def test_a_letter_the_font_lacks_is_flagged() -> None:
    assert set_text(BOX, "Phở 🍜").flaw is TextFlaw.LETTER_MISSING


def test_all_vietnamese_letters_are_in_the_font() -> None:
    vowels = [
        unicodedata.normalize("NFC", base + tone)
        for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
        for tone in ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
    ]

    for face in Face:
        assert typeface(face).has("".join(vowels) + "đĐ–·&()/.,+0123456789")


def test_decomposed_and_composed_names_print_the_same() -> None:
    composed = sticker(merchant_name=LONG_NAME)
    decomposed = sticker(merchant_name=unicodedata.normalize("NFD", LONG_NAME))

    assert decomposed.printed() == composed.printed()


def test_invisible_letters_do_not_reach_the_paper() -> None:
    assert sticker(holder_name="HOA\u200b\u202e NGUYEN").printed()["holder_name"] == "HOA NGUYEN"


def test_the_account_number_stands_in_groups_of_four_and_the_date_day_first() -> None:
    printed = sticker(account_number="88001234567").printed()

    assert printed["account_number"] == "8800 1234 567"
    assert printed["printed_on"] == "31/07/2026"


@pytest.mark.parametrize("template", list_templates(), ids=lambda template: template.name)
def test_the_longest_real_names_and_numbers_fit_every_template(template: Template) -> None:
    long = sticker(
        3,
        merchant_name=LONG_NAME,
        market_name="Chợ trung tâm thị trấn Quảng Hà, khu phố ẩm thực",
        stall_code="KI-ỐT B2-118A",
        account_number="8800112345678901234",
        bank_short_name="LienVietPostBank",
    )

    assert list(list_flags([long], template)) == []


def test_a_flag_names_sticker_stall_field_and_flaw() -> None:
    (flag,) = list_flags([sticker(merchant_name=LONG_NAME * 3)], get_template("a4-8"))

    assert (flag.serial, flag.stall_code) == (sticker().serial, "A-01")
    assert (flag.fields, flag.flaw) == (("merchant_name",), TextFlaw.TOO_LONG)


def test_a_text_without_its_value_is_left_out() -> None:
    without = sticker(hotline=None)

    assert without.printed()["hotline"] == ""
    assert list(list_flags([without], get_template("a6-card"))) == []


def test_a_bank_without_a_number_still_stands_in_their_common_line() -> None:
    issued = sticker(account_number="", bank_bin=None)

    texts = set_texts(get_template("a6-card").layout.texts, issued.printed())

    assert ["Vietcombank"] in [[line.text for line in text.lines] for text in texts]


@pytest.mark.parametrize("blank", ["", " ", "\u200b"])
def test_a_blank_name_leaves_no_text(blank: str) -> None:
    texts = set_texts(get_template("a4-8").layout.texts, sticker(holder_name=blank).printed())

    assert "{holder_name}" not in [text.box.text for text in texts]
