"""Frozen reports: the list, one beside today's view, freezing, and the files."""

from io import BytesIO
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.calendar import period_label
from market.domain.coverage import Denominator
from market.domain.errors import Invalid, Problem
from market.domain.pages import PER_PAGE, Page
from market.domain.periods import ended_periods
from market.domain.roles import Permission
from market.extensions import db
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.security import current_actor, requires
from market.schemas.reports import CorrectReport, FreezeReport
from market.services import (
    access,
    frozen_differences,
    frozen_files,
    frozen_lists,
    frozen_reports,
    frozen_scope,
)
from market.services.frozen_differences import ComparedMarket
from market.services.frozen_reports import Frozen
from market.services.report_files import RULE_WORDS
from market.services.reports import Period
from market.web.downloads import asked_form

bp = Blueprint("frozen_reports", __name__, url_prefix="/reports")


@bp.get("")
@requires(Permission.READ_REPORTS)
def index() -> ResponseReturnValue:
    """The frozen reports, the latest period first."""
    page = frozen_lists.page_of(current_actor(), page_number(), province_code=asked_province())
    return render_template(
        "frozen_reports/index.html",
        page=page,
        share_of=frozen_lists.share_of,
        period_label=period_label,
    )


@bp.get("/new")
@requires(Permission.FREEZE_REPORTS)
def new() -> ResponseReturnValue:
    """The form for freezing a period; the last month that is over by default."""
    return _form(request.args)


@bp.post("")
@requires(Permission.FREEZE_REPORTS)
def create() -> ResponseReturnValue:
    """Freeze the report of a period."""
    try:
        frozen = _freeze(load_form(FreezeReport()))
    except Invalid as refused:
        return _form(request.form, refused), 422
    db.session.commit()
    number = frozen.report.number
    if frozen.is_new:
        flash(_("Đã chốt báo cáo %(number)s.", number=number))
    else:
        flash(_("Kỳ này đã được chốt từ trước với số %(number)s.", number=number), "warning")
    return redirect(url_for("frozen_reports.show", report_number=number))


@bp.get("/<report_number>")
@requires(Permission.READ_REPORTS)
def show(report_number: str) -> ResponseReturnValue:
    """What was sent, and what has been adjusted since."""
    return _report(report_number)


@bp.post("/<report_number>/correction")
@requires(Permission.FREEZE_REPORTS)
def correct(report_number: str) -> ResponseReturnValue:
    """Freeze the period again, under a number that says which report it corrects."""
    actor = current_actor()
    try:
        reason = load_form(CorrectReport())["reason"]
        report = frozen_reports.correct(report_number, reason, actor=actor)
    except Invalid as refused:
        return _report(report_number, refused), 422
    db.session.commit()
    flash(_("Đã chốt lại: %(new)s thay cho %(old)s.", new=report.number, old=report_number))
    return redirect(url_for("frozen_reports.show", report_number=report.number))


@bp.get("/<report_number>/file")
@requires(Permission.READ_REPORTS, writes=True)
def file(report_number: str) -> ResponseReturnValue:
    """The report as a file, byte for byte as it was frozen; an entry in the audit log."""
    actor = current_actor()
    opened = frozen_scope.get_report(report_number, actor=actor)
    form = asked_form()
    made = frozen_files.file_of(opened, form, actor=actor)
    frozen_files.note(opened, made, form, actor=actor)
    db.session.commit()
    name = f"{made.name}.{form.format}"
    answer = send_file(
        BytesIO(made.content),
        mimetype=form.content_type,
        as_attachment=True,
        download_name=name,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def asked_province() -> str | None:
    """The province of which the list is asked for."""
    code = request.args.get("province", "")
    return code if code.isascii() and code.isdigit() else None


def is_only_changed() -> bool:
    """Whether only the markets are asked for whose figures differ."""
    return request.args.get("only") == "changed"


def _freeze(asked: dict[str, Any]) -> Frozen:
    actor = current_actor()
    code = asked["province_code"] or _only_province()
    if not code:
        told = _("Hãy chọn tỉnh, thành phố.")
        raise Invalid(told, (Problem(told, field="province_code"),))
    period = Period(asked["since"], asked["as_of"])
    denominator = asked["denominator"] or Denominator.A
    return frozen_reports.freeze(code, period, actor=actor, denominator=denominator)


def _only_province() -> str:
    """The one province of an officer; who has several must choose."""
    provinces = frozen_scope.list_provinces(current_actor())
    return provinces[0].code if len(provinces) == 1 else ""


def _form(values: Any, refused: Invalid | None = None) -> str:
    problems = problems_of(refused)
    usual = ended_periods(current_actor().today)
    return render_template(
        "frozen_reports/new.html",
        values=values,
        problems=problems,
        errors=errors_by_field(problems),
        provinces=[(row.code, row.name) for row in frozen_scope.list_provinces(current_actor())],
        usual=[(period_label(*days), days) for days in usual],
        first=usual[0],
        denominators=tuple(Denominator),
    )


def _report(report_number: str, refused: Invalid | None = None) -> str:
    actor = current_actor()
    opened = frozen_scope.get_report(report_number, actor=actor)
    report = opened.report
    compared = frozen_differences.compare(opened, actor=actor)
    only_changed = is_only_changed()
    problems = problems_of(refused)
    return render_template(
        "frozen_reports/show.html",
        opened=opened,
        report=report,
        period=Period(report.since, report.as_of),
        compared=compared,
        only_changed=only_changed,
        page=_page_of(compared.changed if only_changed else compared.markets),
        neighbours=frozen_lists.neighbours_of(report, actor=actor),
        may_correct=access.covers_province(
            report.province_code, actor=actor, permission=Permission.FREEZE_REPORTS
        ),
        rules=[(RULE_WORDS[name], value) for name, value in report.rules.items()],
        reason=request.form.get("reason"),
        problems=problems,
        errors=errors_by_field(problems),
    )


def _page_of(markets: Any) -> Page[ComparedMarket]:
    first = (page_number() - 1) * PER_PAGE
    return Page(markets[first : first + PER_PAGE], len(markets), page_number())
