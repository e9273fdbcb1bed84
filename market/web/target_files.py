"""The lists of targets, and of markets behind theirs, as files."""

from dataclasses import replace

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from market.domain.errors import Invalid
from market.domain.roles import Permission
from market.http.security import current_actor, requires
from market.services import covered_areas, extents, report_files, target_files, target_lists
from market.services.filter_words import Words
from market.services.report_files import Form, Table
from market.services.target_lists import ProvinceTargets
from market.web import reports
from market.web.coverage_questions import asked_choice, asked_question
from market.web.downloads import download, told
from market.web.targets import asked_kind, asked_state, chosen_rows

bp = Blueprint("target_files", __name__)
bp.register_error_handler(Invalid, reports.refuse)


@bp.get("/provinces/<province_code>/targets/file")
@requires(Permission.READ_REPORTS, writes=True)
def province(province_code: str) -> ResponseReturnValue:
    """The targets that the page of the province lists."""
    area = covered_areas.get_province(province_code, actor=current_actor())
    extent = extents.of_listed(area, asked_question(), area.markets, actor=current_actor())

    def make_table() -> Table:
        found = _found(province_code)
        return target_files.target_table(found, chosen_rows(found))

    return download(
        make_table,
        lambda form: _note(form, province_code, "targets"),
        f"chi-tieu-{province_code}",
        replace(extent, filters=_chosen_words()),
    )


@bp.get("/provinces/<province_code>/targets/behind/file")
@requires(Permission.READ_REPORTS, writes=True)
def behind(province_code: str) -> ResponseReturnValue:
    """The markets behind their targets that the page lists."""
    area = covered_areas.get_province(province_code, actor=current_actor())
    choice = asked_choice(area.markets, asked_question())

    def make_table() -> Table:
        found = _found(province_code)
        return target_files.behind_table(found, found.behind(choice))

    return download(
        make_table,
        lambda form: _note(form, province_code, "behind"),
        f"cho-cham-{province_code}",
        extents.of_listed(area, asked_question(), choice, actor=current_actor()),
    )


def _found(province_code: str) -> ProvinceTargets:
    on, actor = asked_question().as_of, current_actor()
    return target_lists.of_province(province_code, on=on, actor=actor)


def _chosen_words() -> Words:
    chosen = (("Bộ lọc: Cấp", asked_kind()), ("Bộ lọc: Tình trạng", asked_state()))
    return tuple((name, member.label) for name, member in chosen if member is not None)


def _note(form: Form, province_code: str, table: str) -> None:
    chosen = {name: request.args[name][:40] for name in ("kind", "state") if name in request.args}
    known = told(province=province_code, table=table)
    report_files.note_summary(current_actor(), asked_question().as_of, form, {**chosen, **known})
