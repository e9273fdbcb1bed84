"""Forms: labels, hints and errors belong to their controls."""

import pytest

from market.domain.errors import Problem
from tests.rendering import render_component

CONTROLS = [
    "c.field('code', 'Mã', error=error, hint=hint)",
    "c.textarea('code', 'Mã', error=error, hint=hint)",
    "c.select('code', 'Mã', [('a', 'A')], error=error, hint=hint)",
    "c.radios('code', 'Mã', [('a', 'A'), ('b', 'B')], error=error, hint=hint)",
    "c.checkbox('code', 'Mã', error=error, hint=hint)",
    "c.upload('code', 'Mã', error=error, hint=hint)",
]


@pytest.mark.parametrize("control", CONTROLS)
def test_the_error_summary_leads_to_the_control(control: str) -> None:
    page = render_component(
        "forms",
        "{{ c.error_summary([problem]) }}{{ " + control + " }}",
        problem=Problem("Nhập mã.", field="code"),
    )

    target = page.one("a")["href"].removeprefix("#")

    assert [
        e.attributes.get("name") for e in page.elements if e.attributes.get("id") == target
    ] == ["code"]


@pytest.mark.parametrize("control", CONTROLS)
def test_each_control_has_a_label_of_its_own(control: str) -> None:
    page = render_component("forms", "{{ " + control + " }}")

    ids = [e["id"] for e in page.elements if e.tag in {"input", "select", "textarea"}]

    assert [label["for"] for label in page.all("label")] == ids
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("control", CONTROLS)
def test_hint_and_error_are_read_out_with_the_control(control: str) -> None:
    page = render_component(
        "forms", "{{ " + control + " }}", error="Nhập mã.", hint="Như trên biển"
    )

    described = next(e["aria-describedby"] for e in page.elements if "aria-describedby" in e)
    texts = [e.text for e in page.elements if e.attributes.get("id") in described.split()]

    assert sorted(texts) == ["Lỗi: Nhập mã.", "Như trên biển"]


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_without_hint_and_error_refers_to_nothing(control: str) -> None:
    page = render_component("forms", "{{ " + control + " }}")

    assert [e for e in page.elements if "aria-describedby" in e or "aria-invalid" in e] == []


def test_the_error_summary_says_the_place_in_the_sheet() -> None:
    page = render_component(
        "forms",
        "{{ c.error_summary(problems) }}",
        problems=[
            Problem("Ô này là số.", row=12, column="Số TK"),
            Problem("Dòng trống.", row=13),
            Problem("Thiếu cột.", column="Tên"),
            Problem("Tệp hỏng."),
        ],
    )

    assert [item.text for item in page.all("li")] == [
        "Dòng 12, cột Số TK: Ô này là số.",
        "Dòng 13: Dòng trống.",
        "Cột Tên: Thiếu cột.",
        "Tệp hỏng.",
    ]


def test_the_error_summary_takes_the_focus() -> None:
    page = render_component(
        "forms", "{{ c.error_summary([problem]) }}", problem=Problem("Tệp hỏng.")
    )

    summary = page.one("div", role="alert")

    assert "autofocus" in summary
    assert summary["tabindex"] == "-1"


def test_no_problems_no_error_summary() -> None:
    page = render_component("forms", "{{ c.error_summary(none) }}{{ c.error_summary([]) }}")

    assert page.elements == []


def test_a_form_that_posts_carries_the_token() -> None:
    page = render_component("forms", "{% call c.form('/save') %}{% endcall %}")

    assert page.one("input", name="csrf_token", type="hidden")["value"] != ""


def test_a_form_that_gets_carries_no_token() -> None:
    page = render_component("forms", "{% call c.form('/list', method='get') %}{% endcall %}")

    assert page.all("input") == []


def test_a_password_is_never_written_back() -> None:
    page = render_component(
        "forms", "{{ c.field('p', 'Mật khẩu', value='bimat', type='password') }}"
    )

    assert "bimat" not in page.html


def test_what_may_be_left_out_says_so() -> None:
    page = render_component(
        "forms",
        "{{ c.field('a', 'Mã') }}{{ c.field('b', 'Ghi chú', required=false) }}",
    )

    assert [label.text for label in page.all("label")] == ["Mã", "Ghi chú (không bắt buộc)"]
    assert ["required" in control for control in page.all("input")] == [True, False]


def test_a_zero_is_written_into_its_field() -> None:
    page = render_component("forms", "{{ c.field('n', 'Số', value=0) }}")

    assert page.one("input")["value"] == "0"


def test_a_select_finds_its_choice_among_groups_and_numbers() -> None:
    page = render_component(
        "forms",
        "{{ c.select('s', 'Khu', [('Tầng 1', [(1, 'A'), (2, 'B')]), (3, 'C')], value='2') }}",
    )

    assert [option.text for option in page.all("option") if "selected" in option] == ["B"]


def test_only_the_given_choices_are_ticked() -> None:
    page = render_component(
        "forms",
        "{{ c.radios('d', 'Ngày', [(1, 'Một'), (2, 'Hai')], value='2') }}"
        "{{ c.radios('k', 'Loại', [('a', 'A'), ('b', 'B')], value='a') }}"
        "{{ c.checkbox('consent', 'Đồng ý') }}",
    )

    assert [box["value"] for box in page.all("input") if "checked" in box] == ["2", "a"]
