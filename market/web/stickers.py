"""Stickers of a market: choosing what to print, and one sticker by its serial."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from market.documents.sheets import Template, get_template, list_templates
from market.documents.sticker_png import sticker_png
from market.documents.sticker_svg import sticker_svg
from market.domain.errors import DomainError, Invalid, NotFound
from market.domain.print_runs import RunOrder, WhichStalls
from market.domain.roles import Permission
from market.extensions import db
from market.http.error_handlers import status_of
from market.http.forms import load, load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.security import current_actor, requires
from market.models.market import Market
from market.schemas.stickers import ChooseRun
from market.services import branding, run_making, run_preview, sections, sticker_moves, stickers
from market.services.run_making import RunValues
from market.services.run_preview import RunPreview
from market.services.sticker_needs import Selection
from market.services.sticker_values import sample_sticker
from market.web import print_runs
from market.web.frame import open_market

DEFAULT_TEMPLATE = "a4-8"
# The picture of a single sticker is the one sheet that is a card.
PICTURE_TEMPLATE = "a6-card"

bp = Blueprint("stickers", __name__, url_prefix="/markets/<market_code>/stickers")
bp.register_blueprint(print_runs.bp)


@bp.get("")
@requires(Permission.PRINT_STICKERS)
def index(market_code: str) -> ResponseReturnValue:
    """Which stalls, which sheet, from which label; and what that comes to."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    return _index(market, _known(request.args))


@bp.post("/runs")
@requires(Permission.PRINT_STICKERS)
def make(market_code: str) -> ResponseReturnValue:
    """Make a run of what the preview showed."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    try:
        values = _values(market, load_form(ChooseRun()))
        run = run_making.make_run(market, values=values, actor=current_actor())
    except Invalid as refused:
        db.session.rollback()
        market = open_market(market_code, Permission.PRINT_STICKERS)
        return _page(market, _known(request.form), refused=refused), 422
    db.session.commit()
    return redirect(url_for("stickers.runs.show", market_code=market_code, number=run.number))


@bp.get("/find")
@requires(Permission.PRINT_STICKERS)
def find(market_code: str) -> ResponseReturnValue:
    """Open the sticker whose serial was typed or scanned."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    typed = request.args.get("serial", "")
    try:
        sticker = stickers.get_sticker(typed, market=market, actor=current_actor())
    except (Invalid, NotFound) as refused:
        return _index(market, {}, refused)
    return redirect(url_for("stickers.show", market_code=market_code, serial=sticker.serial))


@bp.get("/hanging")
@requires(Permission.PRINT_STICKERS)
def hanging(market_code: str) -> ResponseReturnValue:
    """Void stickers that may still hang."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    page = sticker_moves.list_still_hanging(market, page_number(), actor=current_actor())
    return render_template("stickers/hanging.html", page=page)


@bp.get("/<serial>")
@requires(Permission.PRINT_STICKERS)
def show(market_code: str, serial: str) -> ResponseReturnValue:
    """One sticker: what it says, and what became of it."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    sticker = stickers.get_sticker(serial, market=market, actor=current_actor())
    return render_template(
        "stickers/show.html",
        sticker=sticker,
        history_of=stickers.history_of(sticker),
        reasons=[(reason, reason.label) for reason in sticker_moves.REASONS_BY_HAND],
    )


@bp.get("/<serial>.png")
@requires(Permission.PRINT_STICKERS, writes=True)
def png(market_code: str, serial: str) -> ResponseReturnValue:
    """The sticker as a picture to be sent; noted, because the full number stands on it."""
    return _picture(market_code, serial, sticker_png, "image/png")


@bp.get("/<serial>.svg")
@requires(Permission.PRINT_STICKERS, writes=True)
def svg(market_code: str, serial: str) -> ResponseReturnValue:
    """The sticker as a drawing for a print shop; noted like the picture."""
    return _picture(market_code, serial, sticker_svg, "image/svg+xml")


@bp.get("/samples/<template>.svg")
@requires(Permission.PRINT_STICKERS)
def sample(market_code: str, template: str) -> ResponseReturnValue:
    """How a sticker of that template looks, with invented words and a code that pays nobody."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    today = current_actor().today
    look = branding.branding_of_market(market.id, today)
    drawn = sticker_svg(
        sample_sticker(market, today, hotline=run_making.hotline_of(market, today)),
        get_template(template),
        accent=look.accent,
        logos=branding.logo_files(look),
    )
    return Response(drawn, mimetype="image/svg+xml")


def _picture(market_code: str, serial: str, draw: stickers.Draw, kind: str) -> ResponseReturnValue:
    market = open_market(market_code, Permission.PRINT_STICKERS)
    sticker = stickers.get_sticker(serial, market=market, actor=current_actor())
    template = get_template(PICTURE_TEMPLATE)
    picture = stickers.draw_picture(sticker, draw, template, actor=current_actor())
    db.session.commit()
    return Response(picture, mimetype=kind)


def _known(args: Mapping[str, str]) -> dict[str, str]:
    return {name: args[name] for name in ChooseRun().fields if name in args}


def _values(market: Market, asked: Mapping[str, Any]) -> RunValues:
    template = _template(asked)
    selection = Selection(
        which=_which(asked),
        section_id=asked["section"],
        codes=asked["codes"],
        run=asked["run"],
        copies=asked["copies"],
        with_equipped=asked["all"],
        order=asked["order"] or RunOrder.WALK,
    )
    return RunValues(
        selection,
        template.name,
        start=_start(market, asked, template),
        offset=(asked["right"], asked["down"]),
        has_ruler=asked["ruler"],
        has_test_cell=asked["test_cell"],
    )


def _template(asked: Mapping[str, Any]) -> Template:
    return get_template(asked["template"] or DEFAULT_TEMPLATE)


def _which(asked: Mapping[str, Any]) -> WhichStalls:
    if asked["codes"]:
        return WhichStalls.CHOSEN
    if asked["run"]:
        return WhichStalls.RUN
    return WhichStalls.SECTION if asked["section"] else WhichStalls.ALL


def _start(market: Market, asked: Mapping[str, Any], template: Template) -> int:
    """The label that was clicked; on a sheet not looked at before, where the last run ended."""
    if asked["start"] and asked["sheet"] in (None, template.name):
        return int(asked["start"])
    left = run_preview.part_used_sheet(market, template, actor=current_actor())
    return left[1] if left else 1


def _index(
    market: Market, typed: dict[str, str], refused: DomainError | None = None
) -> ResponseReturnValue:
    """The page with what the choices come to; `refused` is told beside it."""
    try:
        values = _values(market, load(ChooseRun(), typed))
        preview = run_preview.preview(market, values, actor=current_actor())
    except Invalid as wrong:
        return _page(market, typed, refused=wrong), 200 if _is_live() else 422
    page = _page(market, typed, values=values, preview=preview, refused=refused)
    return page, status_of(refused) if refused else 200


def _page(
    market: Market,
    typed: dict[str, str],
    *,
    values: RunValues | None = None,
    preview: RunPreview | None = None,
    refused: DomainError | None = None,
) -> str:
    """Without a preview the choices stand as they were typed, and there is nothing to make."""
    actor = current_actor()
    template = _template_or_default(values.template if values else typed.get("template"))
    problems = problems_of(refused)
    return render_template(
        "stickers/_preview.html" if _is_live() else "stickers/index.html",
        typed=typed,
        values=values,
        preview=preview,
        template=template,
        start=values.start if values else typed.get("start"),
        templates=list_templates(),
        orders=[(order, order.label) for order in RunOrder],
        left=run_preview.part_used_sheet(market, template, actor=actor),
        due=run_preview.due_by_section(market, actor=actor),
        sections=sections.list_sections(market, actor=actor, permission=Permission.PRINT_STICKERS),
        is_live=_is_live(),
        problems=problems,
        errors=errors_by_field(problems),
    )


def _template_or_default(name: str | None) -> Template:
    known = {template.name: template for template in list_templates()}
    return known.get(name or "", known[DEFAULT_TEMPLATE])


def _is_live() -> bool:
    """Whether only the preview is asked for, while the form stays."""
    return request.headers.get("HX-Target") == "preview"
