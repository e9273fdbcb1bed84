"""Serials of demonstration stickers: no two alike, without a list of those given."""

from market.domain.serials import RANDOM_BITS, new_serial

MASK = (1 << RANDOM_BITS) - 1
# Odd, so that multiplying by them loses nothing; from the fraction of the golden ratio.
FIRST_FACTOR = 0x4F1BBCDCB
SECOND_FACTOR = 0x6A09E667D


def scattered(number: int, seed: int) -> int:
    """Another number of as many bits as a serial takes; each number gives one of its own.

    Adding, multiplying by an odd number and folding high bits into low ones can each be
    undone, so two numbers below 2**35 never meet.
    """
    bits = (number + seed) & MASK
    bits = bits * FIRST_FACTOR & MASK
    bits ^= bits >> 17
    bits = bits * SECOND_FACTOR & MASK
    return bits ^ bits >> 18


def serial_of(sticker_id: int, seed: int) -> str:
    """The serial of a sticker, by its id and the seed of the data."""
    return new_serial(scattered(sticker_id, seed))
