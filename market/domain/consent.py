"""What a merchant is told before agreeing that their data are kept, and how they agreed."""

from market.domain.labels import LabelledEnum

# A version is never rewritten: who agreed, agreed to these words.
CONSENT_TEXTS = {
    "2026-01": (
        "Tôi đồng ý để ban quản lý chợ ghi và dùng tên, số điện thoại, điểm kinh doanh và tài"
        " khoản nhận tiền của tôi để lập mã QR, in tem và thống kê tỷ lệ chấp nhận thanh toán."
        " Số tài khoản và số điện thoại được mã hóa, không giao cho bên khác. Tôi được xem,"
        " sửa và yêu cầu xóa dữ liệu của mình, và được rút lại sự đồng ý bất cứ lúc nào."
    ),
}
CONSENT_VERSION = max(CONSENT_TEXTS)


class ConsentChannel(LabelledEnum):
    """How the merchant said yes."""

    IN_PERSON = "in_person", "Nói trực tiếp"
    SIGNED = "signed", "Ký trên giấy"
    PHONE = "phone", "Qua điện thoại"
