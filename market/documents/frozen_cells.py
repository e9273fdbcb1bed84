"""Columns and rows of a table as JSON, to be written again later byte for byte."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from market.documents.tables import Cell, Column, Kind, Row
from market.domain.labels import LabelledEnum, worded


def columns_as_json(columns: Iterable[Column]) -> list[dict[str, Any]]:
    """Name, heading, kind and width of each column."""
    return [
        {
            "name": column.name,
            "heading": column.heading_vi,
            "kind": str(column.kind),
            "width": column.width,
        }
        for column in columns
    ]


def columns_of_json(kept: Iterable[dict[str, Any]]) -> tuple[Column, ...]:
    """The columns as they were."""
    return tuple(
        Column(each["name"], each["heading"], Kind(each["kind"]), each["width"]) for each in kept
    )


def row_as_json(row: Row) -> list[Any]:
    """The cells of a row; a word of a closed set is kept with its words for people."""
    return [_kept(cell) for cell in row]


def row_of_json(columns: Sequence[Column], kept: Sequence[Any]) -> Row:
    """The cells as they were, by the kinds of their columns."""
    return [_cell(column.kind, each) for column, each in zip(columns, kept, strict=True)]


def _kept(cell: Cell) -> Any:
    match cell:
        case LabelledEnum():
            return [str(cell), cell.label]
        case Decimal():
            return str(cell)
        case date():
            return cell.isoformat()
        case _:
            return cell


def _cell(kind: Kind, kept: Any) -> Cell:
    if kept is None:
        return None
    if isinstance(kept, list):
        return worded(*kept)
    if kind is Kind.PERCENT:
        return Decimal(kept)
    return date.fromisoformat(kept) if kind is Kind.DATE else kept
