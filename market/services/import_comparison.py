"""A list against the register: what each row would change, worked out before anything is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from market.domain.calendar import format_day
from market.domain.errors import Problem
from market.domain.import_rows import (
    Change,
    Part,
    RowPlan,
    WantedMerchant,
    WantedRow,
    WantedStall,
)
from market.domain.imports import RowKind
from market.domain.stalls import Placement, StallState
from market.services.import_changes import (
    Words,
    change_of_account,
    changes_of_merchant,
    changes_of_stall,
)
from market.services.import_plan import MerchantPlan, Plan, StallPlan
from market.services.import_register import KnownMerchant, KnownStall, Register

EMPTY_STATES = (StallState.VACANT, StallState.CLOSED)
# What a list that says nothing of states leaves as it is.
STATES_WITH_TENANT = (StallState.TRADING, StallState.RESTING, StallState.REPAIR)


def make_plan(
    rows: Sequence[WantedRow], register: Register, *, effective_on: date, words: Words
) -> Plan:
    """Compare a checked list with the register.

    A row that would have to change what was recorded for a later day gets the error
    `before_register` and is left out like the others with errors.
    """
    while True:
        comparison = _Comparison(register, effective_on, words)
        comparison.compare(rows)
        if not comparison.too_early:
            return comparison.plan(rows)
        rows = [_refused(row, comparison.too_early.get(row.number)) for row in rows]


def _refused(row: WantedRow, problem: Problem | None) -> WantedRow:
    return row if problem is None else replace(row, errors=(*row.errors, problem))


class _Comparison:
    """One pass over the rows of a list."""

    def __init__(self, register: Register, effective_on: date, words: Words) -> None:
        self._register = register
        self._effective_on = effective_on
        self._words = words
        self._stalls: dict[str, StallPlan] = {}
        self._of_row: dict[int, list[StallPlan]] = {}
        self._by_wanted: dict[WantedMerchant, MerchantPlan] = {}
        self._by_known: dict[int, MerchantPlan] = {}
        self.too_early: dict[int, Problem] = {}

    def compare(self, rows: Sequence[WantedRow]) -> None:
        """Plan every row that has no error; then who comes to and leaves each stall."""
        good = [row for row in rows if not row.errors]
        places = _places(good)
        for row in good:
            self._of_row[row.number] = [
                self._plan_stall(row, stall, places) for stall in row.stalls
            ]
        for plan in self._stalls.values():
            self._plan_tenants(plan)

    def plan(self, rows: Sequence[WantedRow]) -> Plan:
        """What was found, with what the list leaves unsaid."""
        named = {stall.code_key for row in rows for stall in row.stalls}
        standing = [
            stall
            for stall in self._register.stalls.values()
            if stall.state is not StallState.CLOSED
        ]
        new = [plan for plan in self._stalls.values() if plan.known is None]
        return Plan(
            rows=tuple(self._plan_row(row) for row in rows),
            stalls=tuple(self._stalls[key] for key in sorted(self._stalls)),
            merchants=tuple(dict.fromkeys(self._by_wanted.values())),
            unnamed=tuple(stall.code for stall in standing if stall.code_key not in named),
            points=sum(stall.placement is Placement.FIXED for stall in standing)
            + sum(plan.wanted.placement is not Placement.MOBILE for plan in new),
        )

    def _plan_row(self, row: WantedRow) -> RowPlan:
        merchant = next((stall.merchant for stall in row.stalls if stall.merchant), None)
        planned = RowPlan(
            row.number,
            RowKind.ERROR,
            tuple(stall.code for stall in row.stalls),
            row.name,
            errors=row.errors,
            warnings=row.warnings,
        )
        if row.errors:
            return planned
        stalls = self._of_row[row.number]
        changes = [
            change
            for stall in stalls
            for change in stall.changes
            if stall.row == row.number or _concerns(change, merchant)
        ]
        person = self._by_wanted.get(merchant) if merchant else None
        if person is not None and person.row == row.number:
            changes += person.changes
        planned.changes = list(dict.fromkeys(changes))
        planned.kind = RowKind.CHANGED if changes else RowKind.SAME
        if all(stall.known is None for stall in stalls):
            planned.kind = RowKind.NEW
        return planned

    def _plan_stall(
        self, row: WantedRow, wanted: WantedStall, places: Mapping[WantedMerchant, Sequence[str]]
    ) -> StallPlan:
        plan = self._stalls.get(wanted.code_key)
        if plan is None:
            known = self._register.stalls.get(wanted.code_key)
            plan = self._stalls[wanted.code_key] = StallPlan(row.number, wanted, known)
            plan.changes += changes_of_stall(wanted, known, self._words)
            self._plan_state(plan)
        if wanted.merchant is not None:
            person = self._plan_merchant(wanted.merchant, row.number, places)
            if person not in plan.people:
                plan.people.append(person)
                plan.tenants.append((row.number, person))
        return plan

    def _plan_state(self, plan: StallPlan) -> None:
        known = plan.known.state if plan.known else None
        wanted = plan.wanted.state
        if wanted is None:
            wanted = known if known in STATES_WITH_TENANT else StallState.TRADING
        if wanted is known:
            return
        plan.state = wanted
        plan.changes.append(Change(Part.STATE, known.label if known else None, wanted.label))
        if plan.known and plan.known.state_from and plan.known.state_from > self._effective_on:
            self._refuse(plan, plan.known.state_from)

    def _plan_tenants(self, plan: StallPlan) -> None:
        """Those the list names and the register does not have there begin.

        Where anybody begins, or nobody trades any more, whoever is not named has left; a
        list that names one of two who share a stall closes nothing.
        """
        there = {tenant.id: tenant for tenant in self._tenants(plan.known)}
        named = {person.known.id for person in plan.people if person.known}
        plan.tenants = [
            (row, person)
            for row, person in plan.tenants
            if person.known is None or person.known.id not in there
        ]
        is_empty = not plan.people and plan.wanted.state in EMPTY_STATES
        if plan.known and (plan.tenants or is_empty):
            plan.ends = [
                tenancy
                for tenancy in plan.known.tenancies
                if self._register.id_of(tenancy.merchant_id) not in named
            ]
        left = [tenant.name for tenant in there.values() if tenant.id not in named]
        old = ", ".join(left) if plan.ends and left else None
        if plan.tenants:
            plan.changes += [
                Change(Part.MERCHANT, old, person.wanted.name) for _, person in plan.tenants
            ]
        elif plan.ends:
            plan.changes.append(Change(Part.MERCHANT, old, None))
        self._check_days(plan)

    def _check_days(self, plan: StallPlan) -> None:
        days = [tenancy.from_day for tenancy in plan.ends]
        for _, person in plan.tenants:
            if plan.known and person.known:
                left = self._register.left_after.get((plan.known.id, person.known.id))
                days += [left] if left is not None else []
        latest = max(days, default=self._effective_on)
        if latest > self._effective_on:
            self._refuse(plan, latest)

    def _refuse(self, plan: StallPlan, day: date) -> None:
        for row in {plan.row, *(row for row, _ in plan.tenants)}:
            self.too_early[row] = Problem(
                f"Điểm {plan.wanted.code} có thay đổi ghi từ ngày {format_day(day)}, sau ngày"
                " hiệu lực của danh sách. Hãy chọn ngày hiệu lực từ ngày đó trở đi.",
                code="before_register",
                row=row,
            )

    def _tenants(self, stall: KnownStall | None) -> Iterable[KnownMerchant]:
        return self._register.tenants_of(stall) if stall else ()

    def _plan_merchant(
        self, wanted: WantedMerchant, row: int, places: Mapping[WantedMerchant, Sequence[str]]
    ) -> MerchantPlan:
        if wanted in self._by_wanted:
            return self._by_wanted[wanted]
        known = self._find_known(wanted, places[wanted])
        plan = self._by_known.get(known.id) if known else None
        if plan is None:
            plan = self._compare_merchant(wanted, known, row)
            if known is not None:
                self._by_known[known.id] = plan
        self._by_wanted[wanted] = plan
        return plan

    def _compare_merchant(
        self, wanted: WantedMerchant, known: KnownMerchant | None, row: int
    ) -> MerchantPlan:
        plan = MerchantPlan(wanted, known, row, list(changes_of_merchant(wanted, known)))
        accounts = known.accounts if known else ()
        if found := change_of_account(wanted.account, accounts, self._words):
            plan.changes.append(found.change)
            plan.account, plan.withdrawn = wanted.account, found.withdrawn
        return plan

    def _find_known(self, wanted: WantedMerchant, places: Sequence[str]) -> KnownMerchant | None:
        """By name and mark; at the stalls where the list puts them, by name and place."""
        found = self._register.find_by_marks(
            wanted.name_key,
            code=wanted.registration_code,
            phone=wanted.phone_hash,
            account=wanted.account.hash if wanted.account else None,
        )
        if found is not None:
            return found
        for code_key in places:
            for tenant in self._tenants(self._register.stalls.get(code_key)):
                if tenant.name_key == wanted.name_key and not _have_other_codes(wanted, tenant):
                    return tenant
        return None


def _places(rows: Iterable[WantedRow]) -> dict[WantedMerchant, list[str]]:
    places: dict[WantedMerchant, list[str]] = {}
    for row in rows:
        for stall in row.stalls:
            if stall.merchant is not None:
                places.setdefault(stall.merchant, []).append(stall.code_key)
    return places


def _concerns(change: Change, merchant: WantedMerchant | None) -> bool:
    return change.part is Part.MERCHANT and merchant is not None and change.new == merchant.name


def _have_other_codes(wanted: WantedMerchant, known: KnownMerchant) -> bool:
    return (
        wanted.registration_code is not None
        and known.registration_code is not None
        and wanted.registration_code != known.registration_code
    )
