"""Whom a payment code pays, told from its objects."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from market.domain.labels import LabelledEnum
from market.domain.stickers import ForeignCodeKind

# Identifiers that NAPAS and VNPAY have registered, and the services of NAPAS (v1.0, 5.2.3).
NAPAS = "A000000727"
VNPAY = "A000000775"
TO_ACCOUNT = "QRIBFTTA"
TO_CARD = "QRIBFTTC"
PUSH = "QRPUSH"

_BIN = re.compile(r"[0-9]{6}")
_MOMO_REFERENCE = "MOMO"


class PayKind(LabelledEnum):
    """What a code makes a payer's app do."""

    TRANSFER = "transfer", "Chuyển khoản"
    MERCHANT_PAYMENT = "merchant_payment", "Thanh toán cho người bán"
    VNPAY = "vnpay", "VNPAY-QR"
    WALLET = "wallet", "Ví điện tử"
    UNKNOWN = "unknown", "Không rõ"


@dataclass(frozen=True, slots=True)
class Payee:
    """BIN, number and service code are there only where NAPAS carries them."""

    kind: PayKind
    bin: str | None = None
    account: str | None = None
    service: str | None = None

    @property
    def foreign_kind(self) -> ForeignCodeKind:
        if self.kind is PayKind.VNPAY:
            return ForeignCodeKind.MERCHANT_PAYMENT
        return ForeignCodeKind(self.kind.value)


def is_bin(text: str) -> bool:
    return _BIN.fullmatch(text) is not None


def payee_of(objects: Mapping[str, str]) -> Payee:
    """The payee of a payload by its dotted objects; a template 38 of NAPAS is complete."""
    if objects.get("38.00") != NAPAS:
        is_vnpay = objects.get("26.00") == VNPAY
        return Payee(PayKind.VNPAY if is_vnpay else PayKind.UNKNOWN)
    return Payee(
        kind=_napas_kind(objects),
        bin=objects["38.01.00"],
        account=objects["38.01.01"],
        service=objects["38.02"],
    )


def _napas_kind(objects: Mapping[str, str]) -> PayKind:
    if objects["38.02"] == PUSH:
        return PayKind.MERCHANT_PAYMENT
    if objects["38.02"] not in {TO_ACCOUNT, TO_CARD}:
        return PayKind.UNKNOWN
    if objects.get("26.00") == VNPAY:
        return PayKind.VNPAY
    # ZaloPay adds a template of its own, MoMo a reference label: neither can be made anew.
    is_zalopay = any(object_id.startswith("26") for object_id in objects)
    is_momo = objects.get("62.05", "").startswith(_MOMO_REFERENCE)
    return PayKind.WALLET if is_zalopay or is_momo else PayKind.TRANSFER
