"""Words for a visit: what the scan found and why a trader does not take part."""

from market.domain.labels import LabelledEnum


class VisitResult(LabelledEnum):
    """What hung at the stall, compared by BIN and account number."""

    MATCH = "match", "Đúng mã"
    OTHER_ACCOUNT = "other_account", "Mã của tài khoản khác"
    OLD_ACCOUNT = "old_account", "Mã của tài khoản cũ"
    UNKNOWN_CODE = "unknown_code", "Mã không nhận ra"
    MISSING = "missing", "Không có mã"
    UNREADABLE = "unreadable", "Không đọc được"
    STALL_SHUT = "stall_shut", "Điểm đóng cửa"


class NonAcceptReason(LabelledEnum):
    """Why a trader does not take electronic payment."""

    NO_PHONE = "no_phone", "Không có điện thoại thông minh"
    NO_ACCOUNT = "no_account", "Chưa có tài khoản"
    NO_PAPERS = "no_papers", "Thiếu giấy tờ"
    FEAR_OF_TAX = "fear_of_tax", "Ngại thuế"
    FEAR_OF_FRAUD = "fear_of_fraud", "Sợ bị lừa đảo"
    CUSTOMERS_DO_NOT_ASK = "customers_do_not_ask", "Khách không hỏi"
    NO_SIGNAL = "no_signal", "Sóng yếu, không có mạng"
    FEES_OR_LIMITS = "fees_or_limits", "Phí hoặc hạn mức"
    RELATIVE_ACCOUNT = "relative_account", "Dùng tài khoản người thân"
    AGE_OR_ILLNESS = "age_or_illness", "Tuổi cao hoặc sức khỏe"
    SEASONAL = "seasonal", "Buôn bán thời vụ"
    OTHER = "other", "Lý do khác"


class IncidentState(LabelledEnum):
    """open → closed."""

    OPEN = "open", "Đang mở"
    CLOSED = "closed", "Đã xử lý"
