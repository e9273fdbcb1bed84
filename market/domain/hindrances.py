"""Why a stall has not come further, told from what was on record of it on a day."""

from dataclasses import dataclass

from market.domain.labels import LabelledEnum
from market.domain.levels import Level
from market.domain.visits import VisitResult


class Hindrance(LabelledEnum):
    """What stands in the way of the next level."""

    NO_TENANT = "no_tenant", "Chưa ghi hộ nào"
    NO_ACCOUNT = "no_account", "Chưa có tài khoản"
    ACCOUNT_WAITING = "account_waiting", "Tài khoản chờ duyệt"
    ACCOUNT_REJECTED = "account_rejected", "Tài khoản bị từ chối"
    NO_STICKER = "no_sticker", "Chưa có tem"
    STICKER_QUEUED = "sticker_queued", "Tem chờ in"
    STICKER_IN_STOCK = "sticker_in_stock", "Tem đã in, chưa giao"
    OLD_CODE = "old_code", "Còn treo mã của tài khoản cũ"
    WRONG_CODE = "wrong_code", "Treo mã không phải của hộ"
    CODE_MISSING = "code_missing", "Không thấy mã khi kiểm tra"
    NOT_CHECKED = "not_checked", "Đã có mã, chưa kiểm tra"
    DECLINED = "declined", "Hộ chưa nhận"
    NOT_CONFIRMED = "not_confirmed", "Chưa hỏi hộ có nhận không"
    STALE = "stale", "Lâu chưa kiểm tra lại"
    NOT_USED = "not_used", "Chưa thấy có dùng trong 30 ngày"


@dataclass(frozen=True, slots=True)
class Standing:
    """What was on record of a stall on a day.

    `found` is what the last visit that saw anything found; `confirmed` the last answer on
    taking payments, None where nobody asked.
    """

    level: Level
    has_tenant: bool = False
    account_waits: bool = False
    account_rejected: bool = False
    sticker_queued: bool = False
    sticker_in_stock: bool = False
    found: VisitResult | None = None
    confirmed: bool | None = None


_OF_FINDINGS = {
    VisitResult.OLD_ACCOUNT: Hindrance.OLD_CODE,
    VisitResult.OTHER_ACCOUNT: Hindrance.WRONG_CODE,
    VisitResult.UNKNOWN_CODE: Hindrance.WRONG_CODE,
    VisitResult.MISSING: Hindrance.CODE_MISSING,
}


def hindrance_of(standing: Standing) -> Hindrance | None:
    """What keeps the stall from the next level; None at the top of the ladder."""
    match standing.level:
        case Level.NONE:
            return _without_account(standing)
        case Level.ACCOUNT:
            return _without_code(standing)
        case Level.EQUIPPED:
            found = standing.found
            return (
                _OF_FINDINGS.get(found, Hindrance.NOT_CHECKED) if found else Hindrance.NOT_CHECKED
            )
        case Level.DISPLAYED:
            return _without_confirmation(standing)
        case Level.ACCEPTS:
            return Hindrance.NOT_USED
        case Level.IN_USE:
            return None


def _without_account(standing: Standing) -> Hindrance:
    if not standing.has_tenant:
        return Hindrance.NO_TENANT
    if standing.account_waits:
        return Hindrance.ACCOUNT_WAITING
    return Hindrance.ACCOUNT_REJECTED if standing.account_rejected else Hindrance.NO_ACCOUNT


def _without_code(standing: Standing) -> Hindrance:
    if standing.found is VisitResult.OLD_ACCOUNT:
        return Hindrance.OLD_CODE
    if standing.sticker_in_stock:
        return Hindrance.STICKER_IN_STOCK
    return Hindrance.STICKER_QUEUED if standing.sticker_queued else Hindrance.NO_STICKER


def _without_confirmation(standing: Standing) -> Hindrance:
    if standing.confirmed is None:
        return Hindrance.NOT_CONFIRMED
    # Confirmed and yet no higher: nobody has seen the code for too long.
    return Hindrance.STALE if standing.confirmed else Hindrance.DECLINED
