"""How an operator's stickers look: who may set it, what it is now, what a run was made with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.orm.attributes import flag_modified

from market.documents.accents import ACCENT, read_accent
from market.documents.label_layouts import LogoPlace
from market.documents.logos import Logo
from market.documents.sheets import get_template
from market.documents.sticker_svg import sticker_svg
from market.documents.sticker_text import Sticker
from market.domain.errors import Conflict, Forbidden, NotFound
from market.domain.roles import Permission, ScopeKind
from market.extensions import db
from market.models.branding import LogoFile, OperatorBranding
from market.models.market import Market, MarketOperator, Operator
from market.services import audit, operators
from market.services.access import Actor, market_condition
from market.services.dated_facts import holds_on
from market.services.operators import OperatorValues
from market.services.uniqueness import unique_or
from market.services.versions import CHANGED_MEANWHILE

PREVIEW_TEMPLATE = "a6-card"
# What a phone reads from the preview: words, so that nobody can be paid by it.
PREVIEW_CODE = "Tem xem trước, không dùng để thanh toán."


@dataclass(frozen=True, slots=True)
class Branding:
    """A look: the accent, and the logos by their SHA-256. `version` is 0 before the first change.

    Kept with a run as plain JSON (`as_json`, `kept`), so that printing it again looks the same.
    """

    accent: str = ACCENT
    logos: Mapping[LogoPlace, str] = field(default_factory=dict)
    version: int = 0

    @classmethod
    def kept(cls, content: Mapping[str, Any] | None) -> "Branding":
        """From what `as_json` gave; a run that kept none has the project's own look."""
        if not content:
            return cls()
        logos = {LogoPlace(place): name for place, name in content["logos"].items()}
        return cls(content["accent"], logos)

    def as_json(self) -> dict[str, Any]:
        return {
            "accent": self.accent,
            "logos": {str(key): name for key, name in self.logos.items()},
        }


@dataclass(frozen=True, slots=True)
class BrandingValues:
    """What is asked for; places neither in `new_logos` nor in `removed` stay as they are."""

    accent: str
    hotline: str | None
    new_logos: Mapping[LogoPlace, Logo] = field(default_factory=dict)
    removed: frozenset[LogoPlace] = frozenset()


def get_operator(operator_id: int, *, actor: Actor) -> Operator:
    """An operator whose look the actor may set: who may write the registry of all its markets.

    Raises NotFound where none of its markets exists for the actor, Forbidden where one does.
    """
    can_set = _covers_all_markets(actor)
    sees_one = _runs(market_condition(actor, Permission.READ_REGISTRY), actor.today)
    found = db.session.execute(
        select(Operator, can_set.label("can_set")).where(
            Operator.id == operator_id, or_(can_set, sees_one)
        )
    ).one_or_none()
    if found is None:
        raise NotFound("Không tìm thấy đơn vị quản lý này.")
    if not found.can_set:
        raise Forbidden("Chỉ người quản lý mọi chợ của đơn vị này mới đổi được hình thức tem.")
    operator: Operator = found[0]
    return operator


def operator_of(market: Market, *, on: date) -> Operator:
    """Who runs the market on a day; raises NotFound where nobody is on record."""
    operator = db.session.scalar(
        select(Operator)
        .join(MarketOperator, MarketOperator.operator_id == Operator.id)
        .where(MarketOperator.market_id == market.id, holds_on(MarketOperator, on))
    )
    if operator is None:
        raise NotFound("Chợ này chưa ghi đơn vị quản lý. Hãy ghi đơn vị quản lý trước.")
    return operator


def branding_of(operator: Operator) -> Branding:
    """The operator's look now."""
    return _branding(db.session.get(OperatorBranding, operator.id, populate_existing=True))


def branding_of_market(market_id: int, on: date) -> Branding:
    """The look of the operator that runs the market on a day; the project's own without one."""
    return _branding(
        db.session.scalar(
            select(OperatorBranding)
            .join(MarketOperator, MarketOperator.operator_id == OperatorBranding.operator_id)
            .where(MarketOperator.market_id == market_id, holds_on(MarketOperator, on))
        )
    )


def logo_files(branding: Branding) -> dict[LogoPlace, bytes]:
    """The PNG files of a look."""
    rows = db.session.execute(
        select(LogoFile.sha256, LogoFile.png).where(LogoFile.sha256.in_(branding.logos.values()))
    )
    files = {row.sha256: row.png for row in rows}
    return {place: files[name] for place, name in branding.logos.items()}


def change_branding(
    operator: Operator, values: BrandingValues, *, version: int, actor: Actor
) -> None:
    """Set the look and the hotline of an operator that `get_operator` gave.

    Raises Invalid for an accent that cannot be read, Conflict where somebody changed the look
    since `version` was shown. Stickers already made keep the look they were made with.
    """
    read_accent(values.accent)
    row = _open(operator, version)
    old = _facts(row)
    row.accent = None if values.accent.lower() == ACCENT else values.accent.lower()
    for place in LogoPlace:
        if place in values.new_logos:
            setattr(row, _column(place), _keep(values.new_logos[place], actor).sha256)
        elif place in values.removed:
            setattr(row, _column(place), None)
    if values.hotline != operator.hotline:
        # The hotline is the operator's; the look counts it as a change of its own.
        flag_modified(row, "accent")
    with unique_or(Conflict(CHANGED_MEANWHILE)):
        db.session.add(row)
    if _facts(row) != old:
        audit.record(actor, "change", row, old=old, new=_facts(row))
    if values.hotline != operator.hotline:
        known = OperatorValues(operator.name, operator.kind, operator.province_code)
        operators.change_operator(operator, replace(known, hotline=values.hotline), actor=actor)


def preview(operator: Operator, values: BrandingValues, *, template: str, on: date) -> str:
    """SVG of one invented sticker in that look, nothing kept; raises as `change_branding` does.

    NotFound for a template there is not.
    """
    kept = branding_of(operator)
    names = {place: name for place, name in kept.logos.items() if place not in values.removed}
    logos = logo_files(replace(kept, logos=names))
    logos |= {place: logo.png for place, logo in values.new_logos.items()}
    sticker = Sticker(
        serial="00000000",
        payload=PREVIEW_CODE,
        market_name=_name_of_a_market(operator, on) or operator.name,
        stall_code="A-01",
        merchant_name="Nguyễn Thị Mẫu",
        holder_name="NGUYEN THI MAU",
        bank_short_name="Ngân hàng Mẫu",
        account_number="000000000000",
        printed_on=on,
        hotline=values.hotline,
    )
    return sticker_svg(sticker, get_template(template), accent=values.accent, logos=logos)


def _branding(row: OperatorBranding | None) -> Branding:
    if row is None:
        return Branding()
    names = {place: getattr(row, _column(place)) for place in LogoPlace}
    logos = {place: name for place, name in names.items() if name is not None}
    return Branding(row.accent or ACCENT, logos, row.version)


def _open(operator: Operator, version: int) -> OperatorBranding:
    """The row to change, a new one where there was none."""
    row = db.session.get(OperatorBranding, operator.id, populate_existing=True)
    if (row.version if row else 0) != version:
        raise Conflict(CHANGED_MEANWHILE)
    return row or OperatorBranding(operator_id=operator.id)


def _keep(logo: Logo, actor: Actor) -> LogoFile:
    """Two people may upload the same logo, also at once."""
    kept = db.session.get(LogoFile, logo.sha256)
    if kept is None:
        kept = LogoFile(
            sha256=logo.sha256,
            png=logo.png,
            width=logo.width,
            height=logo.height,
            added_at=actor.at,
            added_by_id=actor.user_id,
        )
        with unique_or(Conflict(CHANGED_MEANWHILE)):
            db.session.add(kept)
    return kept


def _column(place: LogoPlace) -> str:
    return f"{place}_logo"


def _facts(row: OperatorBranding) -> dict[str, str | None]:
    return {
        "accent": row.accent,
        **{_column(each): getattr(row, _column(each)) for each in LogoPlace},
    }


def _covers_all_markets(actor: Actor) -> ColumnElement[bool]:
    """Whether the actor may write the registry of every market the operator runs."""
    if actor.is_system:
        return true()
    covers: list[ColumnElement[bool]] = []
    for grant in actor.grants_for(Permission.WRITE_REGISTRY):
        if grant.scope is ScopeKind.COUNTRY:
            covers.append(true())
        elif grant.scope is ScopeKind.PROVINCE:
            covers.append(Operator.province_code == grant.province_code)
        elif grant.scope is ScopeKind.OPERATOR:
            covers.append(Operator.id == grant.operator_id)
    within = market_condition(actor, Permission.WRITE_REGISTRY)
    only_within = and_(_runs(within, actor.today), ~_runs(~within, actor.today))
    return or_(*covers, only_within)


def _runs(condition: ColumnElement[bool], on: date) -> ColumnElement[bool]:
    """That the operator runs an open market of that kind."""
    return exists().where(
        MarketOperator.operator_id == Operator.id,
        MarketOperator.market_id == Market.id,
        holds_on(MarketOperator, on),
        Market.closed_on.is_(None),
        condition,
    )


def _name_of_a_market(operator: Operator, on: date) -> str | None:
    return db.session.scalar(
        select(Market.name)
        .join(MarketOperator, MarketOperator.market_id == Market.id)
        .where(MarketOperator.operator_id == operator.id, holds_on(MarketOperator, on))
        .order_by(Market.sort_key, Market.id)
        .limit(1)
    )
