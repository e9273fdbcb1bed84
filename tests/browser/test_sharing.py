"""Handing a sticker's picture on by the phone's own sheet."""

from playwright.sync_api import Page, expect

LINK = """
  const link = document.createElement("a");
  link.href = "/static/img/favicon.svg";
  link.download = "";
  link.dataset.share = "7K2M9QXR.png";
  link.textContent = "Gửi";
  document.querySelector("main").append(link);
"""
PHONE = """() => {
  navigator.canShare = ({ files }) => files.length === 1;
  navigator.share = async ({ files }) => {
    document.title = `${files[0].name} ${files[0].type} ${files[0].size > 0}`;
  };
}"""


def test_a_phone_is_handed_the_picture(page: Page, live_server: str) -> None:
    page.goto(f"{live_server}/sign-in")
    page.evaluate(PHONE)
    page.evaluate(LINK)

    page.click("text=Gửi")

    expect(page).to_have_title("7K2M9QXR.png image/png true")


def test_where_nothing_can_be_shared_the_link_downloads(page: Page, live_server: str) -> None:
    page.goto(f"{live_server}/sign-in")
    page.evaluate("navigator.canShare = undefined")
    page.evaluate(LINK)

    with page.expect_download() as download:
        page.click("text=Gửi")

    assert download.value.suggested_filename
