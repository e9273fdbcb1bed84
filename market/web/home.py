"""Where one lands after signing in, and the language switch."""

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from market.domain.roles import Permission, ScopeKind
from market.http.redirects import safe_next
from market.http.security import current_actor, public, requires
from market.services import access
from market.services.access import Actor

A_YEAR = 365 * 24 * 3600
LANGUAGES = ("vi", "en")

bp = Blueprint("home", __name__)


@bp.get("/")
@requires(Permission.READ_OWN_ACCOUNT)
def index() -> ResponseReturnValue:
    """Straight to the one market, the province, or the list of markets."""
    actor = current_actor()
    return redirect(_landing(actor)) if actor.grants else render_template("home/no_grant.html")


@bp.get("/language/<code>")
@public()
def language(code: str) -> ResponseReturnValue:
    """Switch the language of the pages."""
    if code not in LANGUAGES:
        raise NotFound
    answer = redirect(safe_next() or url_for("home.index"))
    answer.set_cookie(
        "language",
        code,
        max_age=A_YEAR,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return answer


def _landing(actor: Actor) -> str:
    for grant in actor.grants:
        if grant.scope is ScopeKind.PROVINCE and grant.allows(Permission.READ_REPORTS):
            return url_for("coverage.province", province_code=grant.province_code)
    if not actor.may(Permission.READ_REGISTRY):
        return url_for("users.index")
    markets = access.list_markets(actor, Permission.READ_REGISTRY, limit=2)
    if len(markets) == 1:
        return url_for("markets.show", market_code=markets[0].code)
    return url_for("markets.index")
