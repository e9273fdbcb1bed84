"""Shares of markets, provinces and all of them, on any day, and who is missing."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from market.domain.calendar import parse_day
from market.domain.coverage import Denominator, Unit
from market.domain.errors import Invalid
from market.domain.levels import Level
from market.domain.markets import MarketClass
from market.domain.pages import PER_PAGE, Page
from market.domain.roles import Permission
from market.http.pagination import page_number
from market.http.problems import problems_of
from market.http.query import find_id, find_member
from market.http.security import current_actor, requires
from market.services import area_coverage, directory, missing_stalls, sections
from market.services.area_coverage import AreaCoverage, Order, Question
from market.services.market_lines import MarketChoice, MarketLine
from market.services.missing_stalls import MissingFilter
from market.web import figures
from market.web.frame import open_market

bp = Blueprint("coverage", __name__)


@bp.get("/markets/<market_code>/coverage")
@requires(Permission.READ_REPORTS)
def market(market_code: str) -> ResponseReturnValue:
    """A market's share, its funnel, and the stalls that are missing."""
    opened = open_market(market_code, Permission.READ_REPORTS)
    actor = current_actor()
    try:
        question = asked_question()
        found = area_coverage.of_market(opened, question=question, actor=actor)
    except Invalid as refused:
        return _refused("coverage/market.html", refused), 422
    chosen = asked_missing(question)
    return render_template(
        "coverage/market.html",
        found=found,
        question=question,
        chosen=chosen,
        page=missing_stalls.page_of(opened, chosen, page_number(), actor=actor),
        sections=sections.list_sections(opened, actor=actor, permission=Permission.READ_REPORTS),
        lines=list(directory.business_lines()),
        **_choices(),
        **(figures.of_coverage(found) if found else {}),
    )


@bp.get("/coverage")
@requires(Permission.READ_REPORTS)
def index() -> ResponseReturnValue:
    """The provinces; straight to the only one."""
    actor = current_actor()
    try:
        question = asked_question()
        provinces = area_coverage.list_provinces(actor, question=question)
    except Invalid as refused:
        return _refused("coverage/index.html", refused), 422
    if len(provinces) == 1:
        return redirect(url_for("coverage.province", province_code=provinces[0].code))
    return render_template(
        "coverage/index.html", provinces=provinces, question=question, **_choices()
    )


@bp.get("/provinces/<province_code>")
@requires(Permission.READ_REPORTS)
def province(province_code: str) -> ResponseReturnValue:
    """A province in a sentence, its trend, and its markets."""
    actor = current_actor()
    opened = area_coverage.get_province(province_code, actor=actor)
    try:
        question = asked_question()
        choice = asked_choice(province_code)
        found = area_coverage.of_province(
            province_code, question=question, choice=choice, actor=actor
        )
    except Invalid as refused:
        return _refused("coverage/province.html", refused, province=opened), 422
    sort, lines = _sorted(found)
    return render_template(
        "coverage/province.html",
        found=found,
        province=opened,
        question=question,
        choice=choice,
        is_whole=area_coverage.covers_whole(province_code, actor=actor),
        page=_page_of(lines),
        sort=sort,
        facets=figures.facets_of(found.all_lines),
        **_choices(),
        **figures.of_coverage(found),
    )


def asked_question() -> Question:
    """What the address asks; raises Invalid for a day that is none."""
    written = request.args.get("as_of", "").strip()
    return Question(
        as_of=parse_day(written) if written else current_actor().today,
        denominator=find_member("denominator", Denominator) or Denominator.A,
        unit=find_member("unit", Unit) or Unit.MERCHANTS,
    )


def asked_choice(province_code: str) -> MarketChoice:
    """The filters of the province's page."""
    return MarketChoice(
        province_code=province_code,
        commune_code=request.args.get("commune") or None,
        market_class=find_member("class", MarketClass),
        operator_id=find_id("operator"),
        is_running={"yes": True, "no": False}.get(request.args.get("running", "")),
    )


def asked_missing(question: Question) -> MissingFilter:
    """The filters of the list of missing stalls."""
    below = find_member("below", Level) or Level.ACCEPTS
    return MissingFilter(
        on=question.as_of,
        denominator=question.denominator,
        below=below if below is not Level.NONE else Level.ACCEPTS,
        level=find_member("level", Level),
        section_id=find_id("section"),
        line_code=request.args.get("line") or None,
    )


def _choices() -> dict[str, Any]:
    """What the pages offer to choose from; `errors` only a refused page has."""
    return {
        "denominators": tuple(Denominator),
        "units": tuple(Unit),
        "levels": tuple(Level),
        "errors": {},
    }


def _refused(template: str, refused: Invalid, **known: Any) -> str:
    """The page without figures: a figure of another day would be taken for the one asked."""
    problems = problems_of(refused)
    return render_template(
        template,
        **{
            **_choices(),
            **known,
            "question": None,
            "problems": problems,
            "written": request.args.get("as_of", "")[:20],
            "errors": {"as_of": problems[0].message},
        },
    )


def _sorted(found: AreaCoverage) -> tuple[str, list[MarketLine]]:
    asked = request.args.get("sort", "")
    name, downwards = asked.removeprefix("-"), asked.startswith("-")
    order = next((each for each in Order if each == name), None)
    if order is None:
        order, downwards = Order.SHARE, False
    lines = area_coverage.ordered(found.lines, order, downwards=downwards, question=found.question)
    return f"{'-' if downwards else ''}{order}", lines


def _page_of(lines: list[MarketLine]) -> Page[MarketLine]:
    first = (page_number() - 1) * PER_PAGE
    return Page(lines[first : first + PER_PAGE], len(lines), page_number())
