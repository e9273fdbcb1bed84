"""The text inside a payment code: written for NAPAS VietQR, read for any EMVCo code.

Sources: EMVCo QRCPS Merchant-Presented Mode v1.0 (EMVCo below); NAPAS, format of VietQR
in the NAPAS247 transfer service, v1.0 of 09/2021 (NAPAS below).
"""

import re
from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass

from market.domain.accounts import ACCOUNT_NUMBER_LIMIT, is_account_number, is_card_number
from market.domain.errors import Invalid, Problem
from market.domain.payees import NAPAS, TO_ACCOUNT, Payee, is_bin, payee_of
from market.domain.payload_warnings import PayloadWarning, list_warnings
from market.domain.text import to_ascii
from market.domain.tlv import BrokenTlv, DataObject, read_level, walk, write_object

AMOUNT_LIMIT = 9_999_999_999_999
PURPOSE_LIMIT = 25
# ISO/IEC 18004, version 40-L: no symbol holds more characters than this, digits only.
SYMBOL_LIMIT = 7089

_WHOLE_AMOUNT = re.compile(r"([0-9]+)(?:\.0*)?")
_CRC_HEAD = "6304"
_CRC_DIGITS = 4
_NAPAS_NEEDS = {"38.01.00": "mã BIN", "38.01.01": "số tài khoản", "38.02": "mã dịch vụ"}
_MERCHANT_TEMPLATES = frozenset(f"{number:02d}" for number in range(26, 52))
_NOT_THE_PAYEE = frozenset({"01", "54", "62", "63"})


class PayloadRefused(Invalid):
    """The text is no payment code that may be trusted.

    `position` counts characters from 0 in the text as given; `reason` is the message
    without it.
    """

    def __init__(self, reason: str, position: int) -> None:
        message = f"Không đọc được mã QR, tại ký tự thứ {position + 1}: {reason}"
        super().__init__(message, (Problem(message, code="payload_refused", field="payload"),))
        self.reason = reason
        self.position = position


@dataclass(frozen=True, slots=True)
class Payload:
    """A code that was read.

    `objects` maps dotted ids to values as they stood; `root` holds the objects of the
    first level in their order, templates unopened.
    """

    text: str
    objects: dict[str, str]
    root: tuple[tuple[str, str], ...]
    warnings: tuple[PayloadWarning, ...]
    pays: Payee

    @property
    def amount(self) -> int | None:
        """Whole dong; None where there is none, it is 0, or it is no whole number."""
        found = _WHOLE_AMOUNT.fullmatch(self.objects.get("54", ""))
        return (int(found[1]) or None) if found else None

    @property
    def purpose(self) -> str | None:
        return self.objects.get("62.08")


def encode(*, bin: str, account: str, amount: int | None = None, purpose: str | None = None) -> str:
    """The payload of a transfer to an account (NAPAS 5.2).

    An amount of 0 is no amount; the purpose is turned into ASCII, and into nothing where
    no letter or digit is left. Raises Invalid with the problem `bin_invalid`,
    `account_invalid`, `account_is_card`, `amount_invalid` or `purpose_too_long`: nothing is
    ever cut to fit, nor trimmed from an account.
    """
    _check_payee(bin, account)
    payee = write_object("00", bin) + write_object("01", account)
    shown_amount = _amount(amount)
    shown_purpose = _purpose(purpose)
    body = "".join(
        (
            write_object("00", "01"),
            write_object("01", "12" if shown_amount else "11"),
            write_object(
                "38",
                write_object("00", NAPAS)
                + write_object("01", payee)
                + write_object("02", TO_ACCOUNT),
            ),
            write_object("53", "704"),
            write_object("54", shown_amount) if shown_amount else "",
            write_object("58", "VN"),
            write_object("62", write_object("08", shown_purpose)) if shown_purpose else "",
            _CRC_HEAD,
        )
    )
    return body + _crc(body)


def decode(text: str) -> Payload:
    """The objects of a payload and whom it pays.

    Raises PayloadRefused for a CRC that does not fit, structure that breaks where it
    decides who is paid, an id twice at one level, and a NAPAS template without BIN, number
    or service code. Nothing around the payload is tolerated, line ends included.
    """
    _check_text(text)
    _check_crc(text)
    try:
        root = read_level(text, 0, len(text))
        opened = [_opened(text, item) for item in root]
    except BrokenTlv as error:
        raise PayloadRefused(error.reason, error.position) from error
    _check_end(root)
    objects = {object_id: value for parts in opened for object_id, value in parts.items()}
    return Payload(
        text=text,
        objects=objects,
        root=tuple((item.id, item.value) for item in root),
        warnings=list_warnings(objects, tuple(item.id for item in root)),
        pays=payee_of(objects),
    )


def payee_key(payload: Payload) -> tuple[tuple[str, str], ...]:
    """What two codes for the same payee have in common, whatever else they carry.

    BIN and number; else GUID and merchant identifier within templates 26 to 51; else all
    of the payload but initiation, amount, additional data and CRC.
    """
    payee = payload.pays
    if payee.bin is not None and payee.account is not None:
        return (("bin", payee.bin), ("account", payee.account))
    merchants = sorted(_merchants(payload))
    if merchants:
        return tuple(merchants)
    return tuple(sorted(item for item in payload.root if item[0] not in _NOT_THE_PAYEE))


def _crc(text: str) -> str:
    """CRC-16/CCITT-FALSE over the UTF-8 bytes, as four digits (EMVCo 4.7.3)."""
    return f"{crc_hqx(text.encode(), 0xFFFF):04X}"


def _check_payee(bin: str, account: str) -> None:
    if not is_bin(bin):
        raise _invalid("bin", "bin_invalid", "Mã BIN phải gồm đúng 6 chữ số.")
    if is_card_number(account):
        raise _invalid(
            "account_number",
            "account_is_card",
            "Đây là số thẻ (9704…), không phải số tài khoản. Hãy dùng số tài khoản.",
        )
    if not is_account_number(account):
        raise _invalid(
            "account_number",
            "account_invalid",
            f"Số tài khoản có {len(account)} ký tự; cần 1 đến {ACCOUNT_NUMBER_LIMIT} chữ số"
            " hoặc chữ cái không dấu, không có dấu cách.",
        )


def _amount(amount: int | None) -> str:
    if not amount:
        return ""
    if not 0 < amount <= AMOUNT_LIMIT:
        raise _invalid(
            "amount",
            "amount_invalid",
            f"Số tiền phải là số đồng nguyên từ 0 đến {AMOUNT_LIMIT} (13 chữ số).",
        )
    return f"{amount:d}"


def _purpose(purpose: str | None) -> str:
    shown = to_ascii(purpose or "")
    if len(shown) > PURPOSE_LIMIT:
        raise _invalid(
            "purpose",
            "purpose_too_long",
            f"Nội dung chuyển khoản dài {len(shown)} ký tự, tối đa {PURPOSE_LIMIT}."
            " Hãy viết ngắn lại.",
        )
    return shown


def _invalid(field: str, code: str, message: str) -> Invalid:
    return Invalid(message, (Problem(message, code=code, field=field),))


def _check_text(text: str) -> None:
    if len(text) > SYMBOL_LIMIT:
        raise PayloadRefused(
            f"nội dung dài {len(text)} ký tự, dài hơn mọi mã QR ({SYMBOL_LIMIT}).", SYMBOL_LIMIT
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PayloadRefused("có ký tự hỏng, hãy quét lại.", error.start) from error
    if not text.startswith("00"):
        raise PayloadRefused("không bắt đầu bằng trường 00, không phải mã thanh toán.", 0)


def _check_crc(text: str) -> None:
    """The CRC first: where it does not fit, what else is wrong was misread or changed."""
    body, found = text[:-_CRC_DIGITS], text[-_CRC_DIGITS:]
    if not body.endswith(_CRC_HEAD):
        return
    expected = _crc(body)
    if found.upper() != expected:
        raise PayloadRefused(
            f"mã kiểm tra (CRC) là {found}, đúng ra phải là {expected}:"
            " mã bị đọc sai hoặc đã bị sửa, hãy quét lại.",
            len(body),
        )


def _check_end(root: tuple[DataObject, ...]) -> None:
    last = root[-1]
    if last.id != "63" or len(last.value) != _CRC_DIGITS:
        raise PayloadRefused("không kết thúc bằng mã kiểm tra (trường 63, 4 ký tự).", last.at)


def _opened(text: str, item: DataObject) -> dict[str, str]:
    """The object by its parts where it is a template that is known, else as it stands."""
    if item.id in {"62", "64"}:
        return _parts(text, item, item.id)
    if item.id not in {"26", "38"}:
        return {item.id: item.value}
    try:
        tuple(walk(text, item.start, item.end))
    except BrokenTlv:
        # Only NAPAS promises a structure here, and a break in it can hide the payee.
        if item.id == "38" and NAPAS in item.value:
            raise
        return {item.id: item.value}
    parts = _parts(text, item, item.id)
    is_napas = item.id == "38" and parts.get("38.00") == NAPAS
    return _napas_parts(text, item) if is_napas else parts


def _parts(text: str, item: DataObject, prefix: str) -> dict[str, str]:
    return {f"{prefix}.{part.id}": part.value for part in read_level(text, item.start, item.end)}


def _napas_parts(text: str, template: DataObject) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in read_level(text, template.start, template.end):
        key = f"38.{part.id}"
        parts.update(_parts(text, part, key) if part.id == "01" else {key: part.value})
    for key, what in _NAPAS_NEEDS.items():
        if key not in parts:
            raise PayloadRefused(f"trường 38 của NAPAS thiếu {what} ({key}).", template.at)
    return parts


def _merchants(payload: Payload) -> Iterator[tuple[str, str]]:
    for object_id, value in payload.root:
        if object_id not in _MERCHANT_TEMPLATES:
            continue
        try:
            parts = {part.id: part.value for part in read_level(value, 0, len(value))}
        except BrokenTlv:
            continue
        if "00" in parts and "01" in parts:
            yield parts["00"], parts["01"]
