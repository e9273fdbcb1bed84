"""Importing lists: the file, its columns, the preview, applying it and taking it back."""

from io import BytesIO

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.documents.workbook_limits import MAX_FILE_BYTES
from market.documents.workbooks import UPLOAD_EXTENSIONS
from market.domain.errors import Conflict, DomainError, Invalid, Problem, TooLarge
from market.domain.import_rows import Part
from market.domain.imports import RowKind
from market.domain.roles import Permission
from market.domain.stall_list.headings import Field
from market.extensions import db
from market.http.error_handlers import status_of
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.security import current_actor, requires
from market.models.import_batch import ImportBatch
from market.models.market import Market
from market.schemas.imports import ApplyImport, SettleColumns
from market.services import import_files, import_runs, imports, jobs
from market.services.import_preview import FILTERS
from market.services.import_runs import PlanChanged
from market.services.versions import check_version
from market.web.frame import open_market

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

bp = Blueprint("imports", __name__, url_prefix="/markets/<market_code>/imports")


@bp.get("")
@requires(Permission.WRITE_REGISTRY)
def index(market_code: str) -> ResponseReturnValue:
    """The lists of a market, and where to add one."""
    return _index(open_market(market_code, Permission.WRITE_REGISTRY))


@bp.post("")
@requires(Permission.WRITE_REGISTRY)
def upload(market_code: str) -> ResponseReturnValue:
    """Take in a list and show what it would do."""
    imports.require_whole_market(current_actor())
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    try:
        name, data = _uploaded()
        # Nobody else is kept from writing while the file is read.
        db.session.rollback()
        rows = imports.look_at(name, data)
        market = open_market(market_code, Permission.WRITE_REGISTRY)
        batch = imports.upload(market, name, data, actor=current_actor(), rows=rows)
    except (Invalid, TooLarge) as refused:
        db.session.rollback()
        market = open_market(market_code, Permission.WRITE_REGISTRY)
        return _index(market, refused), status_of(refused)
    return _previewed(market, batch)


@bp.get("/<int:batch_id>")
@requires(Permission.WRITE_REGISTRY)
def show(market_code: str, batch_id: int) -> ResponseReturnValue:
    """One list: its columns and its preview, or what importing it did."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    return _page(market, imports.get_batch(market, batch_id))


@bp.post("/<int:batch_id>/columns")
@requires(Permission.WRITE_REGISTRY)
def settle_columns(market_code: str, batch_id: int) -> ResponseReturnValue:
    """Say what the columns hold and from which day the list holds; then preview again."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    try:
        asked = load_form(SettleColumns())
        batch = imports.get_batch(market, batch_id, lock=True)
        choices = list(zip(asked.pop("heading"), asked.pop("field"), strict=False))
        imports.settle_columns(batch, choices, actor=current_actor(), **asked)
    except Invalid as refused:
        return _page_again(market_code, batch_id, refused)
    return _previewed(market, batch)


@bp.post("/<int:batch_id>/application")
@requires(Permission.WRITE_REGISTRY)
def apply(market_code: str, batch_id: int) -> ResponseReturnValue:
    """Do what the preview said; where the register moved on, show a new preview instead."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    try:
        asked = load_form(ApplyImport())
        batch = imports.get_batch(market, batch_id)
        check_version(batch, asked.pop("version"))
        if imports.is_long(batch):
            return _by_worker(market, batch, imports.APPLY_JOB, **asked)
        batch = import_runs.apply_batch(batch_id, market=market, actor=current_actor(), **asked)
    except PlanChanged as refused:
        return _previewed_anew(market_code, batch_id, refused)
    except (Invalid, Conflict) as refused:
        return _page_again(market_code, batch_id, refused)
    db.session.commit()
    flash(_("Đã nhập danh sách %(name)s.", name=batch.filename))
    return redirect(_url(market, batch))


@bp.post("/<int:batch_id>/undo")
@requires(Permission.WRITE_REGISTRY)
def undo(market_code: str, batch_id: int) -> ResponseReturnValue:
    """Close what came in and reopen what it replaced."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    try:
        batch = imports.get_batch(market, batch_id)
        if imports.is_long(batch):
            return _by_worker(market, batch, imports.UNDO_JOB)
        batch = import_runs.undo_batch(batch_id, market=market, actor=current_actor())
    except Conflict as refused:
        return _page_again(market_code, batch_id, refused)
    db.session.commit()
    flash(_("Đã hoàn tác: những gì danh sách đưa vào đã đóng từ hôm nay."))
    return redirect(_url(market, batch))


@bp.get("/<int:batch_id>/bad-rows.xlsx")
@requires(Permission.WRITE_REGISTRY, writes=True)
def bad_rows(market_code: str, batch_id: int) -> ResponseReturnValue:
    """The rows to correct, each with its reason."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    stream = BytesIO()
    batch = imports.get_batch(market, batch_id)
    import_files.write_bad_rows(batch, stream, actor=current_actor())
    db.session.commit()
    stream.seek(0)
    name = f"dong-loi-{market.code}-{batch.id}.xlsx"
    return send_file(stream, mimetype=XLSX, as_attachment=True, download_name=name)


def _uploaded() -> tuple[str, bytes]:
    """Name and bytes of the file, no more of it than shows that it is too large."""
    file = request.files.get("file")
    if file is None or not file.filename:
        message = _("Hãy chọn tệp danh sách.")
        raise Invalid(message, (Problem(message, field="file"),))
    return file.filename, file.stream.read(MAX_FILE_BYTES + 1)


def _previewed(market: Market, batch: ImportBatch) -> ResponseReturnValue:
    if imports.is_long(batch):
        return _by_worker(market, batch, imports.PREVIEW_JOB)
    imports.preview_batch(batch, market=market, actor=current_actor())
    db.session.commit()
    return redirect(_url(market, batch))


def _by_worker(
    market: Market, batch: ImportBatch, kind: str, **options: bool
) -> ResponseReturnValue:
    arguments = {"batch": batch.id, "market": market.code, **options}
    job = jobs.ask(kind, arguments, actor=current_actor(), market_id=market.id)
    db.session.commit()
    return redirect(url_for("jobs.show", job_id=job.id))


def _previewed_anew(market_code: str, batch_id: int, refused: PlanChanged) -> ResponseReturnValue:
    db.session.rollback()
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    batch = imports.get_batch(market, batch_id, lock=True)
    imports.preview_batch(batch, market=market, actor=current_actor())
    db.session.commit()
    return _page(market, batch, refused), status_of(refused)


def _page_again(market_code: str, batch_id: int, refused: DomainError) -> ResponseReturnValue:
    db.session.rollback()
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    return _page(market, imports.get_batch(market, batch_id), refused), status_of(refused)


def _index(market: Market, refused: DomainError | None = None) -> str:
    problems = problems_of(refused)
    page = imports.page_of(market, page_number())
    return render_template(
        "imports/index.html",
        page=page,
        names=imports.names_of(page.items),
        problems=problems,
        errors=errors_by_field(problems),
        accept=",".join(UPLOAD_EXTENSIONS),
        max_bytes=MAX_FILE_BYTES,
    )


def _page(market: Market, batch: ImportBatch, refused: DomainError | None = None) -> str:
    problems = problems_of(refused)
    kept = import_files.kept_preview(batch)
    chosen = request.args.get("show", "all")
    chosen = chosen if chosen in FILTERS else "all"
    return render_template(
        "imports/show.html",
        batch=batch,
        kept=kept,
        chosen=chosen,
        filters=FILTERS,
        rows=imports.rows_page(kept, chosen, page_number()) if kept else None,
        names=imports.names_of([batch]),
        job=imports.find_job(batch, actor=current_actor()),
        can_be_undone=import_runs.can_be_undone(batch),
        without_accounts=not imports.may_enter_accounts(market, current_actor()),
        problems=problems,
        errors=errors_by_field(problems),
        refusal=refused.message if refused else None,
        fields=[(field.value, field.label) for field in Field],
        kinds=RowKind,
        parts=Part,
    )


def _url(market: Market, batch: ImportBatch) -> str:
    return url_for("imports.show", market_code=market.code, batch_id=batch.id)
