"""Summaries as tables for files: areas, parts of a market, reasons, trends, proofs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from market.documents.summary_columns import (
    COMMUNE_COLUMNS,
    LINE_COLUMNS,
    PROOF_COLUMNS,
    PROVINCE_COLUMNS,
    REASON_COLUMNS,
    SECTION_COLUMNS,
    TREND_COLUMNS,
)
from market.documents.tables import Cell, Column, Row
from market.domain.calendar import check_as_of, format_day
from market.domain.coverage import Coverage, Ladder
from market.domain.proofs import Proof, ProofCounts
from market.domain.shares import FILE_PLACES, round_half_up
from market.models.market import Market
from market.services import area_lines, breakdowns, coverage, covered_areas, market_lines
from market.services.access import Actor
from market.services.area_coverage import AreaCoverage, MarketCoverage, Question, own_markets
from market.services.area_lines import AreaLine
from market.services.breakdowns import Part
from market.services.covered_areas import Area, AreaKind
from market.services.extents import name_of
from market.services.market_lines import MarketChoice, MarketLine
from market.services.report_files import Table

NO_SECTION = "Chưa xếp khu"
NO_LINE = "Chưa ghi ngành hàng"
NO_REASON = "Chưa ghi lý do"
Grouping = Callable[[Iterable[MarketLine]], Sequence[AreaLine]]


def area_table(actor: Actor, area: Area, *, question: Question, choice: MarketChoice) -> Table:
    """A row a commune of the chosen markets; of the country, a row a province.

    A row that may lack some of the markets there says so in the name.
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
        rows=[
            _row(_named(each, choice, actor), question, is_country=is_country)
            for each in group(lines)
        ],
        as_of=question.as_of,
        denominator=question.denominator,
        total_row=lambda: _total(lines, question, columns),
    )


def section_table(market: Market, question: Question) -> Table:
    """A row a section."""
    parts = breakdowns.of_market(market, question).by_section
    return _part_table("Theo khu", NO_SECTION, (market, question), parts, SECTION_COLUMNS)


def line_table(market: Market, question: Question) -> Table:
    """A row a line of business."""
    parts = breakdowns.of_market(market, question).by_line
    return _part_table("Theo ngành hàng", NO_LINE, (market, question), parts, LINE_COLUMNS)


def reason_table(market: Market, question: Question) -> Table:
    """A row a reason for which stalls do not accept."""
    found = breakdowns.of_market(market, question).refusals
    place = (question.as_of, market.code, market.name)
    rows = [
        (*place, reason or NO_REASON, share.numerator, share.percent(FILE_PLACES))
        for reason, share in found.lines()
    ]
    return Table(
        title=f"Lý do chưa chấp nhận – {market.name} – {format_day(question.as_of)}",
        columns=REASON_COLUMNS,
        rows=rows,
        as_of=question.as_of,
        denominator=question.denominator,
        total_row=lambda: (None, None, None, None, found.stalls, None),
    )


def trend_table(
    name: str, found: AreaCoverage | MarketCoverage, targets: Mapping[date, Fraction]
) -> Table:
    """A row for the end of each month, and for the day itself."""
    question = found.question
    return Table(
        title=f"24 tháng qua – {name} – {format_day(question.as_of)}",
        columns=TREND_COLUMNS,
        rows=[
            (
                each.day,
                name,
                question.unit,
                *_cells(each.ladder),
                None if each.day not in targets else round_half_up(targets[each.day], FILE_PLACES),
            )
            for each in found.trend
        ],
        as_of=question.as_of,
        denominator=question.denominator,
    )


def proof_table(name: str, question: Question, counts: ProofCounts) -> Table:
    """A row for each proof on which those that accept stand, the strongest first."""
    place = (question.as_of, name, question.unit)
    shares = [(proof, counts.share(proof)) for proof in Proof]
    return Table(
        title=f"Mức tin cậy – {name} – {format_day(question.as_of)}",
        columns=PROOF_COLUMNS,
        rows=[
            (*place, proof, share.numerator, share.percent(FILE_PLACES)) for proof, share in shares
        ],
        as_of=question.as_of,
        denominator=question.denominator,
        total_row=lambda: (None, None, None, None, counts.accepting, None),
    )


def _part_table(
    what: str,
    nowhere: str,
    asked: tuple[Market, Question],
    parts: Sequence[Part],
    columns: Sequence[Column],
) -> Table:
    """Without a total row: who trades in two parts counts in both."""
    market, question = asked
    place = (question.as_of, market.code, market.name)
    return Table(
        title=f"{what} – {market.name} – {format_day(question.as_of)}",
        columns=columns,
        rows=[(*place, part.name or nowhere, *ladder_cells(part.counts)) for part in parts],
        as_of=question.as_of,
        denominator=question.denominator,
    )


def ladder_cells(of: Coverage) -> tuple[Cell, ...]:
    """The cells of LADDER_COLUMNS; a share without anybody to count is blank."""
    return (*_cells(of.stalls), *_cells(of.merchants))


def _title(is_country: bool, area: Area, question: Question) -> str:
    what = "Tổng hợp theo tỉnh" if is_country else f"Tổng hợp theo xã, phường – {area.name}"
    return f"{what} – {format_day(question.as_of)}"


def _named(line: AreaLine, choice: MarketChoice, actor: Actor) -> AreaLine:
    is_part = not covered_areas.covers_province(line.province_code, actor)
    of_commune = choice.commune_code not in (None, line.code)
    is_chosen = choice.is_narrowed or of_commune
    return replace(line, name=name_of(line.name, is_part=is_part, is_chosen=is_chosen))


def _row(line: AreaLine, question: Question, *, is_country: bool) -> Row:
    province = line.name if is_country else line.province
    commune = () if is_country else (line.code, line.name)
    return (
        question.as_of,
        line.province_code,
        province,
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
