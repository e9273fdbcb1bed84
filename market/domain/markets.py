"""Words for a market, who runs it and who trades in it."""

from market.domain.labels import LabelledEnum


class MarketTrade(LabelledEnum):
    """Whom a market sells to."""

    RETAIL = "retail", "Chợ dân sinh"
    WHOLESALE = "wholesale", "Chợ đầu mối"


class MarketClass(LabelledEnum):
    """The class a decision gave the market; never computed."""

    CLASS_1 = "1", "Hạng 1"
    CLASS_2 = "2", "Hạng 2"
    CLASS_3 = "3", "Hạng 3"
    UNCLASSIFIED = "unclassified", "Chưa phân hạng"


class MarketState(LabelledEnum):
    """Whether the market still exists; only open markets count."""

    OPEN = "open", "Đang hoạt động"
    CLOSED = "closed", "Đã đóng"


class OperatorKind(LabelledEnum):
    """What kind of body runs a market."""

    BOARD = "board", "Ban quản lý"
    ENTERPRISE = "enterprise", "Doanh nghiệp"
    COOPERATIVE = "cooperative", "Hợp tác xã"
    COMMUNE = "commune", "UBND cấp xã"
    OTHER = "other", "Khác"


class MerchantKind(LabelledEnum):
    """What a trader is before the law."""

    HOUSEHOLD_BUSINESS = "household_business", "Hộ kinh doanh"
    INDIVIDUAL = "individual", "Cá nhân"
    ENTERPRISE = "enterprise", "Doanh nghiệp"
    COOPERATIVE = "cooperative", "Hợp tác xã"
