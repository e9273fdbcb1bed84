"""Imports every entity, so that the metadata is whole; for migrations and the app factory."""

from market.models import (
    account,
    area,
    audit,
    branding,
    coverage,
    frozen_report,
    import_batch,
    job,
    market,
    merchant,
    stall,
    sticker,
    target,
    user,
    visit,
)
from market.models.base import Base

MODULES = (
    account,
    area,
    audit,
    branding,
    coverage,
    frozen_report,
    import_batch,
    job,
    market,
    merchant,
    stall,
    sticker,
    target,
    user,
    visit,
)
metadata = Base.metadata
