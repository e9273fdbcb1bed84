"""Markets: entered and changed; who runs them from which day on."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from market.domain.calendar import Span, format_day
from market.domain.errors import Forbidden, Invalid, Problem
from market.domain.markets import MarketClass, MarketState, MarketTrade
from market.domain.roles import Permission
from market.domain.spans import find_slot
from market.domain.text import clean, fold, sort_key
from market.extensions import db
from market.models.area import Commune
from market.models.market import Market, MarketOperator, Operator
from market.services import areas, audit, coverage
from market.services.access import Actor, market_condition
from market.services.operators import managed_provinces
from market.services.uniqueness import unique_or
from market.services.versions import check_version

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,31}")
# Addresses under /markets/ that are not markets.
RESERVED_CODES = frozenset({"new"})
HOW_CODES_LOOK = "Mã chợ gồm 2 đến 32 chữ không dấu, số hoặc gạch nối, ví dụ: QN-DAMHA."
CODE_TAKEN = "Đã có chợ mang mã này. Hãy chọn mã khác."


@dataclass(frozen=True, slots=True)
class MarketValues:
    """What is entered of a market; the code stays as it was given first."""

    code: str
    name: str
    commune_code: str
    address: str | None = None
    trade: MarketTrade = MarketTrade.RETAIL
    market_class: MarketClass = MarketClass.UNCLASSIFIED
    class_decision: str | None = None
    class_decided_on: date | None = None
    opened_on: date | None = None
    programme_start: date | None = None
    cashless_fees: str | None = None
    cashless_fees_since: date | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    note: str | None = None


def create_market(values: MarketValues, *, actor: Actor) -> Market:
    """Enter an open market.

    Raises Invalid where something does not fit or the code is taken, NotFound for an
    unknown commune, Forbidden outside the provinces the actor manages.
    """
    values = _checked(values, actor)
    commune = areas.get_commune(values.commune_code)
    _check_may_manage(commune, actor)
    if _is_code_taken(values.code):
        raise _code_taken()
    market = Market(
        **asdict(values), search=fold(values.name), state=MarketState.OPEN, commune=commune
    )
    with unique_or(_code_taken()):
        db.session.add(market)
    audit.record(actor, "create", market, market_id=market.id, new=_facts(market))
    coverage.touch(market.id)
    return market


def change_market(market: Market, values: MarketValues, *, version: int, actor: Actor) -> None:
    """Change what is known of a market.

    Place and start of the programme are the province's to set: what a board sends for
    them is left aside. Raises Conflict where somebody changed the market meanwhile.
    """
    check_version(market, version)
    values = replace(values, code=market.code)
    if not may_manage(market, actor=actor):
        values = replace(
            values, commune_code=market.commune_code, programme_start=market.programme_start
        )
    values = _checked(values, actor)
    if values.commune_code != market.commune_code:
        commune = areas.get_commune(values.commune_code)
        _check_may_manage(commune, actor)
        market.commune = commune
    old, old_note = _facts(market), market.note
    for name, value in asdict(values).items():
        setattr(market, name, value)
    market.search, market.sort_key = fold(values.name), sort_key(values.name)
    _record_change(market, old, actor, is_noted=old_note != values.note)
    coverage.touch(market.id)


def change_operator(market: Market, operator: Operator, *, on: date, actor: Actor) -> bool:
    """From `on` the operator runs the market, until the next change that is recorded.

    Gives whether anything changed. Raises Invalid for a day that has not come or an
    operator of another province.
    """
    check_past(on, actor, field="from_day")
    if operator.province_code != market.commune.province_code:
        message = "Đơn vị này thuộc tỉnh khác. Hãy chọn đơn vị trong tỉnh của chợ."
        raise Invalid(message, (Problem(message, field="operator_id"),))
    spans = _lock_operators(market)
    slot = find_slot([Span(span.from_day, span.to_day) for span in spans], on)
    covering = None if slot.covering is None else spans[slot.covering]
    if covering is not None and covering.operator_id == operator.id:
        return False
    old = covering.operator_id if covering is not None else None
    if slot.starting is not None:
        spans[slot.starting].operator_id = operator.id
        spans[slot.starting].to_day = slot.to_day
    else:
        if covering is not None:
            covering.to_day = on
        db.session.add(
            MarketOperator(
                market_id=market.id, operator_id=operator.id, from_day=on, to_day=slot.to_day
            )
        )
    audit.record(
        actor,
        "change_operator",
        market,
        market_id=market.id,
        old={"operator_id": old},
        new={"operator_id": operator.id, "on": on, "until": slot.to_day},
    )
    return True


def list_operators(market: Market) -> Sequence[MarketOperator]:
    """Who ran the market, the latest first, operators loaded."""
    return db.session.scalars(
        select(MarketOperator)
        .where(MarketOperator.market_id == market.id)
        .options(joinedload(MarketOperator.operator))
        .order_by(MarketOperator.from_day.desc())
        .limit(100)
    ).all()


def may_manage(market: Market, *, actor: Actor) -> bool:
    """Whether the actor sets place, operator, programme and end of this market."""
    condition = market_condition(actor, Permission.MANAGE_MARKETS)
    return db.session.scalar(select(Market.id).where(Market.id == market.id, condition)) is not None


def check_past(day: date, actor: Actor, *, field: str) -> None:
    """Raise Invalid, with a problem of the field, for a day that has not come."""
    if day > actor.today:
        raise Invalid(_not_yet(day), (Problem(_not_yet(day), field=field),))


def _checked(values: MarketValues, actor: Actor) -> MarketValues:
    """The values, cleaned; raises Invalid with a problem for each field at fault."""
    values = replace(values, code=values.code.strip(), name=clean(values.name))
    problems = [*_problems_of_words(values), *_problems_of_days(values, actor)]
    if problems:
        raise Invalid("Chưa lưu được. Hãy sửa các ô được đánh dấu.", tuple(problems))
    return values


def _problems_of_words(values: MarketValues) -> list[Problem]:
    problems = []
    if not CODE.fullmatch(values.code) or values.code.lower() in RESERVED_CODES:
        problems.append(Problem(HOW_CODES_LOOK, field="code"))
    if not values.name:
        problems.append(Problem("Hãy nhập tên chợ, ví dụ: Chợ Đầm Hà.", field="name"))
    if values.class_decision and values.market_class is MarketClass.UNCLASSIFIED:
        message = "Có số quyết định thì hãy chọn hạng theo quyết định đó."
        problems.append(Problem(message, field="market_class"))
    if (values.latitude is None) != (values.longitude is None):
        message = "Hãy nhập đủ cả vĩ độ và kinh độ, hoặc để trống cả hai."
        missing = "latitude" if values.latitude is None else "longitude"
        problems.append(Problem(message, field=missing))
    return problems


def _problems_of_days(values: MarketValues, actor: Actor) -> list[Problem]:
    problems = [
        Problem(_not_yet(day), field=name)
        for name in ("class_decided_on", "opened_on", "cashless_fees_since")
        if (day := getattr(values, name)) is not None and day > actor.today
    ]
    if (values.cashless_fees is None) != (values.cashless_fees_since is None):
        message = "Hãy nhập cả tên khoản thu và ngày bắt đầu thu không tiền mặt."
        missing = "cashless_fees" if values.cashless_fees is None else "cashless_fees_since"
        problems.append(Problem(message, field=missing))
    return problems


def _not_yet(day: date) -> str:
    return f"Ngày {format_day(day)} chưa tới. Hãy chọn hôm nay hoặc một ngày đã qua."


def _check_may_manage(commune: Commune, actor: Actor) -> None:
    provinces = managed_provinces(actor)
    if provinces is not None and commune.province_code not in provinces:
        raise Forbidden("Bạn chỉ được ghi chợ trong tỉnh của mình.")


def _is_code_taken(code: str) -> bool:
    """Codes that differ only in case would be mixed up by people."""
    found = select(Market.id).where(func.lower(Market.code) == code.lower())
    return db.session.scalar(found) is not None


def _code_taken() -> Invalid:
    return Invalid(CODE_TAKEN, (Problem(CODE_TAKEN, "duplicate", field="code"),))


def _lock_operators(market: Market) -> list[MarketOperator]:
    db.session.flush()
    db.session.execute(select(Market.id).where(Market.id == market.id).with_for_update())
    return list(
        db.session.scalars(
            select(MarketOperator)
            .where(MarketOperator.market_id == market.id)
            .order_by(MarketOperator.from_day, MarketOperator.id)
            .execution_options(populate_existing=True)
        )
    )


def _record_change(market: Market, old: dict[str, Any], actor: Actor, *, is_noted: bool) -> None:
    new = _facts(market)
    changed = {name for name in new if new[name] != old[name]}
    if not changed and not is_noted:
        return
    audit.record(
        actor,
        "change",
        market,
        market_id=market.id,
        old={name: old[name] for name in changed},
        new={**{name: new[name] for name in changed}, **({"note": "…"} if is_noted else {})},
    )


def _facts(market: Market) -> dict[str, Any]:
    """What stands in the audit log; a note may name people, so only that it changed does."""
    names = [name for name in MarketValues.__dataclass_fields__ if name != "note"]
    return {name: getattr(market, name) for name in names}
