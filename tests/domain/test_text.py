"""Cleaning, folding and ordering of Vietnamese text."""

import random
import unicodedata
from itertools import pairwise

import icu
import pytest

from market.domain.text import clean, fold, natural_key, sort_key, to_ascii

FAMILY = "Nguyễn Trần Lê Phạm Hoàng Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Chìu Tằng Phùn Ưng Ông"
GIVEN = "An Ân Ăn Ánh Ấn Ẩn Bình Bích Đào Dao Đạo Dạo Hà Há Hả Hạ Hằng Hạnh Mơ Mờ Mô Mộ Thủy Thúy"
ONSETS = ("", "b", "d", "Đ", "đ", "ngh", "tr")
RIMES = "a á à ả ã ạ ă ắ ằ ẳ ẵ ặ â ấ ầ ẩ ẫ ậ e é ê ế ề i í o ó ô ố ồ ơ ớ ờ u ú ư ứ ừ y ý ỳ"


def names(count: int) -> list[str]:
    chance = random.Random(20260101)
    syllables = [onset + rime for onset in ONSETS for rime in RIMES.split()]
    pool = FAMILY.split() + GIVEN.split() + syllables
    made = {" ".join(chance.choices(pool, k=chance.randint(1, 4))) for _ in range(count)}
    return [*sorted(made), *(unicodedata.normalize("NFD", name) for name in sorted(made)[:40])]


def test_order_of_names_is_that_of_icu() -> None:
    collator = icu.Collator.createInstance(icu.Locale("vi"))
    ordered = sorted(names(600), key=collator.getSortKey)

    for first, second in pairwise(ordered):
        if collator.compare(first, second) == 0:
            assert sort_key(first) == sort_key(second)
        else:
            assert sort_key(first) < sort_key(second), (first, second)


def test_order_of_codes_and_signs_is_that_of_icu() -> None:
    collator = icu.Collator.createInstance(icu.Locale("vi"))
    written = [
        "A-1",
        "A 1",
        "A1",
        "a1",
        "A.1",
        "A/1",
        "B(2)",
        "(B)",
        "@x",
        "Đ1",
        "D2",
        "Café",
        "Zz",
    ]

    assert sorted(written, key=sort_key) == sorted(written, key=collator.getSortKey)


def test_letters_beyond_the_vietnamese_ones_come_last() -> None:
    assert sorted(["中", "zz", "ăn"], key=sort_key) == ["ăn", "zz", "中"]


def test_key_of_vietnamese_is_ascii() -> None:
    assert sort_key("Nguyễn Thị Ưng Đào (2)").isascii()


def test_same_name_decomposed_has_the_same_keys() -> None:
    name = "Đặng Thị Hường"
    apart = unicodedata.normalize("NFD", name)

    assert (clean(apart), fold(apart), sort_key(apart)) == (name, fold(name), sort_key(name))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Chợ \t Đầm\n Hà ", "Chợ Đầm Hà"),
        ("Nguyễn Thị \u202eLan\u202c", "Nguyễn Thị Lan"),
        ("A\u00a001\u2028B", "A 01 B"),
        ("a\x00b\x07c\u200b\ufeffd", "abcd"),
        ("e\u200b\u0302", "ê"),
        ("hỏng \ud800", "hỏng"),
        ("<script>=1+1</script>", "<script>=1+1</script>"),
        ("", ""),
    ],
)
def test_cleaning_keeps_what_is_written_and_nothing_invisible(written: str, kept: str) -> None:
    assert clean(written) == kept


@pytest.mark.parametrize("written", ["ĐẦM HÀ", "đầm  hà", "Ðầm Hà", "dam ha", "Đa\u0302\u0300m Hà"])
def test_folding_makes_all_spellings_one(written: str) -> None:
    assert fold(written) == "dam ha"


def test_every_name_is_found_without_its_accents() -> None:
    missed = [name for name in names(300) if to_ascii(name).lower() != fold(name)]

    assert missed == []


@pytest.mark.parametrize(
    ("written", "ascii_text"),
    [
        ("Tiền rau chợ", "Tien rau cho"),
        ("Đường Đê", "Duong De"),
        ("sạp 12 – A/B", "sap 12 A B"),
        ("  cá_ & tôm!! ", "ca tom"),
        ("🍅", ""),
        ("最佳", ""),
        ("①²٣", ""),
    ],
)
def test_ascii_text_holds_letters_digits_and_single_spaces(written: str, ascii_text: str) -> None:
    assert to_ascii(written) == ascii_text


def test_stall_codes_are_ordered_as_people_count() -> None:
    codes = ["B13", "A10", "B12A", "A2", "Đ1", "B12", "D-10", "D-2"]

    assert sorted(codes, key=natural_key) == [
        "A2", "A10", "B12", "B12A", "B13", "D-2", "D-10", "Đ1",
    ]  # fmt: skip


def test_stall_codes_that_differ_in_zeros_or_case_keep_keys_of_their_own() -> None:
    assert len({natural_key(code) for code in ("A1", "A01", "a1", "A-1")}) == 4
