"""The main job as a board does it: from its Excel file to stickers that pay the right account."""

import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Page, expect

from market.documents.sheets import Template, get_template
from tests.factories import PASSWORD, make_market, make_operator, make_user
from tests.paper import MILLIMETRE
from tests.worlds import Transaction

LIST = Path(__file__).parents[1] / "data" / "workbooks" / "cho-dam-ha.xlsx"
FIRST_ROW, LAST_ROW = 9, 66
WRONG_ROWS = {15, 17, 21, 31, 33, 53, 60}
NUMBER_CELL_ROW, NUMBER_CELL_NAME = 13, "Chìu Thị Ánh"
# The name is in a cell joined with the one below, whose stall is the same trader's.
JOINED_ROW, SECOND_STALL = 65, "C20"
# By the directory of NAPAS, not by the service's own.
BINS = {
    "vnpt money": "971011",
    "viettel money": "971005",
    "vietcombank": "970436",
    "bidv": "970418",
    "vietinbank": "970415",
    "agribank": "970405",
    "nh nông nghiệp và ptnt": "970405",
    "mb": "970422",
    "mb bank": "970422",
    "techcombank": "970407",
}
SHEET = "a4-8"
SCALE = 200 / 72
PAYMENT = "000201"
STALL = re.compile(r"[ABC][0-9]{2}A?")
Pays = tuple[str, str]


@pytest.fixture(autouse=True)
def _market(transaction: Transaction) -> None:
    """An empty market with a manager and a deputy."""
    with transaction():
        operator = make_operator("Ban quản lý chợ Đầm Hà")
        make_market("QN-DAMHA", "Chợ Đầm Hà", operator=operator)
        make_user(operator=operator, email="truongban@example.vn")
        make_user(operator=operator, email="phoban@example.vn")


def test_a_list_becomes_stickers_that_pay_the_right_accounts(page: Page) -> None:
    walk(page)


def test_the_same_works_without_script(page_without_script: Page) -> None:
    walk(page_without_script)


def walk(page: Page) -> None:
    """Import, approve, print, and read every code on the paper."""
    sign_in(page, "truongban@example.vn")
    import_list(page)
    sign_out(page)
    sign_in(page, "phoban@example.vn")
    approve(page)
    pdf = printed(page)

    assert paid_by_label(pdf, get_template(SHEET)) == accounts_in_list()


def sign_in(page: Page, email: str) -> None:
    """Sign in; whoever runs one market lands on it."""
    page.goto("/sign-in")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Chợ Đầm Hà")


def sign_out(page: Page) -> None:
    """Leave by the user's menu."""
    page.locator("details.user summary").click()
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")


def import_list(page: Page) -> None:
    """Upload the board's own file, look at the preview, take it in without its wrong rows."""
    menu(page, "Nhập danh sách")
    page.get_by_label("Tệp danh sách").set_input_files(LIST)
    page.get_by_role("button", name="Tải lên và xem trước").click()
    for label, count in (
        ("Điểm kinh doanh", "50"),
        ("Hộ kinh doanh", "47"),
        ("Điểm trống", "1"),
        ("Hộ có tài khoản", "46"),
    ):
        term = page.locator("dt", has_text=re.compile(f"^{label}$"))
        expect(term.locator("xpath=following-sibling::dd[1]")).to_have_text(count)
    expect(page.get_by_role("link", name="Lỗi 7")).to_be_visible()
    page.get_by_role("button", name="Nhập 47 hộ, bỏ qua 7 dòng lỗi").click()
    expect(page.get_by_text("Đã nhập 47 hộ ở 50 điểm")).to_be_visible()


def approve(page: Page) -> None:
    """All at once; then the one from a number cell, with its number typed from paper."""
    menu(page, "Tài khoản")
    page.get_by_role("button", name=re.compile("Duyệt tất cả")).click()
    row = page.get_by_role("row", name=re.compile(NUMBER_CELL_NAME))
    row.get_by_role("link", name="Xem").click()
    (number,) = [pays[1] for row, _, pays in good_rows() if row == NUMBER_CELL_ROW]
    page.get_by_label(re.compile("gõ lại số tài khoản")).fill(number)
    page.get_by_role("button", name="Duyệt tài khoản này").click()
    menu(page, "Tài khoản")
    expect(page.get_by_role("row", name=re.compile(NUMBER_CELL_NAME))).to_have_count(0)


def printed(page: Page) -> bytes:
    """Print all stickers that are due and fetch the file."""
    menu(page, "In tem")
    page.get_by_role("button", name=re.compile("Lập đợt in")).click()
    page.get_by_role("button", name=re.compile("^In [0-9]+ tem")).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải tệp PDF").click()
    return download.value.path().read_bytes()


def menu(page: Page, name: str) -> None:
    """Go somewhere by the main menu."""
    page.get_by_role("navigation", name="Trình đơn chính").get_by_role("link", name=name).click()


def accounts_in_list() -> dict[str, Pays]:
    """Whom the sticker of each stall must pay, read from the file by hand."""
    return {stall: pays for _, stalls, pays in good_rows() for stall in stalls}


def good_rows() -> Iterator[tuple[int, list[str], Pays]]:
    """(row, stalls, (BIN, number)) of each good row that names an account."""
    sheet = openpyxl.load_workbook(LIST).active
    for row in range(FIRST_ROW, LAST_ROW + 1):
        stall, number, bank = (sheet.cell(row, column).value for column in (5, 7, 8))
        if row in WRONG_ROWS or not stall or not number:
            continue
        below = [SECOND_STALL] if row == JOINED_ROW else []
        stalls = [*re.split(r",\s*", stall), *below]
        yield row, stalls, (BINS[bank.lower()], re.sub(r"[^0-9]", "", str(number)))


def paid_by_label(pdf: bytes, template: Template) -> dict[str, Pays]:
    """What the code on each label pays, by the stall code printed beside it."""
    found: dict[str, Pays] = {}
    for words, codes in labels(pdf, template):
        payments = [code for code in codes if code.startswith(PAYMENT)]
        stalls = [word for word in words if STALL.fullmatch(word)]
        assert len(payments) == len(stalls) <= 1
        for stall, payment in zip(stalls, payments, strict=True):
            assert stall not in found
            found[stall] = pays(payment)
    return found


def labels(pdf: bytes, template: Template) -> Iterator[tuple[list[str], list[str]]]:
    """(words, texts of the codes) on each label of each page."""
    document = pypdfium2.PdfDocument(pdf)
    for page in document:
        texts, height = page.get_textpage(), page.get_height()
        picture = page.render(scale=SCALE, grayscale=True).to_pil()
        for slot in range(template.labels_per_page):
            corner = [each + template.slug for each in template.slot_of(slot)]
            far = [each + size for each, size in zip(corner, template.label, strict=True)]
            left, top, right, bottom = (each * MILLIMETRE for each in (*corner, *far))
            words = texts.get_text_bounded(left, height - bottom, right, height - top).split()
            area = (left * SCALE, top * SCALE, right * SCALE, bottom * SCALE)
            yield words, [code.text for code in zxingcpp.read_barcodes(picture.crop(area))]
        texts.close()
        page.close()
    document.close()


def pays(payload: str) -> Pays:
    """BIN and account number in a VietQR text, taken apart here and not by the service."""
    consumer = fields(fields(payload)["38"])
    account = fields(consumer["01"])
    assert consumer["00"] == "A000000727"
    return account["00"], account["01"]


def fields(text: str) -> dict[str, str]:
    """Id, two digits of length, value; again and again."""
    found = {}
    while text:
        length = int(text[2:4])
        found[text[:2]] = text[4 : 4 + length]
        text = text[4 + length :]
    return found
