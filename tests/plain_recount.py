"""A second way to count: rule by rule from the tables, day by day, stall by stall.

Written from the definitions of the indicators alone; nothing of the service's own counting
is used, and nothing is made quick.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.models.base import Base

HANOI = timezone(timedelta(hours=7))
USE_DAYS = 30
CONTRARY = ("other_account", "unknown_code", "missing", "old_account")
DENOMINATORS: Mapping[str, tuple[str, ...]] = {
    "a": ("trading",),
    "b": ("trading", "resting"),
    "c": ("trading", "resting", "vacant", "repair"),
}
RUNGS = ("counted", "account", "equipped", "displayed", "accepting", "in_use")

Row = Any


def day_of(moment: datetime) -> date:
    """The day in Việt Nam."""
    return moment.astimezone(HANOI).date()


def holds(row: Row, day: date) -> bool:
    """Whether a dated row holds on the day."""
    return bool(row.from_day <= day and (row.to_day is None or day < row.to_day))


def was_on(since: datetime | None, until: datetime | None, day: date) -> bool:
    """Whether something that began and ended at these moments was there at the day's end."""
    if since is None or day_of(since) > day:
        return False
    return until is None or day < day_of(until)


@dataclass(frozen=True, slots=True)
class Tables:
    """All rows that figures come from."""

    markets: Sequence[Row]
    closures: Sequence[Row]
    stalls: Sequence[Row]
    states: Sequence[Row]
    tenancies: Sequence[Row]
    accounts: Sequence[Row]
    stickers: Sequence[Row]
    codes: Sequence[Row]
    visits: Sequence[Row]

    @classmethod
    def read(cls, session: Session) -> "Tables":
        """As they are in the database now."""
        names = (
            "markets",
            "market_closures",
            "stalls",
            "stall_states",
            "tenancies",
            "payment_accounts",
            "stickers",
            "foreign_codes",
            "visits",
        )
        tables = [Base.metadata.tables[name] for name in names]
        return cls(*(session.execute(select(each).order_by(each.c.id)).all() for each in tables))


class PlainRecount:
    """Figures of any day from the rows; `stale_days` is the setting."""

    def __init__(self, tables: Tables, *, stale_days: int) -> None:
        self._tables = tables
        self._stale = timedelta(days=stale_days)

    def figures(self, market_id: int, day: date) -> dict[str, int]:
        """Every figure of a market, by the name of its column."""
        stalls = [row for row in self._tables.stalls if row.market_id == market_id]
        doing = {row.id: self._state(row.id, day) for row in stalls}
        there = {row.id: row for row in stalls if doing[row.id] not in (None, "closed")}
        fixed = {id_ for id_, row in there.items() if row.placement == "fixed"}
        found = {
            "points_total": len(fixed),
            "points_mobile": len(there) - len(fixed),
            **{
                f"points_{state}": sum(doing[id_] == state for id_ in fixed)
                for state in DENOMINATORS["c"]
            },
        }
        for name, states in DENOMINATORS.items():
            counted = {id_ for id_ in fixed if doing[id_] in states}
            found |= _ladder(f"{name}_stalls", [self.stall_level(id_, day) for id_ in counted])
            found |= _ladder(f"{name}_merchants", self._merchant_levels(counted, day))
        return found

    def area_figures(self, communes: Iterable[str], day: date) -> dict[str, int]:
        """The sums over the open markets of an area."""
        own = [row for row in self._tables.markets if row.commune_code in communes]
        pooled: dict[str, int] = {}
        for market in own:
            if market.opened_on is not None and market.opened_on > day:
                continue
            if any(row.market_id == market.id and holds(row, day) for row in self._tables.closures):
                continue
            for name, figure in self.figures(market.id, day).items():
                pooled[name] = pooled.get(name, 0) + figure
        return pooled

    def stall_level(self, stall_id: int, day: date) -> int:
        """The highest of its tenancies."""
        return max((self.level(row, day) for row in self._there(day, {stall_id})), default=0)

    def level(self, tenancy: Row, day: date) -> int:
        """The level of a tenancy on a day, the facts of later days unknown."""
        if not holds(tenancy, day):
            return 0
        bottom = 1 if self._has_account(tenancy.merchant_id, day) else 0
        visits = self._visits(tenancy, day)
        hanging = self._live(tenancy, day)
        old = self._unanswered_old_account(visits)
        if old is not None:
            hanging = {key: since for key, since in hanging.items() if since > old}
        if not hanging:
            return bottom
        proof = self._last_proof(tenancy, visits, set(hanging))
        if proof is None:
            return 2
        said = [_confirmation(visit) for visit in visits if _confirmation(visit) is not None]
        if not said or not said[-1] or day > proof + self._stale:
            return 3
        uses = [visit for visit in visits if visit.use_shown is not None]
        is_used = uses and uses[-1].use_shown and day <= uses[-1].day + timedelta(days=USE_DAYS)
        return 5 if is_used else 4

    def _state(self, stall_id: int, day: date) -> str | None:
        held = [row for row in self._tables.states if row.stall_id == stall_id and holds(row, day)]
        assert len(held) <= 1, "a stall does one thing a day"
        return str(held[0].state) if held else None

    def _there(self, day: date, stall_ids: set[int]) -> list[Row]:
        return [
            row for row in self._tables.tenancies if row.stall_id in stall_ids and holds(row, day)
        ]

    def _merchant_levels(self, stall_ids: set[int], day: date) -> list[int]:
        levels: dict[int, int] = {}
        for row in self._there(day, stall_ids):
            known = levels.get(row.merchant_id, 0)
            levels[row.merchant_id] = max(known, self.level(row, day))
        return list(levels.values())

    def _has_account(self, merchant_id: int, day: date) -> bool:
        return any(
            was_on(row.in_force_from, row.retired_at, day)
            for row in self._tables.accounts
            if row.merchant_id == merchant_id
        )

    def _live(self, tenancy: Row, day: date) -> dict[tuple[str, int], datetime]:
        """The codes that count, each with the moment since which it does."""
        accounts = {row.id: row for row in self._tables.accounts}
        found: dict[tuple[str, int], datetime] = {}
        for row in self._tables.stickers:
            account = accounts[row.account_id]
            if row.stall_id != tenancy.stall_id or account.merchant_id != tenancy.merchant_id:
                continue
            until = row.void_at or self._replaced_at(account)
            is_paid = self._has_account(tenancy.merchant_id, day)
            if is_paid and was_on(row.handed_out_at, until, day):
                found["sticker", row.id] = row.handed_out_at
        for row in self._tables.codes:
            if row.tenancy_id == tenancy.id and was_on(row.checked_at, row.removed_at, day):
                found["foreign", row.id] = row.checked_at
        return found

    def _replaced_at(self, account: Row) -> datetime | None:
        """When an account that is approved already takes this one's place, if any does."""
        return min(
            (
                row.in_force_from
                for row in self._tables.accounts
                if row.merchant_id == account.merchant_id
                and row.state == "approved"
                and row.becomes_preferred
                and not row.is_preferred
                and (row.in_force_from, row.id) > (account.in_force_from, account.id)
            ),
            default=None,
        )

    def _visits(self, tenancy: Row, day: date) -> list[Row]:
        """Those about this tenancy up to the day, in the order in which they took place."""
        own = [
            row
            for row in self._tables.visits
            if row.tenancy_id == tenancy.id and row.day <= day and holds(tenancy, row.day)
        ]
        return sorted(own, key=lambda row: (row.phone_at, row.id))

    def _unanswered_old_account(self, visits: Sequence[Row]) -> datetime | None:
        last: datetime | None = None
        for visit in visits:
            if visit.result == "old_account":
                last = visit.phone_at
            elif visit.result == "match":
                last = None
        return last

    def _last_proof(
        self, tenancy: Row, visits: Sequence[Row], hanging: set[tuple[str, int]]
    ) -> date | None:
        """The day of the last match, after the last contrary finding, of a code that hangs."""
        proof: date | None = None
        for visit in visits:
            if visit.result in CONTRARY:
                proof = None
            elif visit.result == "match":
                shown = hanging & set(self._live(tenancy, visit.day))
                if visit.sticker_id is not None:
                    shown &= {("sticker", visit.sticker_id)}
                elif visit.foreign_code_id is not None:
                    shown &= {("foreign", visit.foreign_code_id)}
                elif visit.payee_hash is not None:
                    shown -= self._codes_of_others(visit.payee_hash)
                proof = visit.day if shown else proof
        return proof

    def _codes_of_others(self, payee_hash: str) -> set[tuple[str, int]]:
        """Codes of banks and wallets that pay somebody else than a scan that names no code."""
        rows = self._tables.codes
        return {("foreign", row.id) for row in rows if row.payee_hash != payee_hash}


def _confirmation(visit: Row) -> bool | None:
    return True if visit.test_transfer_acknowledged else visit.accepts


def _ladder(prefix: str, levels: Sequence[int]) -> dict[str, int]:
    """How many there are, and how many have reached each rung."""
    return {
        f"{prefix}_{name}": sum(level >= rung for level in levels)
        for rung, name in enumerate(RUNGS)
    }
