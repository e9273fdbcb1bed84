"""What the pages on shares show, as files; each download is an entry in the audit log."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from http import HTTPStatus

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from market.domain.calendar import parse_day
from market.domain.errors import Invalid
from market.domain.roles import Permission
from market.http.problems import problems_of
from market.http.security import current_actor, requires
from market.models.market import Market
from market.services import (
    area_coverage,
    covered_areas,
    extents,
    report_files,
    reports,
    summary_files,
)
from market.services.area_coverage import Question
from market.services.covered_areas import COUNTRY, Area, AreaKind
from market.services.extents import Extent
from market.services.market_lines import MarketChoice
from market.services.report_files import Table
from market.services.reports import Period
from market.services.stall_reports import StallChoice
from market.web.coverage_questions import asked_choice, asked_missing, asked_question
from market.web.downloads import apart, download, told
from market.web.frame import open_market

# Asked for anew on the page that says what is wrong; columns are chosen by programs.
NOT_KEPT = ("as_of", "since", "format", "style", "column")

bp = Blueprint("reports", __name__)


@bp.errorhandler(Invalid)
def refuse(refused: Invalid) -> ResponseReturnValue:
    """What is wrong, and the same question to be put right."""
    faulty = {problem.code for problem in refused.problems}
    kept = [pair for pair in request.args.items(multi=True) if pair[0] not in {*faulty, *NOT_KEPT}]
    page = render_template("coverage/file_refused.html", problems=problems_of(refused), kept=kept)
    return page, HTTPStatus.UNPROCESSABLE_ENTITY


@bp.get("/coverage/report")
@requires(Permission.READ_REPORTS, writes=True)
def index() -> ResponseReturnValue:
    """The report on the markets that the page of all provinces shows."""
    return _area_report(COUNTRY)


@bp.get("/provinces/<province_code>/report")
@requires(Permission.READ_REPORTS, writes=True)
def province(province_code: str) -> ResponseReturnValue:
    """The provincial report on the markets that the page shows."""
    return _area_report(covered_areas.get_province(province_code, actor=current_actor()))


@bp.get("/communes/<commune_code>/report")
@requires(Permission.READ_REPORTS, writes=True)
def commune(commune_code: str) -> ResponseReturnValue:
    """The report on the markets of a commune."""
    return _area_report(covered_areas.get_commune(commune_code, actor=current_actor()))


@bp.get("/operators/<int:operator_id>/report")
@requires(Permission.READ_REPORTS, writes=True)
def operator(operator_id: int) -> ResponseReturnValue:
    """The report on the markets of an operator."""
    return _area_report(covered_areas.get_operator(operator_id, actor=current_actor()))


@bp.get("/coverage/provinces/file")
@requires(Permission.READ_REPORTS, writes=True)
def provinces() -> ResponseReturnValue:
    """A row a province, as the grid of all provinces shows them."""
    return _summary(COUNTRY)


@bp.get("/provinces/<province_code>/communes/file")
@requires(Permission.READ_REPORTS, writes=True)
def communes(province_code: str) -> ResponseReturnValue:
    """A row a commune, as the grid of the province shows them."""
    return _summary(covered_areas.get_province(province_code, actor=current_actor()))


@bp.get("/provinces/<province_code>/stalls/file")
@requires(Permission.READ_REPORTS, writes=True)
def province_stalls(province_code: str) -> ResponseReturnValue:
    """The stalls of the markets that the page of a province shows."""
    return _area_stalls(covered_areas.get_province(province_code, actor=current_actor()))


@bp.get("/communes/<commune_code>/stalls/file")
@requires(Permission.READ_REPORTS, writes=True)
def commune_stalls(commune_code: str) -> ResponseReturnValue:
    """The stalls of the markets that the page of a commune shows."""
    return _area_stalls(covered_areas.get_commune(commune_code, actor=current_actor()))


@bp.get("/operators/<int:operator_id>/stalls/file")
@requires(Permission.READ_REPORTS, writes=True)
def operator_stalls(operator_id: int) -> ResponseReturnValue:
    """The stalls of the markets that the page of an operator shows."""
    return _area_stalls(covered_areas.get_operator(operator_id, actor=current_actor()))


@bp.get("/markets/<market_code>/report")
@requires(Permission.READ_REPORTS, writes=True)
def market(market_code: str) -> ResponseReturnValue:
    """The provincial report's row of one market."""
    opened = apart(open_market(market_code, Permission.READ_REPORTS))
    actor, period, question = current_actor(), _period(), asked_question()
    choice = MarketChoice(market_code=opened.code)
    return download(
        lambda: report_files.market_table(
            actor, period, choice=choice, denominator=question.denominator
        ),
        lambda form: report_files.note_markets(
            actor, period, form, told(market=market_code), opened
        ),
        f"bao-cao-{market_code}",
        _of_period(extents.of_market(opened, question), period),
    )


@bp.get("/markets/<market_code>/stalls/file")
@requires(Permission.READ_REPORTS, writes=True)
def stalls(market_code: str) -> ResponseReturnValue:
    """The stalls of a market: all of them, or those that the list of missing ones shows."""
    opened = apart(open_market(market_code, Permission.READ_REPORTS))
    actor, question = current_actor(), asked_question()
    chosen, is_narrowed = (
        asked_missing(opened, question),
        bool(request.args.get("below", "").strip()),
    )
    missing = chosen if is_narrowed else None
    choice = StallChoice(MarketChoice(market_code=opened.code), missing)
    names = request.args.getlist("column")
    return download(
        lambda: report_files.stall_table(actor, question.as_of, choice=choice, names=names),
        lambda form: report_files.note_stalls(
            actor, question.as_of, form, told(market=market_code), opened
        ),
        f"diem-{market_code}",
        extents.of_stalls(opened, question.as_of, missing),
    )


@bp.get("/markets/<market_code>/sections/file")
@requires(Permission.READ_REPORTS, writes=True)
def sections(market_code: str) -> ResponseReturnValue:
    """A row a section of the market."""
    return _market_summary(market_code, "khu", summary_files.section_table)


@bp.get("/markets/<market_code>/lines/file")
@requires(Permission.READ_REPORTS, writes=True)
def lines(market_code: str) -> ResponseReturnValue:
    """A row a line of business of the market."""
    return _market_summary(market_code, "nganh-hang", summary_files.line_table)


@bp.get("/markets/<market_code>/reasons/file")
@requires(Permission.READ_REPORTS, writes=True)
def reasons(market_code: str) -> ResponseReturnValue:
    """A row a reason for not accepting."""
    return _market_summary(market_code, "ly-do", summary_files.reason_table)


def links_of(area: Area) -> dict[str, str]:
    """Where the tables of an area's page are had as files."""
    match area.kind:
        case AreaKind.COUNTRY:
            return {
                "report": url_for("reports.index"),
                "areas": url_for("reports.provinces"),
                "trend": url_for("area_files.index", shown="trend"),
                "proofs": url_for("area_files.index", shown="proofs"),
            }
        case AreaKind.PROVINCE:
            return {
                "report": url_for("reports.province", province_code=area.code),
                "areas": url_for("reports.communes", province_code=area.code),
                "stalls": url_for("reports.province_stalls", province_code=area.code),
                "trend": url_for("area_files.province", shown="trend", province_code=area.code),
                "proofs": url_for("area_files.province", shown="proofs", province_code=area.code),
            }
        case AreaKind.COMMUNE:
            return {
                "report": url_for("reports.commune", commune_code=area.code),
                "stalls": url_for("reports.commune_stalls", commune_code=area.code),
                "trend": url_for("area_files.commune", shown="trend", commune_code=area.code),
                "proofs": url_for("area_files.commune", shown="proofs", commune_code=area.code),
            }
        case AreaKind.OPERATOR:
            return {
                "report": url_for("reports.operator", operator_id=area.code),
                "stalls": url_for("reports.operator_stalls", operator_id=area.code),
                "trend": url_for("area_files.operator", shown="trend", operator_id=area.code),
                "proofs": url_for("area_files.operator", shown="proofs", operator_id=area.code),
            }


def _area_report(area: Area) -> ResponseReturnValue:
    actor, period, question = current_actor(), _period(), asked_question()
    choice = asked_choice(area.markets, question)
    return download(
        lambda: report_files.market_table(
            actor, period, choice=choice, denominator=question.denominator
        ),
        lambda form: report_files.note_markets(actor, period, form, told_of(area)),
        f"bao-cao-cho{suffix_of(area)}",
        _of_period(extents.of_area(area, question, choice, actor=actor), period),
    )


def _summary(area: Area) -> ResponseReturnValue:
    actor, question = current_actor(), asked_question()
    choice = asked_choice(area.markets, question)
    return download(
        lambda: summary_files.area_table(actor, area, question=question, choice=choice),
        lambda form: report_files.note_summary(actor, question.as_of, form, told_of(area)),
        f"tong-hop{suffix_of(area)}",
        extents.of_area(area, question, choice, actor=actor),
    )


def _area_stalls(area: Area) -> ResponseReturnValue:
    actor, question = current_actor(), asked_question()
    markets = asked_choice(area.markets, question)
    choice = StallChoice(markets)
    names = request.args.getlist("column")
    return download(
        lambda: report_files.stall_table(actor, question.as_of, choice=choice, names=names),
        lambda form: report_files.note_stalls(actor, question.as_of, form, told_of(area)),
        f"diem{suffix_of(area)}",
        extents.of_listed(area, question, markets, actor=actor),
    )


def _market_summary(
    market_code: str, name: str, make_table: Callable[[Market, Question], Table]
) -> ResponseReturnValue:
    opened = apart(open_market(market_code, Permission.READ_REPORTS))
    actor, question = current_actor(), asked_question()
    area_coverage.check_market_day(opened, question=question, actor=actor)
    return download(
        lambda: make_table(opened, question),
        lambda form: report_files.note_summary(
            actor, question.as_of, form, told(market=market_code, table=name), opened
        ),
        f"{name}-{market_code}",
        extents.of_market(opened, question),
    )


def told_of(area: Area) -> dict[str, str]:
    """What was chosen on the page of an area, for the audit log."""
    return told(**({str(area.kind): area.code} if area.code else {}))


def suffix_of(area: Area) -> str:
    """What stands behind the name of an area's file."""
    words = {AreaKind.COMMUNE: "-xa", AreaKind.OPERATOR: "-don-vi"}.get(area.kind, "")
    return f"{words}-{area.code}" if area.code else ""


def _period() -> Period:
    return reports.usual_period(asked_question().as_of, _since())


def _of_period(extent: Extent, period: Period) -> Extent:
    """The extent of a report, whose name tells where a period begins on an unusual day."""
    is_usual = period == reports.usual_period(period.as_of)
    return extent if is_usual else replace(extent, since=period.since)


def _since() -> date | None:
    written = request.args.get("since", "").strip()
    return parse_day(written) if written else None
