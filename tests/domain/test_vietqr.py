"""Payloads of payment codes: written, read, refused, compared."""

import json
import unicodedata
from binascii import crc_hqx
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from market.domain.accounts import is_card_number
from market.domain.errors import Invalid
from market.domain.payees import Payee, PayKind
from market.domain.payload_warnings import PayloadWarning, WarningCode, list_warnings
from market.domain.stickers import ForeignCodeKind
from market.domain.text import to_ascii
from market.domain.vietqr import PayloadRefused, decode, encode, payee_key

DATA = Path(__file__).parent.parent / "data"
VECTORS = json.loads((DATA / "payload_vectors.json").read_text(encoding="utf-8"))["vectors"]
CASES = json.loads((DATA / "payload_encode_cases.json").read_text(encoding="utf-8"))
LIMITS_IN_ERRORS = {"error: purpose longer than 25": "25", "error: account longer than 19": "19"}

DIGITS = "0123456789"
LETTERS_AND_DIGITS = DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
bins = st.text(DIGITS, min_size=6, max_size=6)
accounts = st.text(LETTERS_AND_DIGITS, min_size=1, max_size=19).filter(
    lambda number: not is_card_number(number)
)
amounts = st.none() | st.integers(0, 9_999_999_999_999)
purposes = st.none() | st.text(max_size=40)

NAPAS_HEAD = "0010A000000727"
PAYEE = "0127" + "0006970436" + "01138800100000137"
ACCOUNT = "38" + "57" + NAPAS_HEAD + PAYEE + "0208QRIBFTTA"


def item(object_id: str, value: str) -> str:
    return f"{object_id}{len(value):02d}{value}"


def sealed(body: str) -> str:
    """The body with a CRC that fits, whatever it is worth."""
    return f"{body}6304{crc_hqx((body + '6304').encode(), 0xFFFF):04X}"


def payload(*objects: str, head: str = "000201010211") -> str:
    return sealed(head + "".join(objects))


def napas(payee: str, service: str = "QRIBFTTA") -> str:
    return item("38", NAPAS_HEAD + item("01", payee) + item("02", service))


def payee(bin: str = "970436", account: str = "8800100000137") -> str:
    return item("00", bin) + item("01", account)


def refusal(text: str) -> PayloadRefused:
    with pytest.raises(PayloadRefused) as refused:
        decode(text)
    return refused.value


def place(text: str) -> int:
    """Where the text is refused, or its end where it is read whole."""
    try:
        return len(decode(text).text)
    except PayloadRefused as refused:
        return refused.position


def warned(text: str) -> list[tuple[WarningCode, str]]:
    return [(warning.code, warning.object_id) for warning in decode(text).warnings]


# The gathered vectors


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_gathered_payloads_are_read_or_refused_as_stated(vector: dict[str, Any]) -> None:
    if vector["accept"]:
        assert decode(vector["payload"]).objects == vector["decoded"]
    else:
        refusal(vector["payload"])


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if not v["crc_ok"]], ids=lambda vector: vector["id"]
)
def test_a_crc_that_does_not_fit_is_named_at_its_place(vector: dict[str, Any]) -> None:
    refused = refusal(vector["payload"])

    assert refused.position == len(vector["payload"]) - 4
    assert vector["payload"][-4:] in refused.message


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v["napas_limits_broken"]], ids=lambda vector: vector["id"]
)
def test_gathered_payloads_over_a_limit_are_read_with_a_warning(vector: dict[str, Any]) -> None:
    if vector["accept"]:
        assert WarningCode.TOO_LONG in {code for code, _ in warned(vector["payload"])}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"case-{case['id']}")
def test_gathered_cases_are_written_as_stated(case: dict[str, Any]) -> None:
    wanted = {
        "bin": case["bin"],
        "account": case["account"],
        "amount": int(case["amount"]) if case["amount"] else None,
        "purpose": case["purpose"],
    }

    if case["expect"].startswith("error"):
        with pytest.raises(Invalid, match=LIMITS_IN_ERRORS[case["expect"]]):
            encode(**wanted)
    else:
        assert encode(**wanted) == case["expect"]


# Writing


@given(bins, accounts, amounts, purposes)
def test_what_is_written_is_read_back(
    bin: str, account: str, amount: int | None, purpose: str | None
) -> None:
    assume(len(to_ascii(purpose or "")) <= 25)

    read = decode(encode(bin=bin, account=account, amount=amount, purpose=purpose))

    assert read.pays == Payee(PayKind.TRANSFER, bin, account, "QRIBFTTA")
    assert read.amount == (amount or None)
    assert read.purpose == (to_ascii(purpose or "") or None)
    assert read.objects["01"] == ("12" if amount else "11")
    assert read.warnings == ()


def test_objects_stand_in_the_order_of_the_format() -> None:
    text = encode(bin="970436", account="8800100137", amount=5, purpose="Tien rau")

    assert [object_id for object_id, _ in decode(text).root] == [
        "00", "01", "38", "53", "54", "58", "62", "63",
    ]  # fmt: skip


@pytest.mark.parametrize("purpose", [None, "", "  \n", "🍅", "---"])
def test_a_purpose_without_letters_is_left_out(purpose: str | None) -> None:
    text = encode(bin="970436", account="8800100137", purpose=purpose)

    assert text == encode(bin="970436", account="8800100137")


def test_a_purpose_of_twenty_five_fits_whatever_its_accents_take() -> None:
    purpose = unicodedata.normalize("NFD", "Ộ" * 25)

    assert decode(encode(bin="970436", account="1", purpose=purpose)).purpose == "O" * 25


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"bin": ""}, "bin_invalid"),
        ({"bin": "97043"}, "bin_invalid"),
        ({"bin": "9704361"}, "bin_invalid"),
        ({"bin": "97043A"}, "bin_invalid"),
        ({"bin": "９７０４３６"}, "bin_invalid"),
        ({"bin": "970436\n"}, "bin_invalid"),
        ({"account": ""}, "account_invalid"),
        ({"account": "8800 1001"}, "account_invalid"),
        ({"account": "88001001\n"}, "account_invalid"),
        ({"account": "8800đ"}, "account_invalid"),
        ({"account": "٨٨٠٠"}, "account_invalid"),
        ({"account": "8" * 20}, "account_invalid"),
        ({"account": "9704366812345678901"}, "account_is_card"),
        ({"account": "9704031101234567"}, "account_is_card"),
        ({"amount": -1}, "amount_invalid"),
        ({"amount": 10**13}, "amount_invalid"),
        ({"purpose": "x" * 26}, "purpose_too_long"),
    ],
)
def test_what_does_not_fit_is_refused_and_never_cut(wanted: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        encode(**{"bin": "970436", "account": "8800100137", **wanted})

    assert refused.value.problems[0].code == code
    assert (refused.value.problems[0].field or "").startswith(next(iter(wanted)))


def test_the_largest_amount_has_thirteen_digits() -> None:
    text = encode(bin="970436", account="8800100137", amount=9_999_999_999_999)

    assert decode(text).objects["54"] == "9999999999999"


# Refusing


@given(bins, st.text(DIGITS, min_size=1, max_size=19), st.data())
def test_any_other_digit_in_the_account_breaks_the_crc(
    bin: str, account: str, data: st.DataObject
) -> None:
    assume(not is_card_number(account))
    text = encode(bin=bin, account=account)
    start = text.index(item("01", account), text.index(bin) + 6) + 4
    at = start + data.draw(st.integers(0, len(account) - 1))
    other = data.draw(st.sampled_from([digit for digit in DIGITS if digit != text[at]]))

    assert "CRC" in refusal(text[:at] + other + text[at + 1 :]).message


@given(st.text() | st.text(DIGITS + "AQR"))
def test_any_text_is_read_or_refused_with_a_position(text: str) -> None:
    for candidate in (text, "000201" + text, payload(text)):
        assert 0 <= place(candidate) <= len(candidate)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("https://example.vn/?a=1", 0),
        ("000201", 0),
        (payload(ACCOUNT)[:-1], len(payload(ACCOUNT)) - 8),
        (payload(ACCOUNT) + "\n", len(payload(ACCOUNT))),
        (" " + payload(ACCOUNT), 0),
        ("\ufeff" + payload(ACCOUNT), 0),
        (payload(ACCOUNT) + "5802VN", len(payload(ACCOUNT))),
        (payload(ACCOUNT) + payload(ACCOUNT), 2 * len(payload(ACCOUNT)) - 4),
    ],
    ids=["empty", "address", "head-only", "cut", "line-end", "space", "bom", "trailing", "twice"],
)
def test_what_is_no_whole_payload_is_refused(text: str, position: int) -> None:
    assert refusal(text).position == position


@pytest.mark.parametrize(
    "text",
    [
        sealed("010211000201" + ACCOUNT),
        sealed("010211" + ACCOUNT),
        payload(ACCOUNT, item("63", "ABCD"), "5802VN"),
        payload(ACCOUNT, item("63", "ABCD")),
        "000201010211" + ACCOUNT + item("63", "ABCDE"),
        "000201010211" + ACCOUNT + item("80", "ABCD"),
        payload("5303704", "5303704"),
        payload(ACCOUNT, ACCOUNT),
        payload("5300"),
        payload("5A02VN"),
        payload("580AVN"),
        payload("58٠٢VN"),
        payload("58²2VN"),
        payload("5899VN"),
        payload(item("62", "0803ab")),
        payload(item("62", "08")),
        payload(item("62", "0800")),
        payload(item("62", "0801a0801b")),
        payload(item("64", "0002VI01")),
        payload(item("64", "0002VI0002EN")),
        payload(item("26", "0004abcd0101x0101y")),
        payload(item("38", NAPAS_HEAD + "01")),
        payload(item("38", NAPAS_HEAD + item("01", payee() + "9") + item("02", "QRIBFTTA"))),
        payload(item("38", NAPAS_HEAD + item("01", payee()) * 2 + item("02", "QRIBFTTA"))),
        payload(napas(payee() + item("01", "880"))),
        payload(item("38", NAPAS_HEAD + item("01", payee()) + item("02", "QRIBFTTA") + "0")),
    ],
)
def test_broken_structure_is_refused_though_the_crc_fits(text: str) -> None:
    assert "CRC" not in refusal(text).message


@pytest.mark.parametrize(
    "template",
    [
        item("38", NAPAS_HEAD),
        item("38", NAPAS_HEAD + item("01", payee())),
        item("38", NAPAS_HEAD + item("02", "QRIBFTTA")),
        napas(item("01", "8800100137")),
        napas(item("00", "970436")),
    ],
)
def test_napas_without_bin_number_or_service_is_refused_at_its_template(template: str) -> None:
    assert refusal(payload("5303704", template)).position == len("0002010102115303704")


def test_a_break_inside_the_payee_is_placed_in_the_whole_text() -> None:
    text = payload(napas("0006970436" + "0112" + "8800100000137"))

    assert refusal(text).position == text.index("8800100000137") + 12


@pytest.mark.parametrize("wrong", ["00000", "GGGG", "+123", " 123", "１２３４"])
def test_four_characters_that_are_no_crc_are_refused(wrong: str) -> None:
    refusal(payload(ACCOUNT)[:-4] + wrong)


@pytest.mark.parametrize("text", ["0" * 7090, payload(ACCOUNT)[:-4] + "\ud800", "\udc80"])
def test_text_that_no_symbol_carries_is_refused(text: str) -> None:
    refusal(text)


def test_the_longest_text_a_symbol_carries_is_looked_into() -> None:
    assert refusal("00" + "9" * 7087).position < 7089
    assert refusal("00" + "9" * 7088).position == 7089


# Reading with warnings


def test_lower_case_crc_is_accepted() -> None:
    text = encode(bin="970422", account="0900000001")
    lower = text[:-4] + text[-4:].lower()

    assert lower != text
    assert decode(lower).pays == decode(text).pays


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (payload(ACCOUNT, item("59", "N" * 26)), (WarningCode.TOO_LONG, "59")),
        (payload(ACCOUNT, item("62", item("08", "x" * 26))), (WarningCode.TOO_LONG, "62.08")),
        (payload(napas(payee(account="8" * 20))), (WarningCode.TOO_LONG, "38.01.01")),
        (payload(napas(payee(bin="97043"))), (WarningCode.BIN_MALFORMED, "38.01.00")),
        (payload(napas(payee(account="8800-1"))), (WarningCode.NUMBER_MALFORMED, "38.01.01")),
        (payload(ACCOUNT, item("60", "Hạ Long")), (WarningCode.NOT_ASCII, "60")),
        (payload(ACCOUNT, item("62", item("08", "rau chợ"))), (WarningCode.NOT_ASCII, "62.08")),
        (payload(item("54", "0"), ACCOUNT), (WarningCode.AMOUNT_ZERO, "54")),
        (payload(item("54", "0.00"), ACCOUNT), (WarningCode.AMOUNT_ZERO, "54")),
        (payload(item("54", "10.5"), ACCOUNT), (WarningCode.AMOUNT_NOT_WHOLE, "54")),
        (payload(item("54", "1e3"), ACCOUNT), (WarningCode.AMOUNT_NOT_WHOLE, "54")),
        (sealed("000201" + ACCOUNT), (WarningCode.INITIATION_MISSING, "01")),
        (sealed("000201010213" + ACCOUNT), (WarningCode.INITIATION_UNKNOWN, "01")),
        (sealed("000202010211" + ACCOUNT), (WarningCode.FORMAT_UNKNOWN, "00")),
        (payload("5303704", ACCOUNT), (WarningCode.OUT_OF_ORDER, "38")),
        (payload(ACCOUNT, item("39", "x")), (WarningCode.SEVERAL_PAYEES, "39")),
    ],
)
def test_oddities_are_read_with_a_warning(text: str, warning: tuple[WarningCode, str]) -> None:
    assert warning in warned(text)
    assert all(warning.object_id in warning.message for warning in decode(text).warnings)


LIMITS = {
    "00": 2, "01": 2, "52": 4, "53": 3, "54": 13, "55": 2, "56": 13, "57": 5, "58": 2, "59": 25,
    "60": 15, "61": 10, "38.00": 32, "38.01.00": 6, "38.01.01": 19, "38.02": 8, "62.01": 25,
    "62.07": 25, "62.08": 25, "62.09": 3, "64.00": 2, "64.01": 25, "64.02": 15,
}  # fmt: skip


def too_long(object_id: str, value: str) -> bool:
    objects = {"00": "01", "01": "11", object_id: value}
    found = list_warnings(objects, ("00", "01", "63"))
    return PayloadWarning(WarningCode.TOO_LONG, object_id) in found


@pytest.mark.parametrize(("object_id", "limit"), LIMITS.items())
def test_each_object_is_too_long_past_its_limit_only(object_id: str, limit: int) -> None:
    assert not too_long(object_id, "1" * limit)
    assert too_long(object_id, "1" * (limit + 1))


def test_objects_without_a_limit_are_never_too_long() -> None:
    assert not too_long("80", "1" * 99)


@pytest.mark.parametrize(
    ("object_id", "told"), [("01", False), ("02", True), ("51", True), ("52", False)]
)
def test_templates_beside_the_payee_are_told(object_id: str, told: bool) -> None:
    root = ("00", object_id, "38", "63")
    codes = {found.code for found in list_warnings({"00": "01", "01": "11"}, root)}

    assert (WarningCode.SEVERAL_PAYEES in codes) is told


@pytest.mark.parametrize("object_id", ["59", "60", "61", "62.01"])
def test_names_in_vietnamese_letters_are_told(object_id: str) -> None:
    found = list_warnings({"00": "01", "01": "11", object_id: "chợ"}, ("00", "01", "63"))

    assert found == (PayloadWarning(WarningCode.NOT_ASCII, object_id),)


def test_a_refusal_counts_characters_from_one_for_people() -> None:
    refused = refusal("https://example.vn")

    assert refused.position == 0
    assert "ký tự thứ 1:" in refused.message
    assert refused.reason in refused.message


def test_a_plain_code_has_no_warnings() -> None:
    assert warned(payload(ACCOUNT, "5303704", "5802VN", item("80", "000"))) == []


@pytest.mark.parametrize(
    ("written", "amount"),
    [("50000", 50000), ("0050000", 50000), ("50000.00", 50000), ("50000.", 50000), ("0", None),
     ("0.0", None), ("10.5", None), ("1e3", None), ("٥", None)],
)  # fmt: skip
def test_amounts_are_whole_dong_and_never_zero(written: str, amount: int | None) -> None:
    assert decode(payload(item("54", written))).amount == amount


@pytest.mark.parametrize("value", ["free text", "0004abcd01", "12345", "0004abcd0100"])
def test_templates_of_others_need_no_structure(value: str) -> None:
    read = decode(payload(item("26", value), item("38", value)))

    assert (read.objects["26"], read.objects["38"]) == (value, value)
    assert read.pays.kind is PayKind.UNKNOWN


def test_objects_outside_the_known_are_kept() -> None:
    read = decode(payload(ACCOUNT, item("80", "000"), item("99", "A000000727")))

    assert (read.objects["80"], read.objects["99"]) == ("000", "A000000727")


def test_words_that_are_stored_stay_as_they_are() -> None:
    assert list(PayKind) == ["transfer", "merchant_payment", "vnpay", "wallet", "unknown"]


# Whom it pays

ZALOPAY = item("26", item("00", "vn.zalopay") + item("01", "880001"))
VNPAY = item("26", item("00", "A000000775") + item("01", "8800100137"))
MOMO = item("62", item("05", "MOMOW2W88001"))


@pytest.mark.parametrize(
    ("text", "kind", "foreign"),
    [
        (payload(napas(payee())), PayKind.TRANSFER, ForeignCodeKind.TRANSFER),
        (payload(napas(payee(), "QRIBFTTC")), PayKind.TRANSFER, ForeignCodeKind.TRANSFER),
        (payload(napas(payee(), "QRPUSH")), PayKind.MERCHANT_PAYMENT,
         ForeignCodeKind.MERCHANT_PAYMENT),
        (payload(VNPAY), PayKind.VNPAY, ForeignCodeKind.MERCHANT_PAYMENT),
        (payload(VNPAY, ACCOUNT), PayKind.VNPAY, ForeignCodeKind.MERCHANT_PAYMENT),
        (payload(ZALOPAY, ACCOUNT), PayKind.WALLET, ForeignCodeKind.WALLET),
        (payload(ACCOUNT, MOMO), PayKind.WALLET, ForeignCodeKind.WALLET),
        (payload(ACCOUNT, item("62", item("05", "HD88001"))), PayKind.TRANSFER,
         ForeignCodeKind.TRANSFER),
        (payload(napas(payee(), "QRCASH")), PayKind.UNKNOWN, ForeignCodeKind.UNKNOWN),
        (payload(ZALOPAY), PayKind.UNKNOWN, ForeignCodeKind.UNKNOWN),
        (payload(item("38", item("00", "a000000727"))), PayKind.UNKNOWN, ForeignCodeKind.UNKNOWN),
        (payload("5802VN"), PayKind.UNKNOWN, ForeignCodeKind.UNKNOWN),
    ],
)  # fmt: skip
def test_objects_tell_what_a_code_pays(text: str, kind: PayKind, foreign: ForeignCodeKind) -> None:
    pays = decode(text).pays

    assert (pays.kind, pays.foreign_kind) == (kind, foreign)


PLAIN_TRANSFERS = [
    vector
    for vector in VECTORS
    if vector["accept"]
    and vector["decoded"].get("38.02") == "QRIBFTTA"
    and not vector["napas_limits_broken"]
    and not {"26.00", "62.05"}.intersection(vector["decoded"])
]


@pytest.mark.parametrize("vector", PLAIN_TRANSFERS, ids=lambda vector: vector["id"])
def test_a_transfer_made_anew_from_bank_and_number_pays_the_same(vector: dict[str, Any]) -> None:
    read = decode(vector["payload"])

    rebuilt = decode(
        encode(bin=read.pays.bin or "", account=read.pays.account or "", amount=read.amount)
    )

    assert (rebuilt.pays, rebuilt.amount) == (read.pays, read.amount)


def merchant(guid: str, identifier: str, terminal: str = "T1", at: str = "30") -> str:
    parts = item("00", guid) + item("01", identifier) + item("03", terminal)
    return item(at, parts)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (payload(ACCOUNT), payload(ACCOUNT, item("54", "5"), MOMO), True),
        (payload(ACCOUNT), payload(ACCOUNT, item("59", "NGUYEN VAN A")), True),
        (payload(ACCOUNT), payload(napas(payee(account="8800100000138"))), False),
        (payload(ACCOUNT), payload(napas(payee(bin="970405"))), False),
        (payload(merchant("vn.x", "1")), payload(merchant("vn.x", "1", "T2")), True),
        (payload(merchant("vn.x", "1")), payload(merchant("vn.x", "1"), "5802VN"), True),
        (payload(merchant("vn.x", "1")), payload(merchant("vn.x", "2")), False),
        (payload(merchant("vn.x", "1")), payload(merchant("vn.y", "1")), False),
        (payload(merchant("vn.x", "1", at="26")), payload(merchant("vn.x", "1", at="51")), True),
        (payload(merchant("vn.x", "1", at="25")), payload(merchant("vn.x", "1")), False),
        (payload(merchant("vn.x", "1", at="52")), payload(merchant("vn.x", "1")), False),
        (payload(item("30", "0004vn.x0301a")), payload(item("30", "0004vn.x0301b")), False),
        (payload(item("30", "0101a0301a")), payload(item("30", "0101a0301b")), False),
        (payload(ACCOUNT), payload(ZALOPAY, ACCOUNT), True),
        (payload(VNPAY), payload(VNPAY, ACCOUNT), False),
        (payload(item("27", "raw"), item("59", "A")),
         payload(item("27", "raw"), item("54", "9"), item("59", "A"), item("62", "0801x"),
                 head="000201010212"), True),
        (payload(item("27", "raw")), payload(item("27", "other")), False),
        (payload(item("27", "raw")), payload(item("28", "raw")), False),
        (payload(item("27", "raw")), payload(item("27", "raw"), item("59", "A")), False),
    ],
)  # fmt: skip
def test_codes_are_compared_by_whom_they_pay(one: str, other: str, expected: bool) -> None:
    assert (payee_key(decode(one)) == payee_key(decode(other))) is expected


def test_the_order_of_objects_does_not_change_the_payee() -> None:
    one = payload(item("27", "raw"), item("59", "A"))
    other = payload(item("59", "A"), item("27", "raw"))

    assert payee_key(decode(one)) == payee_key(decode(other))
