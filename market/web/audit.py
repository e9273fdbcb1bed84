"""The audit log within one's scope: who did what to what, when, on whose authority."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from market.domain.audit_words import (
    ENTITIES,
    action_word,
    authority_words,
    changes_of,
    entity_word,
)
from market.domain.calendar import parse_day
from market.domain.errors import Invalid
from market.domain.roles import Permission
from market.http.problems import problems_of
from market.http.security import current_actor, requires
from market.services import access, audit_lists
from market.services.audit_lists import EntryFilter, EntryRow

MOST_MARKETS = 200
LONGEST_PLACE = 18
PAGES = {
    "stalls": ("stalls.show", "stall_id"),
    "merchants": ("merchants.show", "merchant_id"),
    "payment_accounts": ("accounts.show", "account_id"),
}

bp = Blueprint("audit", __name__)


@bp.get("/audit")
@requires(Permission.READ_AUDIT)
def index() -> ResponseReturnValue:
    """The newest entries, narrowed down by thing, market and day."""
    day, problems = _day()
    chosen = EntryFilter(
        entity=next((name for name in ENTITIES if name == request.args.get("entity")), None),
        market_code=request.args.get("market") or None,
        day=day,
    )
    actor = current_actor()
    page = audit_lists.page_of(chosen, actor=actor, before=_before())
    markets = access.list_markets(actor, Permission.READ_AUDIT, limit=MOST_MARKETS)
    return render_template(
        "audit/index.html",
        rows=[_told(row) for row in page.rows],
        older=page.older,
        chosen=chosen,
        entities=tuple(ENTITIES.items()),
        markets=[(market.code, market.name) for market in markets],
        problems=problems,
    )


def _told(row: EntryRow) -> dict[str, Any]:
    entry, market = row.entry, row.market
    page = PAGES.get(entry.entity)
    is_row = entry.entity_id is not None and entry.entity_id.isdigit()
    url = None
    if page and market and is_row:
        values: dict[str, Any] = {"market_code": market.code, page[1]: entry.entity_id}
        url = url_for(page[0], **values)
    return {
        "entry": entry,
        "action": action_word(entry.action),
        "entity": entity_word(entry.entity),
        "authority": authority_words(entry.authority),
        "url": url,
        "market": market,
        "changes": tuple(changes_of(entry.content, entry.entity)),
    }


def _day() -> tuple[date | None, tuple[Any, ...]]:
    written = request.args.get("day", "")
    if not written:
        return None, ()
    try:
        return parse_day(written), ()
    except Invalid as refused:
        return None, problems_of(refused)


def _before() -> int | None:
    text = request.args.get("page", "")
    is_place = text.isascii() and text.isdigit() and len(text) <= LONGEST_PLACE
    return int(text) if is_place else None
