"""Pages of how an operator's stickers look: accent, hotline, logos, with a preview."""

from base64 import b64encode
from contextlib import closing
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.documents.label_layouts import LogoPlace
from market.documents.logos import LARGEST_FILE, Logo, read_logo
from market.documents.sheets import list_templates
from market.domain.errors import DomainError, Invalid, NotFound, Problem, TooLarge
from market.domain.roles import Permission
from market.extensions import db
from market.http.forms import load_form
from market.http.problems import errors_by_field, problems_of
from market.http.security import current_actor, requires
from market.models.market import Operator
from market.schemas.branding import BrandingForm
from market.services import branding
from market.services.branding import PREVIEW_TEMPLATE, Branding, BrandingValues
from market.web.frame import open_market

bp = Blueprint("branding", __name__)


@bp.get("/markets/<market_code>/branding")
@requires(Permission.WRITE_REGISTRY)
def of_market(market_code: str) -> ResponseReturnValue:
    """On to the operator that runs the market today."""
    market = open_market(market_code, Permission.WRITE_REGISTRY)
    operator = branding.operator_of(market, on=current_actor().today)
    return redirect(url_for("branding.edit", operator_id=operator.id))


@bp.get("/operators/<int:operator_id>/branding")
@requires(Permission.WRITE_REGISTRY)
def edit(operator_id: int) -> ResponseReturnValue:
    """The form for an operator's look, and one sticker in it."""
    operator = branding.get_operator(operator_id, actor=current_actor())
    return _form(operator, branding.branding_of(operator))


@bp.post("/operators/<int:operator_id>/branding")
@requires(Permission.WRITE_REGISTRY)
def change(operator_id: int) -> ResponseReturnValue:
    """Change an operator's look."""
    operator = branding.get_operator(operator_id, actor=current_actor())
    try:
        asked = load_form(BrandingForm())
        branding.change_branding(
            operator, _values(asked), version=asked["version"], actor=current_actor()
        )
    except Invalid as refused:
        return _form(operator, branding.branding_of(operator), refused), 422
    db.session.commit()
    flash(_("Đã lưu hình thức tem của %(name)s.", name=operator.name))
    return redirect(url_for("branding.edit", operator_id=operator_id))


@bp.post("/operators/<int:operator_id>/branding/preview")
@requires(Permission.WRITE_REGISTRY)
def preview(operator_id: int) -> ResponseReturnValue:
    """One sticker as the form stands, or what is wrong with the form; nothing is kept."""
    operator = branding.get_operator(operator_id, actor=current_actor())
    try:
        asked = load_form(BrandingForm())
        picture = _picture(operator, _values(asked), asked["template"] or PREVIEW_TEMPLATE)
    except Invalid as refused:
        return render_template("branding/_preview.html", problems=problems_of(refused))
    return render_template("branding/_preview.html", operator=operator, picture=picture)


@bp.get("/operators/<int:operator_id>/branding/<place>.png")
@requires(Permission.WRITE_REGISTRY)
def logo(operator_id: int, place: str) -> ResponseReturnValue:
    """A logo as it is printed."""
    operator = branding.get_operator(operator_id, actor=current_actor())
    file = branding.logo_files(branding.branding_of(operator)).get(_place(place))
    if file is None:
        raise NotFound("Đơn vị này chưa có logo đó.")
    return Response(file, mimetype="image/png")


def _place(name: str) -> LogoPlace:
    try:
        return LogoPlace(name)
    except ValueError as error:
        raise NotFound("Không có chỗ đặt logo đó.") from error


def _values(asked: dict[str, Any]) -> BrandingValues:
    return BrandingValues(
        asked["accent"],
        asked["hotline"],
        new_logos={place: found for place in LogoPlace if (found := _uploaded(place))},
        removed=frozenset(place for place in LogoPlace if asked[f"remove_{place}"]),
    )


def _uploaded(place: LogoPlace) -> Logo | None:
    """Raises Invalid, naming the field, for a file that cannot be a logo."""
    name = f"{place}_logo"
    file = request.files.get(name)
    if file is None or not file.filename:
        return None
    with closing(file):
        content = file.read()
    try:
        return read_logo(content)
    except (Invalid, TooLarge) as refused:
        raise Invalid(refused.message, (Problem(refused.message, field=name),)) from refused


def _picture(operator: Operator, values: BrandingValues, template: str) -> str:
    svg = branding.preview(operator, values, template=template, on=current_actor().today)
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def _form(operator: Operator, look: Branding, refused: DomainError | None = None) -> str:
    """What was sent where it was refused, else what is kept; the picture shows what is kept."""
    problems = problems_of(refused)
    kept = BrandingValues(look.accent, operator.hotline)
    sent = request.form if refused else None
    return render_template(
        "branding/form.html",
        operator=operator,
        look=look,
        accent=sent["accent"] if sent and "accent" in sent else look.accent,
        hotline=sent["hotline"] if sent and "hotline" in sent else operator.hotline,
        chosen=PREVIEW_TEMPLATE,
        templates=[(each.name, each.title) for each in list_templates()],
        largest_file=LARGEST_FILE,
        picture=_picture(operator, kept, PREVIEW_TEMPLATE),
        problems=problems,
        errors=errors_by_field(problems),
    )
