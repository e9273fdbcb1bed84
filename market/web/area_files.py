"""The trend and the proof of a share as files: of a market, of any area."""

from dataclasses import replace

from flask import Blueprint
from flask.typing import ResponseReturnValue

from market.domain.errors import Invalid
from market.domain.labels import LabelledEnum
from market.domain.roles import Permission
from market.http.security import current_actor, requires
from market.models.market import Market
from market.services import (
    area_coverage,
    area_targets,
    breakdowns,
    covered_areas,
    extents,
    proofs,
    report_files,
    summary_files,
)
from market.services.area_coverage import Question
from market.services.covered_areas import COUNTRY, Area
from market.services.market_lines import MarketChoice
from market.services.report_files import Table
from market.web import reports
from market.web.coverage_questions import asked_choice, asked_question
from market.web.downloads import apart, download, told
from market.web.frame import open_market

bp = Blueprint("area_files", __name__)
bp.register_error_handler(Invalid, reports.refuse)


class Shown(LabelledEnum):
    """Which table of the page; the word stands in the name of the file."""

    TREND = "trend", "xu-huong"
    PROOFS = "proofs", "bang-chung"


@bp.get("/coverage/<any(trend, proofs):shown>/file")
@requires(Permission.READ_REPORTS, writes=True)
def index(shown: str) -> ResponseReturnValue:
    """Of all markets that the page of all provinces shows."""
    return _of_area(COUNTRY, Shown(shown))


@bp.get("/provinces/<province_code>/<any(trend, proofs):shown>/file")
@requires(Permission.READ_REPORTS, writes=True)
def province(province_code: str, shown: str) -> ResponseReturnValue:
    """Of the markets that the page of a province shows."""
    return _of_area(covered_areas.get_province(province_code, actor=current_actor()), Shown(shown))


@bp.get("/communes/<commune_code>/<any(trend, proofs):shown>/file")
@requires(Permission.READ_REPORTS, writes=True)
def commune(commune_code: str, shown: str) -> ResponseReturnValue:
    """Of the markets that the page of a commune shows."""
    return _of_area(covered_areas.get_commune(commune_code, actor=current_actor()), Shown(shown))


@bp.get("/operators/<int:operator_id>/<any(trend, proofs):shown>/file")
@requires(Permission.READ_REPORTS, writes=True)
def operator(operator_id: int, shown: str) -> ResponseReturnValue:
    """Of the markets that an operator runs."""
    return _of_area(covered_areas.get_operator(operator_id, actor=current_actor()), Shown(shown))


@bp.get("/markets/<market_code>/<any(trend, proofs):shown>/file")
@requires(Permission.READ_REPORTS, writes=True)
def market(market_code: str, shown: str) -> ResponseReturnValue:
    """Of one market."""
    opened = apart(open_market(market_code, Permission.READ_REPORTS))
    actor, question, which = current_actor(), asked_question(), Shown(shown)
    return download(
        lambda: _market_table(opened, which, question),
        lambda form: report_files.note_summary(
            actor, question.as_of, form, told(market=market_code, table=which.label), opened
        ),
        f"{which.label}-{market_code}",
        replace(extents.of_market(opened, question), unit=question.unit),
    )


def _of_area(area: Area, shown: Shown) -> ResponseReturnValue:
    actor, question = current_actor(), asked_question()
    choice = asked_choice(area.markets, question)
    extent = replace(extents.of_area(area, question, choice, actor=actor), unit=question.unit)
    named = replace(area, name=extent.name)
    return download(
        lambda: _area_table(named, shown, question, choice),
        lambda form: report_files.note_summary(
            actor, question.as_of, form, reports.told_of(area) | {"table": shown.label}
        ),
        f"{shown.label}{reports.suffix_of(area)}",
        extent,
    )


def _area_table(area: Area, shown: Shown, question: Question, choice: MarketChoice) -> Table:
    actor = current_actor()
    found = area_coverage.of_area(area.markets, question=question, choice=choice, actor=actor)
    if shown is Shown.PROOFS:
        counts = proofs.of_area(area, found, actor=actor)
        return summary_files.proof_table(area.name, question, counts)
    aimed = area_targets.of_choice(
        choice, found.lines, question.as_of, question.denominator, actor=actor
    )
    return summary_files.trend_table(area.name, found, area_targets.percents_of(aimed, found))


def _market_table(opened: Market, shown: Shown, question: Question) -> Table:
    found = area_coverage.of_market(opened, question=question, actor=current_actor())
    if found is None:
        raise Invalid("Chợ chưa có gì để tính. Hãy nhập danh sách điểm kinh doanh trước.")
    if shown is Shown.PROOFS:
        counts = breakdowns.of_market(opened, question).proofs(question.unit)
        return summary_files.proof_table(opened.name, question, counts)
    aimed = area_targets.of_market(opened, question.as_of, question.denominator)
    return summary_files.trend_table(opened.name, found, area_targets.percents_of(aimed, found))
