"""Shares as pages show them: funnel, trend as picture and table, facets to filter by."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from market.documents.charts import TrendPoint, trend_line
from market.domain.coverage import Ladder, Unit
from market.domain.levels import LADDER, Level
from market.domain.markets import MarketClass, MarketTrade
from market.domain.proofs import PROOF_DAYS, Proof, ProofCounts
from market.domain.share_steps import ShareStep, step_of
from market.domain.shares import FILE_PLACES, SCREEN_PLACES, round_half_up
from market.domain.text import sort_key
from market.extensions import rules
from market.services import area_lines, area_targets
from market.services.area_coverage import AreaCoverage, MarketCoverage, Question, TrendDay
from market.services.area_targets import Aimed
from market.services.covered_areas import AreaKind
from market.services.market_lines import MarketLine
from market.web.filters import vi_percent


def of_coverage(found: AreaCoverage | MarketCoverage, aimed: Aimed | None) -> dict[str, Any]:
    """What templates need beside the figures themselves.

    A target is drawn where the page counts what the target counts.
    """
    percents = area_targets.percents_of(aimed, found)
    points = [
        TrendPoint(
            f"{each.day.month}/{each.day.year}",
            each.ladder.share(),
            _rounded(percents.get(each.day), FILE_PLACES),
        )
        for each in found.trend
    ]
    return {
        "standing": None if aimed is None else aimed.standing,
        "target": _rounded(percents.get(found.question.as_of), FILE_PLACES),
        "targets": {day: _rounded(percent, SCREEN_PLACES) for day, percent in percents.items()},
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


def of_proofs(counts: ProofCounts) -> dict[str, Any]:
    """The proofs with their words and how they come about, the strongest first."""
    days = PROOF_DAYS
    how = {
        Proof.TRANSFER: _(
            "Trong %(days)s ngày qua đã quét đúng mã đang treo và hộ đã nhận được tiền chuyển thử.",
            days=days,
        ),
        Proof.CONFIRMED: _(
            "Trong %(days)s ngày qua đã quét đúng tem Chợ 4.0; việc có nhận là lời của hộ.",
            days=days,
        ),
        Proof.FOREIGN: _(
            "Trong %(days)s ngày qua đã quét đúng mã do ngân hàng hoặc ví cấp; "
            "việc có nhận là lời của hộ.",
            days=days,
        ),
        Proof.AGED: _(
            "Lần quét đúng gần nhất đã quá %(days)s ngày, chưa quá %(stale)s ngày.",
            days=days,
            stale=rules().stale_days,
        ),
    }
    return {
        "proofs": [(proof, _(proof.label), how[proof], counts.share(proof)) for proof in Proof],
        "proved": counts.recent,
        "proof_days": days,
    }


def unit_word(unit: Unit) -> str:
    """The word behind counts."""
    return str(_(unit.label))


def facets_of(lines: Sequence[MarketLine], kind: AreaKind) -> dict[str, list[tuple[str, str, int]]]:
    """What the markets can be narrowed by: value, words, how many.

    A menu of all communes or operators of the country would help nobody.
    """
    # Translated once, not for each of thousands of markets.
    classes = {each: str(_(each.label)) for each in MarketClass}
    trades = {each: str(_(each.label)) for each in MarketTrade}
    facets = {
        "class": _counted((line.market_class.value, classes[line.market_class]) for line in lines),
        "trade": _counted((line.trade.value, trades[line.trade]) for line in lines),
    }
    if kind is AreaKind.COUNTRY:
        return {
            "province": _counted((line.province_code, line.province) for line in lines),
            **facets,
        }
    if kind is not AreaKind.COMMUNE:
        communes = _counted((line.commune_code, line.commune) for line in lines)
        facets = {"commune": communes, **facets}
    if kind is not AreaKind.OPERATOR:
        facets["operator"] = _counted(
            (str(line.operator_id), line.operator) for line in lines if line.operator is not None
        )
    return facets


def grid_of(found: AreaCoverage, kind: AreaKind) -> list[dict[str, Any]]:
    """The communes of a province, or the provinces, each with its share and its step."""
    if kind is AreaKind.COUNTRY:
        lines = area_lines.by_province(found.lines)
    elif kind is AreaKind.PROVINCE:
        lines = area_lines.by_commune(found.lines)
    else:
        return []
    question = found.question
    ladders = [line.ladder(question.denominator, question.unit) for line in lines]
    return [
        {"line": line, "ladder": ladder, "share": ladder.share(), "step": step_of(ladder.share())}
        for line, ladder in zip(lines, ladders, strict=True)
    ]


def legend() -> list[tuple[ShareStep, str]]:
    """The steps of the grid with their words, the highest first."""
    return [(step, str(_(step.label))) for step in reversed(ShareStep)]


def _counted(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str, int]]:
    counts: dict[tuple[str, str], int] = {}
    for pair in pairs:
        counts[pair] = counts.get(pair, 0) + 1
    return sorted(
        ((value, words, number) for (value, words), number in counts.items()),
        key=lambda facet: sort_key(facet[1]),
    )


def _rounded(percent: Fraction | None, places: int) -> Decimal | None:
    return None if percent is None else round_half_up(percent, places)


def _picture(points: Sequence[TrendPoint], trend: Sequence[TrendDay], question: Question) -> Markup:
    title = _(
        "Tỷ lệ chấp nhận từ %(first)s đến %(last)s", first=points[0].label, last=points[-1].label
    )
    return trend_line(points, title=title)
