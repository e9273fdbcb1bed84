"""The market's poster: its words and figures, its boxes, its look, and nothing without figures."""

from datetime import date
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pypdf import PdfReader

from market.documents.label_layouts import LogoPlace
from market.documents.poster import BAR, PAGE, TEXTS, Poster, write_poster
from market.documents.sticker_text import set_texts
from market.domain.errors import Invalid
from market.domain.shares import Share
from tests.paper import LONG_NAME, MILLIMETRE, logo, pictures

DAY = date(2026, 9, 30)


def poster(share: tuple[int, int] = (412, 486), **known: Any) -> Poster:
    return Poster("Chợ Đầm Hà", Share(*share), DAY, **known)


def written(of: Poster) -> bytes:
    file = BytesIO()
    write_poster(of, file)
    return file.getvalue()


def words(of: Poster) -> str:
    (page,) = PdfReader(BytesIO(written(of))).pages
    return " ".join(page.extract_text().split())


def test_the_poster_says_market_counts_share_and_day() -> None:
    said = words(poster())

    for expected in (
        "Chợ Đầm Hà",
        "84,8 %",
        "412/486 hộ nhận chuyển khoản",
        "Tính đến ngày 30/09/2026",
        "Kiểm tra tên người nhận trước khi chuyển",
    ):
        assert expected in said


def test_thousands_have_dots() -> None:
    assert "1.234/2.468 hộ" in words(poster((1234, 2468)))


def test_operator_and_hotline_stand_there_where_known() -> None:
    known = words(poster(operator_name="Ban quản lý chợ Đầm Hà", hotline="0900 000 001"))

    assert "Ban quản lý chợ Đầm Hà" in known
    assert "Đường dây nóng 0900 000 001" in known
    assert "Đường dây nóng" not in words(poster())


def test_nobody_of_some_is_a_share_of_nought() -> None:
    assert "0,0 %" in words(poster((0, 486)))


def test_nothing_to_count_is_no_poster() -> None:
    file = BytesIO()

    with pytest.raises(Invalid, match=r"chưa có hộ nào được tính vào ngày 30/09/2026"):
        write_poster(poster((0, 0)), file)

    assert file.getvalue() == b""


def test_the_longest_name_fits() -> None:
    longest = Poster(f"Chợ {LONG_NAME}", Share(9999, 10_000), DAY, LONG_NAME, "0900 000 0001")

    texts = list(set_texts(TEXTS, longest.printed()))

    assert [text.box.text for text in texts if text.flaw] == []


def test_boxes_are_a_sheet_of_a4() -> None:
    (page,) = PdfReader(BytesIO(written(poster()))).pages

    for box in (page.mediabox, page.trimbox, page.bleedbox):
        assert [round(float(edge) / MILLIMETRE, 2) for edge in box] == [0, 0, *PAGE]


def test_the_file_tells_title_subject_language_and_only_the_day_counted() -> None:
    reader = PdfReader(BytesIO(written(poster())))

    about: Any = reader.metadata
    assert about.title == "Áp phích Chợ Đầm Hà"
    assert about.subject == "412/486 hộ nhận chuyển khoản (84,8 %), ngày 30/09/2026"
    assert about.creation_date_raw == about.modification_date_raw == "D:20260930000000+07'00'"
    assert str(reader.root_object["/Lang"]) == "vi-VN"
    preferences: Any = reader.root_object["/ViewerPreferences"]
    assert preferences["/PrintScaling"] == "/None"


def test_fonts_are_embedded_and_nothing_runs() -> None:
    pdf = written(poster())

    reader = PdfReader(BytesIO(pdf))
    resources: Any = reader.pages[0]["/Resources"]
    for reference in resources["/Font"].values():
        descendant = reference.get_object()["/DescendantFonts"][0].get_object()
        assert descendant["/FontDescriptor"]["/FontFile2"].get_data()[:4] == b"\0\1\0\0"
    assert {"/OpenAction", "/AA", "/Names", "/AcroForm"}.isdisjoint(reader.root_object)
    assert b"/JS" not in pdf


def test_the_same_poster_gives_the_same_bytes() -> None:
    content = poster(logos={LogoPlace.BANK: logo("red"), LogoPlace.PROGRAMME: logo("blue")})

    assert written(content) == written(content)


@pytest.mark.parametrize("share", [(0, 10), (1, 10), (5, 10), (10, 10)])
def test_the_bar_is_filled_as_far_as_the_share_goes(share: tuple[int, int]) -> None:
    (page,) = pictures(written(poster(share)), dpi=254)

    row = page[round((BAR.y + BAR.height / 2) * 10)]
    inside = row[round(BAR.x * 10) + 15 : round(BAR.right * 10) - 15]
    assert np.mean(inside < 128) == pytest.approx(share[0] / share[1], abs=0.01)


def test_accent_and_logos_are_those_of_the_operator() -> None:
    look = poster(accent="#aa0000", logos={LogoPlace.PROGRAMME: logo("#0000c0")})

    page = PdfReader(BytesIO(written(look))).pages[0]
    contents = page.get_contents()
    assert contents is not None
    assert b"0.667 0.000 0.000 rg" in contents.get_data()
    (image,) = page.images
    assert image.image is not None
    assert image.image.convert("RGB").getpixel((5, 5)) == (0, 0, 192)


def test_too_pale_an_accent_is_refused() -> None:
    with pytest.raises(Invalid, match="quá nhạt"):
        written(poster(accent="#88ccaa"))
