"""Rows kept as JSON are written again byte for byte."""

import io
import json
from datetime import date
from decimal import Decimal

import pytest

from market.documents.frozen_cells import (
    columns_as_json,
    columns_of_json,
    row_as_json,
    row_of_json,
)
from market.documents.report_columns import MARKET_COLUMNS
from market.documents.tables import Cell, Kind, Row, Style, write_csv
from market.domain.labels import worded
from market.domain.markets import MarketClass

CELLS: dict[Kind, tuple[Cell, ...]] = {
    Kind.TEXT: ("=1+1", MarketClass.CLASS_2, True, False, worded("2026-09", "Tháng 9"), None),
    Kind.CODE: ("06895", None),
    Kind.INTEGER: (0, 1486, None),
    Kind.PERCENT: (Decimal("84.77"), Decimal("-0.50"), Decimal(100), None),
    Kind.DATE: (date(2026, 9, 30), None),
}


def rows() -> list[Row]:
    """Rows in which each column has each of its values."""
    return [
        [CELLS[column.kind][at % len(CELLS[column.kind])] for column in MARKET_COLUMNS]
        for at in range(12)
    ]


def written(columns: object, table: list[Row], style: Style) -> bytes:
    stream = io.BytesIO()
    write_csv(stream, columns, table, style=style)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("style", list(Style))
def test_what_was_kept_is_written_as_it_was(style: Style) -> None:
    kept = json.loads(json.dumps([row_as_json(row) for row in rows()]))
    columns = columns_of_json(json.loads(json.dumps(columns_as_json(MARKET_COLUMNS))))

    again = [row_of_json(columns, row) for row in kept]

    assert columns == MARKET_COLUMNS
    assert written(columns, again, style) == written(MARKET_COLUMNS, rows(), style)
