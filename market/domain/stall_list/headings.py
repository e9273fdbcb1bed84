"""Headings of lists: what a column holds, by the many ways boards write it."""

import re
from functools import lru_cache
from typing import NamedTuple

from market.domain.labels import LabelledEnum
from market.domain.text import clean, fold


class Field(LabelledEnum):
    """What a column of a list can hold."""

    STALL = "stall", "Số điểm kinh doanh (ki-ốt, quầy, sạp)"
    SECTION = "section", "Khu, dãy"
    MERCHANT = "merchant", "Tên hộ kinh doanh"
    PHONE = "phone", "Số điện thoại"
    LINE = "line", "Ngành hàng"
    ACCOUNT = "account_number", "Số tài khoản"
    BANK = "bank", "Ngân hàng"
    HOLDER = "holder", "Chủ tài khoản"
    STATE = "state", "Tình trạng"
    PLACEMENT = "placement", "Cố định hay không"
    AREA = "area", "Diện tích"
    REGISTRATION_CODE = "registration_code", "Mã số hộ kinh doanh"
    NOTE = "note", "Ghi chú"


class Heading(NamedTuple):
    """What a heading says; of two columns for one field the lower rank is taken."""

    field: Field | None = None
    rank: int = 0
    is_private: bool = False
    is_ordinal: bool = False


_LONGEST = 120
_WORD = re.compile(r"[a-z0-9]+")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")

# All patterns meet folded words: no accents, case or punctuation.
_KIOSK = r"(?:ki ?ot|ky ?ot|ki ?os|kiosk|kiosque|kyos)"
_PLACE = (
    rf"(?:{_KIOSK}|quay(?: hang)?|sap(?: hang)?|o(?: hang)?|gian(?: hang)?|lo|dkd"
    r"|diem(?: kd| kinh doanh| ban(?: hang)?)?|cho (?:ngoi|ban(?: hang)?)|vi tri)"
)
_BUSINESS = r"(?:kinh doanh|kd|ban hang|buon ban)"
_HOUSEHOLD = r"(?:hkd|ho (?:kd|kinh doanh|tieu thuong|gia dinh|ca the|thue)|chu ho)"
_NAME = r"(?:ho va ten|ho ten|ten)"
_PERSON = (
    r"(?:(?:chu )?hkd|(?:chu )?ho (?:kd|kinh doanh|ca the|gia dinh|tieu thuong|thue)(?: ca the)?"
    rf"|chu ho|tieu thuong|thuong nhan|chu (?:co so|cua hang|{_PLACE})"
    r"|nguoi (?:kinh doanh|kd|ban(?: hang)?|thue|dai dien|su dung|dang ky|dung ten)"
    r"|dai dien|ca nhan)"
)
_ACCOUNT = r"(?:tai khoan|tk)"
_BANK = r"(?:ngan hang|nh|bank)"
_WALLET = r"(?:vi|vi dien tu)"

_PATTERNS: tuple[tuple[Field, int, str], ...] = (
    (
        Field.STALL,
        0,
        rf"(?:(?:so|ma|ma so|so hieu|ky hieu|vi tri|so thu tu) )?{_PLACE}"
        rf"(?: (?:{_PLACE}|{_BUSINESS}|hoac|va|so|ma|hang|thue|trong cho|tai cho))*",
    ),
    (Field.STALL, 1, rf"dia diem(?: {_BUSINESS})?|noi {_BUSINESS}|ma cho|so cho"),
    (
        Field.SECTION,
        0,
        r"(?:(?:ten|so|ma|thuoc) )?(?:khu(?: vuc| hang| cho| nha)?|day(?: hang| nha)?|phan khu)"
        rf"(?: (?:khu|vuc|day|khu vuc|so|hang|nha|tang|hoac|va|{_BUSINESS}))*",
    ),
    (Field.SECTION, 1, r"(?:nha|tang|dinh)(?: (?:so|cho|khu|tang|nha))*"),
    (
        Field.MERCHANT,
        0,
        rf"(?:{_NAME}(?: cua)? )?{_PERSON}(?: (?:hoac |va )?{_PERSON})*(?: {_BUSINESS})?"
        r"|ho va ten|ho ten|ho ten dem va ten|ho dem va ten",
    ),
    (Field.MERCHANT, 1, rf"(?:{_NAME} )?(?:nguoi )?dai dien(?: {_HOUSEHOLD})?"),
    (Field.MERCHANT, 2, r"ten|ten ho|ho|khach hang|ten khach hang"),
    (
        Field.PHONE,
        0,
        r"(?:so )?(?:dien thoai|dt|sdt|dtdd|dtlh|di dong|mobile|phone|tel)"
        rf"(?: (?:dien thoai|di dong|dd|lien he|lien lac|cua|zalo|ca nhan|so|{_PERSON}))*",
    ),
    (Field.PHONE, 1, r"(?:so )?(?:lien he|lien lac|may|zalo)|thong tin lien he"),
    (
        Field.LINE,
        0,
        r"(?:(?:ten|loai|nhom|ma|linh vuc) )?(?:nganh(?: hang| nghe)?|mat hang|hang hoa|loai hang"
        rf"|nhom hang|hang {_BUSINESS}|hang ban)"
        rf"(?: (?:{_BUSINESS}|ban|dang ky|chinh|hang|nghe|nganh(?: hang| nghe)?|mat hang|hoac"
        r"|va))*",
    ),
    (
        Field.LINE,
        1,
        rf"(?:loai hinh|noi dung|linh vuc|hang muc|san pham)(?: {_BUSINESS})|linh vuc|san pham",
    ),
    (
        Field.ACCOUNT,
        0,
        rf"(?:so |ma so )?(?:stk|{_ACCOUNT}|account)"
        rf"(?: (?:so|{_BANK}|{_WALLET}|nhan tien|nhan|thanh toan|ca nhan|cua|giao dich|tien gui"
        rf"|hoac|hay|so vi|{_PERSON}))*",
    ),
    (Field.ACCOUNT, 1, rf"so {_WALLET}"),
    (
        Field.BANK,
        0,
        rf"(?:(?:ten|ma|mo tai|tai|noi mo|{_ACCOUNT} mo tai|mo {_ACCOUNT} tai|{_ACCOUNT} tai) )?"
        rf"{_BANK}(?: (?:mo|mo tai|mo {_ACCOUNT}|nhan|nhan tien|thu huong|giao dich|thanh toan"
        rf"|hoac|hay|so huu|{_WALLET}))*",
    ),
    (
        Field.BANK,
        1,
        rf"mo tai|noi mo(?: {_ACCOUNT})?|(?:ma )?bin(?: {_BANK})?|ma {_BANK}|to chuc tin dung",
    ),
    (
        Field.HOLDER,
        0,
        rf"(?:{_NAME} )?(?:chu {_ACCOUNT}|chu stk|(?:nguoi|don vi) thu huong|thu huong)"
        rf"(?: (?:{_BANK}|nhan tien|{_ACCOUNT}))*"
        rf"|{_NAME}(?: (?:tren|cua|chu))? {_ACCOUNT}(?: {_BANK})?",
    ),
    (
        Field.STATE,
        0,
        r"(?:tinh trang|trang thai|hien trang|tinh hinh)"
        rf"(?: (?:hoat dong|su dung|hien tai|cua|thue|{_BUSINESS}|{_HOUSEHOLD}|{_PLACE}))*",
    ),
    (
        Field.PLACEMENT,
        0,
        rf"(?:loai|tinh chat|hinh thuc) (?:{_PLACE}|bo tri)(?: {_BUSINESS})?"
        r"|co dinh(?: (?:hay|hoac))?(?: khong(?: co dinh)?| luu dong)?",
    ),
    (
        Field.AREA,
        0,
        rf"(?:tong )?dien tich(?: (?:m|m2|met|met vuong|su dung|thue|{_BUSINESS}|{_PLACE}))*"
        r"|dt m2?",
    ),
    (
        Field.REGISTRATION_CODE,
        0,
        r"(?:so )?mst(?: .+)?|ma so thue(?: .+)?|(?:ma so|ma) (?:hkd|ho kd|ho kinh doanh)"
        r"|(?:ma so|so|ma)"
        r" (?:dang ky|dk|dkkd|gcn|gpkd|giay phep|giay chung nhan|giay dang ky|giay dk)"
        rf"(?: (?:dang ky|dk|dkkd|gcn|dkhkd|{_BUSINESS}|{_HOUSEHOLD}))*|dkkd|gpkd"
        r"|(?:giay phep|dang ky) kinh doanh",
    ),
    (Field.NOTE, 0, r"ghi chu(?: .+)?|chu thich|luu y|note"),
)
# One look tells the many texts that are no heading at all.
_ANY = re.compile("|".join(f"(?:{pattern})" for _, _, pattern in _PATTERNS))
_COMPILED = tuple((field, rank, re.compile(pattern)) for field, rank, pattern in _PATTERNS)
_ORDINAL = re.compile(r"stt|tt|so tt|so thu tu|thu tu|no")
# Citizen ids, the older identity cards and passports, alone or beside something else.
_PRIVATE = re.compile(
    r"\b(?:cccd|ccd|cmnd|cmtnd|cmt|cmdn|cc ?cd|gttt|so cc|can cuoc|chung minh|ho chieu|passport"
    r"|(?:so |ma )?dinh danh ca nhan|so dinh danh|ma dinh danh$|ddcn|giay to tuy than)\b"
)


@lru_cache(maxsize=4096)
def read_heading(text: str) -> Heading:
    """What a heading says, whatever its case, accents, line breaks and marks."""
    whole = heading_key(text)
    if _PRIVATE.search(whole):
        return Heading(is_private=True)
    if len(whole) > _LONGEST:
        return Heading()
    if _ORDINAL.fullmatch(whole):
        return Heading(is_ordinal=True)
    # "ĐT" is a phone, "DT" alone may be an area.
    if whole == "dt" and "đ" not in clean(text).casefold():
        return Heading()
    # A bracket may name the field, add a unit or only explain.
    for form in (whole, heading_key(_IN_BRACKETS.sub(" ", text))):
        if _ANY.fullmatch(form):
            return next(
                Heading(field, rank)
                for field, rank, pattern in _COMPILED
                if pattern.fullmatch(form)
            )
    return Heading()


def heading_key(text: str) -> str:
    """A heading as it is compared and remembered: its folded words."""
    return " ".join(_WORD.findall(fold(text)))
