"""Which frozen reports, and which of their rows, exist for whom; who may freeze one."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, true

from market.domain.errors import Forbidden, NotFound
from market.domain.roles import Permission, ScopeKind
from market.extensions import db
from market.models.area import Commune, Province
from market.models.frozen_report import FrozenReport, FrozenRow
from market.models.market import Market
from market.services import access
from market.services.access import Actor, market_condition

NO_REPORT = "Không tìm thấy báo cáo này."


@dataclass(frozen=True, slots=True)
class OpenedReport:
    """A report as it exists for somebody: the whole of it, or the rows of their markets."""

    report: FrozenReport
    is_whole: bool


def whole_provinces(actor: Actor, permission: Permission) -> frozenset[str] | None:
    """Codes of the provinces of which every market is the actor's; None for the country."""
    grants = actor.grants_for(permission)
    if actor.is_system or any(grant.scope is ScopeKind.COUNTRY for grant in grants):
        return None
    return frozenset(
        grant.province_code
        for grant in grants
        if grant.scope is ScopeKind.PROVINCE and grant.province_code
    )


def reports_in_sight(actor: Actor) -> ColumnElement[bool]:
    """The reports of which at least a row exists for the actor."""
    whole = whole_provinces(actor, Permission.READ_REPORTS)
    if whole is None:
        return true()
    own_rows = (
        select(FrozenRow.report_id)
        .join(Market, Market.id == FrozenRow.market_id)
        .where(market_condition(actor, Permission.READ_REPORTS))
    )
    return or_(FrozenReport.province_code.in_(whole), FrozenReport.id.in_(own_rows))


def rows_in_sight(actor: Actor) -> ColumnElement[bool]:
    """The rows that exist for the actor; needs FrozenReport and Market beside them."""
    whole = whole_provinces(actor, Permission.READ_REPORTS)
    if whole is None:
        return true()
    own = market_condition(actor, Permission.READ_REPORTS)
    return or_(FrozenReport.province_code.in_(whole), own)


def get_report(number: str, *, actor: Actor) -> OpenedReport:
    """The report; NotFound where no row of it exists for the actor."""
    report = db.session.scalar(
        select(FrozenReport).where(FrozenReport.number == number, reports_in_sight(actor))
    )
    if report is None:
        raise NotFound(NO_REPORT)
    whole = access.covers_province(
        report.province_code, actor=actor, permission=Permission.READ_REPORTS
    )
    return OpenedReport(report, is_whole=whole)


def get_province(code: str, *, actor: Actor, lock: bool = False) -> Province:
    """A province whose reports the actor may freeze; with `lock` nobody else does meanwhile.

    Raises NotFound where nothing of it is the actor's, Forbidden where only some is.
    """
    query = select(Province).where(Province.code == code)
    province = db.session.scalar(query.with_for_update(key_share=True) if lock else query)
    if province is None or not _sees(province, actor):
        raise NotFound("Không tìm thấy tỉnh này.")
    if not access.covers_province(code, actor=actor, permission=Permission.FREEZE_REPORTS):
        raise Forbidden("Chỉ cán bộ phụ trách cả tỉnh được chốt báo cáo của tỉnh.")
    return province


def list_provinces(actor: Actor) -> list[Province]:
    """The provinces with markets whose reports the actor may freeze, by name."""
    whole = whole_provinces(actor, Permission.FREEZE_REPORTS)
    with_markets = select(Commune.province_code).join(Market, Market.commune_code == Commune.code)
    allowed = true() if whole is None else Province.code.in_(whole)
    query = select(Province).where(Province.code.in_(with_markets), allowed)
    return list(db.session.scalars(query.order_by(Province.sort_key, Province.code)))


def _sees(province: Province, actor: Actor) -> bool:
    if access.covers_province(province.code, actor=actor, permission=Permission.READ_REPORTS):
        return True
    own = (
        select(Market.id)
        .join(Commune, Commune.code == Market.commune_code)
        .where(
            Commune.province_code == province.code,
            market_condition(actor, Permission.READ_REPORTS),
        )
    )
    return db.session.scalar(own.limit(1)) is not None
