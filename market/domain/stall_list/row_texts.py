"""What a line of text in a list is: a title, a total, a signature, a remark, a code."""

import re
from itertools import pairwise

from market.domain.text import fold

_LONGEST_SIGNATURE = 120
# Accents decide: Tống is a family name, Tổng is not.
_TOTAL = re.compile(r"(?:tổng cộng|tổng số|tổng|cộng|tong cong|tong so)(?: *[:=.(].*| +\d.*)?")
_TOTAL_OF = re.compile(r"(?:tổng|cộng)\b")
_SIGNATURE = re.compile(
    r"nguoi (?:lap|tong hop|ke khai|thuc hien|bao cao|kiem tra|duyet|cung cap|phu trach|ghi)\b"
    r"|lap (?:bieu|bang)\b|can bo\b|chuyen vien\b|ke toan\b|thu quy\b|thu ky\b|thu truong\b"
    r"|(?:pho )?(?:truong ban|giam doc|chu tich|truong phong|chu nhiem|to truong|doi truong)\b"
    r"|(?:tm|t/m|kt|tl|tuq|thay mat)[. ]|(?:bql|ban quan ly|ubnd|uy ban|xac nhan|phe duyet)\b"
    r"|dai dien (?:ban|bql|cho|xa|phuong|don vi|lanh dao)\b|noi nhan\b|ky ten\b|\((?:da )?ky\b"
    r"|(?:.*, *)?ngay\b.*\bthang\b.*\bnam\b"
)
_REMARK = re.compile(
    r"[*(]|-\s|(?:ghi chu|luu y|bang chu|danh sach (?:nay|gom|co)|don vi tinh|nguon)\b"
)
_TITLE = re.compile(
    r"(?:khu|dãy|tầng|đình|phân khu|nhà lồng|nhà chợ|chợ|nhóm|ngành|mặt hàng|hàng|quầy hàng"
    r"|các (?:hộ|quầy|ki)|hộ kinh doanh|ngoài trời|vỉa hè|hành lang|mặt tiền|cổng|sân"
    r"|(?:nhà|tổ|phần) (?:số )?(?:\d|[ivx]+\b|[a-z]\b))\b"
    r"|(?:nhà|lô|tổ) (?:số )?[a-z0-9]{1,3}$"
)
_LETTERED = re.compile(r"(?:[IVXLC]+|[A-ZĐ])\s*[.)/:\-–]\s*\S")
_NUMBER_OF_TITLE = re.compile(r"\(?(?:[IVXLC]+|[A-ZĐ])[.)]?")
_NUMBERED = re.compile(r"\A(?:[IVXLC]+|[A-ZĐ]|\d{1,2})\s*[.)/:\-–]\s*(?=\S)")
_STALL_CODE = re.compile(
    r"(?=.*\d)\S{1,12}|(?:ki ?ot|kiot|quay|sap|o|lo|gian)(?: so)? \S{1,6}(?:, ?\S{1,6})*"
)
_COLUMN_NUMBER = re.compile(r"[(\[]?(\d{1,2}|[a-zđ])[)\]]?")


def is_total(text: str) -> bool:
    """Whether it says "total", with or without a figure."""
    return _TOTAL.fullmatch(text.casefold()) is not None


def begins_like_total(text: str) -> bool:
    """Whether it may say what is added up: "Cộng khu I", unless it is a name."""
    return _TOTAL_OF.match(text.casefold()) is not None


def is_signature(text: str) -> bool:
    """Whether it stands above or beside a signature, a date included."""
    return len(text) <= _LONGEST_SIGNATURE and _SIGNATURE.match(fold(text)) is not None


def is_remark(text: str) -> bool:
    return _REMARK.match(fold(text)) is not None


def is_title(text: str) -> bool:
    """Whether it names a part of a market by its first word or its letter."""
    return (
        _TITLE.match(text.casefold()) is not None
        or _LETTERED.match(text) is not None
        or fold(text).startswith("khu ")
    )


def is_number_of_title(text: str) -> bool:
    """I, II, A, B: what stands in the column of numbers before a title."""
    return _NUMBER_OF_TITLE.fullmatch(text) is not None


def is_stall_code(text: str) -> bool:
    """Whether a text that stands alone in its row is more likely a code than a title."""
    return _STALL_CODE.fullmatch(fold(text)) is not None


def section_name(title: str) -> str:
    """The title without its number: "II. KHU HÀNG KHÔ" names the section KHU HÀNG KHÔ."""
    return _NUMBERED.sub("", title, count=1)


def are_column_numbers(texts: list[str]) -> bool:
    """Whether it is the (A) (B) (1) (2) that printed forms have under the header.

    Numbers may be missing where columns are left unread.
    """
    marks = [_COLUMN_NUMBER.fullmatch(text.casefold()) for text in texts]
    numbers = [int(mark[1]) for mark in marks if mark and mark[1].isdecimal()]
    return (
        len(numbers) >= 2
        and all(marks)
        and all(before < after for before, after in pairwise(numbers))
    )
