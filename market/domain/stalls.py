"""Words for a stall: where it stands and what it is doing."""

from market.domain.labels import LabelledEnum


class Placement(LabelledEnum):
    """Whether a trader has a fixed place or walks."""

    FIXED = "fixed", "Cố định"
    MOBILE = "mobile", "Không cố định"


class StallState(LabelledEnum):
    """What a stall does from a day on."""

    TRADING = "trading", "Đang kinh doanh"
    RESTING = "resting", "Tạm nghỉ"
    VACANT = "vacant", "Trống"
    REPAIR = "repair", "Đang sửa chữa"
    CLOSED = "closed", "Đã đóng"
