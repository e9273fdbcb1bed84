"""Label sheets: the seven templates, positions, the smallest module, and what the data may say."""

import pytest

from market.documents.sheets import (
    SMALLEST_MODULE,
    Template,
    check_start,
    get_template,
    list_templates,
    positions,
    read_templates,
)
from market.domain.errors import Invalid, NotFound

TEMPLATES = list_templates()
VERSION_6, VERSION_8, VERSION_18 = 41, 49, 89

SMALL_SHEET = """
[templates.small]
title = "Tờ thử"
page = [100, 60]
label = [50, 30]
columns = 2
rows = 2
layout = "small"
note = [1, 59]
ruler = [0, 0]

[layouts.small]
size = [50, 30]
qr = [25, 2, 24]
data_matrix = [2, 24, 5]
texts = [{ text = "{stall_code}", box = [2, 2, 20, 6], sizes = [12, 10] }]
shapes = [{ kind = "fill", box = [2, 10, 20, 0.3], ink = "accent" }]
"""


def small_sheet(*replaced: tuple[str, str]) -> Template:
    text = SMALL_SHEET
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return read_templates(text)["small"]


def test_the_seven_templates_stand_in_their_order() -> None:
    assert [template.name for template in TEMPLATES] == [
        "a6-card", "a4-4xa6", "a4-8", "a4-14", "a4-21", "a5-plate", "stall-sign",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "page", "label", "labels", "bleed", "crop_marks"),
    [
        ("a6-card", (105, 148), (105, 148), 1, 3, True),
        ("a4-4xa6", (210, 297), (105, 148.5), 4, 0, True),
        ("a4-8", (210, 297), (99, 67.7), 8, 0, False),
        ("a4-14", (210, 297), (99, 38.1), 14, 0, False),
        ("a4-21", (210, 297), (63.5, 38.1), 21, 0, False),
        ("a5-plate", (148, 210), (148, 210), 1, 0, False),
        ("stall-sign", (297, 210), (297, 210), 1, 0, False),
    ],
)
def test_a_template_has_the_sizes_of_its_name(
    name: str,
    page: tuple[float, float],
    label: tuple[float, float],
    labels: int,
    bleed: float,
    crop_marks: bool,
) -> None:
    template = get_template(name)

    assert (template.page, template.label) == (page, label)
    assert template.labels_per_page == labels
    assert (template.bleed, template.crop_marks) == (bleed, crop_marks)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_labels_lie_in_the_middle_of_the_page(template: Template) -> None:
    last = template.slot_of(template.labels_per_page - 1)

    for first, end, length in zip(
        template.slot_of(0),
        (last[0] + template.label[0], last[1] + template.label[1]),
        template.page,
        strict=True,
    ):
        assert first == pytest.approx(length - end, abs=0.11)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_transfer_code_has_modules_of_more_than_the_smallest_size(template: Template) -> None:
    for size in (VERSION_6, VERSION_8):
        assert template.module_millimetres(size) == template.layout.qr.width / (size + 8)
        assert template.module_millimetres(size) >= SMALLEST_MODULE


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_every_size_of_symbol_is_taken_or_refused_by_the_size_of_its_modules(
    template: Template,
) -> None:
    for version in range(1, 41):
        size = 17 + 4 * version
        side = template.layout.qr.width / (size + 8)
        if side >= SMALLEST_MODULE:
            assert template.module_millimetres(size) == side
        else:
            with pytest.raises(Invalid, match=rf"{template.name} quá nhỏ.*{size + 8} module"):
                template.module_millimetres(size)


def test_a_template_too_small_for_a_payload_refuses_with_the_numbers() -> None:
    with pytest.raises(Invalid, match=r"a4-21.*97 module.*30,6 mm.*0,31 mm.*0,4 mm"):
        get_template("a4-21").module_millimetres(VERSION_18)


def test_an_unknown_template_is_not_found_and_the_known_are_named() -> None:
    with pytest.raises(NotFound, match=r"a4-40.*a6-card, a4-4xa6, a4-8"):
        get_template("a4-40")


def test_positions_run_row_by_row_from_the_start_onto_the_next_sheet() -> None:
    found = list(positions(get_template("a4-8"), start=7, count=4))

    assert [(each.page, each.slot) for each in found] == [(1, 7), (1, 8), (2, 1), (2, 2)]
    assert (found[0].x, found[0].y) == pytest.approx((4.7, 13.1 + 3 * 67.7))
    assert (found[3].x, found[3].y) == pytest.approx((4.7 + 99 + 2.6, 13.1))


def test_no_labels_take_no_position() -> None:
    assert list(positions(get_template("a4-8"), start=1, count=0)) == []


@pytest.mark.parametrize("start", [-1, 0, 9])
def test_a_start_past_the_sheet_is_refused_with_the_numbers(start: int) -> None:
    with pytest.raises(Invalid, match=rf"{start} không có.*8 ô"):
        check_start(get_template("a4-8"), start)


def test_a_start_past_the_sheet_is_refused_before_the_first_position_is_taken() -> None:
    with pytest.raises(Invalid, match="9 không có"):
        positions(get_template("a4-8"), start=9, count=1)


def test_a_layout_is_scaled_with_all_that_stands_in_it() -> None:
    plain = small_sheet()
    twice = small_sheet(
        ("page = [100, 60]", "page = [200, 120]"),
        ("label = [50, 30]", "label = [100, 60]\nscale = 2"),
    )

    assert twice.layout.qr.width == 48
    assert twice.layout.data_matrix.x == 4
    assert list(twice.layout.texts[0].sizes) == [24, 20]
    assert twice.layout.shapes[0].box.height == 0.6
    assert twice.layout.width == 2 * plain.layout.width


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("box = [2, 2, 20, 6]", "box = [2, 2, 23.1, 6]", "mã QR chồng lên chữ"),
        ("qr = [25, 2, 24]", "qr = [27, 2, 24]", "mã QR vượt ra ngoài nhãn"),
        ("box = [2, 10, 20, 0.3]", "box = [2, 10, 24, 0.3]", "chạm vùng trắng"),
        ("box = [2, 2, 20, 6]", "box = [2, 2, 20, 4]", "cần cao 4.3 mm"),
        ("{stall_code}", "{stall_code} {phone}", "trường không có: phone"),
        ("{stall_code}", "Quét mã để thanh toán", "dài hơn ô"),
        ("sizes = [12, 10]", "sizes = [10, 12]", "phải giảm dần"),
        ("rows = 2", "rows = 3", "vượt ra ngoài trang"),
        ("size = [50, 30]", "size = [50, 31]", "bố cục lớn hơn ô"),
        ("data_matrix = [2, 24, 5]", "data_matrix = [2, 4, 5]", "Data Matrix chồng lên"),
    ],
)
def test_a_sheet_that_would_print_badly_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        small_sheet((old, new))
