"""Print runs: found, listed with their balance, given up where they were never printed.

Making a run (`run_making`), printing it (`printing`) and handing its stickers out
(`sticker_moves`) are three acts.
"""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Boolean, ColumnElement, and_, exists, false, func, select, update
from sqlalchemy.orm import joinedload

from market.documents.sheets import get_template
from market.documents.sticker_flags import Flag
from market.documents.sticker_text import TextFlaw
from market.domain.errors import Conflict, NotFound
from market.domain.pages import Page
from market.domain.print_runs import Balance, next_slot
from market.domain.roles import Permission
from market.domain.stickers import RunState, StickerState
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.stall import Stall
from market.models.sticker import PrintRun, Sticker
from market.models.user import User
from market.services import audit
from market.services.access import Actor, stall_condition
from market.services.paging import entities_page


def get_run(number: str, *, market: Market, actor: Actor, lock: bool = False) -> PrintRun:
    """A run of that market; NotFound where it holds a sticker outside the actor's scope."""
    query = (
        select(PrintRun)
        .where(PrintRun.number == number, *_visible(market, actor))
        .options(joinedload(PrintRun.section))
        .execution_options(populate_existing=True)
    )
    if lock:
        query = query.with_for_update(of=PrintRun)
    run = db.session.scalar(query)
    if run is None:
        raise NotFound("Không tìm thấy đợt in này.")
    return run


def list_runs(market: Market, number: int, *, actor: Actor) -> Page[PrintRun]:
    """A page of the market's runs, the newest first."""
    query = (
        select(PrintRun)
        .where(*_visible(market, actor))
        .options(joinedload(PrintRun.section))
        .order_by(PrintRun.made_at.desc(), PrintRun.id.desc())
    )
    return entities_page(query, number)


def find_last_run(market: Market, template: str, *, actor: Actor) -> PrintRun | None:
    """The newest run on such sheets that was not given up."""
    return db.session.scalar(
        select(PrintRun)
        .where(
            *_visible(market, actor),
            PrintRun.template == template,
            PrintRun.state != RunState.CANCELLED,
        )
        .order_by(PrintRun.made_at.desc(), PrintRun.id.desc())
        .limit(1)
    )


def free_slot_after(run: PrintRun) -> int:
    """The first free label of the run's last sheet; 1 where nothing is left of it."""
    last_place = db.session.scalar(select(func.max(Sticker.place)).where(Sticker.run_id == run.id))
    used = (last_place or 0) + bool(run.options.get("test_cell"))
    return next_slot(run.start_position, used, get_template(run.template).labels_per_page)


def list_items(run: PrintRun, number: int, *, state: StickerState | None = None) -> Page[Sticker]:
    """A page of the run's stickers in their places; account and bank loaded."""
    query = (
        select(Sticker)
        .where(Sticker.run_id == run.id)
        .options(joinedload(Sticker.account).joinedload(PaymentAccount.bank))
        .order_by(Sticker.place)
    )
    if state is not None:
        query = query.where(Sticker.state == state)
    return entities_page(query, number)


def balance(run: PrintRun) -> Balance:
    """Where the run's stickers are now."""
    return balances([run])[run.id]


def balances(runs: Iterable[PrintRun]) -> dict[int, Balance]:
    """The balance of each run; one query."""
    reached_paper = Sticker.printed_at.is_not(None)
    ids = [run.id for run in runs]
    rows = db.session.execute(
        select(Sticker.run_id, Sticker.state, reached_paper.label("printed"), func.count())
        .where(Sticker.run_id.in_(ids))
        .group_by(Sticker.run_id, Sticker.state, reached_paper)
    )
    printed: dict[int, Tally[StickerState]] = defaultdict(Tally)
    unprinted: Tally[int] = Tally()
    for run_id, state, is_printed, number in rows:
        if is_printed:
            printed[run_id][state] += number
        else:
            unprinted[run_id] += number
    return {run_id: Balance.of(printed[run_id], unprinted=unprinted[run_id]) for run_id in ids}


def names_of(runs: Iterable[PrintRun]) -> dict[int | None, str]:
    """Who made and printed these runs, by user."""
    ids = {user_id for run in runs for user_id in (run.made_by_id, run.printed_by_id)}
    rows = db.session.execute(select(User.id, User.display_name).where(User.id.in_(ids)))
    return {user_id: name for user_id, name in rows}


def flags_of(run: PrintRun) -> list[Flag]:
    """Texts that a person must look at before the run is printed; the first ones where many."""
    return [
        Flag(serial, stall_code, tuple(fields), TextFlaw(flaw))
        for serial, stall_code, fields, flaw in run.options.get("flags", ())
    ]


def cancel(number: str, *, market: Market, actor: Actor) -> PrintRun:
    """Give up a run that was never printed.

    Reissues go back to waiting; the other stickers are dropped on this day. None reached
    paper, so no balance changes. Raises Conflict for a run that was printed.
    """
    run = get_run(number, market=market, actor=actor, lock=True)
    if run.state is not RunState.MADE:
        raise Conflict("Chỉ bỏ được đợt chưa in. Tem đã in thì ghi in hỏng hoặc hủy từng tem.")
    waiting = and_(Sticker.run_id == run.id, Sticker.state == StickerState.QUEUED)
    again = {"version": Sticker.version + 1}
    db.session.execute(
        update(Sticker)
        .where(waiting, Sticker.replaces_id.is_not(None))
        .values(run_id=None, place=None, **again)
    )
    db.session.execute(
        update(Sticker)
        .where(waiting)
        .values(state=StickerState.SPOILED, spoiled_at=actor.at, **again)
    )
    run.state = RunState.CANCELLED
    audit.record(
        actor,
        "cancel",
        run,
        market_id=market.id,
        old={"state": str(RunState.MADE)},
        new={"state": str(RunState.CANCELLED)},
    )
    return run


def _visible(market: Market, actor: Actor) -> tuple[ColumnElement[bool], ...]:
    """Runs of the market; none that holds a sticker of a stall outside the actor's part."""
    # A stall without section is in nobody's section: its condition is unknown, not false.
    mine = func.coalesce(stall_condition(actor, Permission.PRINT_STICKERS), false(), type_=Boolean)
    foreign = exists().where(
        Sticker.run_id == PrintRun.id,
        Sticker.stall_id == Stall.id,
        Stall.market_id == Market.id,
        ~mine,
    )
    return (PrintRun.market_id == market.id, ~foreign)
