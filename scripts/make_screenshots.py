"""Takes the pictures of the user guide: demonstration data, a board's list, its stickers.

Run by hand: .venv/bin/python scripts/make_screenshots.py (pictures go to docs/img/).
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "img"
LIST = ROOT / "tests" / "data" / "workbooks" / "cho-dam-ha.xlsx"
BIN = Path(sys.executable).parent
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def main() -> None:
    """Serve demonstration data, walk through the board's work, keep pictures of it."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as instance, serving(Path(instance)) as address:
        passwords = read_passwords(Path(instance))
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=list(QUIET))
            board = signed_in(browser, address, passwords, "banquanly@cho.example")
            other = signed_in(browser, address, passwords, "phoban@cho.example")
            walk(board, other, address)
            officer = signed_in(browser, address, passwords, "sct@cho.example")
            walk_shares(officer, address)
            browser.close()


def walk(board: Page, other: Page, address: str) -> None:
    """Import, approve, print; then the pages on shares."""
    market = f"{address}/markets/QN-DAMHA"
    board.goto(f"{market}/imports")
    board.set_input_files("input[type=file]", str(LIST))
    board.locator("main form button.primary").first.click()
    board.wait_for_url("**/imports/*")
    keep(board, "xem-truoc")
    board.locator("main button.primary").first.click()
    board.wait_for_load_state()
    keep(board, "da-nhap")
    other.goto(f"{market}/accounts")
    keep(other, "duyet-tai-khoan")
    other.locator("button[name=all]").click()
    other.wait_for_load_state()
    board.goto(f"{market}/stickers")
    keep(board, "in-tem")
    board.goto(f"{address}/markets/QN-CAOXANH")
    keep(board, "hom-nay")
    board.goto(f"{address}/markets/QN-CAOXANH/coverage")
    keep(board, "bao-cao")
    board.set_viewport_size(PHONE)
    board.goto(f"{address}/markets/QN-CAOXANH/visits")
    keep(board, "kiem-tra-dien-thoai")


def walk_shares(officer: Page, address: str) -> None:
    """The province in figures, its communes, and a market by its parts."""
    officer.goto(f"{address}/provinces/22")
    keep(officer, "ty-le-tinh")
    keep_part(officer, ".panel:has(.share-grid)", "luoi-xa-phuong")
    keep_part(officer, "#proof", "muc-tin-cay")
    officer.goto(f"{address}/markets/QN-CAOXANH/coverage")
    keep_part(officer, ".columns:has(#by-section)", "cho-theo-khu")


def signed_in(browser: Browser, address: str, passwords: dict[str, str], email: str) -> Page:
    """A page of that user's own browser context."""
    page = browser.new_context(viewport=DESKTOP, locale="vi-VN").new_page()
    page.goto(f"{address}/sign-in")
    page.fill("#f-email", email)
    page.fill("#f-password", passwords[email])
    page.locator("main button.primary").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    return page


def keep(page: Page, name: str) -> None:
    """Keep what the window shows."""
    page.screenshot(path=PICTURES / f"{name}.png")


def keep_part(page: Page, selector: str, name: str) -> None:
    """Keep one part of the page."""
    page.locator(selector).screenshot(path=PICTURES / f"{name}.png")


def read_passwords(instance: Path) -> dict[str, str]:
    """Password by email, as demonstration data left them."""
    lines = (instance / "demo-sign-ins.txt").read_text(encoding="utf-8").splitlines()
    return {email: password for email, password, *_ in (line.split() for line in lines)}


@contextmanager
def serving(instance: Path) -> Iterator[str]:
    """The service on a free port with demonstration data; ends with the block."""
    environment = {**os.environ, "CHO_INSTANCE": str(instance)}
    for command in (["db", "upgrade"], ["areas", "load"], ["demo", "load"]):
        subprocess.run([BIN / "flask", *command], cwd=ROOT, env=environment, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = subprocess.Popen(
        [BIN / "gunicorn", "--bind", address, "wsgi:app"], cwd=ROOT, env=environment
    )
    try:
        wait_for(f"http://{address}/healthz")
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_for(url: str) -> None:
    """Until it answers; gives up after half a minute."""
    for _ in range(60):
        try:
            urlopen(url, timeout=5)
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit(f"{url} does not answer")


if __name__ == "__main__":
    main()
