"""Rows of columns, read past the object mapper: of thousands it takes as long as the database."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.orm import Session


def plain_rows(
    session: Session, query: Select[Any], parameters: Mapping[str, Any] | None = None
) -> Sequence[Row[Any]]:
    """What a query of columns finds, changes of this transaction included; no entities."""
    session.flush()
    return session.connection().execute(query, parameters).all()
