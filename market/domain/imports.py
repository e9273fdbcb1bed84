"""Words for an uploaded list: how far it has come and what each row is."""

from market.domain.labels import LabelledEnum


class BatchState(LabelledEnum):
    """uploaded → previewed → applied → undone; a file nobody applies is dropped."""

    UPLOADED = "uploaded", "Đã tải lên"
    PREVIEWED = "previewed", "Đã xem trước"
    APPLIED = "applied", "Đã nhập"
    UNDONE = "undone", "Đã hoàn tác"
    DROPPED = "dropped", "Đã bỏ"


class RowKind(LabelledEnum):
    """What a row of the list would do to the register."""

    NEW = "new", "Mới"
    SAME = "same", "Không đổi"
    CHANGED = "changed", "Thay đổi"
    ERROR = "error", "Lỗi"
