"""What the style sheets do where no test of markup sees it: cards, paper, thumbs."""

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.sources import ROOT

PHONE = ViewportSize(width=360, height=740)
THUMB = 44
CARD = """<div class="table-region stack"><table><tbody><tr>
<td data-label="Xã">143 hộ</td><td data-label="Thiếu hôm đó, theo hộ">143 hộ</td>
</tr></tbody></table></div>"""
PAGE = """<nav class="chips">
<details class="drop"><summary class="chip on">Mẫu số: A</summary><ul><li>B</li></ul></details>
<details class="drop"><summary class="chip">Hạng</summary></details></nav>
<section class="panel"><h2>Tải báo cáo</h2><form class="as-of">Từ ngày</form></section>
<p class="share-text"><a href="/a">412/486 hộ</a></p>
<p class="funnel-label"><a href="/b">Có tài khoản</a></p>
<p class="files">Tải bảng này: <a href="/c">CSV</a></p>"""

BADGE = '<span class="badge"><svg width="16" height="16"></svg>Chậm</span>'
BOTTOMS = """() => [document.querySelector(".badge"), document.querySelector("p")].map(each => {
    const words = document.createRange();
    words.selectNode(each.lastChild);
    return words.getBoundingClientRect().bottom;
})"""


def dressed(page: Page, markup: str) -> Page:
    page.set_content(markup)
    for name in ("app.css", "board.css"):
        page.add_style_tag(path=ROOT / "static" / "css" / name)
    return page


def test_a_long_label_on_a_card_has_room_of_its_own(browser: Browser) -> None:
    page = dressed(browser.new_page(viewport=PHONE), CARD)

    short, long = page.eval_on_selector_all("td", "all => all.map(each => each.clientHeight)")
    assert long > short * 1.5
    page.close()


def test_paper_names_what_was_chosen_and_has_no_controls(page: Page) -> None:
    dressed(page, PAGE).emulate_media(media="print")

    assert page.inner_text("body").split("\n\n")[0] == "Mẫu số: A"
    assert not page.is_visible("text=Hạng")
    assert not page.is_visible("text=Tải báo cáo")
    assert not page.is_visible(".files")


@pytest.mark.parametrize("link", [".share-text a", ".funnel-label a", ".files a"])
def test_a_link_beside_figures_can_be_hit_with_a_thumb(browser: Browser, link: str) -> None:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = dressed(context.new_page(), PAGE)

    box = page.locator(link).bounding_box()
    assert box is not None
    assert round(box["height"]) >= THUMB
    context.close()


def test_a_badge_stands_on_the_line_of_the_words_beside_it(page: Page) -> None:
    dressed(page, f"<p>{BADGE} Chỉ tiêu</p>")

    badge, beside = page.evaluate(BOTTOMS)
    assert abs(badge - beside) < 1
