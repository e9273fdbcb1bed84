"""Words for background work."""

from market.domain.labels import LabelledEnum


class JobState(LabelledEnum):
    """waiting → running → finished, or failed, or cancelled."""

    WAITING = "waiting", "Đang chờ"
    RUNNING = "running", "Đang làm"
    FINISHED = "finished", "Xong"
    FAILED = "failed", "Không làm được"
    CANCELLED = "cancelled", "Đã dừng"
