"""Payment codes: payload to modules, and back again by an unrelated decoder.

Byte mode (EMVCo QRCPS-MPM 1.0, 4.12.1.1), error correction level M, four modules of quiet zone
(ISO/IEC 18004), the smallest version that fits.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from market.documents.qr_masks import penalties
from market.documents.qr_tables import (
    BYTE_MODE,
    LARGEST_VERSION,
    Bits,
    Octets,
    VersionTables,
    Words,
    pack_lines,
    version_for,
    version_tables,
)
from market.domain.errors import Invalid

QUIET_ZONE = 4
PADDING = bytes((0b11101100, 0b00010001))
BATCH = 64


class UnreadableCode(Exception):
    """The decoder finds no symbol in the modules: they must not be printed."""


@dataclass(frozen=True, slots=True, eq=False)
class Modules:
    """A symbol without quiet zone; `matrix[row, column]` is True where dark, and read-only."""

    size: int
    version: int
    mask: int
    matrix: Bits


def modules_of(payloads: Sequence[str]) -> list[Modules]:
    """Modules of payloads, in their order; many at once are much faster than one by one.

    Raises Invalid where one is empty or longer than any symbol holds.
    """
    contents = [payload.encode() for payload in payloads]
    by_version: defaultdict[int, list[int]] = defaultdict(list)
    for index, content in enumerate(contents):
        by_version[_version_of(content)].append(index)
    drawn: dict[int, Modules] = {}
    for version, indexes in by_version.items():
        for start in range(0, len(indexes), BATCH):
            batch = indexes[start : start + BATCH]
            symbols = _draw([contents[index] for index in batch], version_tables(version))
            drawn.update(zip(batch, symbols, strict=True))
    return [drawn[index] for index in range(len(contents))]


def symbol_size(payload: str) -> int:
    """Modules along a side of the payload's symbol, without quiet zone; raises as `modules_of`."""
    return 17 + 4 * _version_of(payload.encode())


def decode_back(symbol: Modules) -> str:
    """Read the modules by a decoder that shares no code with the encoder.

    Raises UnreadableCode, also where a single module had to be corrected.
    """
    found = _read_pure(symbol.matrix, zxingcpp.BarcodeFormat.QRCode)
    unused_correction = cast(Mapping[str, float], found.extra)["UEC"]
    if unused_correction < 1:
        raise UnreadableCode
    try:
        return found.bytes.decode()
    except UnicodeDecodeError as error:
        raise UnreadableCode from error


def run_edges(matrix: Bits) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Row, first column and column past the end of every horizontal run, as three arrays."""
    height, width = matrix.shape
    framed = np.zeros((height, width + 2), dtype=np.bool_)
    framed[:, 1:-1] = matrix
    edges = np.flatnonzero(framed[:, 1:] ^ framed[:, :-1])
    rows, starts = np.divmod(edges[::2], width + 1)
    return rows, starts, edges[1::2] % (width + 1)


def data_matrix(serial: str) -> Bits:
    """Modules of a Data Matrix (ECC 200) of the serial, without quiet zone, True where dark.

    It cannot be taken for the payment code: payment apps read QR codes only.
    """
    symbol = zxingcpp.create_barcode(serial, zxingcpp.BarcodeFormat.DataMatrix)
    dark: Bits = np.asarray(symbol.to_image(add_quiet_zones=False)) == 0
    return dark


def read_data_matrix(matrix: Bits) -> str:
    """Read a Data Matrix from its modules. Raises UnreadableCode."""
    return _read_pure(matrix, zxingcpp.BarcodeFormat.DataMatrix).text


def _read_pure(matrix: Bits, symbology: zxingcpp.BarcodeFormat) -> zxingcpp.Barcode:
    found = zxingcpp.read_barcode(
        matrix.view(np.uint8) ^ 1,
        formats=zxingcpp.BarcodeFormats(symbology),
        is_pure=True,
        binarizer=zxingcpp.Binarizer.BoolCast,
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
    )
    if found is None or not found.valid:
        raise UnreadableCode
    return found


def _version_of(content: bytes) -> int:
    if not content:
        raise Invalid("Chưa có nội dung để tạo mã QR.")
    version = version_for(len(content))
    if version is None:
        limit = version_tables(LARGEST_VERSION).capacity
        raise Invalid(
            f"Nội dung mã QR dài {len(content)} byte, mã QR mức M chứa được nhiều nhất"
            f" {limit} byte. Hãy rút ngắn nội dung."
        )
    return version


def _draw(contents: list[bytes], tables: VersionTables) -> list[Modules]:
    size = tables.size
    octets = b"".join(_data_codewords(content, tables) for content in contents)
    data = np.frombuffer(octets, dtype=np.uint8).reshape(len(contents), tables.data_octets)
    stream = np.unpackbits(_interleave_with_correction(data, tables), axis=1)
    stream = np.pad(stream, ((0, 0), (0, 1)))
    placed = stream[:, tables.bit_of_cell].reshape(-1, size, size).view(np.bool_)
    masks = _best_masks(placed, tables)
    finished = placed ^ tables.finished[masks]
    finished.flags.writeable = False
    return [
        Modules(size, tables.version, mask, matrix)
        for mask, matrix in zip(masks.tolist(), finished, strict=True)
    ]


def _data_codewords(content: bytes, tables: VersionTables) -> bytes:
    """ISO/IEC 18004, 7.4: mode, count, octets, terminator, alternating padding.

    Mode, terminator and count make whole octets together, so the terminator is always four bits.
    """
    head = BYTE_MODE << tables.length_bits | len(content)
    used = len(content) + (4 + tables.length_bits + 4) // 8
    bits = (head << 8 * len(content) | int.from_bytes(content)) << 4
    padding = PADDING * ((tables.data_octets - used + 1) // 2)
    return (bits.to_bytes(used) + padding)[: tables.data_octets]


def _interleave_with_correction(data: Octets, tables: VersionTables) -> Octets:
    """ISO/IEC 18004, 7.6: the blocks' data column by column, then their correction likewise."""
    blocks = [data[:, block] for block in tables.blocks]
    corrections = [_correction(block, tables) for block in blocks]
    columns = [
        block[:, place]
        for place in range(len(tables.remainders))
        for block in blocks
        if place < block.shape[1]
    ]
    tail = np.stack(corrections, axis=2).reshape(len(data), -1)
    return np.concatenate([np.stack(columns, axis=1), tail], axis=1)


def _correction(block: Octets, tables: VersionTables) -> Octets:
    length = block.shape[1]
    terms = tables.remainders[np.arange(length - 1, -1, -1), block]
    correction: Octets = np.bitwise_xor.reduce(terms, axis=1)
    return correction


def _best_masks(placed: Bits, tables: VersionTables) -> NDArray[np.intp]:
    """The first mask of least penalty, judged on the grid as the library judges it."""
    rows = _trial(placed, tables.trial_rows)
    columns = _trial(np.swapaxes(placed, 1, 2), tables.trial_columns)
    best: NDArray[np.intp] = np.argmin(penalties(rows, columns, tables.size), axis=1)
    return best


def _trial(placed: Bits, trial: Words) -> Words:
    return pack_lines(placed)[:, None] ^ trial
