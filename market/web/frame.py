"""The frame around every page: who is signed in, the menu, the market being worked on."""

from functools import cache
from typing import Any

from flask import current_app, g, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from market.domain.roles import Permission
from market.extensions import babel
from market.http.security import current_actor
from market.models.market import Market
from market.services import access
from market.services.access import Actor

MOST_MARKETS_IN_SWITCH = 30
SOURCE_LANGUAGE = "vi"
LANGUAGES = {SOURCE_LANGUAGE: "Tiếng Việt", "en": "English"}


def open_market(code: str, permission: Permission) -> Market:
    """The market named in the address, for this user; the frame then shows its menu.

    Raises NotFound and Forbidden as `access.get_market` does.
    """
    market = access.get_market(code, actor=current_actor(), permission=permission)
    g.market = market
    g.setdefault("actor_anywhere", g.actor)
    # From here on only the grants count that reach this market.
    g.actor = access.within(g.actor, market)
    return market


def context() -> dict[str, Any]:
    """What layouts read; see templates/layouts/board.html."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        return {"current_user": None, "nav": [], "market": None, "languages": _languages()}
    market: Market | None = g.get("market")
    anywhere: Actor = g.get("actor_anywhere", actor)
    return {
        "current_user": g.user_session.user,
        "actor": actor,
        "may": actor.may,
        "Permission": Permission,
        "nav": _menu(actor, anywhere, market),
        "market": market,
        "market_switch": _switch(anywhere),
        "account_url": url_for("sign_in.me"),
        "sign_out_url": url_for("sign_in.sign_out"),
        "languages": _languages(),
    }


def _menu(actor: Actor, anywhere: Actor, market: Market | None) -> list[dict[str, Any]]:
    if market is not None:
        entries = [
            (_("Hôm nay"), "markets.show", Permission.READ_REGISTRY),
            (_("Điểm kinh doanh"), "stalls.index", Permission.READ_REGISTRY),
            (_("Hộ kinh doanh"), "merchants.index", Permission.READ_REGISTRY),
            (_("Nhập danh sách"), "imports.index", Permission.WRITE_REGISTRY),
            (_("Tài khoản"), "accounts.index", Permission.READ_REGISTRY),
            (_("In tem"), "stickers.index", Permission.PRINT_STICKERS),
            (_("Kiểm tra"), "rounds.index", Permission.RECORD_VISITS),
            (_("Báo cáo"), "coverage.market", Permission.READ_REPORTS),
        ]
        beyond = [
            (_("Người dùng"), "users.index", Permission.MANAGE_VOLUNTEERS),
            (_("Nhật ký"), "audit.index", Permission.READ_AUDIT),
        ]
        return _entries(actor, entries, market_code=market.code) + _entries(anywhere, beyond)
    entries = [
        (_("Chợ"), "markets.index", Permission.READ_REGISTRY),
        (_("Đơn vị quản lý"), "operators.index", Permission.MANAGE_MARKETS),
        (_("Tỷ lệ"), "coverage.index", Permission.READ_REPORTS),
        (_("Chỉ tiêu"), "targets.index", Permission.READ_REPORTS),
        (_("Báo cáo đã chốt"), "frozen_reports.index", Permission.READ_REPORTS),
        (_("Người dùng"), "users.index", Permission.MANAGE_VOLUNTEERS),
        (_("Ngân hàng"), "banks.index", Permission.MANAGE_BANKS),
        (_("Nhật ký"), "audit.index", Permission.READ_AUDIT),
    ]
    return _entries(actor, entries)


def _entries(
    actor: Actor, entries: list[tuple[str, str, Permission]], **values: str
) -> list[dict[str, Any]]:
    return [
        _entry(label, endpoint, **values)
        for label, endpoint, permission in entries
        if actor.may(permission) and endpoint in current_app.view_functions
    ]


def _entry(label: str, endpoint: str, **values: Any) -> dict[str, Any]:
    here = (request.endpoint or "").split(".")[0]
    return {
        "label": label,
        "url": url_for(endpoint, **values),
        "current": here == endpoint.split(".", maxsplit=1)[0],
    }


def _switch(actor: Actor) -> list[dict[str, str]]:
    markets = access.list_markets(actor, Permission.READ_REGISTRY, limit=MOST_MARKETS_IN_SWITCH + 1)
    if len(markets) > MOST_MARKETS_IN_SWITCH or len(markets) < 2:
        return []
    return [
        {
            "code": market.code,
            "name": market.name,
            "url": url_for("markets.show", market_code=market.code),
        }
        for market in markets
    ]


@cache
def _translated() -> frozenset[str]:
    return frozenset({SOURCE_LANGUAGE, *map(str, babel.list_translations())})


def _languages() -> list[dict[str, Any]]:
    """The switch: only languages the pages are really translated into."""
    names = [(code, name) for code, name in LANGUAGES.items() if code in _translated()]
    if len(names) == 1:
        return []
    current = str(get_locale())
    return [
        {
            "code": code,
            "name": name,
            "url": url_for("home.language", code=code, next=request.full_path.rstrip("?")),
            "current": code == current,
        }
        for code, name in names
    ]
