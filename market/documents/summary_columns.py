"""The columns of summaries: communes, provinces, sections, lines, reasons, trend, proofs."""

from market.documents.tables import Column, Kind

_LADDER = (
    ("stalls_counted", "Điểm được tính", Kind.INTEGER),
    ("stalls_account", "Điểm có tài khoản", Kind.INTEGER),
    ("stalls_equipped", "Điểm có mã QR", Kind.INTEGER),
    ("stalls_displayed", "Điểm treo mã QR đã kiểm tra", Kind.INTEGER),
    ("stalls_accepting", "Điểm chấp nhận TTKDTM", Kind.INTEGER),
    ("stalls_in_use", "Điểm có phát sinh giao dịch 30 ngày", Kind.INTEGER),
    ("stall_share_percent", "Tỷ lệ điểm chấp nhận (%)", Kind.PERCENT),
    ("merchants_counted", "Hộ được tính", Kind.INTEGER),
    ("merchants_account", "Hộ có tài khoản", Kind.INTEGER),
    ("merchants_equipped", "Hộ có mã QR", Kind.INTEGER),
    ("merchants_displayed", "Hộ treo mã QR đã kiểm tra", Kind.INTEGER),
    ("merchants_accepting", "Hộ chấp nhận TTKDTM", Kind.INTEGER),
    ("merchants_in_use", "Hộ có phát sinh giao dịch 30 ngày", Kind.INTEGER),
    ("merchant_share_percent", "Tỷ lệ hộ chấp nhận (%)", Kind.PERCENT),
)
LADDER_COLUMNS = tuple(Column(name, heading, kind, 12) for name, heading, kind in _LADDER)
_DAY = Column("as_of", "Ngày chốt số liệu", Kind.DATE, 12)
_PROVINCE = (
    Column("province_code", "Mã tỉnh", Kind.CODE, 8),
    Column("province", "Tỉnh/thành phố", Kind.TEXT, 18),
)
_MARKETS = (
    Column("markets_total", "Tổng số chợ", Kind.INTEGER, 10),
    Column("markets_running", "Chợ triển khai Chợ 4.0", Kind.INTEGER, 10),
)
_MARKET = (
    Column("market_code", "Mã chợ", Kind.CODE, 14),
    Column("market", "Tên chợ", Kind.TEXT, 28),
)
PROVINCE_COLUMNS = (_DAY, *_PROVINCE, *_MARKETS, *LADDER_COLUMNS)
COMMUNE_COLUMNS = (
    _DAY,
    *_PROVINCE,
    Column("commune_code", "Mã xã", Kind.CODE, 8),
    Column("commune", "Xã/phường/đặc khu", Kind.TEXT, 20),
    *_MARKETS,
    *LADDER_COLUMNS,
)
SECTION_COLUMNS = (_DAY, *_MARKET, Column("section", "Khu", Kind.TEXT, 20), *LADDER_COLUMNS)
LINE_COLUMNS = (_DAY, *_MARKET, Column("line", "Ngành hàng", Kind.TEXT, 24), *LADDER_COLUMNS)
REASON_COLUMNS = (
    _DAY,
    *_MARKET,
    Column("reason", "Lý do chưa nhận", Kind.TEXT, 32),
    Column("stalls", "Số điểm", Kind.INTEGER, 10),
    Column("share_percent", "Tỷ lệ (%)", Kind.PERCENT, 10),
)
_WHERE = Column("area", "Nơi", Kind.TEXT, 28)
_UNIT = Column("unit", "Đếm theo", Kind.TEXT, 10)
TREND_COLUMNS = (
    _DAY,
    _WHERE,
    _UNIT,
    Column("counted", "Được tính", Kind.INTEGER, 12),
    Column("account", "Có tài khoản", Kind.INTEGER, 12),
    Column("equipped", "Có mã QR", Kind.INTEGER, 12),
    Column("displayed", "Treo mã QR đã kiểm tra", Kind.INTEGER, 12),
    Column("accepting", "Chấp nhận TTKDTM", Kind.INTEGER, 12),
    Column("in_use", "Có phát sinh giao dịch 30 ngày", Kind.INTEGER, 12),
    Column("share_percent", "Tỷ lệ chấp nhận (%)", Kind.PERCENT, 12),
    Column("target_percent", "Chỉ tiêu (%)", Kind.PERCENT, 12),
)
PROOF_COLUMNS = (
    _DAY,
    _WHERE,
    _UNIT,
    Column("proof", "Bằng chứng", Kind.TEXT, 32),
    Column("accepting", "Chấp nhận TTKDTM", Kind.INTEGER, 12),
    Column("share_percent", "Tỷ lệ (%)", Kind.PERCENT, 12),
)
