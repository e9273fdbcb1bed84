"""Rows of all tables, collected and numbered here before they are written."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.models.account import PaymentAccount
from market.models.base import Base
from market.models.coverage import CoverageDay, CoverageMonth, TenancyLevel
from market.models.market import Market, MarketOperator, Operator, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.models.sticker import ForeignCode, PrintRun, Sticker
from market.models.visit import Incident, Visit

NUMBERED: tuple[type[Base], ...] = (
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
    ForeignCode,
    Visit,
    Incident,
)
# Parents before children.
ORDER: tuple[type[Base], ...] = (*NUMBERED, TenancyLevel, CoverageDay, CoverageMonth)
Row = dict[str, Any]
Batch = dict[type[Base], list[Row]]


class Rows:
    """Collects rows; ids run on from what the tables hold.

    Rows of one table name the same columns, and every column that has a default: what
    writes them knows of none.
    """

    def __init__(self, session: Session) -> None:
        self._rows: defaultdict[type[Base], list[Row]] = defaultdict(list)
        self.last_ids: dict[type[Base], int] = {
            entity: session.scalar(select(func.max(entity.__table__.c.id))) or 0
            for entity in NUMBERED
        }

    def add(self, entity: type[Base], **values: Any) -> int:
        """Add a row under the next id; gives the id."""
        return self.add_row(entity, values)

    def add_row(self, entity: type[Base], row: Row) -> int:
        """Like `add` for a row that may be filled in further until it is taken."""
        self.last_ids[entity] += 1
        row["id"] = self.last_ids[entity]
        self._rows[entity].append(row)
        return self.last_ids[entity]

    def add_unnumbered(self, entity: type[Base], rows: Iterable[Row]) -> None:
        """Add rows of a table that has no id."""
        self._rows[entity].extend(rows)

    def of(self, entity: type[Base]) -> list[Row]:
        """What was collected of a table since the last `take`."""
        return self._rows.get(entity, [])

    def take(self) -> Batch:
        """What was collected, forgotten here."""
        taken = dict(self._rows)
        self._rows.clear()
        return taken
