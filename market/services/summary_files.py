"""Summaries as tables for files: of communes or provinces, one row each."""

from collections.abc import Callable, Iterable, Sequence

from market.documents.summary_columns import COMMUNE_COLUMNS, PROVINCE_COLUMNS
from market.documents.tables import Cell, Column, Row
from market.domain.calendar import check_as_of, format_day
from market.domain.coverage import Coverage, Ladder
from market.domain.shares import FILE_PLACES
from market.services import area_lines, coverage, market_lines
from market.services.access import Actor
from market.services.area_coverage import Question, own_markets
from market.services.area_lines import AreaLine
from market.services.covered_areas import Area, AreaKind
from market.services.market_lines import MarketChoice, MarketLine
from market.services.report_files import Table

Grouping = Callable[[Iterable[MarketLine]], Sequence[AreaLine]]


def area_table(actor: Actor, area: Area, *, question: Question, choice: MarketChoice) -> Table:
    """A row a commune of the chosen markets; of the country, a row a province.

    Raises Invalid for a day to come or before the first record.
    """
    first = coverage.find_first_day(own_markets(area.markets, actor))
    check_as_of(question.as_of, today=actor.today, first=first)
    lines = [
        line
        for line in market_lines.list_lines(actor, question.as_of, choice=choice)
        if choice.takes(line)
    ]
    is_country = area.kind is AreaKind.COUNTRY
    group: Grouping = area_lines.by_province if is_country else area_lines.by_commune
    columns = PROVINCE_COLUMNS if is_country else COMMUNE_COLUMNS
    return Table(
        title=_title(is_country, area, question),
        columns=columns,
        rows=[_row(each, question, is_country=is_country) for each in group(lines)],
        as_of=question.as_of,
        denominator=question.denominator,
        total_row=lambda: _total(lines, question, columns),
    )


def ladder_cells(of: Coverage) -> tuple[Cell, ...]:
    """The cells of LADDER_COLUMNS; a share without anybody to count is blank."""
    return (*_cells(of.stalls), *_cells(of.merchants))


def _title(is_country: bool, area: Area, question: Question) -> str:
    what = "Tổng hợp theo tỉnh" if is_country else f"Tổng hợp theo xã, phường – {area.name}"
    return f"{what} – {format_day(question.as_of)}"


def _row(line: AreaLine, question: Question, *, is_country: bool) -> Row:
    commune = () if is_country else (line.code, line.name)
    return (
        question.as_of,
        line.province_code,
        line.province,
        *commune,
        len(line.markets),
        line.running,
        *ladder_cells(line.counts.of(question.denominator)),
    )


def _total(lines: Sequence[MarketLine], question: Question, columns: Sequence[Column]) -> Row:
    figures = (
        len(lines),
        sum(line.is_running for line in lines),
        *ladder_cells(market_lines.pool(lines).of(question.denominator)),
    )
    return (*[None] * (len(columns) - len(figures)), *figures)


def _cells(ladder: Ladder) -> tuple[Cell, ...]:
    return (
        ladder.counted,
        ladder.account,
        ladder.equipped,
        ladder.displayed,
        ladder.accepting,
        ladder.in_use,
        ladder.share().percent(FILE_PLACES),
    )
