"""Taking an applied list back: closing what came in, reopening what it replaced, dated today."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from market.domain.accounts import AccountState
from market.domain.errors import Conflict
from market.domain.stalls import Placement, StallState
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.import_batch import ImportBatch
from market.models.market import Market, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.services import audit, coverage
from market.services.access import Actor
from market.services.bulk import chunks, insert_many, lock, uncollected, update_many
from market.services.import_ledger import Act, open_before
from market.services.import_traces import Changes, find_touched

REASON = "Hoàn tác lần nhập danh sách."
MOST_NAMED = 20


class Undo:
    """Takes one batch back, all of it or nothing."""

    def __init__(self, batch: ImportBatch, market: Market, actor: Actor) -> None:
        self._batch = batch
        self._market = market
        self._actor = actor
        self._today: date = actor.today
        self._changes = Changes(batch)
        self._spans = self._changes.open_spans()

    @uncollected()
    def write(self) -> None:
        """Close, reopen, restore. Raises Conflict naming what has moved on since."""
        touched = find_touched(self._changes, self._spans, since=self._batch.applied_at)
        if touched:
            raise Conflict(
                "Không hoàn tác được vì sau khi nhập đã có thay đổi khác. Hãy sửa từng điểm.",
                tuple(touched[:MOST_NAMED]),
            )
        self._restore_stalls()
        self._restore_merchants()
        self._take_back_accounts()
        self._turn_back_tenancies()
        self._turn_back_states()
        self._close_sections()
        self._tell()
        coverage.touch(self._market.id)

    def _restore_stalls(self) -> None:
        changes = {change.entity_id: change for change in self._changes.of(Stall, Act.CHANGED)}
        columns = (
            Stall.id,
            Stall.version,
            Stall.section_id,
            Stall.line_code,
            Stall.placement,
            Stall.area_m2,
            Stall.note,
        )
        update_many(
            Stall,
            [
                row._asdict() | _stall_values(changes[row.id].before) | {"version": row.version + 1}
                for row in lock(Stall, changes, *columns)
            ],
        )

    def _restore_merchants(self) -> None:
        changes = {change.entity_id: change for change in self._changes.of(Merchant, Act.CHANGED)}
        for chunk in chunks(sorted(changes)):
            for merchant in db.session.scalars(
                select(Merchant)
                .where(Merchant.id.in_(chunk))
                .order_by(Merchant.id)
                .execution_options(populate_existing=True)
            ):
                for name, value in open_before(changes[merchant.id].before, merchant).items():
                    setattr(merchant, name, value)
        db.session.flush()

    def _take_back_accounts(self) -> None:
        """What came in is rejected; what it took the place of waits again."""
        made = {"state": AccountState.REJECTED, "decided_at": self._actor.at}
        again = {"state": AccountState.AWAITING_APPROVAL, "decided_at": None}
        for act, values, reason in (
            (Act.MADE, made, REASON),
            (Act.WITHDRAWN, again, None),
        ):
            update_many(
                PaymentAccount,
                [
                    {
                        "id": change.entity_id,
                        **values,
                        "decision_reason": reason,
                        "version": change.entity_version + 1,
                    }
                    for change in self._changes.of(PaymentAccount, act)
                ],
            )

    def _turn_back_tenancies(self) -> None:
        """Who came in leaves today; who left is back from today, without a gap if it was today."""
        made = self._changes.of(Tenancy, Act.MADE)
        update_many(Tenancy, [{"id": change.entity_id, "to_day": self._today} for change in made])
        ended = [change.entity_id for change in self._changes.of(Tenancy, Act.ENDED)]
        if self._batch.effective_on == self._today:
            update_many(Tenancy, [{"id": id_, "to_day": None} for id_ in ended])
            return
        rows = lock(Tenancy, ended, Tenancy.stall_id, Tenancy.merchant_id)
        insert_many(Tenancy, [{**row._asdict(), "from_day": self._today} for row in rows])

    def _turn_back_states(self) -> None:
        """The state there was; stalls that came in are closed."""
        columns = (StallStateSpan.id, StallStateSpan.stall_id, StallStateSpan.from_day)
        in_place, ended, begun = [], [], []
        for row in lock(StallStateSpan, self._spans, *columns):
            state = StallState(self._spans[row.id].before.get("was") or StallState.CLOSED)
            if row.from_day == self._today:
                in_place.append({"id": row.id, "state": state})
            else:
                ended.append({"id": row.id, "to_day": self._today})
                begun.append({"stall_id": row.stall_id, "state": state, "from_day": self._today})
        update_many(StallStateSpan, in_place)
        update_many(StallStateSpan, ended)
        insert_many(StallStateSpan, begun)

    def _close_sections(self) -> None:
        """Sections that came in and hold no stall any more."""
        made = [change.entity_id for change in self._changes.of(Section, Act.MADE)]
        in_use = set(
            db.session.scalars(
                select(Stall.section_id)
                .join(StallStateSpan, StallStateSpan.stall_id == Stall.id)
                .where(
                    Stall.section_id.in_(made),
                    StallStateSpan.to_day.is_(None),
                    StallStateSpan.state != StallState.CLOSED,
                )
                .distinct()
            )
        )
        update_many(
            Section, [{"id": id_, "closed_on": self._today} for id_ in made if id_ not in in_use]
        )

    def _tell(self) -> None:
        """One audit entry for each row taken back."""
        for row, changes in self._changes.by_row.items():
            undone: dict[str, list[int]] = {}
            for change in changes:
                undone.setdefault(f"{change.entity} {change.action}", []).append(change.entity_id)
            first = min(changes, key=lambda change: _ORDER.index(change.entity))
            audit.record_by_id(
                self._actor,
                "undo_import",
                first.entity,
                first.entity_id,
                market_id=self._market.id,
                new={
                    "batch": self._batch.id,
                    "row": row,
                    "on": self._today,
                    "undone": undone,
                    "restored": [_told(change.before) for change in changes if change.before],
                },
            )


_ORDER = [
    entity.__tablename__
    for entity in (Stall, Merchant, Tenancy, StallStateSpan, PaymentAccount, Section)
]


def _told(before: dict[str, Any]) -> dict[str, Any]:
    """As the audit log may hold it: notes may name people."""
    return {name: value for name, value in before.items() if name != "note"}


def _stall_values(before: dict[str, Any]) -> dict[str, Any]:
    """What `before` kept as JSON, as columns take it."""
    kinds: dict[str, Any] = {"placement": Placement, "area_m2": Decimal}
    return {
        name: kinds[name](value) if name in kinds and value is not None else value
        for name, value in before.items()
    }
