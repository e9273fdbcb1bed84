"""Business lines are found by what boards write, and only then."""

import unicodedata

import pytest

from market.domain.business_lines import BusinessLine, BusinessLines, packaged_lines
from market.domain.errors import NotFound

KNOWN = {
    "meat": ["Thịt", "Thịt lợn", "THỊT BÒ", "Hàng thịt", "bán thịt lợn", "Thịt các loại"],
    "seafood": ["Cá, hải sản", "Cá và hải sản", "Hải sản", "Tôm, cua, cá", "Hàng cá"],
    "vegetables": ["Rau củ quả", "Rau, củ, quả", "Rau xanh", "rau cu qua"],
    "grocery": ["Tạp hóa", "Tạp hoá", "TAP HOA", "KD tạp hóa", "Bách hóa tổng hợp"],
    "clothing": ["Quần áo", "Quần áo may sẵn", "Quần áo các loại", "May mặc"],
    "shoes": ["Giày dép", "Giầy dép", "Kinh doanh giày dép"],
    "dry_goods": ["Hàng khô", "Đồ khô"],
    "prepared_food": ["Ăn uống", "Hàng ăn", "Phở", "Cơm bình dân"],
    "spices": ["Gia vị", "Mắm muối"],
    "household": ["Đồ gia dụng", "Hàng gia dụng", "Đồ nhựa"],
    "flowers": ["Hoa", "Hoa tươi"],
    "fabric": ["Vải", "Vải vóc"],
    "fruit": ["Hoa quả", "Trái cây"],
    "votive": ["Vàng mã", "Đồ thờ cúng"],
    "poultry": ["Gà", "Gia cầm"],
}


@pytest.mark.parametrize(
    ("code", "written"), [(code, text) for code, texts in KNOWN.items() for text in texts]
)
def test_a_line_is_found_by_what_people_write(code: str, written: str) -> None:
    line = packaged_lines().find(written)

    assert line is not None
    assert line.code == code


@pytest.mark.parametrize("written", ["", "-", "Khác", "Cho thuê phi thuyền", "Rau, phi thuyền"])
def test_other_texts_are_no_line(written: str) -> None:
    assert packaged_lines().find(written) is None


@pytest.mark.parametrize("written", ["Quần áo, giày dép", "Quần áo - giày dép", "Quần áo/giày dép"])
def test_the_first_of_several_goods_decides(written: str) -> None:
    assert packaged_lines().find(written) == packaged_lines().get("clothing")


@pytest.mark.parametrize(
    ("written", "code"), [("Sữa", "dairy"), ("Sửa chữa", "repairs"), ("Sứa", "dried_seafood")]
)
def test_accents_decide_where_they_are_written(written: str, code: str) -> None:
    assert packaged_lines().find(written) == packaged_lines().get(code)


def test_decomposed_letters_are_found() -> None:
    written = unicodedata.normalize("NFD", "Rau củ quả")

    assert packaged_lines().find(written) == packaged_lines().get("vegetables")


def test_an_unknown_code_is_not_found() -> None:
    with pytest.raises(NotFound):
        packaged_lines().get("spaceships")


def test_every_line_has_a_category_of_four_digits() -> None:
    assert all(len(line.mcc) == 4 and line.mcc.isdecimal() for line in packaged_lines())


def test_every_name_and_alias_finds_its_own_line() -> None:
    lines = packaged_lines()

    strays = [
        (line.code, name)
        for line in lines
        for name in (line.name, *line.aliases)
        if lines.find(name) != line
    ]

    assert strays == []


def test_codes_are_unique() -> None:
    codes = [line.code for line in packaged_lines()]

    assert len(codes) == len(set(codes)) == len(packaged_lines())


def test_a_directory_can_be_built_from_other_rows() -> None:
    lines = BusinessLines([BusinessLine("tea", "Chè", "5499", ("chè búp",))])

    assert lines.find("Chè búp") == lines.get("tea")
