"""Who runs markets: boards, enterprises, cooperatives, communes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import ColumnElement, false, or_, select, true

from market.domain.errors import Forbidden, Invalid, NotFound, Problem
from market.domain.markets import OperatorKind
from market.domain.pages import Page
from market.domain.roles import Permission, ScopeKind
from market.domain.text import clean, fold, sort_key
from market.extensions import db
from market.models.area import Province
from market.models.market import Operator
from market.services import audit
from market.services.access import Actor
from market.services.paging import entities_page
from market.services.uniqueness import unique_or

NAME_TAKEN = "Tỉnh đã có đơn vị mang tên này."


@dataclass(frozen=True, slots=True)
class OperatorValues:
    """What is entered of an operator; the hotline stands on stickers."""

    name: str
    kind: OperatorKind
    province_code: str
    hotline: str | None = None


def operator_condition(actor: Actor) -> ColumnElement[bool]:
    """The operators of the provinces whose markets the actor manages."""
    codes = managed_provinces(actor)
    return true() if codes is None else or_(false(), Operator.province_code.in_(codes))


def managed_provinces(actor: Actor) -> frozenset[str] | None:
    """Codes of the provinces whose markets the actor manages; None for all of them."""
    grants = actor.grants_for(Permission.MANAGE_MARKETS)
    if actor.is_system or any(grant.scope is ScopeKind.COUNTRY for grant in grants):
        return None
    return frozenset(grant.province_code for grant in grants if grant.province_code)


def page_of_operators(actor: Actor, *, search: str | None, number: int) -> Page[Operator]:
    """The operators within the actor's reach, by name."""
    query = select(Operator).where(operator_condition(actor))
    if search:
        query = query.where(Operator.search.contains(fold(search), autoescape=True))
    return entities_page(query.order_by(Operator.sort_key, Operator.id), number)


def list_of_province(province_code: str) -> Sequence[Operator]:
    """The operators of a province, by name."""
    return db.session.scalars(
        select(Operator)
        .where(Operator.province_code == province_code)
        .order_by(Operator.sort_key, Operator.id)
        .limit(1000)
    ).all()


def get_operator(operator_id: int, *, actor: Actor) -> Operator:
    """An operator within the actor's reach; NotFound otherwise."""
    operator = db.session.scalar(
        select(Operator).where(Operator.id == operator_id, operator_condition(actor))
    )
    if operator is None:
        raise NotFound("Không tìm thấy đơn vị quản lý này.")
    return operator


def create_operator(values: OperatorValues, *, actor: Actor) -> Operator:
    """Add an operator; raises Invalid where the name is taken, Forbidden in another province."""
    provinces = managed_provinces(actor)
    if provinces is not None and values.province_code not in provinces:
        raise Forbidden("Bạn chỉ được lập đơn vị quản lý chợ trong tỉnh của mình.")
    values = _checked(values)
    if db.session.get(Province, values.province_code) is None:
        message = "Hãy chọn tỉnh của đơn vị này."
        raise Invalid(message, (Problem(message, field="province_code"),))
    operator = Operator(**asdict(values), search=fold(values.name))
    with unique_or(_name_taken()):
        db.session.add(operator)
    audit.record(actor, "create", operator, new=asdict(values))
    return operator


def change_operator(operator: Operator, values: OperatorValues, *, actor: Actor) -> None:
    """Change name, kind and hotline; an operator stays in its province."""
    values = replace(_checked(values), province_code=operator.province_code)
    old = _facts(operator)
    with unique_or(_name_taken()):
        operator.name, operator.search = values.name, fold(values.name)
        operator.sort_key = sort_key(values.name)
        operator.kind, operator.hotline = values.kind, values.hotline
    if _facts(operator) != old:
        audit.record(actor, "change", operator, old=old, new=_facts(operator))


def get_or_make(name: str, *, province_code: str, actor: Actor) -> Operator:
    """The operator of that name in the province; a board of that name is made where none is."""
    operator = db.session.scalar(
        select(Operator).where(
            Operator.province_code == province_code, Operator.search == fold(name)
        )
    )
    if operator is not None:
        return operator
    return create_operator(OperatorValues(name, OperatorKind.BOARD, province_code), actor=actor)


def _checked(values: OperatorValues) -> OperatorValues:
    name = clean(values.name)
    if not name:
        message = "Hãy nhập tên đơn vị quản lý chợ."
        raise Invalid(message, (Problem(message, field="name"),))
    return replace(values, name=name)


def _facts(operator: Operator) -> dict[str, str | None]:
    return {
        "name": operator.name,
        "kind": str(operator.kind),
        "province_code": operator.province_code,
        "hotline": operator.hotline,
    }


def _name_taken() -> Invalid:
    return Invalid(NAME_TAKEN, (Problem(NAME_TAKEN, "duplicate", field="name"),))
