"""The list of frozen reports as it exists for somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, func, or_, select, true

from market.domain.pages import Page
from market.domain.roles import Permission
from market.domain.shares import Share
from market.extensions import db
from market.models.frozen_report import FrozenReport, FrozenRow
from market.models.market import Market
from market.services import frozen_scope
from market.services.access import Actor
from market.services.paging import rows_page


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The reports that one was compared with, corrects, and was corrected by; by number."""

    before: str | None
    corrects: str | None
    corrected_by: str | None


def page_of(actor: Actor, number: int, *, province_code: str | None = None) -> Page[Row[Any]]:
    """The reports, the latest period first, each with the counts of the rows in sight.

    A row is (report, markets, counted, accepting, number of the report that corrects it).
    """
    return rows_page(_query(actor, province_code), number)


def list_all(actor: Actor, *, province_code: str | None = None) -> Sequence[Row[Any]]:
    """The same rows, all of them."""
    return db.session.execute(_query(actor, province_code)).all()


def sees_parts(actor: Actor, *, province_code: str | None = None) -> bool:
    """Whether any of these reports exists for the actor without all of its rows."""
    whole = frozen_scope.whole_provinces(actor, Permission.READ_REPORTS)
    if whole is None:
        return False
    query = (
        select(FrozenReport.id)
        .where(
            frozen_scope.reports_in_sight(actor),
            FrozenReport.province_code.not_in(whole),
            true() if province_code is None else FrozenReport.province_code == province_code,
        )
        .limit(1)
    )
    return db.session.scalar(query) is not None


def list_newest(
    actor: Actor, limit: int, *, province_code: str | None = None
) -> Sequence[Row[Any]]:
    """The same rows, so many of the latest periods."""
    return db.session.execute(_query(actor, province_code).limit(limit)).all()


def _query(actor: Actor, province_code: str | None) -> Select[Any]:
    corrected = select(FrozenReport.number, FrozenReport.corrects_id).subquery("corrected")
    query = (
        select(
            FrozenReport,
            func.count().label("markets"),
            func.sum(FrozenRow.merchants_counted).label("counted"),
            func.sum(FrozenRow.merchants_accepting).label("accepting"),
            func.max(corrected.c.number).label("corrected_by"),
        )
        .join(FrozenRow, FrozenRow.report_id == FrozenReport.id)
        .join(Market, Market.id == FrozenRow.market_id)
        .outerjoin(corrected, corrected.c.corrects_id == FrozenReport.id)
        .where(frozen_scope.rows_in_sight(actor))
        .group_by(FrozenReport.id)
        .order_by(FrozenReport.as_of.desc(), FrozenReport.since.desc(), FrozenReport.id.desc())
    )
    if province_code:
        query = query.where(FrozenReport.province_code == province_code)
    return query


def share_of(row: Row[Any]) -> Share:
    """The share of households that a row of the list reports."""
    return Share(int(row.accepting), int(row.counted))


def neighbours_of(report: FrozenReport, *, actor: Actor) -> Neighbours:
    """What the report refers to and what refers to it, as far as the actor sees it."""
    found = db.session.execute(
        select(FrozenReport.id, FrozenReport.number, FrozenReport.corrects_id).where(
            or_(
                FrozenReport.id.in_([report.before_id, report.corrects_id]),
                FrozenReport.corrects_id == report.id,
            ),
            frozen_scope.reports_in_sight(actor),
        )
    ).all()
    numbers = {row.id: row.number for row in found}
    return Neighbours(
        before=numbers.get(report.before_id),
        corrects=numbers.get(report.corrects_id),
        corrected_by=next((row.number for row in found if row.corrects_id == report.id), None),
    )
