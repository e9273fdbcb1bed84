"""Reading one page of a query."""

from typing import Any

from sqlalchemy import Row, Select, func, select

from market.domain.pages import PER_PAGE, Page
from market.extensions import db


def rows_page(query: Select[Any], number: int, per_page: int = PER_PAGE) -> Page[Row[Any]]:
    """Page `number` of an ordered query, as rows; two queries."""
    total = _count(query)
    rows = db.session.execute(query.limit(per_page).offset((number - 1) * per_page)).all()
    return Page(rows, total, number, per_page)


def entities_page(query: Select[Any], number: int, per_page: int = PER_PAGE) -> Page[Any]:
    """Page `number` of an ordered query for one entity; two queries."""
    total = _count(query)
    found = db.session.scalars(query.limit(per_page).offset((number - 1) * per_page)).unique()
    return Page(found.all(), total, number, per_page)


def _count(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
