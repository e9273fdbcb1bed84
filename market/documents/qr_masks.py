"""Penalties of the eight masks of many symbols at once, module lines packed into 64-bit words.

The rules are ISO/IEC 18004, 7.8.3, counted as the QR library counts them.
"""

import numpy as np
from numpy.typing import NDArray

from market.documents.qr_tables import WORD_BITS, Words

Penalties = NDArray[np.int64]

LIGHT_AND_FINDER = (0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1)


def penalties(rows: Words, columns: Words, size: int) -> Penalties:
    """Penalty of every symbol of shape (..., word, line) packed by `pack_lines`."""
    total = _blocks_of_four(rows, size) + _balance(rows, size)
    for lines in (rows, columns):
        total += _runs(lines, size) + _finder_likenesses(lines, size)
    return total


def _shifted(lines: Words, by: int) -> Words:
    """Each module's neighbour `by` places on, in the module's own place."""
    moved = lines >> np.uint64(by)
    if lines.shape[-2] > 1:
        moved[..., :-1, :] |= lines[..., 1:, :] << np.uint64(WORD_BITS - by)
    return moved


def _first(modules: int, words: int) -> Words:
    """A line, shaped (word, 1), whose first modules are dark."""
    line = (1 << modules) - 1
    parts = [line >> (WORD_BITS * word) & (2**WORD_BITS - 1) for word in range(words)]
    return np.array(parts, dtype=np.uint64)[:, None]


def _count(lines: Words) -> Penalties:
    counts: Penalties = np.bitwise_count(lines).sum(axis=(-1, -2), dtype=np.int64)
    return counts


def _runs(lines: Words, size: int) -> Penalties:
    """Five or more alike in a line cost their number less two."""
    alike = ~(lines ^ _shifted(lines, 1)) & _first(size - 1, lines.shape[-2])
    three = alike & _shifted(alike, 1)
    five = three & _shifted(three, 2)
    ends = five & ~_shifted(five, 1)
    return _count(five) + 2 * _count(ends)


def _blocks_of_four(rows: Words, size: int) -> Penalties:
    """Each two by two of one colour, overlapping ones too, costs three."""
    upper, lower = rows[..., :-1], rows[..., 1:]
    alike = ~(rows ^ _shifted(rows, 1))
    block = alike[..., :-1] & alike[..., 1:] & ~(upper ^ lower)
    return 3 * _count(block & _first(size - 1, rows.shape[-2]))


def _finder_likenesses(lines: Words, size: int) -> Penalties:
    """1:1:3:1:1 with four light modules before or after costs forty."""
    neighbours = [lines, *(_shifted(lines, by) for by in range(1, len(LIGHT_AND_FINDER)))]
    room = _first(size - len(LIGHT_AND_FINDER) + 1, lines.shape[-2])
    likenesses = np.zeros(lines.shape[:-2], dtype=np.int64)
    for pattern in (LIGHT_AND_FINDER, LIGHT_AND_FINDER[::-1]):
        found = np.broadcast_to(room, lines.shape).copy()
        for neighbour, dark in zip(neighbours, pattern, strict=True):
            found &= neighbour if dark else ~neighbour
        likenesses += _count(found)
    return 40 * likenesses


def _balance(rows: Words, size: int) -> Penalties:
    """Every full five per cent away from half dark costs ten; in floats, as the library rounds."""
    dark = _count(rows).astype(np.float64)
    steps = np.abs(dark / (size * size) * 100 - 50) / 5
    return 10 * steps.astype(np.int64)
