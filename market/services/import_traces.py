"""The traces an applied list left, and whether anything else has touched them since."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from market.domain.errors import Problem
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.base import Base
from market.models.import_batch import ImportBatch, ImportChange
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.models.sticker import ForeignCode, Sticker
from market.models.visit import Visit
from market.services.bulk import chunks, lock
from market.services.import_ledger import Act

Spans = Mapping[int, Row[Any]]


class Changes:
    """What a batch changed, by entity and by row of its list."""

    def __init__(self, batch: ImportBatch) -> None:
        self._by_entity: defaultdict[str, list[Row[Any]]] = defaultdict(list)
        self.by_row: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        for change in db.session.execute(_changes_of(batch)):
            self._by_entity[change.entity].append(change)
            self.by_row[change.row].append(change)

    def of(self, entity: type[Base], *acts: Act) -> list[Row[Any]]:
        """The changes of rows of that entity; all acts where none is named."""
        return [
            change
            for change in self._by_entity[entity.__tablename__]
            if not acts or change.action in acts
        ]

    def open_spans(self) -> dict[int, Row[Any]]:
        """The spans this batch began or changed, each with the change that tells of it.

        Those of stalls that came in are told with the stall.
        """
        made = {change.entity_id: change for change in self.of(Stall, Act.MADE)}
        query = select(StallStateSpan.id, StallStateSpan.stall_id).where(
            StallStateSpan.to_day.is_(None)
        )
        rows = _in_chunks(query, StallStateSpan.stall_id.in_, made)
        first = {row.id: made[row.stall_id] for row in rows}
        return first | {change.entity_id: change for change in self.of(StallStateSpan)}


def find_touched(changes: Changes, spans: Spans, *, since: datetime | None) -> list[Problem]:
    """What something else has changed, printed or visited since, in the order of rows.

    The rows looked at stay locked until the transaction ends.
    """
    touched = {
        *_with_other_versions(changes, Stall, "thông tin điểm đã được sửa"),
        *_with_other_versions(changes, Merchant, "thông tin hộ đã được sửa"),
        *_with_other_versions(changes, PaymentAccount, "tài khoản đã được duyệt hoặc từ chối"),
        *_with_other_states(changes, spans),
        *_with_other_tenants(changes),
        *_seen_since(changes, since),
    }
    return sorted(touched, key=lambda found: (found.row or 0, found.message))


def _with_other_versions(
    changes: Changes, entity: type[Stall | Merchant | PaymentAccount], words: str
) -> Iterable[Problem]:
    by_id = {change.entity_id: change for change in changes.of(entity)}
    versions = {row.id: row.version for row in lock(entity, by_id, entity.id, entity.version)}
    for id_, change in by_id.items():
        if versions.get(id_) != change.entity_version:
            yield _touched(change, words)


def _with_other_states(changes: Changes, spans: Spans) -> Iterable[Problem]:
    columns = (StallStateSpan.id, StallStateSpan.state, StallStateSpan.to_day)
    rows = list(lock(StallStateSpan, spans, *columns))
    for row in rows:
        if row.to_day is not None or row.state != spans[row.id].before["is"]:
            yield _touched(spans[row.id], "tình trạng điểm đã đổi")
    if len(rows) != len(changes.of(StallStateSpan)) + len(changes.of(Stall, Act.MADE)):
        yield Problem("Có điểm không còn tình trạng đang ghi.", code="touched")


def _with_other_tenants(changes: Changes) -> Iterable[Problem]:
    """Stalls where others trade than those this batch left there."""
    expected: defaultdict[int, set[int]] = defaultdict(set)
    last: dict[int, Row[Any]] = {}
    for change in changes.of(Tenancy):
        stall_id = change.before["stall"]
        last[stall_id] = change
        expected[stall_id].update(change.before["beside"])
        if change.action == Act.MADE:
            expected[stall_id].add(change.entity_id)
    there: defaultdict[int, set[int]] = defaultdict(set)
    query = select(Tenancy.stall_id, Tenancy.id).where(Tenancy.to_day.is_(None))
    for row in _in_chunks(query, Tenancy.stall_id.in_, expected):
        there[row.stall_id].add(row.id)
    for stall_id, ids in expected.items():
        if there[stall_id] != ids:
            yield _touched(last[stall_id], "hộ ở điểm này đã đổi")


def _seen_since(changes: Changes, since: datetime | None) -> Iterable[Problem]:
    """Stalls that somebody printed for or visited since their tenant came in."""
    made = {change.before["stall"]: change for change in changes.of(Tenancy, Act.MADE)}
    for column, at, words in (
        (Sticker.stall_id, Sticker.queued_at, "đã có tem"),
        (Visit.stall_id, Visit.received_at, "đã được kiểm tra"),
        (ForeignCode.stall_id, ForeignCode.registered_at, "đã ghi mã QR khác"),
    ):
        for row in _in_chunks(select(column).where(at > since).distinct(), column.in_, made):
            yield _touched(made[row.stall_id], words)


def _changes_of(batch: ImportBatch) -> Select[Any]:
    return (
        select(
            ImportChange.row,
            ImportChange.entity,
            ImportChange.entity_id,
            ImportChange.action,
            ImportChange.before,
            ImportChange.entity_version,
        )
        .where(ImportChange.batch_id == batch.id)
        .order_by(ImportChange.id)
    )


def _in_chunks(query: Select[Any], is_among: Any, ids: Collection[int]) -> Iterable[Row[Any]]:
    for chunk in chunks(sorted(ids)):
        yield from db.session.execute(query.where(is_among(chunk)))


def _touched(change: Row[Any], words: str) -> Problem:
    return Problem(f"Dòng {change.row}: {words}.", code="touched", row=change.row)
