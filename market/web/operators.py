"""Pages of those who run markets."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.errors import Invalid
from market.domain.markets import OperatorKind
from market.domain.roles import Permission
from market.extensions import db
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.security import current_actor, requires
from market.models.market import Operator
from market.schemas.markets import OperatorForm
from market.services import areas, operators
from market.services.operators import OperatorValues

bp = Blueprint("operators", __name__, url_prefix="/operators")


@bp.get("")
@requires(Permission.MANAGE_MARKETS)
def index() -> ResponseReturnValue:
    """The operators of the provinces the user manages."""
    page = operators.page_of_operators(
        current_actor(), search=request.args.get("q"), number=page_number()
    )
    return render_template("operators/index.html", page=page)


@bp.get("/new")
@requires(Permission.MANAGE_MARKETS)
def new() -> ResponseReturnValue:
    """The form for an operator."""
    return _form(None, values={"kind": OperatorKind.BOARD})


@bp.post("")
@requires(Permission.MANAGE_MARKETS)
def create() -> ResponseReturnValue:
    """Enter an operator."""
    try:
        values = _values(load_form(OperatorForm()), province_code=None)
        operator = operators.create_operator(values, actor=current_actor())
    except Invalid as refused:
        return _form(None, values=request.form, refused=refused), 422
    db.session.commit()
    flash(_("Đã thêm %(name)s.", name=operator.name))
    return redirect(url_for("operators.index"))


@bp.get("/<int:operator_id>/edit")
@requires(Permission.MANAGE_MARKETS)
def edit(operator_id: int) -> ResponseReturnValue:
    """The form for changing an operator."""
    operator = operators.get_operator(operator_id, actor=current_actor())
    return _form(operator, values=operator)


@bp.post("/<int:operator_id>/edit")
@requires(Permission.MANAGE_MARKETS)
def change(operator_id: int) -> ResponseReturnValue:
    """Change an operator."""
    operator = operators.get_operator(operator_id, actor=current_actor())
    try:
        values = _values(load_form(OperatorForm()), province_code=operator.province_code)
        operators.change_operator(operator, values, actor=current_actor())
    except Invalid as refused:
        return _form(operator, values=request.form, refused=refused), 422
    db.session.commit()
    flash(_("Đã lưu %(name)s.", name=operator.name))
    return redirect(url_for("operators.index"))


def _values(asked: dict[str, Any], *, province_code: str | None) -> OperatorValues:
    return OperatorValues(
        asked["name"],
        asked["kind"],
        province_code or asked["province_code"] or _only_province(),
        asked["hotline"],
    )


def _only_province() -> str:
    """The one province of an officer; an administrator of several must choose."""
    codes = operators.managed_provinces(current_actor()) or frozenset()
    return next(iter(codes)) if len(codes) == 1 else ""


def _form(operator: Operator | None, *, values: Any, refused: Invalid | None = None) -> str:
    problems = problems_of(refused)
    managed = operators.managed_provinces(current_actor())
    return render_template(
        "operators/form.html",
        operator=operator,
        values=values,
        problems=problems,
        errors=errors_by_field(problems),
        kinds=[(kind.value, kind.label) for kind in OperatorKind],
        provinces=[
            (row.code, row.name)
            for row in areas.list_provinces()
            if managed is None or row.code in managed
        ],
    )
