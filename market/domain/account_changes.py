"""Words for deciding on accounts: how a change was confirmed, why a bulk left one out."""

from market.domain.labels import LabelledEnum


class ChangeConfirmation(LabelledEnum):
    """How a change of account was confirmed with the merchant."""

    IN_PERSON = "in_person", "Gặp trực tiếp, quét thử hiện đúng tên"
    CALLED_BACK = "called_back", "Gọi số điện thoại đã lưu từ trước"


class SkipReason(LabelledEnum):
    """Why approving in bulk leaves an account for a decision of its own."""

    FROM_NUMBER_CELL = "account_from_number", "Số lấy từ ô kiểu số, có thể mất số 0 ở đầu"
    UNSURE_BANK = "unsure_bank", "Ngân hàng cần xác nhận riêng"
