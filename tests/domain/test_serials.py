"""Serials of stickers and their check character."""

import random

import pytest

from market.domain.errors import Invalid
from market.domain.serials import ALPHABET, RANDOM_BITS, check_serial, in_text, new_serial


def serials(count: int) -> list[str]:
    chance = random.Random(32)
    return [new_serial(chance.getrandbits(RANDOM_BITS)) for _ in range(count)]


def is_taken(serial: str) -> bool:
    try:
        check_serial(serial)
    except Invalid:
        return False
    return True


def test_a_new_serial_has_eight_characters_of_the_alphabet() -> None:
    assert all(len(serial) == 8 and set(serial) <= set(ALPHABET) for serial in serials(50))


def test_a_new_serial_is_taken_as_it_is() -> None:
    assert all(check_serial(serial) == serial for serial in serials(200))


def test_every_random_number_gives_a_serial_of_its_own() -> None:
    assert new_serial(0) != new_serial(1) != new_serial(1 << 34)
    assert new_serial((1 << RANDOM_BITS) - 1)[:7] == "ZZZZZZZ"


def test_every_single_wrong_character_is_refused() -> None:
    for serial in serials(60):
        for at, right in enumerate(serial):
            for wrong in set(ALPHABET) - {right}:
                assert not is_taken(serial[:at] + wrong + serial[at + 1 :])


def test_every_swap_of_neighbours_is_refused() -> None:
    for serial in serials(1000):
        for at in range(len(serial) - 1):
            swapped = serial[:at] + serial[at + 1] + serial[at] + serial[at + 2 :]
            assert swapped == serial or not is_taken(swapped)


@pytest.mark.parametrize("bits", [-1, 1 << RANDOM_BITS])
def test_numbers_beyond_the_random_bits_make_no_serial(bits: int) -> None:
    with pytest.raises(ValueError, match="35"):
        new_serial(bits)


def test_typed_serials_are_taken_in_any_case_and_grouping() -> None:
    serial = new_serial(0b00000_00001_01010_01011_01100_01101_01110)
    assert serial.startswith("01ABCDE")

    assert check_serial(f" {serial[:4].lower()} - {serial[4:].lower()}\n") == serial
    assert check_serial("O" + serial[1:]) == serial
    assert check_serial("0I" + serial[2:]) == serial
    assert check_serial("ol" + serial[2:]) == serial


@pytest.mark.parametrize(
    "typed", ["", "ABC", "ABCDEFGHJ", "ABCDEFGU", "ABCĐEFGH", "１２３４５６７８"]
)
def test_what_cannot_be_a_serial_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_serial(typed)

    assert refused.value.problems[0].code == "serial_invalid"


def test_a_serial_is_printed_in_two_groups() -> None:
    assert in_text("01ABCDEF") == "01AB-CDEF"
