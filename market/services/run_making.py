"""Making a print run: its stickers with serials, places and the texts that stand on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count, islice
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from market.documents.drawing_release import drawing_release
from market.documents.qr_code import symbol_size
from market.documents.sheet_jobs import check_job
from market.documents.sheets import Template, get_template
from market.documents.sticker_flags import Flag, list_flags
from market.domain.errors import Invalid, Problem
from market.domain.print_runs import MOST_COPIES, WhichStalls, run_number
from market.domain.stickers import RunState, StickerState
from market.extensions import db
from market.models.job import Counter
from market.models.market import Market, MarketOperator, Operator
from market.models.sticker import PrintRun, Sticker
from market.services import account_switches, audit, sticker_needs
from market.services.access import Actor
from market.services.branding import branding_of_market
from market.services.dated_facts import holds_on
from market.services.sticker_needs import Needs, Selection
from market.services.sticker_states import new_serials
from market.services.sticker_values import list_drawable, sheet_job

MOST_FLAGS_KEPT = 200
ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class RunValues:
    """How a run is made: for which stalls, on which sheets.

    `start` is the first free label of the first sheet; `offset` moves the print right and
    down by so many millimetres.
    """

    selection: Selection
    template: str
    start: int = 1
    offset: tuple[float, float] = (0.0, 0.0)
    has_ruler: bool = False
    has_test_cell: bool = False


def make_run(market: Market, *, values: RunValues, actor: Actor) -> PrintRun:
    """Make a run of all that the selection needs; stickers that wait are taken into it.

    Whoever makes a run in the same market at once waits, and finds those stalls taken.
    Raises NotFound for a template there is not; Invalid, with the numbers, where there is
    nothing to print, the start is not on the sheet, or the template is too small.
    """
    account_switches.sweep(actor.at)
    template = get_template(values.template)
    _check_copies(values.selection.copies)
    needs = sticker_needs.list_needs(market, values.selection, actor=actor, lock=True)
    sticker_needs.refuse_empty(needs)
    run = _new_run(market, template, values, actor=actor)
    run.options["banks"] = {wanted.bin: wanted.bank_name for wanted in needs.wanted}
    check_job(sheet_job(run, printed_on=run.printed_on))
    db.session.add(run)
    db.session.flush()
    _fill(run, market, needs, actor=actor)
    # From here on the rows say it; thousands of stalls need not be held beside them.
    needs.wanted.clear()
    _look_through(run, template)
    _note(run, actor)
    return run


def _check_copies(copies: int) -> None:
    if not 1 <= copies <= MOST_COPIES:
        message = f"Số bản mỗi điểm phải từ 1 đến {MOST_COPIES}, không phải {copies}."
        raise Invalid(message, (Problem(message, field="copies"),))


def _new_run(market: Market, template: Template, values: RunValues, *, actor: Actor) -> PrintRun:
    selection = values.selection
    number = run_number(actor.today, _next_number(actor.today.year))
    return PrintRun(
        number=number,
        market_id=market.id,
        section_id=selection.section_id if selection.which is WhichStalls.SECTION else None,
        template=template.name,
        start_position=values.start,
        copies=selection.copies,
        options={
            "title": f"Tem QR – {market.name} – {number}",
            "which": str(selection.which),
            "order": str(selection.order),
            "offset": list(values.offset),
            "ruler": values.has_ruler,
            "test_cell": values.has_test_cell,
            "branding": branding_of_market(market.id, actor.today).as_json(),
        },
        state=RunState.MADE,
        made_at=actor.at,
        made_by_id=actor.user_id,
        printed_on=actor.today,
        release=drawing_release(),
    )


def _next_number(year: int) -> int:
    """One statement counts, so no two runs get the same number; undone with the run."""
    insert_row = insert_sqlite if db.engine.dialect.name == "sqlite" else insert_postgresql
    value = db.session.execute(
        insert_row(Counter)
        .values(name=f"print_runs:{year}", value=1)
        .on_conflict_do_update(index_elements=[Counter.name], set_={"value": Counter.value + 1})
        .returning(Counter.value)
    ).scalar_one()
    return int(value)


def _fill(run: PrintRun, market: Market, needs: Needs, *, actor: Actor) -> None:
    """Stickers with their places; texts are kept as they are now, also of those that waited."""
    places = count(1)
    shared = {"market_name": market.name, "hotline": hotline_of(market, actor.today)}
    waiting = _waiting(needs)
    rows = _new_rows(run, needs, places, waiting, shared=shared, actor=actor)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        db.session.execute(insert(Sticker), batch)
    db.session.flush()


def _new_rows(
    run: PrintRun,
    needs: Needs,
    places: Iterator[int],
    waiting: dict[int, Sticker],
    *,
    shared: dict[str, Any],
    actor: Actor,
) -> Iterator[dict[str, Any]]:
    """Rows of the new stickers in their order; those that wait are put into theirs meanwhile."""
    serials = iter(new_serials(sum(len(wanted.new_copies) for wanted in needs.wanted)))
    for wanted in needs.wanted:
        texts = {**shared, "stall_code": wanted.stall_code, "merchant_name": wanted.merchant_name}
        for sticker_id in wanted.queued:
            taken = {"run_id": run.id, "place": next(places), **texts}
            for name, value in taken.items():
                setattr(waiting[sticker_id], name, value)
        for copy_number in wanted.new_copies:
            yield {
                "serial": next(serials),
                "stall_id": wanted.stall_id,
                "account_id": wanted.account_id,
                "run_id": run.id,
                "place": next(places),
                "copy_number": copy_number,
                "state": StickerState.QUEUED,
                "queued_at": actor.at,
                **texts,
            }


def _waiting(needs: Needs) -> dict[int, Sticker]:
    ids = [sticker_id for wanted in needs.wanted for sticker_id in wanted.queued]
    rows = db.session.scalars(select(Sticker).where(Sticker.id.in_(ids)).with_for_update())
    return {sticker.id: sticker for sticker in rows}


def hotline_of(market: Market, today: date) -> str | None:
    """The hotline that stands on stickers made that day: of whoever runs the market."""
    return db.session.scalar(
        select(Operator.hotline)
        .join(MarketOperator, MarketOperator.operator_id == Operator.id)
        .where(
            MarketOperator.market_id == market.id,
            holds_on(MarketOperator, today),
        )
        .order_by(MarketOperator.id)
        .limit(1)
    )


def _look_through(run: PrintRun, template: Template) -> None:
    """Refuse what the template cannot hold; keep which texts a person must look at."""
    flags: list[Flag] = []
    flagged = 0
    for drawable in list_drawable(run, printed_on=run.printed_on):
        template.module_millimetres(symbol_size(drawable.sticker.payload))
        found = list(list_flags([drawable.sticker], template))
        flagged += bool(found)
        if len(flags) < MOST_FLAGS_KEPT:
            flags += found
    kept = [[flag.serial, flag.stall_code, list(flag.fields), str(flag.flaw)] for flag in flags]
    run.options = {**run.options, "flags": kept, "flagged": flagged}
    db.session.flush()


def _note(run: PrintRun, actor: Actor) -> None:
    serials = db.session.scalars(
        select(Sticker.serial).where(Sticker.run_id == run.id).order_by(Sticker.place)
    )
    audit.record(
        actor,
        "make",
        run,
        market_id=run.market_id,
        new={
            "number": run.number,
            "template": run.template,
            "start": run.start_position,
            "which": run.options["which"],
            "copies": run.copies,
            "serials": list(serials),
        },
    )
