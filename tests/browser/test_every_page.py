"""Every page as its users get it: nothing for axe to find, nothing wider than a small phone.

Pages are answered by the app in this process, on the world's own clock, so that what is
looked at does not depend on the day of the test.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route, ViewportSize

from tests import running, worlds
from tests.databases import SQLITE, Databases

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
HOST = "http://localhost"
PATIENCE_MS = 120_000
NARROW = ViewportSize(width=320, height=640)
# Together these open every page there is; each is shown what those before were not.
PRINCIPALS = ("manager", "officer", "volunteer", "administrator", "auditor", "anonymous")
FAULTS = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    return found.violations.map(each => `${each.id}: ${each.nodes[0].html}`);
}"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module", params=[0, 30], ids=["few", "many"])
def served(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The app on two markets, with little or much in one of them."""
    with databases.migrated(SQLITE) as address:
        settings = running.make_settings(address, tmp_path_factory.mktemp("pages"))
        with running.running(settings) as app:
            with running.writing(app) as session:
                app.extensions["world"] = worlds.build(crowd=request.param)
                session.commit()
            yield app


def test_every_page_is_accessible_and_fits_a_small_phone(served: Flask, browser: Browser) -> None:
    wrong = {}
    seen: set[str] = set()
    for principal in PRINCIPALS:
        client = worlds.sign_in(served, served.extensions["world"], principal)
        context = browser.new_context(viewport=NARROW, bypass_csp=True)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(path=AXE)
        page = context.new_page()
        page.route("**/*", partial(answer, client))
        for path in pages(served, client, seen):
            if faults := faults_of(page, path):
                wrong[principal, path] = faults
        context.close()

    assert wrong == {}


def pages(app: Flask, client: FlaskClient, seen: set[str]) -> list[str]:
    """Addresses that answer this user with a page that nobody was shown yet."""
    found = []
    for rule, path in worlds.addresses(app, app.extensions["world"].east):
        if rule.endpoint in seen | {"static"}:
            continue
        given = client.get(path, buffered=True)
        if given.status_code == 200 and given.mimetype == "text/html":
            seen.add(rule.endpoint)
            found.append(path)
    return found


def faults_of(page: Page, path: str) -> list[str]:
    """What axe finds, and by how much the page is too wide."""
    page.goto(HOST + path, wait_until="load")
    faults: list[str] = page.evaluate(FAULTS)
    if wider := page.evaluate(TOO_WIDE):
        faults.append(f"{wider} px too wide")
    return faults


def answer(client: FlaskClient, route: Route) -> None:
    """Pass a request of the browser on to the app; who asks is known by the client's cookies."""
    parts = urlsplit(route.request.url)
    given = client.get(f"{parts.path}?{parts.query}", follow_redirects=True, buffered=True)
    route.fulfill(
        status=given.status_code,
        body=given.data,
        content_type=given.content_type,
    )
