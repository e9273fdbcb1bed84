"""What is odd about a payment code that can be read all the same."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from market.domain.accounts import ACCOUNT_NUMBER_LIMIT

# Longest value of an object (EMVCo MPM v1.0, 4.7 and 4.8; NAPAS VietQR v1.0, 5.2).
_LIMITS: Mapping[str, int] = {
    **{"00": 2, "01": 2, "52": 4, "53": 3, "54": 13, "55": 2, "56": 13, "57": 5, "58": 2},
    **{"59": 25, "60": 15, "61": 10},
    **{"38.00": 32, "38.01.00": 6, "38.01.01": ACCOUNT_NUMBER_LIMIT, "38.02": 8},
    **{f"62.{number:02d}": 25 for number in range(1, 9)},
    **{"62.09": 3, "64.00": 2, "64.01": 25, "64.02": 15},
}
_MERCHANT_ACCOUNTS = frozenset(f"{number:02d}" for number in range(2, 52))
_PRINTABLE = re.compile(r"[ -~]*")
_WHOLE_DONG = re.compile(r"[0-9]+")
_ZERO = re.compile(r"0+(?:\.0*)?")
_BIN = re.compile(r"[0-9]{6}")
_NUMBER = re.compile(r"[A-Za-z0-9]+")


class WarningCode(StrEnum):
    """The oddities that are told."""

    TOO_LONG = "too_long"
    NOT_ASCII = "not_ascii"
    AMOUNT_ZERO = "amount_zero"
    AMOUNT_NOT_WHOLE = "amount_not_whole"
    FORMAT_UNKNOWN = "format_unknown"
    INITIATION_MISSING = "initiation_missing"
    INITIATION_UNKNOWN = "initiation_unknown"
    OUT_OF_ORDER = "out_of_order"
    BIN_MALFORMED = "bin_malformed"
    NUMBER_MALFORMED = "number_malformed"
    SEVERAL_PAYEES = "several_payees"


_MESSAGES = {
    WarningCode.TOO_LONG: "dài quá giới hạn",
    WarningCode.NOT_ASCII: "có chữ có dấu hoặc ký tự ngoài ASCII",
    WarningCode.AMOUNT_ZERO: "số tiền bằng 0, coi như không có số tiền",
    WarningCode.AMOUNT_NOT_WHOLE: "số tiền không phải số đồng nguyên",
    WarningCode.FORMAT_UNKNOWN: "phiên bản định dạng không phải 01",
    WarningCode.INITIATION_MISSING: "không ghi mã tĩnh hay động",
    WarningCode.INITIATION_UNKNOWN: "không phải 11 (tĩnh) hay 12 (động)",
    WarningCode.OUT_OF_ORDER: "đứng sai thứ tự",
    WarningCode.BIN_MALFORMED: "mã BIN không phải 6 chữ số",
    WarningCode.NUMBER_MALFORMED: "số tài khoản có ký tự lạ",
    WarningCode.SEVERAL_PAYEES: "mã có nhiều nơi nhận tiền, hãy kiểm tra từng nơi",
}


@dataclass(frozen=True, slots=True)
class PayloadWarning:
    """One oddity, at the dotted id of the object that shows it."""

    code: WarningCode
    object_id: str

    @property
    def message(self) -> str:
        return f"Trường {self.object_id}: {_MESSAGES[self.code]}."


def list_warnings(objects: Mapping[str, str], root: tuple[str, ...]) -> tuple[PayloadWarning, ...]:
    """The oddities of a payload, given by its dotted objects and the ids of its root in order."""
    found = (*_header(objects), *_order(root), *_limits(objects), *_values(objects), *_payees(root))
    return tuple(PayloadWarning(code, object_id) for code, object_id in found)


_Found = Iterator[tuple[WarningCode, str]]


def _header(objects: Mapping[str, str]) -> _Found:
    if objects["00"] != "01":
        yield WarningCode.FORMAT_UNKNOWN, "00"
    if "01" not in objects:
        yield WarningCode.INITIATION_MISSING, "01"
    elif objects["01"] not in {"11", "12"}:
        yield WarningCode.INITIATION_UNKNOWN, "01"


def _order(root: tuple[str, ...]) -> _Found:
    for earlier, later in pairwise(root):
        if later < earlier and later != "63":
            yield WarningCode.OUT_OF_ORDER, later


def _limits(objects: Mapping[str, str]) -> _Found:
    for object_id, value in objects.items():
        if len(value) > _LIMITS.get(object_id, len(value)):
            yield WarningCode.TOO_LONG, object_id


def _values(objects: Mapping[str, str]) -> _Found:
    for object_id, value in objects.items():
        if object_id[:2] in {"59", "60", "61", "62"} and not _PRINTABLE.fullmatch(value):
            yield WarningCode.NOT_ASCII, object_id
    amount = objects.get("54", "1")
    if _ZERO.fullmatch(amount):
        yield WarningCode.AMOUNT_ZERO, "54"
    if not _WHOLE_DONG.fullmatch(amount):
        yield WarningCode.AMOUNT_NOT_WHOLE, "54"
    if not _BIN.fullmatch(objects.get("38.01.00", "000000")):
        yield WarningCode.BIN_MALFORMED, "38.01.00"
    if not _NUMBER.fullmatch(objects.get("38.01.01", "0")):
        yield WarningCode.NUMBER_MALFORMED, "38.01.01"


def _payees(root: tuple[str, ...]) -> _Found:
    payees = [object_id for object_id in root if object_id in _MERCHANT_ACCOUNTS]
    for object_id in payees[1:]:
        yield WarningCode.SEVERAL_PAYEES, object_id
