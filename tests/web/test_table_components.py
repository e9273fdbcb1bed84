"""Lists: their order, their pages, and the addresses that change both."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.rendering import render_component


@dataclass
class Page:
    """A page of a list, as data_table and pagination read it."""

    items: list[Any]
    total: int = 0
    number: int = 1
    per_page: int = 10

    @property
    def pages(self) -> int:
        return -(-self.total // self.per_page)

    @property
    def has_prev(self) -> bool:
        return self.number > 1

    @property
    def has_next(self) -> bool:
        return self.number < self.pages


COLUMNS = [
    {"label": "Mã", "sort": "code"},
    {"label": "Tỷ lệ", "sort": "share", "number": True},
    {"label": "Việc", "hidden": True},
]
TABLE = (
    "{% call(row) c.data_table('Điểm', columns, page, sort=sort) %}"
    "<th scope=row>{{ row }}</th>{% endcall %}"
)


def test_a_table_scrolls_in_a_region_that_is_named_and_reached_by_key() -> None:
    page = render_component("tables", TABLE, columns=COLUMNS, page=["A-01"])

    region = page.one("div", role="region")

    assert region["tabindex"] == "0"
    assert page.one("caption")["id"] == region["aria-labelledby"]
    assert page.one("caption").text == "Điểm"


def test_each_row_is_written_by_the_caller() -> None:
    page = render_component("tables", TABLE, columns=COLUMNS, page=Page(["A-01", "A-02"], total=2))

    assert [cell.text for cell in page.all("th", scope="row")] == ["A-01", "A-02"]


@pytest.mark.parametrize(
    ("sort", "order", "links"),
    [
        ("", {}, ["?q=ca&sort=code", "?q=ca&sort=-share"]),
        ("code", {"Mã": "ascending"}, ["?q=ca&sort=-code", "?q=ca&sort=-share"]),
        ("-code", {"Mã": "descending"}, ["?q=ca&sort=code", "?q=ca&sort=-share"]),
        ("-share", {"Tỷ lệ": "descending"}, ["?q=ca&sort=code", "?q=ca&sort=share"]),
        ("share", {"Tỷ lệ": "ascending"}, ["?q=ca&sort=code", "?q=ca&sort=-share"]),
    ],
)
def test_a_heading_says_the_order_and_turns_it_from_the_first_page(
    sort: str, order: dict[str, str], links: list[str]
) -> None:
    page = render_component(
        "tables", TABLE, "/list?q=ca&page=3", columns=COLUMNS, page=["A"], sort=sort
    )

    headings = page.all("th", scope="col")

    assert {h.text: h["aria-sort"] for h in headings if "aria-sort" in h} == order
    assert [link["href"] for link in page.all("a")] == links


def test_an_empty_table_says_what_to_do_first() -> None:
    page = render_component(
        "tables",
        "{% call(row) c.data_table('Điểm', [], page, empty=c.empty_state('Chưa có điểm nào',"
        " 'Nhập danh sách của chợ.')) %}{% endcall %}",
        page=Page([]),
    )

    assert page.all("table") == []
    assert page.one("div", class_="empty").text == "Chưa có điểm nào Nhập danh sách của chợ."


def test_tick_boxes_of_rows_are_told_apart_by_ear() -> None:
    page = render_component(
        "tables",
        "{% call(row) c.data_table('Tài khoản', [{'label': 'Chọn tất cả', 'pick': 'account'}],"
        " ['A-01', 'A-02']) %}{{ c.pick('account', row, 'Chọn ' ~ row) }}{% endcall %}",
    )

    assert [label.text for label in page.all("label")] == ["Chọn tất cả", "Chọn A-01", "Chọn A-02"]
    assert [box["value"] for box in page.all("input", name="account")] == ["A-01", "A-02"]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (1, ["1", "2", "…", "10", "Sau"]),
        (2, ["Trước", "1", "2", "3", "…", "10", "Sau"]),
        (4, ["Trước", "1", "2", "3", "4", "5", "…", "10", "Sau"]),
        (5, ["Trước", "1", "…", "4", "5", "6", "…", "10", "Sau"]),
        (10, ["Trước", "1", "…", "9", "10"]),
    ],
)
def test_pages_are_offered_around_the_one_shown(number: int, shown: list[str]) -> None:
    page = render_component(
        "tables", "{{ c.pagination(page) }}", page=Page(["x"], total=97, number=number)
    )

    assert [item.text for item in page.all("li")] == shown
    assert page.one("a", aria_current="page").text == str(number)


def test_the_last_page_counts_the_rows_it_has() -> None:
    page = render_component(
        "tables", "{{ c.pagination(page) }}", page=Page(["x"] * 7, total=1207, number=121)
    )

    assert page.one("p").text == "1.201–1.207 trong 1.207"


def test_one_page_needs_no_links_to_others() -> None:
    page = render_component("tables", "{{ c.pagination(page) }}", page=Page(["x"], total=10))

    assert page.elements == []


def test_a_changed_address_keeps_the_rest_of_the_query() -> None:
    page = render_component(
        "urls",
        "<a href='{{ c.url_with(page=2, sort=none) }}'></a>",
        "/list?q=c%C3%A1&level=none&level=account&sort=code&page=1",
    )

    assert page.one("a")["href"] == "?q=c%C3%A1&level=none&level=account&page=2"


def test_a_query_cannot_lead_to_another_place() -> None:
    page = render_component(
        "urls",
        "<a href='{{ c.url_with(page=2) }}'></a>",
        "/list?_external=1&_scheme=javascript&endpoint=x&%22%3E%3Cb%3E=1",
    )

    assert page.one("a")["href"].startswith("?_external=1&_scheme=javascript&endpoint=x&%22%3E")


def test_a_search_keeps_the_filters_and_starts_at_the_first_page() -> None:
    page = render_component("filters", "{{ c.search_box('Tìm') }}", "/list?q=ca&level=none&page=4")

    assert [(i["name"], i["value"]) for i in page.all("input", type="hidden")] == [
        ("level", "none")
    ]


def test_the_chip_in_force_is_marked_for_the_ear_too() -> None:
    page = render_component(
        "filters",
        "{{ c.chips('Bậc', [{'label': 'Tất cả', 'url': '?'},"
        " {'label': 'Chấp nhận', 'url': '?l=1', 'current': true, 'count': 1412}]) }}",
    )

    assert page.one("a", aria_current="true").text == "Chấp nhận 1.412"
