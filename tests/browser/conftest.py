"""Debian's Chromium, headless; a page that fails the test for what no page may do."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

# A slow machine, shared with others, is no fault of a page.
PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)

NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of this process; each page is in a context of its own."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=list(ARGUMENTS), timeout=PATIENCE_MS
        )
        yield chromium
        chromium.close()


@pytest.fixture
def faults() -> list[str]:
    """What the pages saw go wrong; a test that expects a fault removes it."""
    return []


@pytest.fixture
def new_context(browser: Browser, live_server: str, faults: list[str]) -> Iterator[NewContext]:
    """Makes browser windows of their own whose relative addresses lead to `live_server`.

    The test fails at its end if a script failed, the content policy was broken or
    another host was asked.
    """
    opened: list[BrowserContext] = []

    def note_request(request: Request) -> None:
        if urlsplit(request.url).scheme in {"http", "https", "ws", "wss"} and not (
            request.url.startswith(f"{live_server}/")
        ):
            faults.append(f"asked another host: {request.url}")

    def note_message(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(base_url=live_server, locale="vi-VN", **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", note_request)
        context.on("console", note_message)
        context.on("weberror", lambda error: faults.append(f"script failed: {error.error}"))
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
    assert faults == []


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """An empty page in a window of its own."""
    return new_context().new_page()


@pytest.fixture
def page_without_script(new_context: NewContext) -> Page:
    """An empty page of a browser that runs no script."""
    return new_context(java_script_enabled=False).new_page()
