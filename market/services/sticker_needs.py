"""Which stalls of a market get a sticker in the next run, and why the others get none."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from sys import intern
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, true

from market.domain.errors import Invalid, Problem
from market.domain.print_runs import RunOrder, Standing, WhichStalls
from market.domain.roles import Permission
from market.domain.stalls import StallState
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.models.sticker import PrintRun, Sticker
from market.services import accounts
from market.services.access import Actor, stall_condition
from market.services.stalls import code_key
from market.services.sticker_tenants import ON_PAPER, Present, present_at, tenants_of

SELLING = (StallState.TRADING, StallState.RESTING)
MOST_NAMED = 10
NOTHING = Present()
# What nearly every stall gets: one tuple for all of them.
FIRST_COPY = (1,)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which stalls a run is for.

    `codes` are those of chosen stalls as typed, `run` the number of an earlier run.
    `with_equipped` prints for stalls too that have a sticker: more copies of it.
    """

    which: WhichStalls = WhichStalls.ALL
    section_id: int | None = None
    codes: tuple[str, ...] = ()
    run: str | None = None
    copies: int = 1
    with_equipped: bool = False
    order: RunOrder = RunOrder.WALK


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one merchant at one stall gets: stickers that wait already, and new copies."""

    stall_id: int
    stall_code: str
    section_id: int | None
    merchant_name: str
    account_id: int
    bin: str
    bank_name: str
    queued: tuple[int, ...]
    new_copies: tuple[int, ...]

    @property
    def stickers(self) -> int:
        """How many there will be."""
        return len(self.queued) + len(self.new_copies)


@dataclass(slots=True)
class Needs:
    """What a run would hold, in the order of printing, and the stalls that get nothing."""

    wanted: list[Wanted] = field(default_factory=list)
    left_out: dict[Standing, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def stickers(self) -> int:
        """How many stickers."""
        return sum(wanted.stickers for wanted in self.wanted)

    @property
    def labels(self) -> list[str]:
        """The stall code on each sticker, in the order of printing."""
        return [wanted.stall_code for wanted in self.wanted for _ in range(wanted.stickers)]

    def by_section(self) -> Counter[int | None]:
        """How many stickers each section gets."""
        counted: Counter[int | None] = Counter()
        for wanted in self.wanted:
            counted[wanted.section_id] += wanted.stickers
        return counted


def list_needs(market: Market, selection: Selection, *, actor: Actor, lock: bool = False) -> Needs:
    """What the selection comes to now; raises Invalid for codes the market does not have.

    `lock` keeps anybody else from making a run in this market, or taking one of its
    accounts out of force, until the transaction ends.
    """
    if lock:
        _lock(market, actor)
    condition = _condition(market, selection, actor=actor)
    present = present_at(market)
    needs = Needs()
    for row in tenants_of(market, condition, order=selection.order, actor=actor):
        _place(needs, row, present.get((row.stall_id, row.account_id), NOTHING), selection)
    return needs


def refuse_empty(needs: Needs) -> None:
    """Raise Invalid, with the numbers, where there is nothing to print."""
    if needs.wanted:
        return
    counted = [
        f"{len(codes)} {standing.label[0].lower()}{standing.label[1:]}"
        for standing, codes in needs.left_out.items()
    ]
    why = f" Trong các điểm đã chọn: {', '.join(counted)}." if counted else ""
    raise Invalid(f"Không có điểm kinh doanh nào cần in tem.{why}")


def _lock(market: Market, actor: Actor) -> None:
    db.session.execute(
        select(Market.id).where(Market.id == market.id).with_for_update(key_share=True)
    )
    traders = (
        select(Tenancy.merchant_id)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(Stall.market_id == market.id)
    )
    in_force = (
        select(PaymentAccount.id)
        .where(accounts.in_force(actor.at), PaymentAccount.merchant_id.in_(traders))
        .order_by(PaymentAccount.id)
        .with_for_update(read=True)
    )
    db.session.execute(select(func.count()).select_from(in_force.subquery()))


def _condition(market: Market, selection: Selection, *, actor: Actor) -> ColumnElement[bool]:
    match selection.which:
        case WhichStalls.ALL:
            return true()
        case WhichStalls.SECTION:
            return Stall.section_id == selection.section_id
        case WhichStalls.CHOSEN:
            return Stall.id.in_(_chosen(market, selection.codes, actor=actor))
        case WhichStalls.RUN:
            return Stall.id.in_(
                select(Sticker.stall_id)
                .join(PrintRun, PrintRun.id == Sticker.run_id)
                .where(
                    PrintRun.number == selection.run,
                    PrintRun.market_id == market.id,
                    Sticker.state.in_(ON_PAPER),
                )
            )


def _chosen(market: Market, codes: Sequence[str], *, actor: Actor) -> list[int]:
    wanted = {code_key(code): code for code in codes}
    if not wanted:
        raise _invalid("Hãy ghi mã của ít nhất một điểm kinh doanh.")
    rows = db.session.execute(
        select(Stall.code_key, Stall.id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Stall.market_id == market.id,
            Stall.code_key.in_(wanted),
            stall_condition(actor, Permission.PRINT_STICKERS),
        )
    )
    found = {row.code_key: row.id for row in rows}
    if unknown := [code for key, code in wanted.items() if key not in found]:
        raise _invalid(f"Chợ không có điểm kinh doanh mang mã {name_some(unknown)}.")
    return list(found.values())


def name_some(codes: Sequence[str]) -> str:
    """The first codes of a list, and how many more there are."""
    named = ", ".join(islice(codes, MOST_NAMED))
    more = len(codes) - MOST_NAMED
    return f"{named} và {more} điểm khác" if more > 0 else named


def _place(needs: Needs, row: Row[Any], present: Present, selection: Selection) -> None:
    standing = _standing(row, present, selection)
    if standing is not Standing.DUE:
        needs.left_out[standing].append(row.code)
        return
    is_extra = selection.with_equipped or selection.which is WhichStalls.RUN
    has_any = bool(present.on_paper or present.in_run)
    new = 0 if has_any and not is_extra else max(0, selection.copies - len(present.queued))
    needs.wanted.append(
        Wanted(
            stall_id=row.stall_id,
            stall_code=row.code,
            section_id=row.section_id,
            merchant_name=row.display_name,
            account_id=row.account_id,
            # Thousands of stalls share a few banks.
            bin=intern(row.bin),
            bank_name=intern(row.short_name),
            queued=tuple(present.queued),
            new_copies=_free_numbers(present.copies, new),
        )
    )


def _standing(row: Row[Any], present: Present, selection: Selection) -> Standing:
    if row.state not in SELLING:
        return Standing.NOT_TRADING
    if row.tenancy_id is None:
        return Standing.NO_TENANT
    if row.account_id is None:
        return Standing.NO_ACCOUNT
    if present.queued or selection.with_equipped or selection.which is WhichStalls.RUN:
        return Standing.DUE
    if present.on_paper:
        return Standing.EQUIPPED
    return Standing.IN_RUN if present.in_run else Standing.DUE


def _free_numbers(taken: Iterable[int], number: int) -> tuple[int, ...]:
    gone = set(taken)
    if number == 1 and not gone:
        return FIRST_COPY
    return tuple(islice((copy for copy in count(1) if copy not in gone), number))


def _invalid(message: str) -> Invalid:
    return Invalid(message, (Problem(message, field="codes"),))
