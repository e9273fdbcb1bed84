"""A symbol's dark modules as few rectangles, in an order that packs well."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from market.documents.qr_code import run_edges
from market.documents.qr_tables import Bits

EYE = 7
START = np.zeros(1, dtype=np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Rectangles of modules, an array for each value."""

    left: NDArray[np.intp]
    top: NDArray[np.intp]
    width: NDArray[np.intp]
    height: NDArray[np.intp]


def blocks(matrix: Bits) -> Blocks:
    """Every horizontal run, joined with equal ones right below it.

    Those of one size stand together, from the top down: so what follows a rectangle's left
    edge is nearly always what followed the one before.
    """
    rows, starts, ends = run_edges(matrix)
    if not len(rows):
        return Blocks(rows, rows, rows, rows)
    height, width = (length + 1 for length in matrix.shape)
    # One number for each run; the run below it that is as wide has the next number.
    runs = np.sort((starts * width + ends) * height + rows)
    firsts = np.flatnonzero(np.concatenate((START, runs[1:] - runs[:-1])) != 1)
    heights = np.concatenate((firsts[1:], [len(runs)])) - firsts
    spans, tops = np.divmod(runs[firsts], height)
    lefts, rights = np.divmod(spans, width)
    widths = rights - lefts
    order = np.argsort(((widths * height + heights) * height + tops) * width + lefts)
    return Blocks(lefts[order], tops[order], widths[order], heights[order])


@cache
def eyes(size: int) -> Bits:
    """The three finder patterns of a symbol of that size (ISO/IEC 18004, 6.3.3), nothing else."""
    eye = np.ones((EYE, EYE), dtype=np.bool_)
    eye[1:-1, 1:-1] = False
    eye[2:-2, 2:-2] = True
    found = np.zeros((size, size), dtype=np.bool_)
    found[:EYE, :EYE] = found[:EYE, -EYE:] = found[-EYE:, :EYE] = eye
    found.flags.writeable = False
    return found


def without_eyes(matrix: Bits) -> Bits:
    """A symbol without its finder patterns, which no other dark module touches."""
    return matrix & ~eyes(len(matrix))
