"""Account, phone and registration numbers: clean, check, show only in part."""

import re
import unicodedata

from market.domain.banks import BankKind
from market.domain.errors import Invalid, Problem
from market.domain.labels import LabelledEnum

ACCOUNT_NUMBER_LIMIT = 19

_NUMBER = re.compile(r"[A-Za-z0-9]{1,19}")
_CARD = re.compile(r"9704(?:[0-9]{12}|[0-9]{15})")
# What a spreadsheet leaves of a long number; ".0" is a number cell that became text.
_DAMAGED = re.compile(r"[0-9][.,][0-9]+E[+-]?[0-9]+|[0-9]+E\+[0-9]+|[0-9]{5,}[.,]0", re.IGNORECASE)
_MOBILE = re.compile(r"0[35789][0-9]{8}")
_LANDLINE = re.compile(r"02[0-9]{9}")
_WITHOUT_ZERO = re.compile(r"[35789][0-9]{8}|2[0-9]{9}")
# "+84 0912…" is wrong but common.
_COUNTRY = re.compile(r"^(?:(?:\+|00)840?|84(?=[0-9]{9,10}$))")
_WITHOUT_BRACKETS = str.maketrans("", "", "()")
_SEPARATORS = frozenset({"Pd", "Zs", "Cf", "Cc"})
_REGISTRATION_CODE = re.compile(r"[0-9A-Z](?:[0-9A-Z./-]{0,28}[0-9A-Z])?")
# 12 digits is a citizen id, 11 one whose first zero a number cell ate, 9 an older id card.
_PERSONAL = re.compile(r"(?:[0-9]{9}|[0-9]{11,12})(?:-[0-9]+)?")


class AccountKind(LabelledEnum):
    """Where the money arrives."""

    BANK = "bank", "Tài khoản ngân hàng"
    WALLET = "wallet", "Ví điện tử"
    MOBILE_MONEY = "mobile_money", "Mobile Money"


class AccountState(LabelledEnum):
    """draft → awaiting_approval → approved → retired, or rejected."""

    DRAFT = "draft", "Nháp"
    AWAITING_APPROVAL = "awaiting_approval", "Chờ duyệt"
    APPROVED = "approved", "Đã duyệt"
    RETIRED = "retired", "Thôi dùng"
    REJECTED = "rejected", "Bị từ chối"


class AccountSource(LabelledEnum):
    """How the number came into the register."""

    TYPED = "typed", "Gõ tay"
    IMPORTED = "imported", "Từ danh sách"
    SCANNED = "scanned", "Quét mã của hộ"


class HolderRelation(LabelledEnum):
    """Whose account it is, seen from the merchant."""

    SELF = "self", "Chính chủ"
    HOUSEHOLD_BUSINESS = "household_business", "Hộ kinh doanh"
    RELATIVE = "relative", "Người thân"
    OTHER = "other", "Người khác"


class AccountProof(LabelledEnum):
    """What shows that the number is the holder's."""

    NONE = "none", "Chưa có"
    SCAN_SHOWED_NAME = "scan_showed_name", "Quét thấy đúng tên"
    TEST_TRANSFER = "test_transfer", "Chuyển thử"


_KINDS = {
    BankKind.BANK: AccountKind.BANK,
    BankKind.DIGITAL: AccountKind.BANK,
    BankKind.FINANCE: AccountKind.BANK,
    BankKind.WALLET: AccountKind.WALLET,
    BankKind.MOBILE_MONEY: AccountKind.MOBILE_MONEY,
}


def kind_at(bank: BankKind) -> AccountKind:
    """The kind of an account at a house of that kind."""
    return _KINDS[bank]


def clean_number(text: str) -> str:
    """The number without spaces, dots, hyphens of any script and invisible characters."""
    if text.isascii() and text.isalnum():
        return text
    return "".join(char for char in text if not _is_separator(char))


def check_number(text: str) -> str:
    """The cleaned account number.

    Raises Invalid with the problem `account_damaged` where a spreadsheet has lost digits,
    `account_is_card` for a card number, `account_invalid` for anything else that is not
    1 to 19 letters and digits. Nothing more is enforced: the lengths that banks publish
    contradict accounts in use.
    """
    if is_damaged(text):
        raise _refused(
            "account_damaged",
            "Số tài khoản đã bị bảng tính làm hỏng (dạng 1,9E+13), các chữ số đã mất."
            " Hãy định dạng ô là văn bản và gõ lại số.",
        )
    number = clean_number(text)
    if is_card_number(number):
        raise _refused(
            "account_is_card",
            "Đây là số thẻ (9704…), không phải số tài khoản."
            " Hãy hỏi số tài khoản trong ứng dụng ngân hàng.",
        )
    if not is_account_number(number):
        raise _refused(
            "account_invalid",
            f"Số tài khoản phải gồm 1 đến {ACCOUNT_NUMBER_LIMIT} chữ số hoặc chữ cái không dấu,"
            f" số này có {len(number)} ký tự. Hãy kiểm tra lại với hộ kinh doanh.",
        )
    return number


def is_account_number(number: str) -> bool:
    """Whether it can stand in a payload as it is (NAPAS VietQR v1.0: ans, at most 19)."""
    return _NUMBER.fullmatch(number) is not None


def is_card_number(number: str) -> bool:
    """Whether it is a domestic card: 16 or 19 digits after the issuer range 9704."""
    return _CARD.fullmatch(number) is not None


def is_damaged(text: str) -> bool:
    """Whether it is a number in scientific notation or with a decimal: digits are lost."""
    return _DAMAGED.fullmatch("".join(text.split())) is not None


def is_all_letters(number: str) -> bool:
    """Whether a bank account is a nickname: banks ended them on 1 April 2026."""
    return number.isascii() and number.isalpha()


def last_four(number: str) -> str:
    """The end that may stand in clear; of a number under eight characters only half."""
    return number[len(number) - min(4, len(number) // 2) :]


def mask(number: str) -> str:
    shown = last_four(number)
    return "•" * (len(number) - len(shown)) + shown


def in_groups(number: str) -> str:
    """The number in groups of four from the left, as it is printed."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def check_phone(text: str, *, restore_zero: bool) -> str:
    """The phone from its 0 on: ten digits, eleven of a landline.

    `restore_zero` gives back the leading zero that number cells and text files lose.
    Raises Invalid with the problem `phone_invalid`.
    """
    written = clean_number(text.translate(_WITHOUT_BRACKETS))
    local = _COUNTRY.sub("0", written, count=1)
    if restore_zero and _WITHOUT_ZERO.fullmatch(local):
        local = "0" + local
    if not (_MOBILE.fullmatch(local) or _LANDLINE.fullmatch(local)):
        raise _refused(
            "phone_invalid",
            "Số điện thoại không phải số Việt Nam: di động có 10 chữ số bắt đầu bằng 0,"
            " cố định có 11 chữ số bắt đầu bằng 02. Hãy sửa lại hoặc để trống.",
            field="phone",
        )
    return local


def check_registration_code(text: str) -> str:
    """The registration or tax code in upper case without spaces.

    Raises Invalid with the problem `id_private` for the owner's personal number, which
    serves as the code of a household since 2025 and is not stored, and
    `registration_invalid` for what cannot be a code.
    """
    code = "".join(
        "-" if unicodedata.category(char) == "Pd" else char for char in text if not char.isspace()
    ).upper()
    if _PERSONAL.fullmatch(code.replace(".", "")):
        raise _refused(
            "id_private",
            "Mã số này là số định danh cá nhân của chủ hộ nên không được lưu."
            " Hãy để trống ô mã số hộ kinh doanh.",
            field="registration_code",
        )
    if not _REGISTRATION_CODE.fullmatch(code):
        raise _refused(
            "registration_invalid",
            "Mã số hộ kinh doanh chỉ gồm chữ cái không dấu, chữ số, dấu chấm, gạch ngang"
            " và gạch chéo, tối đa 30 ký tự. Hãy kiểm tra lại hoặc để trống.",
            field="registration_code",
        )
    return code


def _is_separator(char: str) -> bool:
    return char == "." or char.isspace() or unicodedata.category(char) in _SEPARATORS


def _refused(code: str, message: str, *, field: str = "account_number") -> Invalid:
    return Invalid(message, (Problem(message, code=code, field=field),))
