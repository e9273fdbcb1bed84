"""Writing levels and counts: only the rows that differ from what is stored."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby
from operator import attrgetter, sub
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Compiled,
    Date,
    Delete,
    Dialect,
    Insert,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from market.domain.counts import DayCounts, TenancyLevels
from market.domain.coverage import FIGURE_NAMES, NOTHING
from market.domain.levels import Level, Steps
from market.models.base import Base
from market.models.coverage import CoverageDay, CoverageMonth, TenancyLevel

Figures = tuple[int, ...]
figures_of: Callable[[Any], Figures] = attrgetter(*FIGURE_NAMES)
# Written as plain tables: thousands of rows a time need no entities.
LEVELS = Base.metadata.tables[TenancyLevel.__tablename__]
DAYS = Base.metadata.tables[CoverageDay.__tablename__]
MONTHS = Base.metadata.tables[CoverageMonth.__tablename__]
# Put together once: naming forty-two columns takes longer than reading a few rows of them.
DAY_ROWS = select(DAYS.c.day, *(DAYS.c[name] for name in FIGURE_NAMES)).order_by(DAYS.c.day)
MONTH_ROWS = select(MONTHS.c.month, *(MONTHS.c[name] for name in FIGURE_NAMES))


@lru_cache(maxsize=4)
def _adding(dialect: Dialect) -> Compiled:
    """Add to what a month has; compiled here once, for SQLAlchemy keeps no ON CONFLICT compiled."""
    statement = (sqlite if dialect.name == "sqlite" else postgresql).insert(MONTHS)
    sums = {name: MONTHS.c[name] + statement.excluded[name] for name in FIGURE_NAMES}
    adding = statement.on_conflict_do_update(index_elements=["market_id", "month"], set_=sums)
    compiled: Compiled = adding.compile(dialect=dialect, column_keys=MONTHS.c.keys())
    return compiled


def _repeating() -> Insert:
    """A row on a day that has none: its figures are those of the row before."""
    has_row = DAYS.alias()
    last = (
        select(
            bindparam("of"), bindparam("on", type_=Date), *(DAYS.c[name] for name in FIGURE_NAMES)
        )
        .where(DAYS.c.market_id == bindparam("of"), DAYS.c.day < bindparam("on"))
        .where(
            ~exists().where(
                has_row.c.market_id == bindparam("of"), has_row.c.day == bindparam("on")
            )
        )
        .order_by(DAYS.c.day.desc())
        .limit(1)
    )
    return insert(DAYS).from_select(["market_id", "day", *FIGURE_NAMES], last)


def _dropping() -> Delete:
    """The rows of some days that say what the row before them says."""
    before, earlier = DAYS.alias(), DAYS.alias()
    newest = (
        select(func.max(earlier.c.day))
        .where(earlier.c.market_id == DAYS.c.market_id, earlier.c.day < DAYS.c.day)
        .correlate(DAYS)
    )
    return delete(DAYS).where(
        DAYS.c.market_id == bindparam("of"),
        DAYS.c.day.in_(bindparam("on_days", expanding=True)),
        exists()
        .where(
            before.c.market_id == DAYS.c.market_id,
            before.c.day == newest.scalar_subquery(),
            # One sum: forty-two conditions take the planner longer than the rest of it.
            sum((func.abs(before.c[name] - DAYS.c[name]) for name in FIGURE_NAMES), literal(0))
            == 0,
        )
        .correlate(DAYS),
    )


REPEAT_THE_ROW_BEFORE = _repeating()
DROP_WHAT_REPEATS = _dropping()
ADDED = [f"more_{name}" for name in FIGURE_NAMES]
ADD_TO_DAYS = (
    update(DAYS)
    .where(
        DAYS.c.market_id == bindparam("of"),
        DAYS.c.day >= bindparam("since"),
        DAYS.c.day < bindparam("until"),
    )
    .values(
        {
            name: DAYS.c[name] + bindparam(more)
            for name, more in zip(FIGURE_NAMES, ADDED, strict=True)
        }
    )
)


def levels_of(session: Session, market_id: int) -> dict[tuple[int, date], Level]:
    """All stored levels of the market's tenancies, by tenancy and day."""
    rows = session.execute(
        select(TenancyLevel.tenancy_id, TenancyLevel.day, TenancyLevel.level).where(
            TenancyLevel.market_id == market_id
        )
    )
    return {(tenancy_id, day): level for tenancy_id, day, level in rows}


def days_of(session: Session, market_id: int) -> dict[date, Figures]:
    """All stored counts of the market, in the order of their days."""
    return _stored_days(session, CoverageDay.market_id == market_id)


def write_levels(session: Session, market_id: int, tenancies: Iterable[TenancyLevels]) -> None:
    """Make the stored levels of the market those of its tenancies, and nothing besides."""
    _replace_levels(session, market_id, levels_of(session, market_id), tenancies)


def replace_steps(
    session: Session,
    market_id: int,
    stored: Mapping[int, Steps],
    tenancies: Iterable[TenancyLevels],
) -> None:
    """Write the levels of some tenancies of the market; `stored` are their steps until now."""
    known = {(tenancy_id, day): level for tenancy_id in stored for day, level in stored[tenancy_id]}
    _replace_levels(session, market_id, known, tenancies)


def months_of(days: Iterable[DayCounts]) -> dict[date, Figures]:
    """By how much the counts change within each month, by its first day; the days in order."""
    found: dict[date, Figures] = {}
    before = NOTHING.figures
    for month, entries in groupby(days, key=lambda entry: entry.day.replace(day=1)):
        *_, last = entries
        moved = tuple(map(sub, last.counts.figures, before))
        if any(moved):
            found[month] = moved
        before = last.counts.figures
    return found


def stored_months(session: Session, market_id: int) -> dict[date, Figures]:
    """All stored changes of the market within a month; some may have come to nothing."""
    return _stored_months(session, MONTHS.c.market_id == market_id)


def write_days(session: Session, market_id: int, days: Sequence[DayCounts]) -> None:
    """Make the stored counts of the market these, and nothing besides."""
    _replace_months(session, market_id, stored_months(session, market_id), months_of(days))
    wanted = {entry.day: entry.counts.figures for entry in days}
    stored = days_of(session, market_id)
    gone = [day for day, figures in stored.items() if wanted.get(day) != figures]
    new = {day: figures for day, figures in wanted.items() if stored.get(day) != figures}
    _delete_days(session, market_id, gone)
    _insert_days(session, market_id, new)


def carry(session: Session, market_id: int, differences: Sequence[DayCounts]) -> None:
    """Add differences to the stored counts of the market, each from its day to the next.

    Gives the rows that counting the market anew would give: a day on which nothing
    changes any more loses its row.
    """
    if not differences:
        return
    connection = session.connection()
    days = [entry.day for entry in differences]
    connection.execute(REPEAT_THE_ROW_BEFORE, [{"of": market_id, "on": day} for day in days])
    ends = [*days[1:], date.max]
    added = [
        {"of": market_id, "since": entry.day, "until": end, **_more(entry.counts.figures)}
        for entry, end in zip(differences, ends, strict=True)
        if any(entry.counts.figures)
    ]
    connection.execute(ADD_TO_DAYS, added)
    connection.execute(DROP_WHAT_REPEATS, {"of": market_id, "on_days": days})
    _add_months(session, market_id, months_of(differences))


def _add_months(session: Session, market_id: int, moved: Mapping[date, Figures]) -> None:
    rows = [_month_row(market_id, month, figures) for month, figures in moved.items()]
    if rows:
        connection = session.connection()
        connection.execute(_adding(connection.dialect), rows)  # type: ignore[call-overload]


def _month_row(market_id: int, month: date, figures: Figures) -> dict[str, Any]:
    named = zip(FIGURE_NAMES, figures, strict=True)
    return {"market_id": market_id, "month": month, **dict(named)}


def _replace_months(
    session: Session,
    market_id: int,
    stored: Mapping[date, Figures],
    wanted: Mapping[date, Figures],
) -> None:
    gone = [month for month, figures in stored.items() if wanted.get(month) != figures]
    if gone:
        session.execute(
            delete(MONTHS).where(MONTHS.c.market_id == market_id, MONTHS.c.month.in_(gone))
        )
    rows = [
        _month_row(market_id, month, figures)
        for month, figures in wanted.items()
        if stored.get(month) != figures and any(figures)
    ]
    if rows:
        session.connection().execute(insert(MONTHS), rows)


def _stored_months(session: Session, *conditions: ColumnElement[bool]) -> dict[date, Figures]:
    rows = session.execute(MONTH_ROWS.where(*conditions)).tuples()
    return {month: tuple(figures) for month, *figures in rows}


def _replace_levels(
    session: Session,
    market_id: int,
    stored: Mapping[tuple[int, date], Level],
    tenancies: Iterable[TenancyLevels],
) -> None:
    wanted = {(each.tenancy.id, day): level for each in tenancies for day, level in each.steps}
    gone = [key for key, level in stored.items() if wanted.get(key) is not level]
    if gone:
        one = (LEVELS.c.tenancy_id == bindparam("of"), LEVELS.c.day == bindparam("on"))
        keys = [{"of": tenancy_id, "on": day} for tenancy_id, day in gone]
        session.connection().execute(delete(LEVELS).where(*one), keys)
    rows = [
        {"tenancy_id": key[0], "day": key[1], "market_id": market_id, "level": level}
        for key, level in wanted.items()
        if stored.get(key) is not level
    ]
    if rows:
        session.connection().execute(insert(LEVELS), rows)


def _stored_days(session: Session, *conditions: ColumnElement[bool]) -> dict[date, Figures]:
    rows = session.execute(DAY_ROWS.where(*conditions)).tuples()
    return {day: tuple(figures) for day, *figures in rows}


def _more(figures: Figures) -> dict[str, int]:
    return dict(zip(ADDED, figures, strict=True))


def _delete_days(session: Session, market_id: int, days: Sequence[date]) -> None:
    if days:
        session.execute(
            delete(CoverageDay)
            .where(CoverageDay.market_id == market_id, CoverageDay.day.in_(days))
            .execution_options(synchronize_session=False)
        )


def _insert_days(session: Session, market_id: int, days: Mapping[date, Figures]) -> None:
    rows = [
        {"market_id": market_id, "day": day, **dict(zip(FIGURE_NAMES, figures, strict=True))}
        for day, figures in days.items()
    ]
    if rows:
        session.connection().execute(insert(DAYS), rows)
