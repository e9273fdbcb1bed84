"""Every page on the province's demonstration data, SQLite: milliseconds, and times the bare page.

Each page is asked for as the first of the users below who may open it, in this process and
without a network. Beside it, in the same run: the page of signing in, which shows nothing of
the register, so what is left over it is the page's own work.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.routing import BuildError

from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market, MarketOperator
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.sticker import PrintRun, Sticker
from market.models.user import User
from market.models.visit import Incident
from market.services import sessions
from market.services.access import Actor
from market.services.demo import loading
from market.services.demo.plan import Scale
from market.services.sessions import Browser
from tests import running

LIMIT_MS = 200.0
ROUNDS = 7
SLOWEST = 12
BARE = "/sign-in"
EMAILS = ("sct@cho.example", "banquanly@cho.example", "quantri@cho.example")


@dataclass(frozen=True, slots=True)
class Measured:
    """One page: milliseconds by the clock and of the processor, half of the runs below them."""

    path: str
    clock: float
    processor: float


def addresses(app: Flask) -> list[str]:
    """Every page that is only read, filled with what the largest market of the data holds."""
    with app.app_context(), app.test_request_context():
        known = arguments()
        found = []
        for rule in app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
                continue
            values = {name: known[name] for name in rule.arguments if name in known}
            try:
                found.append(app.url_map.bind("localhost").build(rule.endpoint, values))
            except BuildError:
                continue
        return found


def arguments() -> dict[str, Any]:
    """What stands in addresses: things of the market with most stalls."""
    market = db.session.execute(
        select(Market.id, Market.code, Market.commune_code)
        .join(Stall, Stall.market_id == Market.id)
        .group_by(Market.id)
        .order_by(func.count().desc())
        .limit(1)
    ).one()
    here = Stall.market_id == market.id
    stall_id, merchant_id, account_id = db.session.execute(
        select(Stall.id, Merchant.id, PaymentAccount.id)
        .join(Tenancy, Tenancy.stall_id == Stall.id)
        .join(Merchant, Merchant.id == Tenancy.merchant_id)
        .join(PaymentAccount, PaymentAccount.merchant_id == Merchant.id)
        .where(here)
        .limit(1)
    ).one()
    return {
        "market_code": market.code,
        "province_code": "22",
        "commune_code": market.commune_code,
        "stall_id": stall_id,
        "merchant_id": merchant_id,
        "account_id": account_id,
        "operator_id": first(
            select(MarketOperator.operator_id).where(MarketOperator.market_id == market.id)
        ),
        "incident_id": first(select(Incident.id).join(Stall).where(here)),
        "serial": first(select(Sticker.serial).join(Stall).where(here)),
        "number": first(select(PrintRun.number).where(PrintRun.market_id == market.id)),
        "user_id": first(select(User.id)),
        "bin": "970436",
        "template": "a4-8",
    }


def first(query: Any) -> Any:
    """The first value of a query."""
    return db.session.scalars(query.limit(1)).first()


def sign_in(app: Flask, email: str) -> FlaskClient:
    """A browser of that user."""
    client = app.test_client()
    with running.writing(app) as session:
        user = session.scalars(select(User).where(User.email == email)).one()
        token = sessions.open_session(user, browser=Browser("127.0.0.1"), at=datetime.now(UTC))
        session.commit()
    with client.session_transaction() as cookie:
        cookie["token"] = token
    return client


def measured(app: Flask) -> Iterator[Measured]:
    """Each page once, by the first user who may open it; the bare page first."""
    yield time_page(app.test_client(), BARE)
    seen = {BARE}
    for email in EMAILS:
        client = sign_in(app, email)
        for path in addresses(app):
            if path in seen:
                continue
            answer = client.get(path, buffered=True)
            if answer.status_code >= 500:
                raise RuntimeError(f"{path} answers {answer.status_code}")
            if answer.status_code == 200 and answer.mimetype == "text/html":
                seen.add(path)
                yield time_page(client, path)


def time_page(client: FlaskClient, path: str) -> Measured:
    """The middle of some runs."""
    clock, processor = [], []
    for _ in range(ROUNDS):
        start, busy = time.perf_counter(), time.process_time()
        client.get(path, buffered=True)
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
    return Measured(path, statistics.median(clock) * 1000, statistics.median(processor) * 1000)


def report() -> None:
    """The slowest pages, and how many are over the limit."""
    with tempfile.TemporaryDirectory() as folder:
        settings = running.make_settings(f"sqlite:///{Path(folder) / 'demo.sqlite3'}", Path(folder))
        running.migrate(settings)
        with running.running(settings) as app:
            with running.writing(app) as session:
                actor = Actor.system(datetime.now(UTC))
                loading.load(Scale.PROVINCE, seed=2026, actor=actor)
                session.commit()
            bare, *pages = measured(app)
    pages.sort(key=lambda each: each.clock, reverse=True)
    print(f"{len(pages)} pages on the data of a province, SQLite; bare page {bare.clock:.1f} ms")
    print(f"{'':60}{'ms':>8}{'processor':>11}{'× bare':>8}")
    for each in pages[:SLOWEST]:
        ratio = each.clock / bare.clock
        print(f"{each.path:60}{each.clock:>8.1f}{each.processor:>11.1f}{ratio:>8.1f}")
    late = sum(each.clock > LIMIT_MS for each in pages)
    print(f"limit {LIMIT_MS:.0f} ms: {late} of {len(pages)} pages over it")


if __name__ == "__main__":
    report()
