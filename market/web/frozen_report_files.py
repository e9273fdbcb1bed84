"""The list of frozen reports, and what was adjusted since one was sent, as files."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from market.domain.roles import Permission
from market.http.security import current_actor, requires
from market.services import frozen_scope, frozen_tables
from market.web.downloads import download
from market.web.frozen_reports import asked_province, is_only_changed

bp = Blueprint("frozen_report_files", __name__, url_prefix="/reports")


@bp.get("/file")
@requires(Permission.READ_REPORTS, writes=True)
def index() -> ResponseReturnValue:
    """The frozen reports that the page lists."""
    actor, code = current_actor(), asked_province()
    extent = frozen_tables.extent_of_list(actor, code)
    return download(
        lambda: frozen_tables.list_table(actor, code),
        lambda form: frozen_tables.note_list(actor, form, extent, code),
        f"bao-cao-da-chot-{code}" if code else "bao-cao-da-chot",
        extent,
    )


@bp.get("/<report_number>/adjustments/file")
@requires(Permission.READ_REPORTS, writes=True)
def adjustments(report_number: str) -> ResponseReturnValue:
    """The markets of a report as they were sent, and what was adjusted since."""
    actor, only_changed = current_actor(), is_only_changed()
    opened = frozen_scope.get_report(report_number, actor=actor)
    number, report_id = opened.report.number, opened.report.id
    extent = frozen_tables.extent_of_adjustments(opened, only_changed=only_changed, actor=actor)
    return download(
        lambda: frozen_tables.adjustment_table(number, only_changed=only_changed, actor=actor),
        lambda form: frozen_tables.note_adjustments(actor, form, extent, number, report_id),
        f"{number}-{opened.report.province_code}-dieu-chinh",
        extent,
    )
