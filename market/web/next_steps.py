"""What to do next in a market, in words, each with the page where it is done."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from market.models.market import Market
from market.services.today import Step, Task, Today
from market.web.filters import vi_date, vi_int
from market.web.links import reachable

MOST_STEPS = 7


@dataclass(frozen=True, slots=True)
class Way:
    """How a task is told and where it is done; `{count}` stands for how many."""

    text: Any
    label: Any
    endpoint: str
    query: tuple[tuple[str, str], ...] = ()


WAYS = {
    Task.APPROVE_ACCOUNTS: Way(
        _l("{count} tài khoản chờ duyệt"), _l("Xem và duyệt"), "accounts.index"
    ),
    Task.CLOSE_INCIDENTS: Way(
        _l("{count} điểm có mã không trả đúng người bán"), _l("Xử lý"), "incidents.index"
    ),
    Task.TAKE_DOWN_VOID: Way(
        _l("{count} điểm có thể còn treo tem đã hủy"), _l("Xem các điểm"), "stickers.hanging"
    ),
    Task.FINISH_IMPORTS: Way(
        _l("{count} danh sách đã tải lên, chưa nhập"), _l("Nhập tiếp"), "imports.index"
    ),
    Task.PRINT_STICKERS: Way(
        _l("{count} điểm có tài khoản đã duyệt, chưa có tem"), _l("In tem"), "stickers.index"
    ),
    Task.CHECK_STALLS: Way(
        _l("{count} điểm đã giao tem, chưa kiểm tra"), _l("Ghi kiểm tra"), "rounds.index"
    ),
    Task.ENTER_ACCOUNTS: Way(
        _l("{count} điểm có hộ, chưa có tài khoản đã duyệt"),
        _l("Xem các điểm"),
        "stalls.index",
        (("missing", "account"),),
    ),
    Task.PLACE_MERCHANTS: Way(
        _l("{count} điểm đang kinh doanh mà chưa ghi hộ"),
        _l("Xem các điểm"),
        "stalls.index",
        (("missing", "tenant"),),
    ),
    Task.REVIEW_CLASS: Way(
        _l("Hạng chợ không khớp số điểm kinh doanh"), _l("Xem lại"), "markets.edit"
    ),
}


def list_links(today: Today, market: Market) -> list[dict[str, str]]:
    """The first steps that this user can take, as the page shows them."""
    links = (_link(step, today, market) for step in today.steps)
    return [link for link in links if link is not None][:MOST_STEPS]


def _link(step: Step, today: Today, market: Market) -> dict[str, str] | None:
    way = WAYS[step.task]
    query: dict[str, Any] = dict(way.query)
    href = reachable(way.endpoint, market_code=market.code, **query)
    if href is None:
        return None
    oldest = today.oldest_waiting if step.task is Task.APPROVE_ACCOUNTS else None
    return {
        "text": str(way.text).format(count=vi_int(step.count)),
        "detail": _("cũ nhất từ %(day)s", day=vi_date(oldest)) if oldest else "",
        "label": str(way.label),
        "href": href,
    }
