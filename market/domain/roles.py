"""Roles, permissions and the table that joins them; scopes in which a grant holds."""

from enum import StrEnum

from market.domain.labels import LabelledEnum


class Role(LabelledEnum):
    """What a grant makes of a user within its scope."""

    ADMINISTRATOR = "administrator", "Quản trị hệ thống"
    PROVINCE_OFFICER = "province_officer", "Cán bộ tỉnh"
    BOARD_MANAGER = "board_manager", "Ban quản lý chợ"
    VOLUNTEER = "volunteer", "Tình nguyện viên"
    AUDITOR = "auditor", "Kiểm tra, giám sát"


class Permission(StrEnum):
    """One thing a user may do; views name it, services check it."""

    MANAGE_USERS = "manage_users"
    MANAGE_VOLUNTEERS = "manage_volunteers"
    MANAGE_MARKETS = "manage_markets"
    MANAGE_BANKS = "manage_banks"
    READ_REGISTRY = "read_registry"
    WRITE_REGISTRY = "write_registry"
    READ_FULL_NUMBERS = "read_full_numbers"
    ENTER_ACCOUNTS = "enter_accounts"
    APPROVE_ACCOUNTS = "approve_accounts"
    PRINT_STICKERS = "print_stickers"
    RECORD_VISITS = "record_visits"
    SET_TARGETS = "set_targets"
    FREEZE_REPORTS = "freeze_reports"
    READ_REPORTS = "read_reports"
    READ_AUDIT = "read_audit"
    READ_OWN_ACCOUNT = "read_own_account"


class ScopeKind(LabelledEnum):
    """How wide a grant reaches."""

    COUNTRY = "country", "Cả nước"
    PROVINCE = "province", "Tỉnh"
    OPERATOR = "operator", "Đơn vị quản lý"
    MARKET = "market", "Chợ"
    SECTION = "section", "Khu"


_EVERYBODY = frozenset({Permission.READ_OWN_ACCOUNT})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: _EVERYBODY
    | {
        Permission.MANAGE_USERS,
        Permission.MANAGE_VOLUNTEERS,
        Permission.MANAGE_BANKS,
        Permission.READ_AUDIT,
    },
    Role.PROVINCE_OFFICER: _EVERYBODY
    | {
        Permission.MANAGE_USERS,
        Permission.MANAGE_VOLUNTEERS,
        Permission.MANAGE_MARKETS,
        Permission.READ_REGISTRY,
        Permission.WRITE_REGISTRY,
        Permission.APPROVE_ACCOUNTS,
        Permission.PRINT_STICKERS,
        Permission.RECORD_VISITS,
        Permission.SET_TARGETS,
        Permission.FREEZE_REPORTS,
        Permission.READ_REPORTS,
        Permission.READ_AUDIT,
    },
    Role.BOARD_MANAGER: _EVERYBODY
    | {
        Permission.MANAGE_VOLUNTEERS,
        Permission.READ_REGISTRY,
        Permission.WRITE_REGISTRY,
        Permission.READ_FULL_NUMBERS,
        Permission.ENTER_ACCOUNTS,
        Permission.APPROVE_ACCOUNTS,
        Permission.PRINT_STICKERS,
        Permission.RECORD_VISITS,
        Permission.READ_REPORTS,
        Permission.READ_AUDIT,
    },
    Role.VOLUNTEER: _EVERYBODY
    | {
        Permission.READ_REGISTRY,
        Permission.ENTER_ACCOUNTS,
        Permission.PRINT_STICKERS,
        Permission.RECORD_VISITS,
    },
    Role.AUDITOR: _EVERYBODY
    | {
        Permission.READ_REGISTRY,
        Permission.READ_REPORTS,
        Permission.READ_AUDIT,
    },
}


def permissions_of(role: Role) -> frozenset[Permission]:
    """What the role may do within its scope."""
    return PERMISSIONS[role]
