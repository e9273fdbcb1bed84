"""The market's A4 poster with its share, as a PDF."""

from io import BytesIO

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from market.documents.poster import write_poster
from market.domain.roles import Permission
from market.http.forms import load
from market.http.security import current_actor, requires
from market.schemas.posters import PosterQuery
from market.services import posters
from market.web.frame import open_market

bp = Blueprint("posters", __name__, url_prefix="/markets/<market_code>")


@bp.get("/poster.pdf")
@requires(Permission.READ_REPORTS)
def poster(market_code: str) -> ResponseReturnValue:
    """The poster of a day (`as_of`), of today without one."""
    market = open_market(market_code, Permission.READ_REPORTS)
    asked = load(PosterQuery(), request.args)
    content = posters.poster_of(market, on=asked["as_of"], actor=current_actor())
    file = BytesIO()
    write_poster(content, file)
    answer = Response(file.getvalue(), mimetype="application/pdf")
    answer.headers.set(
        "Content-Disposition",
        "inline",
        filename=f"ap-phich-{market.code}-{content.as_of.isoformat()}.pdf",
    )
    return answer
