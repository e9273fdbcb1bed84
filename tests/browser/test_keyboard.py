"""The whole way from a new merchant to a printed sticker by keyboard alone, without script."""

from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Page, expect

from tests.factories import (
    PASSWORD,
    make_market,
    make_operator,
    make_section,
    make_stall,
    make_user,
)
from tests.worlds import Transaction

BOARD, DEPUTY = "truongban@example.vn", "phoban@example.vn"
MOST_STEPS = 60
NAME_OF_FOCUSED = """() => {
    const it = document.activeElement;
    const labels = [...(it.labels || [])].map(each => each.innerText);
    return (labels.join(" ") || it.innerText || it.value || "").trim();
}"""


@pytest.fixture(autouse=True)
def _market(transaction: Transaction) -> None:
    """A market with a section, a manager and a deputy."""
    with transaction():
        operator = make_operator("Ban quản lý chợ Đầm Hà")
        market = make_market("QN-DAMHA", "Chợ Đầm Hà", operator=operator)
        make_stall(market, "A12", section=make_section(market, "Khu A"))
        for email in (BOARD, DEPUTY):
            make_user(operator=operator, email=email)


def test_a_merchant_gets_a_sticker_by_keyboard_alone(page_without_script: Page) -> None:
    page = page_without_script

    sign_in(page, BOARD)
    press(page, "Hộ kinh doanh")
    press(page, "Thêm hộ")
    for label, text in (
        ("Mã điểm kinh doanh", "A12"),
        ("Tên hộ", "Đỗ Thị Mẫu"),
        ("Ngân hàng", "Vietcombank"),
        ("Số tài khoản", "8800112233"),
        ("Tên chủ tài khoản", "DO THI MAU"),
    ):
        go_to(page, label)
        page.keyboard.type(text)
    press(page, "Thêm hộ")
    expect(page.get_by_text("Đã thêm hộ Đỗ Thị Mẫu vào điểm A12")).to_be_visible()
    go_to(page, "Người dùng mẫu")
    page.keyboard.press("Enter")
    press(page, "Đăng xuất")
    sign_in(page, DEPUTY)
    press(page, "Tài khoản")
    press(page, "Duyệt tất cả")
    press(page, "In tem")
    press(page, "Lập đợt in 1 tem")
    press(page, "In 1 tem")
    go_to(page, "Tải tệp PDF")
    with page.expect_download() as download:
        page.keyboard.press("Enter")

    assert "8800112233" in code_on(download.value.path())


def sign_in(page: Page, email: str) -> None:
    """From the first page."""
    page.goto("/sign-in")
    go_to(page, "Email")
    page.keyboard.type(email)
    go_to(page, "Mật khẩu")
    page.keyboard.type(PASSWORD)
    press(page, "Đăng nhập")
    expect(page.get_by_role("heading", level=1)).to_have_text("Chợ Đầm Hà")


def press(page: Page, name: str) -> None:
    """Go to what is called so, press Enter, and wait for the page it leads to."""
    go_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def go_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what begins with that name, and can be seen there."""
    passed = []
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(NAME_OF_FOCUSED))
        if passed[-1].startswith(name):
            assert page.evaluate("document.activeElement.matches(':focus-visible')")
            return
    raise AssertionError(f"{name} is not reached by Tab: {passed}")


def code_on(path: Path) -> str:
    """The payment code on the first page."""
    picture = pypdfium2.PdfDocument(path)[0].render(scale=200 / 72, grayscale=True).to_pil()
    (payment,) = [
        code.text for code in zxingcpp.read_barcodes(picture) if code.text.startswith("000201")
    ]
    return payment
