"""What the pages on shares show, as files; each download is an entry in the audit log."""

from io import BytesIO

from flask import Blueprint, Response, request, send_file
from flask.typing import ResponseReturnValue

from market.documents.tables import Style
from market.domain.calendar import parse_day
from market.domain.levels import Level
from market.domain.roles import Permission
from market.extensions import db
from market.http.query import find_member
from market.http.security import current_actor, requires
from market.services import area_coverage, report_files, reports
from market.services.market_lines import MarketChoice
from market.services.reading import reading
from market.services.report_files import FileFormat, Form, Table
from market.services.reports import Period
from market.services.stall_reports import StallChoice
from market.web.coverage import asked_choice, asked_missing, asked_question
from market.web.frame import open_market

bp = Blueprint("reports", __name__)


@bp.get("/provinces/<province_code>/report")
@requires(Permission.READ_REPORTS, writes=True)
def province(province_code: str) -> ResponseReturnValue:
    """The provincial report on the markets that the page shows."""
    actor, form, period = current_actor(), _form(), _period()
    area_coverage.get_province(province_code, actor=actor)
    choice, denominator = asked_choice(province_code), asked_question().denominator
    with reading():
        table = report_files.market_table(actor, period, choice=choice, denominator=denominator)
        file = _file(table, form)
    report_files.note_markets(actor, period, form, _asked(province=province_code))
    db.session.commit()
    return _sent(file, form, f"bao-cao-cho-{province_code}-{period.as_of.isoformat()}")


@bp.get("/markets/<market_code>/report")
@requires(Permission.READ_REPORTS, writes=True)
def market(market_code: str) -> ResponseReturnValue:
    """The provincial report's row of one market."""
    opened = open_market(market_code, Permission.READ_REPORTS)
    actor, form, period = current_actor(), _form(), _period()
    choice, denominator = MarketChoice(market_code=opened.code), asked_question().denominator
    with reading():
        table = report_files.market_table(actor, period, choice=choice, denominator=denominator)
        file = _file(table, form)
    report_files.note_markets(actor, period, form, _asked(market=market_code), opened)
    db.session.commit()
    return _sent(file, form, f"bao-cao-{market_code}-{period.as_of.isoformat()}")


@bp.get("/markets/<market_code>/stalls/file")
@requires(Permission.READ_REPORTS, writes=True)
def stalls(market_code: str) -> ResponseReturnValue:
    """The stalls of a market: all of them, or those that the list of missing ones shows."""
    opened = open_market(market_code, Permission.READ_REPORTS)
    actor, form, question = current_actor(), _form(), asked_question()
    is_narrowed = find_member("below", Level) is not None
    choice = StallChoice(
        MarketChoice(market_code=opened.code),
        missing=asked_missing(question) if is_narrowed else None,
    )
    with reading():
        table = report_files.stall_table(
            actor, question.as_of, choice=choice, names=request.args.getlist("column")
        )
        file = _file(table, form)
    report_files.note_stalls(actor, question.as_of, form, _asked(market=market_code), opened)
    db.session.commit()
    return _sent(file, form, f"diem-{market_code}-{question.as_of.isoformat()}")


def _form() -> Form:
    return Form(
        find_member("format", FileFormat) or FileFormat.CSV,
        find_member("style", Style) or Style.REPORT,
    )


def _period() -> Period:
    written = request.args.get("since", "").strip()
    return reports.usual_period(asked_question().as_of, parse_day(written) if written else None)


def _asked(**known: str) -> dict[str, str]:
    """What was chosen on the page, for the audit log."""
    names = (
        "denominator",
        "commune",
        "class",
        "operator",
        "running",
        "below",
        "level",
        "section",
        "line",
    )
    chosen = {name: request.args[name][:40] for name in names if request.args.get(name)}
    return {**chosen, **known}


def _file(table: Table, form: Form) -> BytesIO:
    """The whole file is made before its first byte is sent: a failure leaves no half of it."""
    file = BytesIO()
    report_files.write(file, table, form, actor=current_actor())
    file.seek(0)
    return file


def _sent(file: BytesIO, form: Form, name: str) -> Response:
    answer = send_file(
        file,
        mimetype=form.content_type,
        as_attachment=True,
        download_name=f"{name}.{form.format}",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
