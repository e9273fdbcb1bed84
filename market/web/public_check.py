"""What a shopper sees who types or scans the serial of a sticker."""

from datetime import timedelta

from flask import Blueprint, make_response, render_template
from flask.typing import ResponseReturnValue

from market.extensions import db
from market.http.security import browser, now, public
from market.services import stickers, throttle
from market.services.throttle import Limit

LOOKS = Limit(30, timedelta(minutes=1))

bp = Blueprint("public_check", __name__)


@bp.get("/t/<serial>")
@public(writes=True)
def show(serial: str) -> ResponseReturnValue:
    """Whose sticker it is, as far as it stands on it; every look from one address is counted."""
    throttle.count(f"serial:{browser().address}", at=now(), limit=LOOKS)
    db.session.commit()
    shown = stickers.find_shown(serial, at=now())
    page = make_response(render_template("stickers/public.html", shown=shown))
    page.headers["X-Robots-Tag"] = "noindex"
    return page
