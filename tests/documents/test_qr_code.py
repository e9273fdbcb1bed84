"""Payment codes: the library's modules, byte mode, level M, and back again."""

import random
from binascii import crc_hqx
from collections.abc import Iterator

import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.util import QRData

from market.documents import qr_code
from market.domain.errors import Invalid
from tests.paper import modules

Matrix = NDArray[np.bool_]

# Most octets a version holds in byte mode at level M (ISO/IEC 18004, table 7).
CAPACITIES = (14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560)
LARGEST_CAPACITY = 2331
FORMAT_MASK = 0b101010000010010
LEVEL_M = 0b00


def transfer(account: str, purpose: str = "") -> str:
    inner = f"000697043601{len(account):02}{account}"
    template = f"0010A00000072701{len(inner):02}{inner}0208QRIBFTTA"
    body = f"00020101021138{len(template):02}{template}53037045802VN"
    if purpose:
        body += f"62{len(purpose) + 4:02}08{len(purpose):02}{purpose}"
    body += "6304"
    return f"{body}{crc_hqx(body.encode(), 0xFFFF):04X}"


def transfers(count: int) -> Iterator[str]:
    chance = random.Random(20260731)
    for _ in range(count):
        account = "88001" + "".join(chance.choices("0123456789", k=chance.randint(1, 14)))
        yield transfer(account, "Sap 12 cho mau so mot"[: chance.choice((0, 0, 10, 21))])


def text_of(octets: int) -> str:
    return "".join(random.Random(octets).choices("abcXYZ0189 .-", k=octets))


def drawn_by_library(payload: str, mask: int | None = None) -> Matrix:
    symbol = QRCode(error_correction=ERROR_CORRECT_M, border=0, mask_pattern=mask)
    symbol.add_data(QRData(payload.encode(), mode=4), optimize=0)
    symbol.make()
    return np.array(symbol.modules, dtype=np.bool_)


def test_thousands_of_payloads_equal_the_library_under_the_same_mask() -> None:
    payloads = list(transfers(2000))

    symbols = qr_code.modules_of(payloads)

    assert {symbol.version for symbol in symbols} == {6, 7, 8}
    for payload, symbol in zip(payloads, symbols, strict=True):
        assert np.array_equal(symbol.matrix, drawn_by_library(payload, symbol.mask)), payload


def test_the_mask_is_the_one_the_library_chooses() -> None:
    payloads = list(transfers(150))

    symbols = qr_code.modules_of(payloads)

    assert len({symbol.mask for symbol in symbols}) > 5
    for payload, symbol in zip(payloads, symbols, strict=True):
        assert np.array_equal(symbol.matrix, drawn_by_library(payload)), payload


@pytest.mark.parametrize(("version", "capacity"), list(enumerate(CAPACITIES, start=1)))
def test_every_version_equals_the_library_from_one_octet_over_the_last_to_full(
    version: int, capacity: int
) -> None:
    least = 1 if version == 1 else CAPACITIES[version - 2] + 1

    for octets in (least, capacity):
        payload = text_of(octets)
        symbol = modules(payload)
        assert symbol.version == version
        assert np.array_equal(symbol.matrix, drawn_by_library(payload, symbol.mask))


@pytest.mark.parametrize("version", [1, 6, 11, 12, 18])
def test_masks_of_narrow_and_wide_symbols_are_the_library_s(version: int) -> None:
    payload = text_of(CAPACITIES[version - 1])

    assert np.array_equal(modules(payload).matrix, drawn_by_library(payload))


def test_a_batch_of_mixed_versions_keeps_its_order() -> None:
    payloads = [text_of(octets) for octets in (300, 14, 97, 300, 120, 14)]

    symbols = qr_code.modules_of(payloads)

    assert [qr_code.decode_back(symbol) for symbol in symbols] == payloads


def test_no_payloads_give_no_symbols() -> None:
    assert qr_code.modules_of([]) == []


@pytest.mark.parametrize("payload", ["12345678901234", "HELLO 2026", transfer("880010000001")])
def test_the_mode_is_byte_even_where_a_denser_one_would_do(payload: str) -> None:
    symbol = modules(payload)

    assert first_bits(symbol, 4) == [0, 1, 0, 0]


def test_the_level_in_the_format_area_is_m() -> None:
    for payload in transfers(50):
        symbol = modules(payload)
        level_and_mask = format_bits(symbol) ^ FORMAT_MASK
        assert level_and_mask >> 13 == LEVEL_M
        assert level_and_mask >> 10 & 0b111 == symbol.mask


def format_bits(symbol: qr_code.Modules) -> int:
    """The fifteen format bits beside the upper left finder (ISO/IEC 18004, figure 25)."""
    row = [symbol.matrix[8, column] for column in (0, 1, 2, 3, 4, 5, 7, 8)]
    column = [symbol.matrix[row, 8] for row in (7, 5, 4, 3, 2, 1, 0)]
    return int("".join(str(int(bit)) for bit in row + column), 2)


def first_bits(symbol: qr_code.Modules, count: int) -> list[int]:
    """The stream's first bits: upwards in pairs from the lower right corner, unmasked."""
    conditions = (
        lambda row, column: (row + column) % 2,
        lambda row, _: row % 2,
        lambda _, column: column % 3,
        lambda row, column: (row + column) % 3,
        lambda row, column: (row // 2 + column // 3) % 2,
        lambda row, column: row * column % 2 + row * column % 3,
        lambda row, column: (row * column % 2 + row * column % 3) % 2,
        lambda row, column: (row * column % 3 + (row + column) % 2) % 2,
    )
    inverted = conditions[symbol.mask]
    last = symbol.size - 1
    cells = [(last - step // 2, last - step % 2) for step in range(count)]
    return [int(symbol.matrix[cell]) ^ (inverted(*cell) == 0) for cell in cells]


def test_every_payload_is_read_back() -> None:
    payloads = [*transfers(300), transfer("88001", "a"), "Tiếng Việt: chợ Đầm Hà"]

    assert [qr_code.decode_back(each) for each in qr_code.modules_of(payloads)] == payloads


def test_one_wrong_module_is_not_passed_over() -> None:
    symbol = modules(transfer("880010000001"))
    damaged = symbol.matrix.copy()
    damaged[20, 20] ^= True

    with pytest.raises(qr_code.UnreadableCode):
        qr_code.decode_back(qr_code.Modules(symbol.size, symbol.version, symbol.mask, damaged))


def test_modules_without_a_symbol_are_unreadable() -> None:
    blank = np.zeros((41, 41), dtype=np.bool_)

    with pytest.raises(qr_code.UnreadableCode):
        qr_code.decode_back(qr_code.Modules(41, 6, 0, blank))


def test_modules_cannot_be_changed_after_the_check() -> None:
    symbol = modules("abc")

    with pytest.raises(ValueError, match="read-only"):
        symbol.matrix[0, 0] = False


def test_an_empty_payload_is_refused() -> None:
    with pytest.raises(Invalid, match="Chưa có nội dung"):
        modules("")


def test_the_longest_payload_is_drawn_and_one_more_octet_refused_with_the_numbers() -> None:
    longest = text_of(LARGEST_CAPACITY)

    assert qr_code.decode_back(modules(longest)) == longest
    with pytest.raises(Invalid, match=r"2332 byte.*2331 byte"):
        modules(longest + "x")


def test_the_size_is_known_without_drawing() -> None:
    payload = transfer("880010000001")

    assert qr_code.symbol_size(payload) == modules(payload).size


def test_the_serial_is_a_data_matrix_and_no_second_qr_code() -> None:
    matrix = qr_code.data_matrix("X7K2M9PQ")

    framed = np.pad(np.kron(matrix, np.ones((4, 4), dtype=np.bool_)), 16)
    found = zxingcpp.read_barcodes(np.where(framed, 0, 255).astype(np.uint8))
    assert [(each.text, each.format) for each in found] == [
        ("X7K2M9PQ", zxingcpp.BarcodeFormat.DataMatrix)
    ]
    assert qr_code.read_data_matrix(matrix) == "X7K2M9PQ"
