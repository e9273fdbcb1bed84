"""Addresses of pages, where the user of this request may open them."""

from typing import Any

from flask import current_app, url_for

from market.http.security import current_actor


def reachable(endpoint: str, **values: Any) -> str | None:
    """The address of a page; None where the user's grants do not open it, or it is not there."""
    view = current_app.view_functions.get(endpoint)
    permission = getattr(view, "permission", None)
    if permission is None or not current_actor().may(permission):
        return None
    return url_for(endpoint, **values)
