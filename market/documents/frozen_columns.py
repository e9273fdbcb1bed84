"""The columns of the list of frozen reports, and of what was adjusted since one was sent."""

from market.documents.tables import Column, Kind

REPORT_COLUMNS = (
    Column("report", "Số báo cáo", Kind.CODE, 14),
    Column("period", "Kỳ báo cáo", Kind.TEXT, 16),
    Column("as_of", "Ngày chốt số liệu", Kind.DATE, 12),
    Column("province_code", "Mã tỉnh", Kind.CODE, 8),
    Column("province", "Tỉnh/thành phố", Kind.TEXT, 24),
    Column("denominator", "Mẫu số", Kind.TEXT, 28),
    Column("markets", "Số chợ", Kind.INTEGER, 10),
    Column("merchants_accepting", "Hộ chấp nhận TTKDTM", Kind.INTEGER, 12),
    Column("merchants_counted", "Số hộ được tính", Kind.INTEGER, 12),
    Column("merchant_share_percent", "Tỷ lệ hộ chấp nhận (%)", Kind.PERCENT, 12),
    Column("revision", "Lần chốt", Kind.INTEGER, 8),
    Column("corrected_by", "Đã thay bằng", Kind.CODE, 14),
    Column("frozen_at", "Chốt lúc", Kind.TEXT, 18),
)

ADJUSTMENT_COLUMNS = (
    Column("report", "Số báo cáo", Kind.CODE, 14),
    Column("as_of", "Ngày chốt số liệu", Kind.DATE, 12),
    Column("market_code", "Mã chợ", Kind.CODE, 14),
    Column("market", "Tên chợ", Kind.TEXT, 28),
    Column("state", "Trong báo cáo", Kind.TEXT, 24),
    Column("merchants_counted", "Số hộ đã báo cáo", Kind.INTEGER, 12),
    Column("merchants_accepting", "Hộ chấp nhận đã báo cáo", Kind.INTEGER, 12),
    Column("merchant_share_percent", "Tỷ lệ hộ đã báo cáo (%)", Kind.PERCENT, 12),
    Column("merchants_counted_change", "Điều chỉnh số hộ", Kind.INTEGER, 12),
    Column("merchants_accepting_change", "Điều chỉnh hộ chấp nhận", Kind.INTEGER, 12),
    Column("merchant_share_change", "Điều chỉnh tỷ lệ (điểm %)", Kind.PERCENT, 12),
    Column("stalls_accepting_change", "Điều chỉnh điểm chấp nhận", Kind.INTEGER, 12),
)
