"""The file of a run: the same bytes again, boxes, fonts, what it says of itself, its size."""

import tracemalloc
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from pypdf import PageObject, PdfReader

from market.documents.label_layouts import LogoPlace
from market.documents.sheets import Template, list_templates
from market.documents.sticker_pdf import write_stickers
from tests.paper import MILLIMETRE, job, logo, printed, sticker, stickers

each_template = pytest.mark.parametrize("template", list_templates(), ids=lambda each: each.name)


@each_template
def test_the_same_run_gives_the_same_bytes(template: Template) -> None:
    chosen = job(template, has_ruler=True, has_test_cell=True, logos={LogoPlace.BANK: logo("red")})

    first, result = printed(stickers(9), chosen)
    second, _ = printed(stickers(9), chosen)

    assert first == second
    assert (result.sha256, result.bytes) == (sha256(first).hexdigest(), len(first))


def test_the_file_tells_no_date_but_the_run_s() -> None:
    pdf, _ = printed([sticker()], job("a4-8", made_on=date(2024, 2, 29)))

    metadata = PdfReader(BytesIO(pdf)).metadata
    assert metadata is not None
    assert metadata.creation_date_raw == metadata.modification_date_raw
    assert metadata.creation_date_raw == "D:20240229000000+07'00'"


def test_title_language_and_run_number_stand_in_the_file() -> None:
    reader = PdfReader(BytesIO(printed([sticker()], job("a4-8"))[0]))

    metadata: Any = reader.metadata
    assert metadata.title == "Tem QR chợ Đầm Hà"
    assert metadata["/PrintRun"] == "DT-2026-0012"
    assert str(reader.root_object["/Lang"]) == "vi-VN"


def test_the_viewer_is_asked_not_to_scale() -> None:
    reader = PdfReader(BytesIO(printed([sticker()], job("a4-8"))[0]))

    preferences: Any = reader.root_object["/ViewerPreferences"]
    assert preferences["/PrintScaling"] == "/None"
    assert preferences["/DisplayDocTitle"].value is True


@each_template
def test_the_run_number_stands_on_every_sheet_with_its_page(template: Template) -> None:
    pages = PdfReader(BytesIO(printed(stickers(22), job(template))[0])).pages

    for number, page in enumerate(pages, start=1):
        assert f"DT-2026-0012 · {template.name} · tờ {number}" in page.extract_text()


@each_template
def test_page_boxes_are_nested_and_true_to_size(template: Template) -> None:
    (page,) = PdfReader(BytesIO(printed([sticker()], job(template))[0])).pages

    assert box_in_millimetres(page, "mediabox") == grown(template, template.slug)
    assert box_in_millimetres(page, "bleedbox") == grown(template, template.bleed)
    assert box_in_millimetres(page, "trimbox") == grown(template, 0)


def box_in_millimetres(page: PageObject, name: str) -> list[float]:
    return [round(float(edge) / MILLIMETRE, 2) for edge in getattr(page, name)]


def grown(template: Template, by: float) -> list[float]:
    width, height = template.page
    near = template.slug - by
    return [near, near, template.slug + width + by, template.slug + height + by]


@each_template
def test_the_file_holds_no_script_and_starts_nothing(template: Template) -> None:
    pdf, _ = printed(stickers(9), job(template))

    reader = PdfReader(BytesIO(pdf))
    assert {"/OpenAction", "/AA", "/Names", "/AcroForm"}.isdisjoint(reader.root_object)
    assert all({"/AA", "/Annots"}.isdisjoint(page) for page in reader.pages)
    assert b"JavaScript" not in pdf
    assert b"/JS" not in pdf


def fonts_of(pdf: bytes) -> Iterator[tuple[str, Any]]:
    resources: Any = PdfReader(BytesIO(pdf)).pages[0]["/Resources"]
    for reference in resources["/Font"].values():
        font = reference.get_object()
        yield font["/BaseFont"], font["/DescendantFonts"][0].get_object()


def marks_of_first_page(pdf: bytes) -> bytes:
    contents = PdfReader(BytesIO(pdf)).pages[0].get_contents()
    assert contents is not None
    return contents.get_data()


@each_template
def test_every_font_is_embedded_as_a_subset_of_be_vietnam_pro(template: Template) -> None:
    pdf, _ = printed(stickers(9), job(template))

    fonts = list(fonts_of(pdf))

    assert sorted(name.split("+")[1] for name, _ in fonts) == [
        "BeVietnamPro-Bold", "BeVietnamPro-Regular", "BeVietnamPro-SemiBold",
    ]  # fmt: skip
    for _, descendant in fonts:
        assert descendant["/FontDescriptor"]["/FontFile2"].get_data()[:4] == b"\0\1\0\0"


def test_only_letters_that_are_drawn_are_embedded() -> None:
    pdf, _ = printed([sticker(stall_code="Q-7")], job("a4-8"))

    bold = next(font for name, font in fonts_of(pdf) if name.endswith("-Bold"))
    letters = {chr(code) for code in bold["/W"][::2]}
    assert letters == set("Q-7" + sticker().holder_name)


def test_brackets_and_backslashes_in_names_are_only_letters() -> None:
    odd = r"Cá (tươi) \ \) sống"

    pdf, _ = printed([sticker(merchant_name=odd)], job("a4-8"))

    assert odd in " ".join(PdfReader(BytesIO(pdf)).pages[0].extract_text().split())


def test_codes_are_paths_and_not_pictures() -> None:
    pdf, _ = printed(stickers(8), job("a4-8"))

    assert len(PdfReader(BytesIO(pdf)).pages[0].images) == 0
    assert marks_of_first_page(pdf).count(b" re\n") > 8 * 300


def test_black_is_printed_with_black_ink_alone() -> None:
    pdf, _ = printed(stickers(8), job("a4-8"))

    marks = marks_of_first_page(pdf)
    assert b" rg" not in marks
    assert b"0 g" in marks


@pytest.mark.parametrize("name", ["a4-4xa6", "a4-8", "a4-14", "a4-21"])
def test_a_sticker_takes_at_most_a_kilobyte_and_a_half(name: str) -> None:
    _, result = printed(stickers(500), job(name))

    assert result.bytes / 500 <= 1500


@pytest.mark.parametrize("name", ["a6-card", "a5-plate", "stall-sign"])
def test_a_sticker_that_has_a_page_to_itself_takes_no_more(name: str) -> None:
    usual = (sticker(number) for number in range(2000) if number % 4 < 2)

    _, result = printed(usual, job(name))

    assert result.bytes / result.stickers <= 1500


def test_readers_that_share_no_code_find_the_same_pages() -> None:
    pdf, result = printed(stickers(250), job("a6-card"))

    document = pypdfium2.PdfDocument(pdf)
    texts = [document[number].get_textpage().get_text_bounded() for number in (0, 199, 249)]
    document.close()
    pages = PdfReader(BytesIO(pdf)).pages
    assert len(pages) == result.pages == 250
    for text, number in zip(texts, (0, 199, 249), strict=True):
        assert sticker(number).stall_code in text
        assert sticker(number).stall_code in pages[number].extract_text()


class Nowhere:
    """Takes everything and keeps nothing."""

    def write(self, data: bytes, /) -> int:
        return len(data)


def peak_memory(count: int) -> int:
    tracemalloc.start()
    try:
        write_stickers(stickers(count), job("a4-8"), Nowhere())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_run() -> None:
    peak_memory(64)

    assert peak_memory(1600) < peak_memory(320) + 1_000_000
