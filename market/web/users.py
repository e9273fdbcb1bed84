"""Users within one's reach: the list, one with the grants, giving and taking."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.errors import Conflict, DomainError, Invalid, NotFound, Problem
from market.domain.roles import Permission
from market.extensions import db
from market.http.error_handlers import status_of
from market.http.forms import load_form
from market.http.pagination import page_number
from market.http.problems import errors_by_field, problems_of
from market.http.security import current_actor, requires
from market.models.user import User
from market.schemas.users import AddUser, GiveGrant, RenameUser
from market.services import user_lists, user_reach, users, written_scopes
from market.services.users import GrantValues

LONGEST_SEARCH = 100
USUAL_DAYS = 90

bp = Blueprint("users", __name__, url_prefix="/users")


@bp.get("")
@requires(Permission.MANAGE_VOLUNTEERS)
def index() -> ResponseReturnValue:
    """The users within reach, by name."""
    search = request.args.get("q", "")[:LONGEST_SEARCH]
    page = user_lists.page_of(page_number(), actor=current_actor(), search=search)
    return render_template(
        "users/index.html",
        page=page,
        search=search,
        grants=user_lists.grants_of(page.items, actor=current_actor()),
        today=current_actor().today,
    )


@bp.get("/new")
@requires(Permission.MANAGE_VOLUNTEERS)
def new() -> ResponseReturnValue:
    """The form for a user."""
    return _new_form(values={"ends_on": current_actor().today + timedelta(days=USUAL_DAYS)})


@bp.post("")
@requires(Permission.MANAGE_VOLUNTEERS)
def create() -> ResponseReturnValue:
    """Add a user with a grant; the first password is shown this once."""
    try:
        asked = load_form(AddUser())
        user, password = users.add_user(
            asked["email"], asked["display_name"], values=_grant(asked), actor=current_actor()
        )
    except (Invalid, Conflict) as refused:
        return _new_form(values=request.form, refused=refused), status_of(refused)
    db.session.commit()
    return _password_page(user, password)


@bp.get("/<int:user_id>")
@requires(Permission.MANAGE_VOLUNTEERS)
def show(user_id: int) -> ResponseReturnValue:
    """One user with the grants within reach."""
    return _page(user_id)


@bp.post("/<int:user_id>/name")
@requires(Permission.MANAGE_VOLUNTEERS)
def rename(user_id: int) -> ResponseReturnValue:
    """Correct a user's name."""
    try:
        asked = load_form(RenameUser())
        users.rename(user_id, **asked, actor=current_actor())
    except Invalid as refused:
        return _page(user_id, refused, opened="name"), 422
    db.session.commit()
    flash(_("Đã lưu họ tên."))
    return _to(user_id)


@bp.post("/<int:user_id>/grants")
@requires(Permission.MANAGE_VOLUNTEERS)
def give(user_id: int) -> ResponseReturnValue:
    """Give the user a role; open sessions end."""
    user = users.get_user(user_id, actor=current_actor())
    try:
        asked = _grant(load_form(GiveGrant()))
        users.grant(user, asked.role, asked.scope, ends_on=asked.ends_on, actor=current_actor())
    except (Invalid, Conflict) as refused:
        return _page(user_id, refused, opened="grant"), status_of(refused)
    db.session.commit()
    flash(_("Đã giao quyền. Người này cần đăng nhập lại."))
    return _to(user_id)


@bp.post("/<int:user_id>/grants/<int:grant_id>/revocation")
@requires(Permission.MANAGE_VOLUNTEERS)
def revoke(user_id: int, grant_id: int) -> ResponseReturnValue:
    """Take a role from the user; open sessions end."""
    users.revoke(grant_id, user_id=user_id, actor=current_actor())
    db.session.commit()
    flash(_("Đã thu hồi quyền. Các phiên đăng nhập của người này đã kết thúc."))
    return _to(user_id)


@bp.post("/<int:user_id>/disabling")
@requires(Permission.MANAGE_VOLUNTEERS)
def disable(user_id: int) -> ResponseReturnValue:
    """Shut the user out at once."""
    user = users.disable(user_id, actor=current_actor())
    db.session.commit()
    flash(_("Đã khóa %(name)s.", name=user.display_name), "warning")
    return _to(user_id)


@bp.post("/<int:user_id>/enabling")
@requires(Permission.MANAGE_VOLUNTEERS)
def enable(user_id: int) -> ResponseReturnValue:
    """Let the user in again."""
    user = users.enable(user_id, actor=current_actor())
    db.session.commit()
    flash(_("%(name)s lại đăng nhập được.", name=user.display_name))
    return _to(user_id)


@bp.post("/<int:user_id>/password")
@requires(Permission.MANAGE_VOLUNTEERS)
def reset_password(user_id: int) -> ResponseReturnValue:
    """Give the user a new password, shown this once."""
    user, password = users.reset_password(user_id, actor=current_actor())
    db.session.commit()
    return _password_page(user, password)


def _grant(asked: Mapping[str, Any]) -> GrantValues:
    code = asked["market_code"]
    written = f"market:{code}" if code else asked["scope"]
    if not written:
        message = _("Hãy chọn phạm vi.")
        raise Invalid(message, (Problem(message, field="scope"),))
    try:
        scope = written_scopes.resolve_scope(written)
    except NotFound as missing:
        field = "market_code" if code else "scope"
        raise Invalid(missing.message, (Problem(missing.message, field=field),)) from missing
    return GrantValues(asked["role"], scope, asked["ends_on"])


def _password_page(user: User, password: str) -> str:
    """Not a redirect: a password in an address or a cookie would stay in the browser."""
    return render_template("users/password.html", user=user, password=password)


def _choices() -> dict[str, Any]:
    return {
        "roles": [(role.value, role.label) for role in user_reach.roles_to_give(current_actor())],
        "scopes": user_lists.scope_choices(current_actor()),
    }


def _new_form(*, values: Mapping[str, Any], refused: DomainError | None = None) -> str:
    problems = problems_of(refused)
    return render_template(
        "users/new.html",
        **_choices(),
        values=values,
        problems=problems,
        errors=errors_by_field(problems),
    )


def _page(user_id: int, refused: DomainError | None = None, opened: str | None = None) -> str:
    actor = current_actor()
    user = users.get_user(user_id, actor=actor)
    problems = problems_of(refused)
    usual = {"ends_on": actor.today + timedelta(days=USUAL_DAYS)}
    return render_template(
        "users/show.html",
        user=user,
        grants=user_lists.grants_of([user], actor=actor).get(user.id, []),
        is_managed=users.is_managed(user, actor=actor),
        is_self=user.id == actor.user_id,
        today=actor.today,
        **_choices(),
        opened=opened,
        values=request.form if opened == "grant" else usual,
        problems=problems,
        errors=errors_by_field(problems),
    )


def _to(user_id: int) -> ResponseReturnValue:
    return redirect(url_for("users.show", user_id=user_id))
