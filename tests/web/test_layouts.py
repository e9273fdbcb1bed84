"""The frame around pages: it names the page, lets people in past it, and fails with nobody."""

from typing import Any

import pytest

from tests import rendering
from tests.markup import Markup
from tests.rendering import make_bare_app, render_on_layout, render_page

LAYOUTS = ["board", "plain", "public"]
ERRORS = [400, 403, 404, 409, 413, 422, 429, 500, 503]
USER = {"display_name": "Hoàng Thị Quản Lý", "email": "quanly@cho.example"}
MARKET = {"code": "QN-THU", "name": "Chợ Thử"}


@pytest.fixture
def no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application of its own: imported templates keep the globals of their first reading."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the session was asked for")

    app = make_bare_app()
    app.jinja_env.globals.update(get_flashed_messages=refuse, csrf_token=refuse)
    monkeypatch.setattr(rendering, "bare_app", lambda: app)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_page_is_named_and_in_its_language(layout: str) -> None:
    page = render_on_layout(layout)

    assert page.one("title").text == "Tên trang – Chợ 4.0"
    assert page.one("html")["lang"] == "vi"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_page_with_problems_says_so_first(layout: str) -> None:
    page = render_on_layout(layout, problems=["x"])

    assert page.one("title").text == "Lỗi: Tên trang – Chợ 4.0"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_first_link_leads_past_the_frame(layout: str) -> None:
    page = render_on_layout(layout, content="<h1>Tên trang</h1>")

    assert page.all("a")[0]["href"] == "#main"
    assert page.one("main")["id"] == "main"
    assert page.one("main").text == "Tên trang"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_asks_no_other_host(layout: str) -> None:
    page = render_on_layout(layout)

    addresses = [e[name] for e in page.elements for name in ("href", "src") if name in e]

    assert [a for a in addresses if not a.startswith(("/", "#")) or a.startswith("//")] == []


def test_the_menu_marks_where_one_is() -> None:
    page = render_on_layout(
        "board",
        nav=[
            {"label": "Hôm nay", "url": "/t", "current": False},
            {"label": "In tem", "url": "/i", "current": True},
        ],
    )

    assert page.one("a", aria_current="page").text == "In tem"


def test_those_who_run_one_market_see_its_name_and_no_switch() -> None:
    page = render_on_layout("board", current_user=USER, market=MARKET, market_switch=[])

    assert page.one("p", class_="market-name").text == "Chợ Thử"


def test_those_who_run_several_markets_can_switch() -> None:
    other = {"code": "QN-HAI", "name": "Chợ Hai", "url": "/markets/QN-HAI"}
    page = render_on_layout(
        "board", market=MARKET, market_switch=[{**MARKET, "url": "/markets/QN-THU"}, other]
    )

    assert page.one("a", aria_current="true").text == "Chợ Thử"
    assert page.one("a", href="/markets/QN-HAI").text == "Chợ Hai"


def test_signing_out_is_a_post_with_the_token() -> None:
    page = render_on_layout("board", current_user=USER, sign_out_url="/sign-out")

    assert page.one("form", action="/sign-out")["method"] == "post"
    assert page.one("input", name="csrf_token")["value"] != ""


def test_nobody_signed_in_has_nothing_to_sign_out_of() -> None:
    page = render_on_layout("board", current_user=None, sign_out_url="/sign-out")

    assert page.all("form") == []


def test_pages_are_not_kept_in_the_browser_and_nothing_is_evaluated() -> None:
    settings = render_on_layout("board").one("meta", name="htmx-config")["content"]

    assert '"historyCacheSize":0' in settings
    assert '"allowEval":false' in settings
    assert '"includeIndicatorStyles":false' in settings


def test_the_shopper_loads_nothing_of_the_office() -> None:
    page = render_on_layout("public")

    assert [link["href"] for link in page.all("link", rel="stylesheet")] == ["/static/css/app.css"]
    assert [script["src"] for script in page.all("script")] == ["/static/js/app.js"]


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.usefixtures("no_session")
def test_an_error_page_says_what_happened_and_what_to_do_without_a_session(status: int) -> None:
    page = render_page(f"errors/{status}.html")

    assert page.one("title").text == f"{page.one('h1').text} – Chợ 4.0"
    assert len([p for p in sentences(page) if len(p) > 25]) >= 2
    assert page.one("a", class_="button")["href"] == "/"


@pytest.mark.parametrize("status", ERRORS)
def test_an_error_page_gives_the_words_of_the_refusal(status: int) -> None:
    page = render_page(f"errors/{status}.html", message="Tài khoản này đã được duyệt.")

    assert sentences(page)[0] == "Tài khoản này đã được duyệt."


@pytest.mark.parametrize(
    ("retry_after", "words"),
    [
        (30, "Hãy thử lại sau 30 giây."),
        (91, "Hãy thử lại sau 2 phút."),
        (None, "Hãy đợi vài phút rồi thử lại."),
    ],
)
def test_those_who_tried_too_often_learn_when_to_try_again(
    retry_after: int | None, words: str
) -> None:
    page = render_page("errors/429.html", retry_after=retry_after)

    assert words in sentences(page)


def sentences(page: Markup) -> list[str]:
    """What its paragraphs say, the frame's left out."""
    return [p.text for p in page.all("p") if p.text and not p.text.startswith("Chợ 4.0")]
