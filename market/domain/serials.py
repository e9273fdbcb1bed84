"""Serials of stickers: seven random characters and one that catches what people mistype."""

from functools import cache

from market.domain.accounts import clean_number
from market.domain.errors import Invalid, Problem

# Crockford's base 32: no I, L, O, U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SERIAL_LENGTH = 8
RANDOM_BITS = 35

_BITS_PER_CHARACTER = 5
_READ_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
# x^5 + x^2 + 1 is primitive, so the powers of x give each place a weight of its own.
_FIELD_POLYNOMIAL = 0b100101


def new_serial(random_bits: int) -> str:
    """The serial of 35 random bits, as `secrets.randbits(RANDOM_BITS)` gives them.

    Raises ValueError outside that range.
    """
    if not 0 <= random_bits < 1 << RANDOM_BITS:
        raise ValueError(f"a serial takes {RANDOM_BITS} random bits")
    values = [
        random_bits >> shift & 0b11111
        for shift in range(RANDOM_BITS - _BITS_PER_CHARACTER, -1, -_BITS_PER_CHARACTER)
    ]
    return "".join(ALPHABET[value] for value in (*values, _check_value(values)))


def check_serial(typed: str) -> str:
    """The serial as it is stored, from what was typed or scanned.

    Case, spaces and hyphens do not count; O is read as 0, I and L as 1, which no serial
    holds. Raises Invalid with the problem `serial_invalid`: a wrong one is never guessed.
    """
    serial = clean_number(typed).upper().translate(_READ_ALIKE)
    if len(serial) != SERIAL_LENGTH or any(char not in ALPHABET for char in serial):
        raise _refused(f"Số sê-ri trên tem gồm {SERIAL_LENGTH} chữ số và chữ cái.")
    values = [ALPHABET.index(char) for char in serial]
    if _check_value(values[:-1]) != values[-1]:
        raise _refused("Số sê-ri có ký tự sai hoặc đổi chỗ.")
    return serial


def in_text(serial: str) -> str:
    """The serial as it is printed: two groups of four."""
    return f"{serial[:4]}-{serial[4:]}"


def _refused(message: str) -> Invalid:
    told = f"{message} Hãy đọc lại số in trên tem hoặc quét mã nhỏ bên cạnh."
    return Invalid(told, (Problem(told, code="serial_invalid", field="serial"),))


def _check_value(values: list[int]) -> int:
    """Sum of value times weight over GF(32); the check character itself has weight 1.

    No two places have the same weight and none has 0: a single wrong character, or two
    that changed places, always changes the sum.
    """
    total = 0
    for place, value in enumerate(reversed(values), start=1):
        total ^= _times_power(value, place)
    return total


@cache
def _times_power(value: int, power: int) -> int:
    for _ in range(power):
        value <<= 1
        if value & 0b100000:
            value ^= _FIELD_POLYNOMIAL
    return value
