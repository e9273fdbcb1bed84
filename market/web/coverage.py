"""Shares of markets and of areas on any day, and who is missing."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.coverage import Denominator, Unit
from market.domain.errors import Invalid
from market.domain.levels import Level
from market.domain.pages import PER_PAGE, Page
from market.domain.roles import Permission
from market.http.pagination import page_number
from market.http.problems import problems_of
from market.http.security import current_actor, requires
from market.models.area import Commune
from market.models.market import Market
from market.services import (
    area_coverage,
    area_search,
    area_targets,
    breakdowns,
    covered_areas,
    market_closures,
    market_lines,
    missing_stalls,
    proofs,
)
from market.services.area_coverage import AreaCoverage, MarketCoverage, Order
from market.services.area_targets import Aimed
from market.services.covered_areas import COUNTRY, Area, AreaKind
from market.services.market_lines import MarketChoice, MarketLine
from market.web import figures
from market.web.coverage_questions import (
    KEPT,
    asked_choice,
    asked_missing,
    asked_question,
)
from market.web.frame import open_market
from market.web.reports import links_of

# Reading the visits of so many takes a second; nobody waits for it unasked.
MOST_PROVED_UNASKED = 50_000

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
        chosen = asked_missing(opened, question)
    except Invalid as refused:
        return _refused("coverage/market.html", refused), 422
    return render_template(
        "coverage/market.html",
        found=found,
        question=question,
        chosen=chosen,
        page=missing_stalls.page_of(opened, chosen, page_number(), actor=actor),
        **_choices(),
        **(_of_market(opened, found) if found else {}),
    )


@bp.get("/coverage")
@requires(Permission.READ_REPORTS)
def index() -> ResponseReturnValue:
    """All provinces and their markets; straight to the province where there is only one."""
    only = covered_areas.find_only_province(current_actor())
    if only is not None:
        return _to(url_for("coverage.province", province_code=only))
    return _area_page(COUNTRY)


@bp.get("/provinces/<province_code>")
@requires(Permission.READ_REPORTS)
def province(province_code: str) -> ResponseReturnValue:
    """A province in a sentence, its trend, its communes and its markets."""
    return _area_page(covered_areas.get_province(province_code, actor=current_actor()))


@bp.get("/communes/<commune_code>")
@requires(Permission.READ_REPORTS)
def commune(commune_code: str) -> ResponseReturnValue:
    """A commune; an old name, or one that was merged, leads to today's commune."""
    actor = current_actor()
    if not area_search.is_code(commune_code):
        return _commune_called(commune_code)
    area = covered_areas.get_commune(commune_code, actor=actor)
    if len(area.moved_to) == 1 and not covered_areas.has_markets(area, actor=actor):
        return _moved(area.name, area.moved_to[0])
    return _area_page(area)


@bp.get("/operators/<int:operator_id>/coverage")
@requires(Permission.READ_REPORTS)
def operator(operator_id: int) -> ResponseReturnValue:
    """The markets that an operator runs on the day."""
    return _area_page(covered_areas.get_operator(operator_id, actor=current_actor()))


def _area_page(area: Area) -> ResponseReturnValue:
    actor = current_actor()
    order, downwards = _asked_order()
    try:
        question = asked_question()
        choice = asked_choice(area.markets, question)
        found = area_coverage.of_area(
            area.markets,
            question=question,
            choice=choice,
            actor=actor,
            is_compared=order is Order.CHANGE,
        )
    except Invalid as refused:
        return _refused("coverage/area.html", refused, area=area), 422
    return render_template(
        "coverage/area.html",
        area=area,
        found=found,
        question=question,
        choice=choice,
        is_whole=covered_areas.covers_whole(area, actor=actor),
        page=_page_of(found, order, downwards=downwards),
        sort=f"{'-' if downwards else ''}{order}",
        facets=figures.facets_of(found.all_lines, area.kind),
        grid=figures.grid_of(found, area.kind),
        legend=figures.legend(),
        links=links_of(area),
        **_choices(),
        **_proofs_of(area, found),
        **figures.of_coverage(found, _aimed(found, choice)),
    )


def _of_market(opened: Market, found: MarketCoverage) -> dict[str, Any]:
    question = found.question
    breakdown = breakdowns.of_market(opened, question)
    # A market that stood closed counts nobody: of others it need not be asked.
    is_empty = found.ladder.counted == 0
    closure = market_closures.find_closure(opened, question.as_of) if is_empty else None
    aimed = area_targets.of_market(opened, question.as_of, question.denominator)
    return {
        "breakdown": breakdown,
        "closure": closure,
        **figures.of_proofs(breakdown.proofs(question.unit)),
        **figures.of_coverage(found, aimed),
    }


def _aimed(found: AreaCoverage, choice: MarketChoice) -> Aimed | None:
    question, actor = found.question, current_actor()
    return area_targets.of_choice(
        choice, found.lines, question.as_of, question.denominator, actor=actor
    )


def _proofs_of(area: Area, found: AreaCoverage) -> dict[str, Any]:
    """On what proof the share stands; of very many only where that is asked for."""
    if found.ladder.accepting > MOST_PROVED_UNASKED and request.args.get("proof") != "yes":
        return {"proofs": None}
    return figures.of_proofs(proofs.of_area(area, found, actor=current_actor()))


def _commune_called(written: str) -> ResponseReturnValue:
    """To the one commune that is, or was, called so; to all that could be meant otherwise."""
    try:
        code = area_search.resolve_commune(written)
    except Invalid:
        return redirect(url_for("areas.search", q=written))
    area = covered_areas.get_commune(code, actor=current_actor())
    if not (area_search.is_name(written, area.name) or written.strip().isdigit()):
        flash(_("“%(old)s” nay là %(new)s.", old=written[:60], new=area.name))
    return _to(url_for("coverage.commune", commune_code=code))


def _moved(old_name: str, today: Commune) -> ResponseReturnValue:
    flash(
        _(
            "%(old)s đã sắp xếp lại, nay là %(new)s. Đây là số liệu của %(new)s.",
            old=old_name,
            new=today.name,
        )
    )
    return _to(url_for("coverage.commune", commune_code=today.code))


def _to(address: str) -> ResponseReturnValue:
    """On to another page, asked the same."""
    query = request.query_string.decode("ascii", "ignore")
    return redirect(f"{address}?{query}" if query else address)


def _choices() -> dict[str, Any]:
    """What the pages offer to choose from; `errors` only a refused page has."""
    return {
        "denominators": tuple(Denominator),
        "units": tuple(Unit),
        "levels": tuple(Level),
        "kinds": AreaKind,
        "kept": [(name, request.args[name]) for name in KEPT if request.args.get(name)],
        "errors": {},
    }


def _refused(template: str, refused: Invalid, **known: Any) -> str:
    """The page without figures: a figure of another day would be taken for the one asked."""
    problems, choices = problems_of(refused), _choices()
    faulty = {problem.code for problem in problems}
    return render_template(
        template,
        **{
            **choices,
            **known,
            "question": None,
            "problems": problems,
            "written": request.args.get("as_of", "")[:20],
            "kept": [pair for pair in choices["kept"] if pair[0] not in faulty],
            "errors": {} if refused.problems else {"as_of": refused.message},
        },
    )


def _asked_order() -> tuple[Order, bool]:
    """By what the markets are ordered, and whether downwards; the least share first unasked."""
    asked = request.args.get("sort", "")
    order = next((each for each in Order if each == asked.removeprefix("-")), None)
    return (Order.SHARE, False) if order is None else (order, asked.startswith("-"))


def _page_of(found: AreaCoverage, order: Order, *, downwards: bool) -> Page[MarketLine]:
    lines = area_coverage.ordered(found.lines, order, downwards=downwards, question=found.question)
    first = (page_number() - 1) * PER_PAGE
    shown = lines[first : first + PER_PAGE]
    if order is not Order.CHANGE:
        shown = market_lines.compared(shown, found.question.month_before)
    return Page(shown, len(lines), page_number())
