"""What is sealed cannot be read from the files of the database."""

from pathlib import Path

import pytest
from sqlalchemy import text

from market.config import Settings
from tests import worlds
from tests.worlds import Transaction, World


def bytes_on_disk(settings: Settings) -> bytes:
    """The database file and its write-ahead log, as somebody who took them would see them."""
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    files = sorted(path.parent.glob(f"{path.name}*"))
    assert len(files) >= 2
    return b"".join(file.read_bytes() for file in files)


def found(secrets: list[str], data: bytes) -> set[str]:
    """Which of the secrets stand in the bytes."""
    forms = {secret: (secret.encode(), secret.encode("utf-16-le")) for secret in secrets}
    return {secret for secret, each in forms.items() if any(form in data for form in each)}


@pytest.fixture
def world(transaction: Transaction) -> World:
    """Two operators' markets."""
    with transaction():
        return worlds.build()


def test_account_numbers_stand_nowhere_in_clear(
    settings: Settings, transaction: Transaction, world: World
) -> None:
    with transaction() as session:  # an open connection keeps the log
        session.execute(text("SELECT 1"))
        data = bytes_on_disk(settings)

    assert b"H\xc3\xb4\xcc\x82" in data or "Hoàng Oanh".encode() in data
    assert found([number for zone in world.zones for number in zone.all_numbers], data) == set()


def test_phones_stand_nowhere_in_clear(
    settings: Settings, transaction: Transaction, world: World
) -> None:
    with transaction() as session:
        session.execute(text("SELECT 1"))
        data = bytes_on_disk(settings)

    assert found([phone for zone in world.zones for phone in zone.phones], data) == set()
