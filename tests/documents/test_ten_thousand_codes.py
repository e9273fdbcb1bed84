"""Ten thousand stickers through release: every right one passes, no wrong digit does."""

import random
from dataclasses import replace

import pytest

from market.documents.sticker_check import WrongCode, read_back, release
from market.documents.sticker_text import Sticker
from market.domain.vietqr import decode, encode
from tests.paper import sticker

STICKERS = 10_000
DIGITS = "0123456789"


@pytest.fixture(scope="module")
def approved() -> list[Sticker]:
    """As the register has them: accounts of 6 to 19 digits, none of which is another's."""
    chance = random.Random(20)
    pattern = sticker()
    made = []
    for number in range(STICKERS):
        account = f"{number:05}" + "".join(chance.choices(DIGITS, k=chance.randint(1, 14)))
        serial = f"{number:08}"
        payload = encode(bin="970436", account=account)
        made.append(replace(pattern, serial=serial, account_number=account, payload=payload))
    return made


def mistaken(each: Sticker, place: int) -> tuple[str, str]:
    """The account with one digit changed, and its code with a check value that fits again."""
    at = place % len(each.account_number)
    wrong = DIGITS[(int(each.account_number[at]) + 1 + place % 9) % 10]
    account = each.account_number[:at] + wrong + each.account_number[at + 1 :]
    return account, encode(bin="970436", account=account)


def alarms(printed: list[Sticker], approved: list[Sticker]) -> int:
    """How many of them release refuses, asking the register of approved accounts."""
    register = {each.serial: each.account_number for each in approved}

    def confirm(each: Sticker, text: str) -> bool:
        return decode(text).pays.account == register[each.serial]

    refused = 0
    for checked in read_back(printed):
        try:
            release(checked.sticker, checked.text, confirm)
        except WrongCode:
            refused += 1
    return refused


def test_every_right_code_is_read_back_as_the_approved_account(approved: list[Sticker]) -> None:
    assert alarms(approved, approved) == 0


def test_every_code_with_a_digit_changed_raises_the_alarm(approved: list[Sticker]) -> None:
    half = approved[::2]
    wrong = [replace(each, payload=mistaken(each, at)[1]) for at, each in enumerate(half)]

    assert alarms(wrong, approved) == len(half)


def test_a_digit_changed_on_the_whole_sticker_is_found_in_the_register(
    approved: list[Sticker],
) -> None:
    other_half = approved[1::2]
    wrong = []
    for at, each in enumerate(other_half):
        account, payload = mistaken(each, at)
        wrong.append(replace(each, account_number=account, payload=payload))

    assert alarms(wrong, approved) == len(other_half)
