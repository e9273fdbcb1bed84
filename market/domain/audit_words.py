"""The audit log in words: what was done to what, and which of its values changed."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from market.domain.audit_fields import DATED, FIELDS, SETS
from market.domain.calendar import format_day, format_moment
from market.domain.labels import LabelledEnum
from market.domain.roles import Role, ScopeKind

HIDDEN = "đã che"
NOTHING = "–"
MOST_LISTED = 10

ENTITIES = {
    "markets": "Chợ",
    "market_operators": "Đơn vị quản lý của chợ",
    "operators": "Đơn vị quản lý",
    "operator_brandings": "Dấu hiệu của đơn vị",
    "sections": "Khu",
    "stalls": "Điểm kinh doanh",
    "merchants": "Hộ kinh doanh",
    "tenancies": "Bố trí điểm",
    "payment_accounts": "Tài khoản nhận tiền",
    "stickers": "Tem QR",
    "print_runs": "Đợt in",
    "foreign_codes": "Mã QR của ngân hàng, ví",
    "visits": "Lượt kiểm tra",
    "incidents": "Sự cố",
    "import_batches": "Nhập danh sách",
    "banks": "Danh mục ngân hàng",
    "users": "Người dùng",
    "grants": "Quyền",
    "user_sessions": "Phiên đăng nhập",
    "provinces": "Tỉnh, xã",
    "communes": "Xã, phường",
    "targets": "Chỉ tiêu",
    "reports": "Báo cáo",
    "frozen_reports": "Báo cáo đã chốt",
}
ACTIONS = {
    "create": "Thêm",
    "change": "Sửa",
    "rename": "Đổi tên",
    "reorder": "Đổi thứ tự",
    "close": "Đóng",
    "reopen": "Mở lại",
    "change_state": "Đổi tình trạng",
    "change_operator": "Đổi đơn vị quản lý",
    "start": "Bắt đầu",
    "end": "Kết thúc",
    "merge": "Gộp",
    "enter": "Nhập",
    "approve": "Duyệt",
    "reject": "Từ chối",
    "withdraw": "Rút lại",
    "take_force": "Có hiệu lực",
    "retire": "Ngừng dùng",
    "read_numbers": "Xem số đầy đủ",
    "read_codes": "Xem mã đầy đủ",
    "queue": "Đưa vào chờ in",
    "make": "Lập",
    "print": "In",
    "reprint": "In lại",
    "cancel": "Bỏ",
    "hand_out": "Giao",
    "hang": "Treo",
    "void": "Hủy",
    "spoil": "In hỏng",
    "picture": "Xem hình",
    "register": "Ghi nhận",
    "check": "Xác nhận",
    "remove": "Gỡ",
    "record": "Ghi",
    "open": "Mở",
    "upload": "Tải lên",
    "settle_columns": "Chọn cột",
    "apply_import": "Áp dụng danh sách",
    "undo_import": "Hoàn tác danh sách",
    "import": "Nhập từ danh sách",
    "drop": "Bỏ",
    "purge": "Dọn",
    "download": "Tải xuống",
    "download_bad_rows": "Tải các dòng lỗi",
    "export": "Xuất tệp",
    "freeze": "Chốt",
    "load": "Nạp",
    "load_demo": "Nạp dữ liệu mẫu",
    "grant": "Giao quyền",
    "revoke": "Thu hồi quyền",
    "disable": "Khóa",
    "enable": "Mở khóa",
    "change_password": "Đổi mật khẩu",
    "sign_in": "Đăng nhập",
    "sign_out": "Đăng xuất",
}


class Side(StrEnum):
    """Before or after."""

    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Change:
    """One value of an entry: its name, what it was, what it became; None where not told."""

    name: str
    old: str | None
    new: str | None


def changes_of(content: str, entity: str = "") -> Iterator[Change]:
    """The values an entry on that kind of thing holds, readable; sealed ones stay hidden."""
    told = json.loads(content)
    old, new = told.get(Side.OLD, {}), told.get(Side.NEW, {})
    for name in {**old, **new}:
        yield Change(
            _name(name),
            _readable(entity, name, old[name]) if name in old else None,
            _readable(entity, name, new[name]) if name in new else None,
        )


def entity_word(entity: str) -> str:
    """What kind of thing it is."""
    return ENTITIES.get(entity, entity)


def action_word(action: str) -> str:
    """What was done."""
    return ACTIONS.get(action, action)


def authority_words(authority: str) -> str:
    """The grants somebody acted on, `role@scope:key` each, in words."""
    return ", ".join(_grant_words(grant) for grant in authority.split(", ") if grant) or NOTHING


def _grant_words(grant: str) -> str:
    role, _, scope = grant.partition("@")
    kind, _, key = scope.partition(":")
    place = " ".join(filter(None, (_word(ScopeKind, kind), key)))
    return f"{_word(Role, role)} ({place})" if place else _word(Role, role)


def _name(name: str) -> str:
    """What a value is called; one that tells of a thing of its own, as the thing is."""
    return FIELDS.get(name) or ENTITIES.get(name, name)


def _readable(entity: str, name: str, value: Any) -> str:
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "Có" if value else "Không"
    if isinstance(value, dict):
        if "sealed" in value:
            return HIDDEN
        about = name if name in ENTITIES else entity
        return _listed(f"{_name(key)}: {_readable(about, key, v)}" for key, v in value.items())
    if isinstance(value, list):
        return _listed(_readable(entity, name, each) for each in value)
    return _told(entity, name, str(value))


def _told(entity: str, name: str, text: str) -> str:
    words = SETS.get(f"{entity}.{name}") or SETS.get(name)
    if words:
        return _word(words, text)
    return _dated(text) if name in DATED else text


def _dated(text: str) -> str:
    try:
        if len(text) == len("2026-09-30"):
            return format_day(date.fromisoformat(text))
        return format_moment(datetime.fromisoformat(text))
    except ValueError:
        return text


def _listed(parts: Iterable[str]) -> str:
    parts = list(parts)
    more = len(parts) - MOST_LISTED
    return ", ".join(parts[:MOST_LISTED]) + (f" và {more} mục khác" if more > 0 else "")


def _word(words: type[LabelledEnum], value: str) -> str:
    return next((member.label for member in words if member == value), value)
