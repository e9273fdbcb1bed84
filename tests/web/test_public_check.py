"""What a shopper learns from the serial of a sticker: what is printed on it, and no more."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.serials import new_serial
from market.domain.stickers import StickerState, VoidReason
from market.models.market import Market
from market.models.sticker import Sticker
from market.services import sticker_moves
from market.web.public_check import LOOKS
from tests.factories import NOW, make_account, make_market
from tests.print_shop import SYSTEM, Ready, make_ready, make_run, printed_run, stickers_of

Transaction = Callable[[], AbstractContextManager[Session]]


@pytest.fixture(autouse=True)
def _clock(app: Flask) -> None:
    """The service's clock stands still: a look counts for a minute only."""
    app.extensions["cho_clock"] = lambda: NOW


@pytest.fixture
def ready(transaction: Transaction) -> Ready:
    """A stall whose sticker is on paper."""
    with transaction():
        market = make_market("QN-DAMHA", "Chợ Đầm Hà")
        found = make_ready(market, "A1", "88001007654", holder_name="NGUYEN THI MAU")
        printed_run(market)
        return found


def serial_of(transaction: Transaction) -> str:
    """The serial of the one sticker."""
    with transaction() as session:
        return session.scalars(select(Sticker.serial)).one()


def test_a_live_sticker_shows_what_is_printed_on_it(
    client: FlaskClient, ready: Ready, transaction: Transaction
) -> None:
    page = client.get(f"/t/{serial_of(transaction)}")

    assert page.status_code == 200
    for said in ("Chợ Đầm Hà", "A1", "NGUYEN THI MAU", "Vietcombank", "7654"):
        assert said in page.text


def test_it_shows_neither_the_number_nor_the_merchant(
    client: FlaskClient, ready: Ready, transaction: Transaction
) -> None:
    page = client.get(f"/t/{serial_of(transaction)}").text

    assert "88001007654" not in page
    assert "Nguyễn Thị Mẫu" not in page


def test_a_serial_is_read_as_people_type_it(
    client: FlaskClient, ready: Ready, transaction: Transaction
) -> None:
    serial = serial_of(transaction)

    assert client.get(f"/t/{serial[:4].lower()}-{serial[4:]}").status_code == 200


@pytest.mark.parametrize("state", [StickerState.VOID, StickerState.SPOILED])
def test_a_sticker_that_ended_says_so_and_nothing_else(
    client: FlaskClient, ready: Ready, transaction: Transaction, state: StickerState
) -> None:
    with transaction() as session:
        market = session.scalars(select(Market)).one()
        sticker = session.scalars(select(Sticker)).one()
        if state is StickerState.VOID:
            sticker_moves.void([sticker], VoidReason.WORN, market=market, actor=SYSTEM)
        else:
            sticker_moves.spoil([sticker], market=market, actor=SYSTEM)
        serial = sticker.serial

    page = client.get(f"/t/{serial}").text

    assert "không còn hiệu lực" in page
    assert all(said not in page for said in ("Đầm Hà", "NGUYEN", "Vietcombank", "7654", "A1"))


def test_an_account_replaced_since_ends_its_sticker_before_anybody_swept(
    client: FlaskClient, ready: Ready, transaction: Transaction
) -> None:
    with transaction() as session:
        merchant = session.merge(ready.merchant)
        make_account(merchant, is_preferred=False, in_force_from=NOW - timedelta(minutes=1))

    assert "không còn hiệu lực" in client.get(f"/t/{serial_of(transaction)}").text


def test_what_there_is_not_and_what_is_not_on_paper_look_alike(
    client: FlaskClient, transaction: Transaction
) -> None:
    with transaction():
        market = make_market()
        make_ready(market, "A1")
        queued = stickers_of(make_run(market))[0].serial

    answers = [client.get(f"/t/{serial}") for serial in (queued, new_serial(7), "ABC", "%20")]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


def test_an_address_that_asks_too_often_is_held_up(
    client: FlaskClient, ready: Ready, transaction: Transaction
) -> None:
    serial = serial_of(transaction)
    for _ in range(LOOKS.tries):
        assert client.get(f"/t/{serial}").status_code == 200

    held_up = client.get(f"/t/{serial}")

    assert held_up.status_code == 429
    assert int(held_up.headers["Retry-After"]) > 0


def test_wrong_serials_count_too(app: Flask, client: FlaskClient) -> None:
    for number in range(LOOKS.tries):
        client.get(f"/t/{new_serial(number)}")

    assert client.get("/t/ABC").status_code == 429


def test_search_engines_do_not_keep_it(
    client: FlaskClient, ready: Ready, transaction: Transaction
) -> None:
    page = client.get(f"/t/{serial_of(transaction)}")

    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in page.headers["Cache-Control"]
