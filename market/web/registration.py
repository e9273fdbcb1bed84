"""Which pages the app has, and what every page's frame shows."""

from flask import Flask

from market.web import (
    accounts,
    area_files,
    areas,
    audit,
    banks,
    branding,
    coverage,
    foreign_codes,
    frame,
    frozen_report_files,
    frozen_reports,
    health,
    home,
    imports,
    incidents,
    jobs,
    markets,
    merchant_merges,
    merchants,
    operators,
    posters,
    public_check,
    reports,
    rounds,
    sections,
    sign_in,
    stalls,
    static_files,
    stickers,
    target_files,
    targets,
    users,
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
    branding.bp,
    posters.bp,
    sections.bp,
    stalls.bp,
    merchants.bp,
    merchant_merges.bp,
    accounts.bp,
    imports.bp,
    rounds.bp,
    incidents.bp,
    foreign_codes.bp,
    coverage.bp,
    reports.bp,
    area_files.bp,
    targets.bp,
    target_files.bp,
    frozen_reports.bp,
    frozen_report_files.bp,
    stickers.bp,
    public_check.bp,
    users.bp,
    audit.bp,
    banks.bp,
)


def register(app: Flask) -> None:
    """Add the pages, their filters and their frame."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    static_files.add_to(app)
    app.jinja_env.filters.update(FILTERS)
    app.context_processor(frame.context)
