"""Who is asking, and the guard that no view can be registered without."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from market.domain.errors import Forbidden
from market.domain.roles import Permission
from market.extensions import db, reads_only
from market.models.user import UserSession
from market.services import sessions
from market.services.access import Actor
from market.services.sessions import Browser

View = Callable[..., ResponseReturnValue]
TOKEN = "token"
# Open to everybody who is signed in: to those without a grant, and to those who have to
# change a password that others have seen.
OWN_PAGES = Permission.READ_OWN_ACCOUNT
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class UnguardedView(TypeError):
    """A view was registered that names neither a permission nor that it is public."""


class GuardedFlask(Flask):
    """Flask that refuses views which do not say who may use them."""

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Like Flask's; raises UnguardedView for a view without @requires or @public."""
        if view_func is not None and not hasattr(view_func, "permission"):
            raise UnguardedView(f"{rule}: {view_func.__name__} needs @requires or @public")
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)


def requires(permission: Permission, *, writes: bool = False) -> Callable[[View], View]:
    """Let in signed-in users who hold the permission anywhere; services check the scope.

    A password given by somebody else is changed first.
    `writes` declares a GET that changes something (a look that is an audit entry).
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            if g.actor is None:
                return _ask_to_sign_in()
            if permission is OWN_PAGES:
                return view(*args, **kwargs)
            if g.user_session.user.must_change_password:
                return redirect(url_for("sign_in.me"))
            if not g.actor.may(permission):
                raise Forbidden("Bạn không có quyền dùng trang này.")
            return view(*args, **kwargs)

        return _marked(guarded, permission, writes=writes)

    return guard


def public(*, writes: bool = False) -> Callable[[View], View]:
    """Let everybody in."""

    def guard(view: View) -> View:
        @wraps(view)
        def open_to_all(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            return view(*args, **kwargs)

        return _marked(open_to_all, None, writes=writes)

    return guard


def current_actor() -> Actor:
    """Who asks; only for views behind @requires."""
    actor: Actor = g.actor
    return actor


def current_session() -> UserSession:
    """The signed-in session; only for views behind @requires."""
    found: UserSession = g.user_session
    return found


def now() -> datetime:
    """The moment of the request, the same throughout it."""
    if "now" not in g:
        g.now = current_app.extensions["cho_clock"]()
    moment: datetime = g.now
    return moment


def clock() -> datetime:
    """The time of day, with zone."""
    return datetime.now(UTC)


def browser() -> Browser:
    """Where the request comes from."""
    return Browser(request.remote_addr, request.user_agent.string)


def remember(token: str) -> None:
    """Put the session's token in a new cookie session (nothing of the old one stays)."""
    session.clear()
    session[TOKEN] = token


def forget() -> None:
    """Empty the cookie session."""
    session.clear()


def refuse_nul() -> None:
    """No text of ours holds a NUL, and PostgreSQL takes none: such an address is nobody's."""
    if "\0" in request.path:
        raise NotFound


def identify() -> None:
    """Before each request: what it may do to the database, and who asks."""
    view = current_app.view_functions.get(request.endpoint or "")
    writes = request.method not in SAFE_METHODS or bool(getattr(view, "writes", False))
    reads_only.set(not writes)
    g.actor = g.user_session = None
    found = _find_session()
    if found is None:
        return
    if sessions.is_due(found, at=now()):
        found = _mark_seen(found, in_own_transaction=not writes)
    g.user_session = found
    g.actor = Actor.of_user(
        found.user, now(), "web", address=request.remote_addr, fresh_at=found.fresh_at
    )


def _find_session() -> UserSession | None:
    token = session.get(TOKEN)
    return sessions.find_session(token, at=now()) if token else None


def _mark_seen(found: UserSession, *, in_own_transaction: bool) -> UserSession:
    """A page that only reads still keeps its session alive, in a short transaction of its own."""
    if not in_own_transaction:
        sessions.mark_seen(found, at=now())
        return found
    db.session.rollback()
    reads_only.set(False)
    sessions.mark_seen(found, at=now())
    db.session.commit()
    reads_only.set(True)
    return found


def _ask_to_sign_in() -> ResponseReturnValue:
    if request.method in SAFE_METHODS:
        return redirect(url_for("sign_in.form", next=request.full_path.rstrip("?")))
    return redirect(url_for("sign_in.form"))


def _marked(view: View, permission: Permission | None, *, writes: bool) -> View:
    view.permission = permission  # type: ignore[attr-defined]
    view.writes = writes  # type: ignore[attr-defined]
    return view
