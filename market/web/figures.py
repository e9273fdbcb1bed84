"""Shares as pages show them: funnel, trend as picture and table, facets to filter by."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from market.documents.charts import TrendPoint, trend_line
from market.domain.coverage import Ladder, Unit
from market.domain.levels import LADDER, Level
from market.services.area_coverage import AreaCoverage, MarketCoverage, Question, TrendDay
from market.services.market_lines import MarketLine
from market.web.filters import vi_percent


def of_coverage(found: AreaCoverage | MarketCoverage) -> dict[str, Any]:
    """What templates need beside the figures themselves."""
    points = [
        TrendPoint(f"{each.day.month}/{each.day.year}", each.ladder.share()) for each in found.trend
    ]
    return {
        "share": found.ladder.share(),
        "steps": funnel_steps(found.ladder),
        "trend": list(reversed(found.trend)),
        "trend_picture": _picture(points, found.trend, found.question),
        "unit_word": unit_word(found.question.unit),
    }


def funnel_steps(ladder: Ladder) -> list[dict[str, Any]]:
    """The levels from account on, each with how many have reached it."""
    return [
        {
            "key": level.value,
            "label": _(level.label),
            "count": ladder.reached(level),
            "percent_text": vi_percent(ladder.share(level).percent()),
        }
        for level in LADDER
        if level is not Level.NONE
    ]


def unit_word(unit: Unit) -> str:
    """The word behind counts."""
    return str(_(unit.label))


def facets_of(lines: Sequence[MarketLine]) -> dict[str, list[tuple[str, str, int]]]:
    """What the markets can be narrowed by: value, words, how many."""
    return {
        "commune": _counted((line.commune_code, line.commune) for line in lines),
        "class": _counted((line.market_class.value, _(line.market_class.label)) for line in lines),
        "operator": _counted(
            (str(line.operator_id), line.operator) for line in lines if line.operator is not None
        ),
    }


def _counted(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str, int]]:
    counts: dict[tuple[str, str], int] = {}
    for pair in pairs:
        counts[pair] = counts.get(pair, 0) + 1
    return sorted(
        ((value, words, number) for (value, words), number in counts.items()),
        key=lambda facet: facet[1],
    )


def _picture(points: Sequence[TrendPoint], trend: Sequence[TrendDay], question: Question) -> Markup:
    title = _(
        "Tỷ lệ chấp nhận từ %(first)s đến %(last)s", first=points[0].label, last=points[-1].label
    )
    return trend_line(points, title=title)
