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
