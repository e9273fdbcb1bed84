"""What a list says about a stall's state and place, in the words boards use."""

import re
from functools import lru_cache

from market.domain.stalls import Placement, StallState
from market.domain.text import clean, fold

_WORD = re.compile(r"[a-z0-9]+")
_PHRASES = {
    StallState.TRADING: (
        "đang kinh doanh", "đang hoạt động", "hoạt động", "kinh doanh", "đang kd", "đang bán",
        "đang buôn bán", "đang bán hàng", "bình thường", "hoạt động bình thường",
        "kinh doanh bình thường", "đang thuê", "đã thuê", "đã cho thuê", "đang sử dụng",
        "có người thuê", "đã có người thuê", "thường xuyên", "kinh doanh thường xuyên",
    ),
    StallState.RESTING: (
        "tạm nghỉ", "tạm ngừng", "tạm ngưng", "tạm dừng", "tạm đóng", "tạm đóng cửa",
        "đang nghỉ", "đang tạm nghỉ", "nghỉ tạm thời", "nghỉ", "nghỉ bán", "nghỉ ốm", "nghỉ sinh",
        "nghỉ kinh doanh", "tạm vắng", "chưa hoạt động", "chưa kinh doanh", "không hoạt động",
    ),
    StallState.VACANT: (
        "trống", "bỏ trống", "để trống", "còn trống", "đang trống", "đang bỏ trống", "bị bỏ trống",
        "chưa có người thuê", "không có người thuê", "chưa cho thuê", "chưa thuê",
        "chưa có ai thuê", "chưa có hộ", "chưa có hộ kinh doanh", "chưa có hộ thuê",
        "chưa bố trí", "chưa có người", "chưa có chủ", "không có hộ", "không có hộ kinh doanh",
        "ô trống", "quầy trống", "sạp trống", "ki ốt trống", "kiốt trống", "điểm trống",
        "bỏ không", "để không", "trả lại mặt bằng", "đã trả mặt bằng", "chưa sử dụng",
    ),
    StallState.REPAIR: (
        "đang sửa chữa", "sửa chữa", "đang sửa", "đang cải tạo", "cải tạo", "đang nâng cấp",
        "nâng cấp", "đang xây dựng", "đang xây", "đang tu sửa", "chờ sửa chữa",
    ),
    StallState.CLOSED: (
        "đóng", "đóng cửa", "đã đóng", "đã đóng cửa", "đã nghỉ", "nghỉ hẳn", "đã nghỉ hẳn",
        "ngừng kinh doanh", "ngừng hoạt động", "đã ngừng", "đã ngừng kinh doanh",
        "chấm dứt", "chấm dứt kinh doanh", "đã chấm dứt", "thanh lý", "đã thanh lý",
        "đã thanh lý hợp đồng", "giải tỏa", "đã giải tỏa", "bị thu hồi", "thu hồi", "đã thu hồi",
    ),
}  # fmt: skip
# These may go on: "Tạm nghỉ từ 15/9", "Trống (hết hợp đồng)". With accents: "trong chợ"
# is no empty stall.
_OPENINGS = tuple(
    (opening.split(), state)
    for state, openings in (
        (StallState.RESTING, ("tạm nghỉ", "tạm ngừng", "tạm ngưng", "tạm dừng")),
        (StallState.VACANT, ("trống", "bỏ trống", "chưa có người thuê", "chưa cho thuê")),
        (StallState.REPAIR, ("đang sửa", "đang cải tạo", "đang nâng cấp")),
        (StallState.TRADING, ("đang kinh doanh", "đang hoạt động")),
    )
    for opening in openings
)
_MOBILE = ("khong co dinh", "luu dong", "ban rong", "hang rong", "di dong", "mobile")


@lru_cache(maxsize=4096)
def find_state(written: str) -> StallState | None:
    """The state that a text means, None where it means none."""
    # Most texts that come here are names, and few family names begin like a state.
    if _first_word(written.partition(" ")[0]) not in _FIRST_WORDS:
        return None
    state = _BY_PHRASE.get(_key(written))
    if state is not None:
        return state
    words = re.findall(r"\w+", clean(written).casefold())
    for opening, opened in _OPENINGS:
        if words[: len(opening)] == opening:
            return opened
    return None


@lru_cache(maxsize=4096)
def find_placement(written: str) -> Placement | None:
    """Whether a text says that somebody walks or stays; None where it says neither."""
    folded = fold(written)
    if any(phrase in folded for phrase in _MOBILE):
        return Placement.MOBILE
    return Placement.FIXED if "co dinh" in folded else None


def _key(written: str) -> str:
    return " ".join(_WORD.findall(fold(written)))


@lru_cache(maxsize=4096)
def _first_word(written: str) -> str:
    return _key(written).partition(" ")[0]


_BY_PHRASE = {_key(phrase): state for state, phrases in _PHRASES.items() for phrase in phrases}
_FIRST_WORDS = {key.partition(" ")[0] for key in _BY_PHRASE}
