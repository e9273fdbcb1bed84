"""Scopes of grants as forms and commands write them."""

from typing import Any

from sqlalchemy import select

from market.domain.errors import Invalid, NotFound
from market.domain.roles import ScopeKind
from market.domain.text import fold
from market.extensions import db
from market.models.area import Province
from market.models.market import Market, Operator, Section
from market.services.user_reach import Scope


def resolve_scope(text: str) -> Scope:
    """The scope written as `country`, `province:22`, `operator:7`, `market:CODE` or
    `section:CODE/NAME`.

    Raises Invalid where it is not written so, NotFound where the thing does not exist.
    """
    kind, _, key = text.partition(":")
    match kind:
        case "country" if not key:
            return Scope(ScopeKind.COUNTRY)
        case "province":
            found = db.session.scalar(select(Province.code).where(Province.code == key))
            return Scope(ScopeKind.PROVINCE, province_code=_there(found, "tỉnh"))
        case "operator" if key.isascii() and key.isdigit() and len(key) <= 15:
            operator_id = db.session.scalar(select(Operator.id).where(Operator.id == int(key)))
            return Scope(ScopeKind.OPERATOR, operator_id=_there(operator_id, "đơn vị quản lý"))
        case "market":
            market_id = db.session.scalar(select(Market.id).where(Market.code == key))
            return Scope(ScopeKind.MARKET, market_id=_there(market_id, "chợ"))
        case "section":
            return _section_scope(key)
    raise Invalid(
        "Phạm vi phải là country, province:22, operator:ID, market:MÃ hoặc section:MÃ/TÊN."
    )


def _section_scope(key: str) -> Scope:
    code, _, name = key.partition("/")
    section = db.session.scalar(
        select(Section)
        .join(Market, Section.market_id == Market.id)
        .where(Market.code == code, Section.name_key == fold(name))
    )
    found = _there(section, "khu")
    return Scope(ScopeKind.SECTION, market_id=found.market_id, section_id=found.id)


def _there(found: Any, what: str) -> Any:
    if found is None:
        raise NotFound(f"Không tìm thấy {what} này.")
    return found
