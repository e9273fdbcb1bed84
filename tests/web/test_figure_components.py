"""Shares, levels and account numbers: what is drawn is said in words, too."""

from decimal import Decimal
from typing import Any

import pytest

from market.domain.levels import Level
from tests.rendering import render_component


def test_a_share_stands_with_its_counts() -> None:
    page = render_component("shares", "{{ c.share(412, 1486, 'hộ', percent_text='27,7 %') }}")

    assert page.one("p").text == "412/1.486 hộ · 27,7 %"
    assert page.one("rect", class_="bar-part")["width"] == "27.73%"


def test_a_share_of_nothing_is_blank_and_not_nought() -> None:
    page = render_component("shares", "{{ c.share(0, 0, 'hộ', target=90, percent_text='0,0 %') }}")

    assert page.one("p").text == "0/0 hộ · –"
    assert page.all("svg") == []


@pytest.mark.parametrize(
    ("counts", "words", "links"), [("412, 1486", "27,7 % 412/1.486 hộ", ["/x"]), ("0, 0", "–", [])]
)
def test_a_share_in_a_table_stands_over_its_counts(
    counts: str, words: str, links: list[str]
) -> None:
    page = render_component(
        "shares", f"<p>{{{{ c.share_cell({counts}, 'hộ', '27,7 %', href='/x') }}}}</p>"
    )

    assert page.one("p").text == words
    assert [link["href"] for link in page.all("a")] == links


@pytest.mark.parametrize(
    ("numerator", "target", "words", "is_short"),
    [
        (90, 90, "đạt chỉ tiêu 90 %", False),
        (89, Decimal("90.00"), "chưa đạt chỉ tiêu 90 %", True),
        (87, Decimal("87.50"), "chưa đạt chỉ tiêu 87,5 %", True),
        (100, 100, "đạt chỉ tiêu 100 %", False),
    ],
)
def test_a_share_says_whether_it_reached_the_target(
    numerator: int, target: Any, words: str, is_short: bool
) -> None:
    page = render_component(
        "shares", "{{ c.share(n, 100, 'hộ', target=target) }}", n=numerator, target=target
    )

    assert page.one("span", class_="aim").text == words
    assert ("short" in page.one("svg").classes) is is_short


def test_only_the_step_with_the_target_is_measured_against_it() -> None:
    page = render_component(
        "shares",
        "{{ c.funnel([{'label': 'Có tài khoản', 'count': 9, 'percent_text': '90,0 %'},"
        " {'label': 'Chấp nhận', 'count': 5, 'percent_text': '50,0 %', 'key': 'accepts'}],"
        " 10, 'hộ', target=80, target_step='accepts') }}",
    )

    assert [item.text for item in page.all("li")] == [
        "Có tài khoản 9/10 hộ · 90,0 %",
        "Chấp nhận 5/10 hộ · 50,0 % chưa đạt chỉ tiêu 80 %",
    ]


@pytest.mark.parametrize("level", Level)
def test_a_level_is_a_word_and_as_many_steps(level: Level) -> None:
    page = render_component("badges", "{{ c.level_badge(level) }}", level=level)

    assert page.one("span").text == level.label
    assert len(page.all("rect", class_="on")) == level.rank


def test_states_differ_by_shape_and_not_by_colour_alone() -> None:
    drawn = {
        str([(e.tag, e.attributes.get("d")) for e in page.elements[1:]])
        for kind in ("good", "due", "wrong", "info", "quiet")
        for page in [render_component("badges", "{{ c.shape(kind) }}", kind=kind)]
    }

    assert len(drawn) == 5


@pytest.mark.parametrize(
    ("old", "new", "marked", "words"),
    [
        ("88001234567", "88001243567", ["3", "4", "4", "3"], "Khác ở chữ số thứ 7, 8"),
        ("88001234567", "88001234567", [], "Hai số giống nhau"),
        (
            "88001234567",
            "880012345067",
            ["0"],
            "Số cũ 11 chữ số, số mới 12 chữ số; số mới khác ở chữ số thứ 10",
        ),
        (
            "0880",
            "880",
            ["0"],
            "Số cũ 4 chữ số, số mới 3 chữ số; số cũ khác ở chữ số thứ 1",
        ),
        (
            "10203",
            "190993",
            ["0", "2", "0", "9", "0", "9", "9"],
            "Số cũ 5 chữ số, số mới 6 chữ số; số cũ khác ở chữ số thứ 2, 3, 4;"
            " số mới khác ở chữ số thứ 2, 3, 4, 5",
        ),
        (
            "8888",
            "88",
            ["8", "8"],
            "Số cũ 4 chữ số, số mới 2 chữ số; số cũ khác ở chữ số thứ 3, 4",
        ),
    ],
)
def test_changed_digits_are_marked_and_told(
    old: str, new: str, marked: list[str], words: str
) -> None:
    page = render_component("accounts", "{{ c.digits_diff(old, new) }}", old=old, new=new)

    assert [mark.text for mark in page.all("mark")] == marked
    assert page.one("p").text == words
    assert [number.text for number in page.all("dd")] == [old, new]


def test_an_account_number_is_copied_without_its_gaps() -> None:
    page = render_component("accounts", "{{ c.account_number('8800123456789') }}")

    assert "".join(page.one("span", class_="account").parts) == "8800123456789"
    assert [four.text for four in page.all("span", class_="four")] == ["8800", "1234", "5678", "9"]
