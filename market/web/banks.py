"""The bank directory: found, added to and corrected by administrators."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.banks import BankKind
from market.domain.errors import DomainError, Invalid
from market.domain.roles import Permission
from market.extensions import db
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.security import current_actor, requires
from market.models.account import BankEntry
from market.schemas.banks import AddBank, ChangeBank, Known
from market.services import banks
from market.services.banks import BankValues

LONGEST_SEARCH = 100
ANSWERS = {Known.YES: True, Known.NO: False}

bp = Blueprint("banks", __name__, url_prefix="/banks")


@bp.get("")
@requires(Permission.MANAGE_BANKS)
def index() -> ResponseReturnValue:
    """The directory in the order of the BINs."""
    search = request.args.get("q", "")[:LONGEST_SEARCH]
    page = banks.page_of(page_number(), search=search)
    return render_template("banks/index.html", page=page, search=search)


@bp.get("/new")
@requires(Permission.MANAGE_BANKS)
def new() -> ResponseReturnValue:
    """The form for a bank."""
    return _form(None, values={"kind": BankKind.BANK})


@bp.post("")
@requires(Permission.MANAGE_BANKS)
def create() -> ResponseReturnValue:
    """Add a bank."""
    try:
        asked = load_form(AddBank())
        row = banks.add_bank(asked.pop("bin"), values=_values(asked), actor=current_actor())
    except Invalid as refused:
        return _form(None, values=request.form, refused=refused), 422
    db.session.commit()
    flash(_("Đã thêm %(name)s.", name=row.short_name))
    return redirect(url_for("banks.index"))


@bp.get("/<bin>")
@requires(Permission.MANAGE_BANKS)
def edit(bin: str) -> ResponseReturnValue:
    """The form for correcting a bank."""
    row = banks.get_bank(bin)
    known = {name: getattr(row, name) for name in banks.FIELDS}
    answers = {name: _answer(known[name]) for name in ("payer_app_can_scan", "name_lookup")}
    return _form(row, values={**known, **answers})


@bp.post("/<bin>")
@requires(Permission.MANAGE_BANKS)
def change(bin: str) -> ResponseReturnValue:
    """Correct a bank."""
    row = banks.get_bank(bin)
    try:
        asked = load_form(ChangeBank())
        seen = asked.pop("seen")
        banks.change_bank(row, values=_values(asked), seen=seen, actor=current_actor())
    except Invalid as refused:
        return _form(row, values=request.form, refused=refused), 422
    db.session.commit()
    flash(_("Đã lưu %(name)s.", name=row.short_name))
    return redirect(url_for("banks.index"))


def _values(asked: Mapping[str, Any]) -> BankValues:
    return BankValues(
        code=asked["code"],
        short_name=asked["short_name"],
        full_name=asked["full_name"],
        kind=asked["kind"],
        aliases=asked["aliases"],
        payer_app_can_scan=ANSWERS.get(asked["payer_app_can_scan"]),
        name_lookup=ANSWERS.get(asked["name_lookup"]),
        notes=asked["notes"] or "",
    )


def _answer(known: bool | None) -> Known | None:
    return next((answer for answer, value in ANSWERS.items() if value is known), None)


def _form(
    row: BankEntry | None, *, values: Mapping[str, Any], refused: DomainError | None = None
) -> str:
    problems = problems_of(refused)
    return render_template(
        "banks/form.html",
        bank=row,
        seen=banks.fingerprint(row) if row else None,
        values=values,
        kinds=[(kind.value, kind.label) for kind in BankKind],
        answers=[(Known.YES.value, _("Có")), (Known.NO.value, _("Không"))],
        problems=problems,
        errors=errors_by_field(problems),
    )
