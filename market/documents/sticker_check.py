"""Never a wrong code: every symbol is read back from the modules that will be printed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from market.documents.qr_code import (
    Modules,
    UnreadableCode,
    data_matrix,
    decode_back,
    modules_of,
    read_data_matrix,
)
from market.documents.qr_tables import Bits
from market.documents.sticker_text import Sticker
from market.domain.errors import Conflict
from market.domain.payees import PayKind
from market.domain.vietqr import PayloadRefused, decode

BATCH = 64

Confirm = Callable[[Sticker, str], bool]


class WrongCode(Conflict):
    """A symbol does not say what the register says: nothing of the run may be printed."""

    def __init__(self, sticker: Sticker) -> None:
        super().__init__(
            f"Mã của điểm kinh doanh {sticker.stall_code} (tem {sticker.serial}) đọc lại không"
            " đúng với tài khoản trong sổ. Đợt in đã dừng, không tem nào được phát hành."
            " Hãy xem lại tài khoản của điểm này rồi lập đợt in mới."
        )
        self.stall_code = sticker.stall_code
        self.serial = sticker.serial


@dataclass(frozen=True, slots=True, eq=False)
class CheckedSticker:
    """A sticker with its two symbols, and what a decoder reads from the payment code.

    `text` is None where either symbol says anything else than what is printed beside it.
    """

    sticker: Sticker
    code: Modules
    serial_code: Bits
    text: str | None


def checked(stickers: Iterable[Sticker], confirm: Confirm | None) -> Iterator[CheckedSticker]:
    """Draw, read back and release in batches. Raises WrongCode at the first that differs."""
    remaining = iter(stickers)
    while batch := list(islice(remaining, BATCH)):
        for each in read_back(batch):
            release(each.sticker, each.text, confirm)
            yield each


def read_back(stickers: Sequence[Sticker]) -> Iterator[CheckedSticker]:
    """Draw the symbols and read them; nothing is raised, nothing released."""
    codes = modules_of([sticker.payload for sticker in stickers])
    for sticker, code in zip(stickers, codes, strict=True):
        serial_code = data_matrix(sticker.serial)
        yield CheckedSticker(sticker, code, serial_code, _read(sticker, code, serial_code))


def release(sticker: Sticker, text: str | None, confirm: Confirm | None) -> None:
    """Raise WrongCode unless the symbols say what is printed and the register agrees.

    `confirm` gets the sticker with the text that a phone will read, and says whether the
    register, as it is at that moment, still agrees.
    """
    if text is None or (confirm is not None and not confirm(sticker, text)):
        raise WrongCode(sticker)


def _read(sticker: Sticker, code: Modules, serial_code: Bits) -> str | None:
    try:
        text, serial = decode_back(code), read_data_matrix(serial_code)
    except UnreadableCode:
        return None
    is_right = text == sticker.payload and serial == sticker.serial
    return text if is_right and _pays_as_printed(sticker, text) else None


def _pays_as_printed(sticker: Sticker, text: str) -> bool:
    """Bank and number that are printed beside the code, where the register knows them."""
    if sticker.bank_bin is None:
        return True
    try:
        payee = decode(text).pays
    except PayloadRefused:
        return False
    expected = (PayKind.TRANSFER, sticker.bank_bin, sticker.account_number)
    return (payee.kind, payee.bin, payee.account) == expected
