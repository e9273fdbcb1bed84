"""What the QR library knows about a version, learned once, so that whole batches need only numpy.

Between payload and modules everything but the choice of the mask is linear over GF(2): error
correction, the order of the codewords, their places on the grid, the mask itself. So the library
is asked for the answer to a few known inputs, and every other answer is a combination of those.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from qrcode import QRCode
from qrcode.base import gexp, glog, rs_blocks
from qrcode.constants import ERROR_CORRECT_M
from qrcode.util import BIT_LIMIT_TABLE, BitBuffer, create_bytes, length_in_bits

Bits = NDArray[np.bool_]
Octets = NDArray[np.uint8]
Words = NDArray[np.uint64]

BYTE_MODE: Final = 4
MASKS = 8
WORD_BITS = 64
LARGEST_VERSION = 40


@dataclass(frozen=True, slots=True, eq=False)
class VersionTables:
    """Everything needed to draw symbols of one version at level M.

    `block_ends` cuts the data codewords into error-correction blocks. `remainders[p, b]` are the
    correction codewords of octet `b` standing `p` places before the end of a block. `bit_of_cell`
    (size * size) is the place of a cell's bit in the codeword stream, one past its end where the
    cell carries none. `finished[m]` is the symbol of an all-zero stream under mask `m`,
    `trial_rows[m]` and `trial_columns[m]` the same as the library judges it (format and version
    areas light), packed by `pack_lines`.
    """

    version: int
    size: int
    length_bits: int
    data_octets: int
    block_ends: tuple[int, ...]
    remainders: Octets
    bit_of_cell: NDArray[np.intp]
    finished: Bits
    trial_rows: Words
    trial_columns: Words

    @property
    def capacity(self) -> int:
        """Most payload octets in byte mode (ISO/IEC 18004, 7.4.5: mode, count, data)."""
        return self.data_octets - (4 + self.length_bits + 4) // 8

    @property
    def blocks(self) -> tuple[slice, ...]:
        return tuple(slice(start, end) for start, end in pairwise((0, *self.block_ends)))


def version_for(octets: int) -> int | None:
    """Smallest version holding so many octets in byte mode at level M; None over version 40."""
    for version in range(1, LARGEST_VERSION + 1):
        used = 4 + length_in_bits(BYTE_MODE, version) + 8 * octets
        if used <= BIT_LIMIT_TABLE[ERROR_CORRECT_M][version]:
            return version
    return None


def pack_lines(lines: Bits) -> Words:
    """Pack lines of modules (..., line, module) into words (..., word, line), first module lowest.

    Lines of up to 64 modules (version 11) take one word each.
    """
    words = -(-lines.shape[-1] // WORD_BITS)
    padding = [(0, 0)] * (lines.ndim - 1) + [(0, words * WORD_BITS - lines.shape[-1])]
    octets = np.packbits(np.pad(lines, padding), axis=-1, bitorder="little")
    words_of_line = np.ascontiguousarray(octets).view("<u8")
    return np.ascontiguousarray(np.swapaxes(words_of_line, -1, -2))


@cache
def version_tables(version: int) -> VersionTables:
    blocks = rs_blocks(version, ERROR_CORRECT_M)
    codewords = sum(block.total_count for block in blocks)
    data_counts = [block.data_count for block in blocks]
    finished = np.array([_drawn(version, [0] * codewords, mask) for mask in range(MASKS)])
    trial = np.array([_drawn(version, [0] * codewords, mask, trial=True) for mask in range(MASKS)])
    return VersionTables(
        version=version,
        size=finished.shape[-1],
        length_bits=length_in_bits(BYTE_MODE, version),
        data_octets=sum(data_counts),
        block_ends=tuple(int(end) for end in np.cumsum(data_counts)),
        remainders=_learn_remainders(version, max(data_counts)),
        bit_of_cell=_learn_places(version, codewords, blank=finished[0]),
        finished=finished,
        trial_rows=pack_lines(trial),
        trial_columns=pack_lines(np.swapaxes(trial, -1, -2)),
    )


def _drawn(version: int, codewords: list[int], mask: int, *, trial: bool = False) -> Bits:
    symbol = QRCode(version=version, error_correction=ERROR_CORRECT_M, mask_pattern=mask)
    symbol.data_cache = codewords
    symbol.makeImpl(trial, mask)
    return np.array(symbol.modules, dtype=np.bool_)


def _learn_places(version: int, codewords: int, *, blank: Bits) -> NDArray[np.intp]:
    """Ask for streams that spell every bit's own number, one binary digit of it at a time."""
    numbers = np.arange(1, 8 * codewords + 1)
    number_of_cell = np.zeros(blank.size, dtype=np.intp)
    for digit in range(int(numbers[-1]).bit_length()):
        stream = np.packbits((numbers >> digit & 1).astype(np.bool_))
        carried = _drawn(version, stream.tolist(), 0) ^ blank
        number_of_cell |= carried.ravel().astype(np.intp) << digit
    return np.where(number_of_cell > 0, number_of_cell - 1, 8 * codewords)


def _learn_remainders(version: int, longest: int) -> Octets:
    """Ask for the correction of a lone 1 at each place of a block, then scale it in GF(256)."""
    block = max(rs_blocks(version, ERROR_CORRECT_M), key=lambda block: block.data_count)
    lone = np.zeros((longest, block.total_count - longest), dtype=np.uint8)
    for place in range(longest):
        buffer = BitBuffer()
        buffer.buffer = [0] * longest
        buffer.buffer[longest - 1 - place] = 1
        lone[place] = create_bytes(buffer, [block])[longest:]
    return np.moveaxis(_products()[:, lone], 0, 1)


@cache
def _products() -> Octets:
    """Multiplication table of the library's GF(256)."""
    logs = np.array([0, *(glog(value) for value in range(1, 256))])
    powers = np.array([gexp(power) for power in range(255)], dtype=np.uint8)
    table: Octets = powers[(logs[:, None] + logs[None, :]) % 255]
    table[0, :] = table[:, 0] = 0
    return table
