"""Finding a commune by name, old name or code: a page, and the part of a form."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from market.domain.roles import Permission
from market.http.security import current_actor, requires
from market.services import area_search, covered_areas
from market.services.operators import managed_provinces

LONGEST_SEARCH = 200

bp = Blueprint("areas", __name__)


@bp.get("/areas")
@requires(Permission.READ_REGISTRY)
def search() -> ResponseReturnValue:
    """What fits `q`; as choices of a form where a form asks with its field `commune`."""
    is_part = "HX-Request" in request.headers and "commune" in request.args
    written = request.args.get("commune" if is_part else "q", "")[:LONGEST_SEARCH]
    actor = current_actor()
    near = managed_provinces(actor) or frozenset()
    found = area_search.search_communes(written, near=near)
    codes = {each.province_code for each in found}
    return render_template(
        "areas/_choices.html" if is_part else "areas/search.html",
        written=written,
        found=found,
        covered={code for code in codes if covered_areas.covers_province(code, actor)},
        chosen=None,
    )
