"""Print runs of a market: the list, one run with its balance, and what is done with it."""

from contextlib import ExitStack
from tempfile import TemporaryFile

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from market.documents.sheets import get_template
from market.domain.errors import Invalid
from market.domain.roles import Permission
from market.domain.stickers import StickerState, VoidReason
from market.extensions import db
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.redirects import safe_next
from market.http.security import current_actor, requires
from market.models.market import Market
from market.models.sticker import PrintRun, Sticker
from market.schemas.stickers import PickStickers, PrintRunForm, ReprintForm
from market.services import jobs, print_runs, printing, sticker_moves, stickers
from market.services.reading import reading
from market.web.frame import open_market

bp = Blueprint("runs", __name__, url_prefix="/runs")

LOOK_FIRST = "Có tem có chữ không vừa ô. Hãy xem các tem đó, rồi đánh dấu là đã xem."


@bp.get("")
@requires(Permission.PRINT_STICKERS)
def index(market_code: str) -> ResponseReturnValue:
    """All print runs, with where their stickers are."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    page = print_runs.list_runs(market, page_number(), actor=current_actor())
    return render_template(
        "stickers/runs.html",
        page=page,
        balances=print_runs.balances(page.items),
        names=print_runs.names_of(page.items),
    )


@bp.get("/<number>")
@requires(Permission.PRINT_STICKERS)
def show(market_code: str, number: str) -> ResponseReturnValue:
    """One run: who, when, its balance, its stickers, and what to do next."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    return _page(market, number)


@bp.post("/<number>/printing")
@requires(Permission.PRINT_STICKERS)
def print_run(market_code: str, number: str) -> ResponseReturnValue:
    """Print a run; a long one in the background."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    found = print_runs.get_run(number, market=market, actor=current_actor())
    is_looked_at = load_form(PrintRunForm())["flagged"]
    if found.options.get("flagged") and not is_looked_at:
        return _page_again(market_code, number, Invalid(_(LOOK_FIRST)))
    if print_runs.balance(found).total > printing.MOST_AT_ONCE:
        return _print_later(market, found)
    with TemporaryFile() as nowhere:
        printing.print_run(found, nowhere, market=market, actor=current_actor())
    db.session.commit()
    flash(_("Đã in đợt %(number)s: mọi mã đã được đọc lại và khớp với sổ.", number=number))
    return _to(market_code, number)


@bp.get("/<number>.pdf")
@requires(Permission.PRINT_STICKERS, writes=True)
def pdf(market_code: str, number: str) -> ResponseReturnValue:
    """The file of a printed run, drawn and checked anew; whoever fetches it is noted."""
    with ExitStack() as opened:
        file = opened.enter_context(TemporaryFile())
        with reading():
            market = open_market(market_code, Permission.PRINT_STICKERS)
            found = print_runs.get_run(number, market=market, actor=current_actor())
            drawn = printing.redraw(found, file, at=current_actor().at)
        market = open_market(market_code, Permission.PRINT_STICKERS)
        printing.release_again(drawn, market=market, actor=current_actor())
        db.session.commit()
        # From here on whoever sends it closes it.
        opened.pop_all()
    file.seek(0)
    answer = send_file(file, mimetype="application/pdf", download_name=f"{number}.pdf")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/<number>/reprints")
@requires(Permission.PRINT_STICKERS)
def reprint(market_code: str, number: str) -> ResponseReturnValue:
    """Note that the run goes onto paper again, and why."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    try:
        reason = load_form(ReprintForm())["reason"]
        printing.reprint(number, reason, market=market, actor=current_actor())
    except Invalid as refused:
        return _page_again(market_code, number, refused)
    db.session.commit()
    flash(_("Đã ghi lần in lại. Tải tệp PDF rồi in."))
    return _to(market_code, number)


@bp.post("/<number>/cancellation")
@requires(Permission.PRINT_STICKERS)
def cancel(market_code: str, number: str) -> ResponseReturnValue:
    """Give up a run that was never printed."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    print_runs.cancel(number, market=market, actor=current_actor())
    db.session.commit()
    flash(_("Đã bỏ đợt %(number)s. Các điểm đó lại nằm trong danh sách cần tem.", number=number))
    return redirect(url_for("stickers.runs.index", market_code=market_code))


@bp.post("/<number>/hand-outs")
@requires(Permission.PRINT_STICKERS)
def hand_out(market_code: str, number: str) -> ResponseReturnValue:
    """Note that stickers left the office."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    try:
        picked, _reason = _picked(market, number)
        sticker_moves.hand_out(picked, market=market, actor=current_actor())
    except Invalid as refused:
        return _page_again(market_code, number, refused)
    db.session.commit()
    flash(ngettext("Đã phát %(num)d tem.", "Đã phát %(num)d tem.", len(picked)))
    return _back(market_code, number)


@bp.post("/<number>/spoilage")
@requires(Permission.PRINT_STICKERS)
def spoil(market_code: str, number: str) -> ResponseReturnValue:
    """Note that stickers came out unusable."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    try:
        picked, _reason = _picked(market, number)
        sticker_moves.spoil(picked, market=market, actor=current_actor())
    except Invalid as refused:
        return _page_again(market_code, number, refused)
    db.session.commit()
    flash(
        ngettext(
            "Đã ghi %(num)d tem in hỏng. Tem thay đã chờ in.",
            "Đã ghi %(num)d tem in hỏng. Tem thay đã chờ in.",
            len(picked),
        )
    )
    return _back(market_code, number)


@bp.post("/<number>/voids")
@requires(Permission.PRINT_STICKERS)
def void(market_code: str, number: str) -> ResponseReturnValue:
    """Void stickers, with the reason."""
    market = open_market(market_code, Permission.PRINT_STICKERS)
    try:
        picked, reason = _picked(market, number)
        sticker_moves.void(picked, reason, market=market, actor=current_actor())
    except Invalid as refused:
        return _page_again(market_code, number, refused)
    db.session.commit()
    flash(
        ngettext(
            "Đã hủy %(num)d tem. Tem thay đã chờ in; hãy gỡ tem cũ xuống.",
            "Đã hủy %(num)d tem. Tem thay đã chờ in; hãy gỡ tem cũ xuống.",
            len(picked),
        )
    )
    return _back(market_code, number)


def _picked(market: Market, number: str) -> tuple[list[Sticker], VoidReason | None]:
    """The stickers that were ticked, or all in stock; locked, with the reason given."""
    asked = load_form(PickStickers())
    found = print_runs.get_run(number, market=market, actor=current_actor(), lock=True)
    picked = stickers.list_picked(asked["sticker"], run=found, all_in_stock=asked["all"])
    return picked, asked["reason"]


def _print_later(market: Market, found: PrintRun) -> ResponseReturnValue:
    job = jobs.ask(*_print_job(market, found), market_id=market.id, actor=current_actor())
    db.session.commit()
    return redirect(url_for("jobs.show", job_id=job.id))


def _print_job(market: Market, found: PrintRun) -> tuple[str, dict[str, str]]:
    """Kind and arguments of the job that prints a run."""
    return printing.PRINT_JOB, {"market": market.code, "run": found.number}


def _page(market: Market, number: str, refused: Invalid | None = None) -> str:
    found = print_runs.get_run(number, market=market, actor=current_actor())
    state = _state()
    problems = problems_of(refused)
    return render_template(
        "stickers/run.html",
        run=found,
        balance=print_runs.balance(found),
        page=print_runs.list_items(found, page_number(), state=state),
        state=state,
        states=tuple(StickerState),
        flags=print_runs.flags_of(found),
        job=jobs.find_pending(*_print_job(market, found), market_id=market.id),
        names=print_runs.names_of([found]),
        template=get_template(found.template),
        reasons=[(reason, reason.label) for reason in sticker_moves.REASONS_BY_HAND],
        problems=problems,
        errors=errors_by_field(problems),
    )


def _page_again(market_code: str, number: str, refused: Invalid) -> ResponseReturnValue:
    db.session.rollback()
    market = open_market(market_code, Permission.PRINT_STICKERS)
    return _page(market, number, refused), 422


def _state() -> StickerState | None:
    chosen = request.args.get("state")
    return next((state for state in StickerState if state == chosen), None)


def _to(market_code: str, number: str) -> ResponseReturnValue:
    return redirect(url_for("stickers.runs.show", market_code=market_code, number=number))


def _back(market_code: str, number: str) -> ResponseReturnValue:
    """To the page the act was done on: the run's, or that of one sticker."""
    target = safe_next()
    return redirect(target) if target else _to(market_code, number)
