"""Lists too long for one request: previewed, applied and taken back by the worker."""

from collections.abc import Mapping
from typing import Any

from flask import current_app

from market.domain.errors import Invalid
from market.domain.roles import Permission
from market.extensions import db
from market.models.market import Market
from market.services import access, import_runs, imports, jobs
from market.services.access import Actor
from market.services.bulk import uncollected
from market.services.import_runs import PlanChanged
from market.services.jobs import Claim, Progress
from market.services.reading import reading

READING, WRITING = "Đang đọc và so với sổ", "Đang ghi vào sổ"


@uncollected()
def preview(held: Claim, progress: Progress) -> Mapping[str, Any]:
    """Work out what a batch would do, and keep it."""
    progress(0, 1, READING)
    return {"batch": _preview(held)}


@uncollected()
def apply(held: Claim, progress: Progress) -> Mapping[str, Any]:
    """Do what the preview of a batch said; where the register moved on, keep a new preview."""
    progress(0, 1, READING)
    with reading():
        market, actor = _place(held)
        batch = imports.get_batch(market, _batch_id(held))
        wanted = imports.read_batch(batch, market=market, actor=actor)
    progress(len(wanted.rows), 2 * len(wanted.rows), WRITING)
    market, actor = _place(held)
    try:
        batch = import_runs.apply_batch(
            _batch_id(held),
            market=market,
            skip_bad_rows=bool(held.arguments["skip_bad_rows"]),
            actor=actor,
            progress=progress,
            wanted=wanted,
        )
    except PlanChanged:
        _preview(held)
        db.session.commit()
        raise
    return {"batch": batch.id}


@uncollected()
def undo(held: Claim, progress: Progress) -> Mapping[str, Any]:
    """Take an applied batch back."""
    progress(0, 1, "Đang hoàn tác")
    market, actor = _place(held)
    return {"batch": import_runs.undo_batch(_batch_id(held), market=market, actor=actor).id}


def _preview(held: Claim) -> int:
    """Keep a preview made from the register as it is, read before anything is locked."""
    found, refused = None, None
    with reading():
        market, actor = _place(held)
        batch = imports.get_batch(market, _batch_id(held))
        imports.require_open(batch)
        try:
            found = imports.work_out_batch(batch, market=market, actor=actor)
        except Invalid as refusal:
            refused = refusal
    market, _actor = _place(held)
    batch = imports.get_batch(market, _batch_id(held), lock=True)
    imports.require_open(batch)
    if found is not None:
        imports.keep_preview(batch, found)
    elif refused is not None:
        imports.keep_refusal(batch, refused)
    return batch.id


def _place(held: Claim) -> tuple[Market, Actor]:
    """The market the job is about, as far as its asker may still write there."""
    actor = jobs.actor_for(held, current_app.extensions["cho_clock"]())
    code = held.arguments["market"]
    market = access.get_market(code, actor=actor, permission=Permission.WRITE_REGISTRY)
    imports.require_whole_market(actor)
    return market, actor


def _batch_id(held: Claim) -> int:
    return int(held.arguments["batch"])
