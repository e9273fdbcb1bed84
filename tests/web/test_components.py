"""Components keep what they are given from becoming markup, and do what each is for."""

from datetime import UTC, date, datetime

import pytest

from market.domain.errors import Problem
from tests.rendering import render_component

HOSTILE = "<b>&\"'"


EVERY_TEXT = [
    ("forms", "{{ c.field(x, x, value=x, hint=x, error=x, autocomplete=x, suffix=x) }}"),
    ("forms", "{{ c.textarea(x, x, value=x, hint=x, error=x) }}"),
    ("forms", "{{ c.select(x, x, [(x, x), (x, [(x, x)])], value=x, blank=x, error=x) }}"),
    ("forms", "{{ c.radios(x, x, [(x, x, x)], value=x, hint=x, error=x) }}"),
    ("forms", "{{ c.checkbox(x, x, value=x, hint=x, error=x) }}"),
    ("forms", "{{ c.upload(x, x, accept=x, hint=x, error=x, max_bytes=1, too_large=x) }}"),
    ("forms", "{{ c.hidden(x, x) }}{{ c.error_summary([problem], title=x) }}"),
    ("forms", "{% call c.form(x, id=x, attrs={'hx-get': x}) %}{{ x }}{% endcall %}"),
    ("buttons", "{{ c.button(x, name=x, value=x, form=x, action=x) }}{{ c.link_button(x, x) }}"),
    ("buttons", "{% call c.disclosure(x) %}{{ x }}{% endcall %}"),
    (
        "tables",
        "{% call(row) c.data_table(x, [{'label': x, 'sort': x}], [x]) %}"
        "<th scope=row>{{ row }}</th>{% endcall %}",
    ),
    ("tables", "<table><tr>{{ c.pick(x, x, x) }}</tr></table>{{ c.picked(x) }}"),
    ("tables", "{{ c.empty_state(x, x, x) }}"),
    ("filters", "{{ c.search_box(x, value=x, name=x) }}"),
    ("filters", "{{ c.chips(x, [{'label': x, 'url': x, 'current': true}]) }}"),
    ("filters", "{{ c.chip_menu(x, [{'label': x, 'url': x}], current=x, clear=x) }}"),
    ("shares", "{{ c.share(1, 2, x, target=90, percent_text=x, href=x) }}"),
    ("shares", "{{ c.funnel([{'label': x, 'count': 1, 'percent_text': x, 'href': x}], 2, x) }}"),
    ("badges", "{{ c.state_badge(x, x) }}"),
    ("messages", "{% call c.notice('due', x) %}{{ x }}{% endcall %}"),
    ("panels", "{{ c.page_head(x, sub=x) }}{{ c.tile(x, x, x, sub=x, bar=x) }}"),
    ("panels", "{{ c.next_steps([{'text': x, 'detail': x, 'label': x, 'href': x}]) }}"),
    ("panels", "{{ c.facts([(x, x)]) }}"),
    ("panels", "{{ c.history([{'at': day, 'text': x, 'detail': x, 'who': x}]) }}"),
    ("navigation", "{{ c.breadcrumb([{'label': x, 'url': x}, {'label': x}]) }}"),
    ("navigation", "{{ c.tabs(x, [{'label': x, 'url': x}]) }}"),
    ("jobs", "{{ c.progress(x, 1, 2, url=x, message=x, id=x) }}"),
    ("stickers", "{{ c.sheet_picker(x, x, 1, 2, hint=x) }}"),
    (
        "stickers",
        "{{ c.sheet_picture(9, 9, [{'x': 0, 'y': 0, 'width': 9, 'height': 9,"
        " 'state': x, 'text': x}], x) }}",
    ),
    ("accounts", "{{ c.account_number(x) }}{{ c.masked_number(x) }}{{ c.digits_diff(x, 'y') }}"),
    ("shell", "{{ c.market_menu({'name': x, 'code': x}, [{'name': x, 'code': x, 'url': x}]) }}"),
    ("shell", "{{ c.user_menu({'display_name': x, 'email': x}, x, x) }}"),
    ("shell", "{{ c.footer([{'code': x, 'name': x, 'url': x}]) }}"),
]


@pytest.mark.parametrize(("component", "source"), EVERY_TEXT)
def test_a_value_never_becomes_markup(component: str, source: str) -> None:
    page = render_component(
        component,
        source,
        x=HOSTILE,
        day=date(2026, 9, 30),
        problem=Problem(HOSTILE, field=HOSTILE, row=1, column=HOSTILE),
    )

    assert page.all("b") == []
    assert [n for e in page.elements for n in e.attributes if set(n) & set(HOSTILE) - {"b"}] == []


def test_history_tells_days_from_moments() -> None:
    page = render_component(
        "panels",
        "{{ c.history(entries) }}",
        entries=[
            {"at": datetime(2026, 9, 30, 18, 5, tzinfo=UTC), "text": "Kiểm tra", "who": "Thử Một"},
            {"at": date(2026, 9, 2), "text": "Treo tem"},
        ],
    )

    assert [item.text for item in page.all("li")] == [
        "01/10/2026 01:05 · Thử Một Kiểm tra",
        "02/09/2026 Treo tem",
    ]


def test_a_fact_that_is_not_known_is_a_dash() -> None:
    page = render_component("panels", "{{ c.facts([('Điện thoại', none), ('Số tem', 0)]) }}")

    assert [value.text for value in page.all("dd")] == ["–", "0"]


def test_no_more_than_seven_next_steps_each_with_one_button() -> None:
    page = render_component("panels", "{{ c.next_steps(steps) }}", steps=[{"text": "Duyệt"}] * 9)

    assert (len(page.all("li")), len(page.all("a"))) == (7, 7)


def test_the_last_part_of_a_breadcrumb_is_the_page_itself() -> None:
    page = render_component(
        "navigation",
        "{{ c.breadcrumb([{'label': 'Chợ', 'url': '/c'}, {'label': 'A', 'url': '/a'}]) }}",
    )

    assert [link.text for link in page.all("a")] == ["Chợ"]
    assert page.one("span", aria_current="page").text == "A"


@pytest.mark.parametrize(
    ("state", "asks_again"),
    [("queued", True), ("running", True), ("done", False), ("failed", False)],
)
def test_progress_asks_again_only_while_it_goes_on(state: str, asks_again: bool) -> None:
    page = render_component(
        "jobs", "{{ c.progress('In', 2, 8, state=state, url='/jobs/1') }}", state=state
    )

    assert bool(page.all("div", hx_get="/jobs/1")) is asks_again
    assert bool(page.all("progress", value="2", max="8")) is asks_again


def test_used_labels_of_a_sheet_cannot_be_chosen() -> None:
    page = render_component(
        "stickers", "{{ c.sheet_picker('start', 'Ô', 2, 2, selected=3, used=2) }}"
    )

    cells = page.all("input")

    assert [c["value"] for c in cells if "disabled" in c] == ["1", "2"]
    assert [c["value"] for c in cells if "checked" in c] == ["3"]
    assert [label.text for label in page.all("label")][:3] == ["Ô 1 đã dùng", "Ô 2 đã dùng", "Ô 3"]
