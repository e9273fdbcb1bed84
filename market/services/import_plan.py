"""What an imported list would do to the register, as plain values; nothing of it is written."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field

from market.domain.import_rows import (
    Change,
    Part,
    RowPlan,
    WantedAccount,
    WantedMerchant,
    WantedStall,
)
from market.domain.imports import RowKind
from market.domain.stalls import StallState
from market.services.import_register import (
    KnownAccount,
    KnownMerchant,
    KnownStall,
    KnownTenancy,
)


@dataclass(eq=False, slots=True)
class MerchantPlan:
    """A merchant to enter, to change or to leave as they are.

    `account` is to be entered, `withdrawn` the waiting one whose place it takes.
    """

    wanted: WantedMerchant
    known: KnownMerchant | None
    row: int
    changes: list[Change] = field(default_factory=list)
    account: WantedAccount | None = None
    withdrawn: KnownAccount | None = None

    @property
    def parts(self) -> set[Part]:
        """What changes of the merchant's own record."""
        return {change.part for change in self.changes} - {Part.ACCOUNT}


@dataclass(eq=False, slots=True)
class StallPlan:
    """A stall to enter, to change or to leave as it is.

    `state` is None where it stays; `tenants` begin to trade there, `ends` are the tenancies
    this closes. `people` are all whom the list puts there.
    """

    row: int
    wanted: WantedStall
    known: KnownStall | None
    changes: list[Change] = field(default_factory=list)
    state: StallState | None = None
    people: list[MerchantPlan] = field(default_factory=list)
    tenants: list[tuple[int, MerchantPlan]] = field(default_factory=list)
    ends: list[KnownTenancy] = field(default_factory=list)

    @property
    def parts(self) -> set[Part]:
        """What changes of the stall's own record."""
        return {change.part for change in self.changes} - {Part.STATE, Part.MERCHANT}


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a list would do; stalls are in the order of their keys.

    `unnamed` are stalls of the market that the list leaves out: they stay as they are.
    `points` is how many fixed ones the market would have.
    """

    rows: tuple[RowPlan, ...]
    stalls: tuple[StallPlan, ...]
    merchants: tuple[MerchantPlan, ...]
    unnamed: tuple[str, ...]
    points: int

    @property
    def counts(self) -> dict[str, int]:
        """Points, merchants, vacant points, merchants with an account; rows by kind."""
        kinds = Counter(row.kind for row in self.rows)
        return {
            "stalls": len(self.stalls),
            "merchants": len(self.merchants),
            "vacant": sum(plan.wanted.state is StallState.VACANT for plan in self.stalls),
            "accounts": sum(plan.wanted.account is not None for plan in self.merchants),
            **{kind.value: kinds[kind] for kind in RowKind},
        }

    @property
    def digest(self) -> str:
        """Tells two plans apart that would not do the same; warnings do nothing."""
        told = [
            (
                row.number,
                row.kind,
                [(change.part, change.old, change.new) for change in row.changes],
                [problem.code for problem in row.errors],
            )
            for row in self.rows
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()
