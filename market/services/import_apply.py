"""Writing what an imported list changes, in one transaction and in the order of keys."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market.domain.errors import Conflict
from market.domain.import_rows import Part
from market.domain.stalls import Placement
from market.domain.text import fold, natural_key
from market.extensions import db
from market.models.import_batch import ImportBatch
from market.models.market import Market, Section
from market.models.merchant import Tenancy
from market.models.stall import Stall, StallStateSpan
from market.models.sticker import Sticker
from market.services import coverage, sections, stalls, sticker_states, tenancies
from market.services.access import Actor
from market.services.bulk import chunks, insert_giving, lock, uncollected, update_many
from market.services.import_ledger import Act, Ledger
from market.services.import_people import People
from market.services.import_plan import Plan, StallPlan
from market.services.import_register import KnownTenancy
from market.services.import_telling import tell_rows
from market.services.jobs import Progress
from market.services.versions import CHANGED_MEANWHILE

STEP = "Đang ghi vào sổ"
CHANGEABLE = (
    Stall.id,
    Stall.version,
    Stall.section_id,
    Stall.line_code,
    Stall.placement,
    Stall.area_m2,
    Stall.note,
)


@uncollected()
def write_plan(
    plan: Plan, batch: ImportBatch, *, market: Market, actor: Actor, progress: Progress
) -> None:
    """Write all that the plan says, note it for undo and tell it to the audit log.

    Raises Conflict where a row it changes moved on since the plan was made.
    """
    ledger = Ledger(batch, actor)
    people = People(batch, ledger, actor)
    places = _Places(batch, market, ledger, actor)
    acts: tuple[Callable[[], None], ...] = (
        lambda: places.write_stalls(plan.stalls),
        lambda: people.write(plan.merchants),
        lambda: places.write_states(plan.stalls),
        lambda: places.end_tenancies(plan.stalls),
        lambda: places.start_tenancies(plan.stalls, people),
        ledger.write,
        lambda: tell_rows(plan, ledger, places.id_of, people),
    )
    rows = len(plan.rows)
    for number, act in enumerate(acts, start=1):
        act()
        progress(rows + rows * number // len(acts), 2 * rows, STEP)
    coverage.touch(market.id)


class _Places:
    """Writes the stalls of a plan; afterwards each has an id."""

    def __init__(self, batch: ImportBatch, market: Market, ledger: Ledger, actor: Actor) -> None:
        self._batch = batch
        self._market = market
        self._ledger = ledger
        self._actor = actor
        self._on: date = batch.effective_on
        self._ids: dict[str, int] = {}

    def id_of(self, plan: StallPlan) -> int:
        """The id of a stall that is there or was written."""
        return plan.known.id if plan.known else self._ids[plan.wanted.code_key]

    def write_stalls(self, plans: Sequence[StallPlan]) -> None:
        """Enter the new stalls, change the known ones."""
        section_ids = self._sections(plans)
        new = [plan for plan in plans if plan.known is None]
        rows = [self._row(plan, section_ids) for plan in new]
        self._ids = {
            row.code_key: row.id for row in insert_giving(Stall, rows, Stall.id, Stall.code_key)
        }
        for plan in new:
            before = {"is": plan.state}
            self._note(plan.row, Stall, self.id_of(plan), Act.MADE, before, version=1)
        self._change([plan for plan in plans if plan.known and plan.parts], section_ids)

    def write_states(self, plans: Sequence[StallPlan]) -> None:
        """The states that begin; one that began on the same day is put right in place."""
        moved = [plan for plan in plans if plan.state is not None]
        self._check_open(
            StallStateSpan,
            [plan.known.state_id for plan in moved if plan.known and plan.known.state_id],
        )
        in_place = [plan for plan in moved if plan.known and plan.known.state_from == self._on]
        update_many(
            StallStateSpan,
            [
                {"id": plan.known.state_id, "state": plan.state}
                for plan in in_place
                if plan.known is not None
            ],
        )
        for plan in in_place:
            if plan.known and plan.known.state and plan.known.state_id:
                before = {"was": plan.known.state, "is": plan.state}
                self._note(plan.row, StallStateSpan, plan.known.state_id, Act.CHANGED, before)
        self._begin_states([plan for plan in moved if plan not in set(in_place)])

    def end_tenancies(self, plans: Sequence[StallPlan]) -> None:
        """Those who are not there any more; where stickers hang, they are void."""
        ended = [(plan, tenancy) for plan in plans for tenancy in plan.ends]
        ids = [tenancy.id for _, tenancy in ended]
        self._check_open(Tenancy, ids)
        with_stickers = self._with_stickers(ended)
        update_many(
            Tenancy,
            [{"id": id_, "to_day": self._on} for id_ in ids if id_ not in with_stickers],
        )
        for chunk in chunks(sorted(with_stickers)):
            rows = db.session.scalars(
                select(Tenancy)
                .where(Tenancy.id.in_(chunk))
                .options(joinedload(Tenancy.stall))
                .order_by(Tenancy.id)
            )
            for row in rows.all():
                tenancies.end_tenancy(row, on=self._on, actor=self._actor)
        for plan, tenancy in ended:
            before = {"stall": self.id_of(plan), "beside": _beside(plan)}
            self._note(plan.row, Tenancy, tenancy.id, Act.ENDED, before)

    def start_tenancies(self, plans: Sequence[StallPlan], people: People) -> None:
        """Those who begin."""
        begun = {
            (self.id_of(plan), people.id_of(person)): (row, plan)
            for plan in plans
            for row, person in plan.tenants
        }
        rows = [
            {"stall_id": stall_id, "merchant_id": merchant_id, "from_day": self._on}
            for stall_id, merchant_id in begun
        ]
        columns = (Tenancy.id, Tenancy.stall_id, Tenancy.merchant_id)
        for id_, stall_id, merchant_id in insert_giving(Tenancy, rows, *columns):
            row, plan = begun[stall_id, merchant_id]
            before = {"stall": stall_id, "beside": _beside(plan)}
            self._note(row, Tenancy, id_, Act.MADE, before)

    def _sections(self, plans: Iterable[StallPlan]) -> dict[str, int]:
        """The ids of sections by name as written; those the market does not have are made."""
        known = {section.name_key: section for section in sections.list_all_sections(self._market)}
        ids: dict[str, int] = {}
        # Volunteers walk sections in the order in which the list has them.
        for plan in sorted(plans, key=lambda plan: plan.row):
            name = plan.wanted.section
            if name is None or name in ids or Part.SECTION not in plan.parts:
                continue
            section = known.get(fold(name))
            if section is None or section.closed_on is not None:
                is_new = section is None
                section = stalls.get_or_make_section(self._market, name, actor=self._actor)
                db.session.flush()
                known[section.name_key] = section
                if is_new:
                    self._note(plan.row, Section, section.id, Act.MADE)
            ids[name] = section.id
        return ids

    def _row(self, plan: StallPlan, section_ids: dict[str, int]) -> dict[str, Any]:
        wanted = plan.wanted
        return {
            "market_id": self._market.id,
            "section_id": section_ids.get(wanted.section) if wanted.section else None,
            "code": wanted.code,
            "code_key": wanted.code_key,
            "sort_key": natural_key(wanted.code),
            "placement": wanted.placement or Placement.FIXED,
            "area_m2": wanted.area_m2,
            "line_code": wanted.line_code,
            "note": wanted.note,
            "version": 1,
        }

    def _change(self, plans: Sequence[StallPlan], section_ids: dict[str, int]) -> None:
        by_id = {self.id_of(plan): plan for plan in plans}
        changed = []
        for row in lock(Stall, by_id, *CHANGEABLE):
            plan = by_id[row.id]
            if plan.known is None or row.version != plan.known.version:
                raise Conflict(CHANGED_MEANWHILE)
            was = row._asdict()
            values = self._row(plan, section_ids)
            parts = {part: _COLUMNS[part] for part in plan.parts}
            changed.append(
                {
                    **was,
                    **{name: values[name] for name in parts.values()},
                    "version": row.version + 1,
                }
            )
            before = {name: _plain(was[name]) for name in parts.values()}
            self._note(plan.row, Stall, row.id, Act.CHANGED, before, version=row.version + 1)
        if len(changed) != len(by_id):
            raise Conflict(CHANGED_MEANWHILE)
        update_many(Stall, changed)

    def _begin_states(self, plans: Sequence[StallPlan]) -> None:
        update_many(
            StallStateSpan,
            [
                {"id": plan.known.state_id, "to_day": self._on}
                for plan in plans
                if plan.known and plan.known.state_id
            ],
        )
        by_stall = {self.id_of(plan): plan for plan in plans}
        rows = [
            {"stall_id": stall_id, "state": plan.state, "from_day": self._on}
            for stall_id, plan in by_stall.items()
        ]
        for id_, stall_id in insert_giving(
            StallStateSpan, rows, StallStateSpan.id, StallStateSpan.stall_id
        ):
            plan = by_stall[stall_id]
            if plan.known is not None:
                before = {"was": plan.known.state, "is": plan.state}
                self._note(plan.row, StallStateSpan, id_, Act.MADE, before)

    def _with_stickers(self, ended: Sequence[tuple[StallPlan, KnownTenancy]]) -> set[int]:
        """Tenancies at stalls where a sticker is not void yet."""
        stalls_of = {tenancy.id: self.id_of(plan) for plan, tenancy in ended}
        found: set[int] = set()
        for chunk in chunks(sorted(set(stalls_of.values()))):
            found.update(
                db.session.scalars(
                    select(Sticker.stall_id)
                    .where(Sticker.stall_id.in_(chunk), Sticker.state.in_(sticker_states.LIVE))
                    .distinct()
                )
            )
        return {id_ for id_, stall_id in stalls_of.items() if stall_id in found}

    def _check_open(self, entity: type[Tenancy | StallStateSpan], ids: Sequence[int]) -> None:
        """Lock rows that are to be closed; raises Conflict where somebody closed one."""
        open_ = sum(row.to_day is None for row in lock(entity, ids, entity.id, entity.to_day))
        if open_ != len(set(ids)):
            raise Conflict(CHANGED_MEANWHILE)

    def _note(
        self,
        row: int,
        entity: type[Stall | StallStateSpan | Tenancy | Section],
        entity_id: int,
        act: Act,
        before: dict[str, Any] | None = None,
        *,
        version: int | None = None,
    ) -> None:
        self._ledger.note(row, entity.__tablename__, entity_id, act, before=before, version=version)


_COLUMNS = {
    Part.SECTION: "section_id",
    Part.LINE: "line_code",
    Part.PLACEMENT: "placement",
    Part.AREA: "area_m2",
    Part.NOTE: "note",
}


def _beside(plan: StallPlan) -> list[int]:
    """Tenancies at the stall that go on as they were."""
    ended = {tenancy.id for tenancy in plan.ends}
    known = plan.known.tenancies if plan.known else []
    return [tenancy.id for tenancy in known if tenancy.id not in ended]


def _plain(value: Any) -> Any:
    """A value as JSON holds it."""
    return value if value is None or isinstance(value, int) else str(value)
