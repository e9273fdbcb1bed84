"""Signing in and out, confirming the password, one's own sessions."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.errors import Invalid
from market.domain.roles import Permission
from market.extensions import db
from market.http.forms import load_form
from market.http.redirects import safe_next
from market.http.security import (
    browser,
    current_actor,
    current_session,
    forget,
    now,
    public,
    remember,
    requires,
)
from market.schemas.sign_in import ChangePassword, ConfirmPassword, SignIn
from market.services import sessions, users

bp = Blueprint("sign_in", __name__)


@bp.get("/sign-in")
@public()
def form() -> ResponseReturnValue:
    """The sign-in form."""
    return render_template("sign_in/form.html", problems=(), email="", next=safe_next())


@bp.post("/sign-in")
@public()
def sign_in() -> ResponseReturnValue:
    """Open a session; the try is counted before the password is looked at."""
    try:
        asked = load_form(SignIn())
    except Invalid as refused:
        return _form_again(refused)
    sessions.count_try(asked["email"], browser=browser(), at=now())
    db.session.commit()
    try:
        _user, token = sessions.sign_in(
            asked["email"], asked["password"], browser=browser(), at=now()
        )
    except Invalid as refused:
        return _form_again(refused)
    db.session.commit()
    remember(token)
    return redirect(safe_next() or url_for("home.index"))


@bp.post("/sign-out")
@requires(Permission.READ_OWN_ACCOUNT)
def sign_out() -> ResponseReturnValue:
    """End the session."""
    sessions.end(current_session(), actor=current_actor())
    db.session.commit()
    forget()
    answer = redirect(url_for("sign_in.form"))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@bp.get("/me")
@requires(Permission.READ_OWN_ACCOUNT)
def me() -> ResponseReturnValue:
    """One's own sessions and password."""
    return _me()


@bp.post("/me/password")
@requires(Permission.READ_OWN_ACCOUNT)
def change_password() -> ResponseReturnValue:
    """Change the password and end the other sessions."""
    asked = load_form(ChangePassword())
    sessions.count_try(current_session().user.email, browser=browser(), at=now())
    db.session.commit()
    try:
        sessions.confirm_password(current_session(), asked["password"], at=now())
        users.change_own_password(current_session(), asked["new_password"], actor=current_actor())
    except Invalid as refused:
        db.session.rollback()
        return _me(refused), 422
    db.session.commit()
    flash(_("Đã đổi mật khẩu. Các phiên đăng nhập khác đã kết thúc."))
    return redirect(url_for("sign_in.me"))


@bp.post("/me/sessions/<int:session_id>/end")
@requires(Permission.READ_OWN_ACCOUNT)
def end_session(session_id: int) -> ResponseReturnValue:
    """End another of one's own sessions."""
    sessions.end_own(session_id, actor=current_actor())
    db.session.commit()
    flash(_("Đã kết thúc phiên đăng nhập."))
    return redirect(url_for("sign_in.me"))


@bp.get("/confirm-password")
@requires(Permission.READ_OWN_ACCOUNT)
def confirm_form() -> ResponseReturnValue:
    """Ask for the password again before something that matters."""
    return render_template("sign_in/confirm.html", problems=(), next=safe_next())


@bp.post("/confirm-password")
@requires(Permission.READ_OWN_ACCOUNT)
def confirm() -> ResponseReturnValue:
    """Make the session fresh again."""
    asked = load_form(ConfirmPassword())
    try:
        confirm_now(asked["password"])
    except Invalid as refused:
        page = render_template(
            "sign_in/confirm.html", problems=refused.problems or (refused,), next=safe_next()
        )
        return page, 422
    return redirect(safe_next() or url_for("home.index"))


def confirm_now(password: str) -> None:
    """Count the try, check the password and make the session fresh; commits."""
    sessions.count_try(current_session().user.email, browser=browser(), at=now())
    db.session.commit()
    sessions.confirm_password(current_session(), password, at=now())
    db.session.commit()


def _form_again(refused: Invalid) -> ResponseReturnValue:
    db.session.rollback()
    page = render_template(
        "sign_in/form.html",
        problems=refused.problems or (refused,),
        email=request.form.get("email", "")[:254],
        next=safe_next(),
    )
    return page, 422


def _me(refused: Invalid | None = None) -> str:
    problems = () if refused is None else refused.problems or (refused,)
    return render_template(
        "sign_in/me.html", sessions=sessions.list_live(current_actor()), problems=problems
    )
