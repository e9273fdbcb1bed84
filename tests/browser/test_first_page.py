"""The first page that anybody sees, in a real browser."""

from playwright.sync_api import Page, expect


def test_a_stranger_is_asked_to_sign_in(page: Page) -> None:
    page.goto("/")

    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")
