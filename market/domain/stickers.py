"""Words for a sticker: how far it has come and why it was made void."""

from market.domain.labels import LabelledEnum


class StickerState(LabelledEnum):
    """queued → printed → handed_out → on_stall; any → void; before handing out → spoiled."""

    QUEUED = "queued", "Chờ in"
    PRINTED = "printed", "Đã in"
    HANDED_OUT = "handed_out", "Đã giao"
    ON_STALL = "on_stall", "Đang treo"
    VOID = "void", "Đã hủy"
    SPOILED = "spoiled", "In hỏng"


class VoidReason(LabelledEnum):
    """Why a sticker must not hang any more."""

    ACCOUNT_CHANGED = "account_changed", "Đổi tài khoản"
    NAME_CHANGED = "name_changed", "Đổi tên"
    STALL_MOVED = "stall_moved", "Chuyển điểm kinh doanh"
    WORN = "worn", "Cũ, mờ"
    LOST = "lost", "Mất"
    OVERLAID = "overlaid", "Bị dán đè"
    MISPRINTED = "misprinted", "In sai"


class RunState(LabelledEnum):
    """made → printed; a run that was never printed can be cancelled."""

    MADE = "made", "Đã lập"
    PRINTED = "printed", "Đã in"
    CANCELLED = "cancelled", "Đã bỏ"


class ForeignCodeKind(LabelledEnum):
    """What kind of code a bank or wallet issued."""

    TRANSFER = "transfer", "Chuyển khoản"
    MERCHANT_PAYMENT = "merchant_payment", "Thanh toán cho người bán"
    WALLET = "wallet", "Ví điện tử"
    UNKNOWN = "unknown", "Không rõ"
