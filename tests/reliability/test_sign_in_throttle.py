"""The throttle of signing in counts over all workers of a server and outlives the server."""

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from base64 import urlsafe_b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from market.config import Settings
from market.services.sessions import TRIES_PER_NAME
from tests.servers import serving

WORKERS = 4
TRIES = 16
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def try_once(address: str) -> int:
    """The status of one wrong sign-in from a browser of its own."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(cookies)
    with browser.open(f"{address}/sign-in", timeout=60) as page:
        found = TOKEN.search(page.read().decode())
    assert found is not None
    form = {"csrf_token": found[1], "email": "ai@example.vn", "password": "sai mat khau roi"}
    try:
        with browser.open(
            f"{address}/sign-in", urllib.parse.urlencode(form).encode(), timeout=60
        ) as answer:
            status: int = answer.status
    except urllib.error.HTTPError as refused:
        status = refused.code
        refused.close()
    return status


def test_the_throttle_holds_over_four_workers_and_a_restart(
    settings: Settings, tmp_path: Path
) -> None:
    environment = {
        "CHO_DATABASE_URL": settings.database_url,
        "CHO_INSTANCE": str(settings.instance),
        "CHO_SECRET_KEY": settings.secret_key,
        "CHO_DATA_KEY": urlsafe_b64encode(settings.data_key).decode(),
    }

    with (
        serving(environment, log=tmp_path / "first.log", workers=WORKERS) as address,
        ThreadPoolExecutor(TRIES) as pool,
    ):
        statuses = Counter(pool.map(try_once, [address] * TRIES))
    with serving(environment, log=tmp_path / "second.log", workers=WORKERS) as address:
        after_restart = try_once(address)

    assert statuses == {422: TRIES_PER_NAME.tries, 429: TRIES - TRIES_PER_NAME.tries}
    assert after_restart == 429
