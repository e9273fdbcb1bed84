"""The list of stalls as a file: one row for each merchant at each stall, on any day."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    Select,
    and_,
    bindparam,
    select,
)

from market.documents.report_columns import STALL_COLUMNS
from market.documents.tables import Cell, Column, Row
from market.domain.calendar import ICT
from market.domain.errors import Invalid
from market.domain.levels import Level
from market.domain.roles import Permission
from market.domain.stalls import StallState
from market.extensions import db
from market.models.account import BankEntry, PaymentAccount
from market.models.market import Market, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import BusinessLine, Stall, StallStateSpan
from market.models.visit import Visit
from market.services import coverage, market_lines, missing_stalls, recorded_days
from market.services.access import Actor, market_condition, stall_condition
from market.services.dated_facts import holds_on
from market.services.market_lines import MarketChoice
from market.services.missing_stalls import MissingFilter
from market.services.plain_rows import plain_rows
from market.services.stall_days import STICKER_ORDER, account_on, last_visit, level_on, sticker_on

NAMES = [column.name for column in STALL_COLUMNS]
LINE, LEVEL, BANK, STICKER = map(NAMES.index, ("line", "level", "bank", "sticker_state"))
# A query for each market would cost as much as its rows; so few never hold many rows.
MARKETS_AT_ONCE = 8
MARKETS = "markets"
AS_ONE_WALKS = (
    Section.id.is_(None),
    Section.walking_order,
    Section.name_key,
    Stall.sort_key,
    Stall.id,
    Tenancy.from_day,
    Tenancy.id,
)


@dataclass(frozen=True, slots=True)
class StallChoice:
    """Which stalls are asked for: of which markets, perhaps only those still missing."""

    markets: MarketChoice
    missing: MissingFilter | None = None


def chosen_columns(names: Sequence[str] | None) -> tuple[Column, ...]:
    """The columns of those names, in the order of the file; all of them without names.

    Raises Invalid for a name that is no column.
    """
    if not names:
        return STALL_COLUMNS
    known = {column.name: column for column in STALL_COLUMNS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Invalid(
            f"Không có cột {', '.join(unknown)[:60]}. Các cột có thể chọn: {', '.join(known)}."
        )
    return tuple(column for column in STALL_COLUMNS if column.name in names)


def stall_rows(
    actor: Actor, on: date, *, choice: StallChoice, columns: Sequence[Column] = STALL_COLUMNS
) -> Iterator[Row]:
    """The rows, market by market, as one walks; only a few markets are held at a time.

    Raises Invalid for a day to come or before the first record.
    """
    markets = and_(choice.markets.area(), market_condition(actor, Permission.READ_REPORTS))
    recorded_days.check_day(markets, on, today=actor.today)
    return _rows(_query(actor, on, choice), _market_ids(actor, on, choice.markets), columns)


def _market_ids(actor: Actor, on: date, choice: MarketChoice) -> Sequence[int]:
    """The chosen markets by name; their figures are read only where the choice asks for them."""
    if choice.is_narrowed:
        lines = market_lines.list_lines(actor, on, choice=choice)
        return [line.id for line in lines if choice.takes(line)]
    return db.session.scalars(
        select(Market.id)
        .where(
            choice.area(),
            market_condition(actor, Permission.READ_REPORTS),
            coverage.is_open(on),
        )
        .order_by(Market.sort_key, Market.id)
    ).all()


def _rows(
    query: Select[Any], market_ids: Sequence[int], columns: Sequence[Column]
) -> Iterator[Row]:
    places = [STALL_COLUMNS.index(column) for column in columns]
    chosen = itemgetter(*places) if len(places) > 1 else lambda cells: (cells[places[0]],)
    names = _names()
    for some, rows in _batches(query, market_ids):
        turns = {market_id: turn for turn, market_id in enumerate(some)}
        # Python's sort keeps the order in which one walks within each market.
        for row in sorted(rows, key=lambda row: turns[row[-1]]):
            yield chosen(_cells(row, names))


def _batches(
    query: Select[Any], market_ids: Sequence[int]
) -> Iterator[tuple[Sequence[int], Sequence[Any]]]:
    """A few markets at a time with their rows; the next ones are read while these are written.

    The session must rest meanwhile.
    """
    session = db.session()

    def read(some: Sequence[int]) -> Sequence[Any]:
        return plain_rows(session, query, {MARKETS: some})

    batches = [
        market_ids[start : start + MARKETS_AT_ONCE]
        for start in range(0, len(market_ids), MARKETS_AT_ONCE)
    ]
    if session.get_bind().dialect.name == "sqlite":
        # Its work is done in this process: there is nobody to wait for.
        yield from ((some, read(some)) for some in batches)
        return
    with ThreadPoolExecutor(1) as reader:
        coming: Future[Sequence[Any]] | None = None
        for some, following in pairwise([[], *batches, []]):
            rows = () if coming is None else coming.result()
            coming = reader.submit(copy_context().run, read, following) if following else None
            if some:
                yield some, rows


def _names() -> dict[int, dict[str, str]]:
    """By column, the names of what rows hold as a code: joined to each they would cost a join."""
    lines = db.session.execute(select(BusinessLine.code, BusinessLine.name)).tuples()
    banks = db.session.execute(select(BankEntry.bin, BankEntry.short_name)).tuples()
    return {LINE: dict(lines.all()), BANK: dict(banks.all())}


def _cells(row: Any, names: Mapping[int, Mapping[str, str]]) -> list[Cell]:
    cells = list(row[:-1])
    for column, known in names.items():
        cells[column] = known.get(cells[column])
    cells[LEVEL] = cells[LEVEL] or Level.NONE
    cells[STICKER] = STICKER_ORDER[cells[STICKER] or 0]
    return cells


def _query(actor: Actor, on: date, choice: StallChoice) -> Select[Any]:
    """The cells in the order of STALL_COLUMNS, and the market's id, of the markets `MARKETS`.

    In place of a line of business and a bank stand their codes.
    """
    end = datetime.combine(on + timedelta(days=1), time(), ICT)
    here = and_(Tenancy.stall_id == Stall.id, holds_on(Tenancy, on))
    among: BindParameter[Sequence[int]] = bindparam(MARKETS, expanding=True)
    query = (
        select(*_asked(on, end), Stall.market_id)
        .select_from(Stall)
        # Told of each table: a planner that knows it of stalls alone reads the others whole.
        .join(Market, and_(Market.id == Stall.market_id, Market.id.in_(among)))
        .join(
            StallStateSpan, and_(StallStateSpan.stall_id == Stall.id, holds_on(StallStateSpan, on))
        )
        .outerjoin(Section, and_(Section.id == Stall.section_id, Section.market_id.in_(among)))
        .outerjoin(Tenancy, here)
        .outerjoin(Merchant, Merchant.id == Tenancy.merchant_id)
        .outerjoin(PaymentAccount, PaymentAccount.id == account_on(end))
        .outerjoin(Visit, Visit.id == last_visit(on))
        .where(
            Stall.market_id.in_(among),
            stall_condition(actor, Permission.READ_REPORTS),
            StallStateSpan.state != StallState.CLOSED,
        )
        .order_by(*AS_ONE_WALKS)
    )
    missing = choice.missing
    return query if missing is None else query.where(missing_stalls.is_missing(missing))


def _asked(on: date, end: datetime) -> list[Any]:
    return [
        Market.code.label("market_code"),
        Market.name.label("market"),
        Section.name.label("section"),
        Stall.code.label("stall"),
        Stall.line_code,
        Stall.placement,
        StallStateSpan.state,
        Merchant.display_name.label("merchant"),
        level_on(on),
        PaymentAccount.bin,
        PaymentAccount.number_last4.label("last4"),
        sticker_on(end).label("sticker"),
        Visit.day.label("last_check"),
        Visit.result.label("last_result"),
    ]
