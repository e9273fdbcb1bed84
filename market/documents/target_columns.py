"""The columns of the list of targets and of the list of markets behind theirs."""

from market.documents.tables import Column, Kind

TARGET_COLUMNS = (
    Column("as_of", "Ngày chốt số liệu", Kind.DATE, 12),
    Column("place", "Cấp", Kind.TEXT, 14),
    Column("code", "Mã", Kind.CODE, 14),
    Column("name", "Nơi đặt chỉ tiêu", Kind.TEXT, 28),
    Column("unit", "Đơn vị tính", Kind.TEXT, 10),
    Column("from_day", "Từ ngày", Kind.DATE, 12),
    Column("from_percent", "Tỷ lệ ngày đầu (%)", Kind.PERCENT, 10),
    Column("to_day", "Phải đạt vào ngày", Kind.DATE, 12),
    Column("to_percent", "Tỷ lệ phải đạt (%)", Kind.PERCENT, 10),
    Column("decision", "Văn bản", Kind.TEXT, 20),
    Column("state", "Tình trạng", Kind.TEXT, 16),
    Column("target_percent", "Chỉ tiêu ngày chốt (%)", Kind.PERCENT, 10),
    Column("accepting", "Chấp nhận TTKDTM", Kind.INTEGER, 10),
    Column("counted", "Tổng số", Kind.INTEGER, 10),
    Column("share_percent", "Tỷ lệ chấp nhận (%)", Kind.PERCENT, 10),
    Column("gap_points", "Chậm (điểm %)", Kind.PERCENT, 10),
    Column("missing", "Còn thiếu đến hạn", Kind.INTEGER, 10),
    Column("weekly_pace", "Cần thêm mỗi tuần", Kind.INTEGER, 10),
    Column("forecast", "Dự báo đạt ngày", Kind.DATE, 12),
)

BEHIND_COLUMNS = (
    Column("as_of", "Ngày chốt số liệu", Kind.DATE, 12),
    Column("market_code", "Mã chợ", Kind.CODE, 14),
    Column("market", "Tên chợ", Kind.TEXT, 28),
    Column("commune_code", "Mã xã", Kind.CODE, 8),
    Column("commune", "Xã/phường/đặc khu", Kind.TEXT, 20),
    Column("operator", "Đơn vị quản lý", Kind.TEXT, 28),
    Column("place", "Theo chỉ tiêu của", Kind.TEXT, 14),
    Column("unit", "Đơn vị tính", Kind.TEXT, 10),
    Column("target_percent", "Chỉ tiêu ngày chốt (%)", Kind.PERCENT, 10),
    Column("accepting", "Chấp nhận TTKDTM", Kind.INTEGER, 10),
    Column("counted", "Tổng số", Kind.INTEGER, 10),
    Column("share_percent", "Tỷ lệ chấp nhận (%)", Kind.PERCENT, 10),
    Column("gap_points", "Chậm (điểm %)", Kind.PERCENT, 10),
    Column("behind", "Còn thiếu ngày chốt", Kind.INTEGER, 10),
    Column("to_percent", "Tỷ lệ phải đạt (%)", Kind.PERCENT, 10),
    Column("to_day", "Phải đạt vào ngày", Kind.DATE, 12),
    Column("missing", "Còn thiếu đến hạn", Kind.INTEGER, 10),
    Column("weekly_pace", "Cần thêm mỗi tuần", Kind.INTEGER, 10),
    Column("forecast", "Dự báo đạt ngày", Kind.DATE, 12),
)
