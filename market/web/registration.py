"""Which pages the app has, and what every page's frame shows."""

from flask import Flask

from market.web import (
    areas,
    frame,
    health,
    home,
    jobs,
    markets,
    operators,
    sections,
    sign_in,
    stalls,
    static_files,
)
from market.web.filters import FILTERS

BLUEPRINTS = (
    health.bp,
    sign_in.bp,
    home.bp,
    jobs.bp,
    areas.bp,
    markets.bp,
    operators.bp,
    sections.bp,
    stalls.bp,
)


def register(app: Flask) -> None:
    """Add the pages, their filters and their frame."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    static_files.add_to(app)
    app.jinja_env.filters.update(FILTERS)
    app.context_processor(frame.context)
