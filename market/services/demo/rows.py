"""Rows of all tables, numbered here and written in bulk, parents before children."""

from collections import defaultdict
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from market.models.account import PaymentAccount
from market.models.base import Base
from market.models.market import Market, MarketOperator, Operator, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.models.sticker import PrintRun, Sticker
from market.models.visit import Incident, Visit

ORDER: tuple[type[Base], ...] = (
    Operator,
    Market,
    MarketOperator,
    Section,
    Stall,
    StallStateSpan,
    Merchant,
    Tenancy,
    PaymentAccount,
    PrintRun,
    Sticker,
    Visit,
    Incident,
)
Row = dict[str, Any]


class Rows:
    """Collects rows and writes them; ids run on from what the tables hold."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: defaultdict[type[Base], list[Row]] = defaultdict(list)
        self._last_ids: dict[type[Base], int] = {}

    def add(self, entity: type[Base], **values: Any) -> int:
        """Add a row under the next id; gives the id."""
        return self.add_row(entity, values)

    def add_row(self, entity: type[Base], row: Row) -> int:
        """Like `add` for a row that may be filled in further until it is written."""
        row["id"] = self._next_id(entity)
        self._rows[entity].append(row)
        return self._last_ids[entity]

    def write(self) -> None:
        """Write what was collected and forget it."""
        for entity in ORDER:
            if rows := self._rows.pop(entity, None):
                self._session.execute(insert(entity.__table__), rows)  # type: ignore[arg-type]

    def finish(self) -> None:
        """Let the database number on from here (PostgreSQL keeps a count of its own)."""
        if self._session.get_bind().dialect.name != "postgresql":
            return
        for entity, last in self._last_ids.items():
            self._session.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"),
                {"table": entity.__tablename__, "last": last},
            )

    def _next_id(self, entity: type[Base]) -> int:
        if entity not in self._last_ids:
            highest = self._session.scalar(select(func.max(entity.__table__.c.id)))
            self._last_ids[entity] = highest or 0
        self._last_ids[entity] += 1
        return self._last_ids[entity]
