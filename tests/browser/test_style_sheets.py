"""What the style sheets do where no test of markup sees it: cards, paper, thumbs."""

from playwright.sync_api import Browser, Page, ViewportSize

from tests.sources import ROOT

PHONE = ViewportSize(width=360, height=740)
CARD = """<div class="table-region stack"><table><tbody><tr>
<td data-label="Xã">143 hộ</td><td data-label="Thiếu hôm đó, theo hộ">143 hộ</td>
</tr></tbody></table></div>"""


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
