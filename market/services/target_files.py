"""Lists of targets, and of markets behind theirs, as tables for files."""

from collections.abc import Iterator, Sequence

from market.documents.tables import Cell, Row
from market.documents.target_columns import BEHIND_COLUMNS, TARGET_COLUMNS
from market.domain.calendar import format_day
from market.domain.shares import FILE_PLACES
from market.domain.targets import Standing
from market.services.market_lines import MarketLine
from market.services.report_files import Table
from market.services.target_lists import DENOMINATOR, ProvinceTargets, TargetRow

NOTHING: tuple[Cell, ...] = (None,) * 5


def target_table(found: ProvinceTargets, rows: Sequence[TargetRow]) -> Table:
    """The chosen targets, as their page lists them."""
    return Table(
        title=f"Chỉ tiêu – {format_day(found.on)}",
        columns=TARGET_COLUMNS,
        rows=(_target(found, row) for row in rows),
        as_of=found.on,
        denominator=DENOMINATOR,
    )


def behind_table(found: ProvinceTargets, lines: Sequence[MarketLine]) -> Table:
    """The chosen markets behind their targets, as their page lists them."""
    return Table(
        title=f"Chợ chậm so với chỉ tiêu – {format_day(found.on)}",
        columns=BEHIND_COLUMNS,
        rows=_behind(found, lines),
        as_of=found.on,
        denominator=DENOMINATOR,
    )


def _target(found: ProvinceTargets, row: TargetRow) -> Row:
    line, standing = row.aim.line, row.standing
    return (
        found.on,
        row.aim.place.kind,
        row.code,
        row.name,
        row.aim.unit,
        line.from_day,
        line.from_percent,
        line.to_day,
        line.to_percent,
        row.target.decision,
        row.state,
        *(NOTHING if standing is None else _measured(standing)),
        *((None, None, None) if standing is None else _ahead(standing)),
    )


def _behind(found: ProvinceTargets, lines: Sequence[MarketLine]) -> Iterator[Row]:
    for line in lines:
        standing = line.standing(found.on, DENOMINATOR)
        if standing is None:
            continue
        yield (
            found.on,
            line.code,
            line.name,
            line.commune_code,
            line.commune,
            line.operator,
            standing.aim.place.kind,
            standing.aim.unit,
            *_measured(standing),
            standing.behind,
            standing.aim.line.to_percent,
            standing.aim.line.to_day,
            *_ahead(standing),
        )


def _measured(standing: Standing) -> tuple[Cell, ...]:
    share = standing.share
    return (
        standing.target_percent(FILE_PLACES),
        share.numerator,
        share.denominator,
        share.percent(FILE_PLACES),
        standing.gap_points(FILE_PLACES),
    )


def _ahead(standing: Standing) -> tuple[Cell, ...]:
    return standing.missing, standing.pace, standing.forecast
