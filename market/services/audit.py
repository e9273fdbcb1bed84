"""The audit log: what a transaction changed, chained before it commits, and verified.

Entries wait in the session and are chained as the last act before the commit, so the
chain's one lock is held shortest and always taken last.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, inspect, select, update
from sqlalchemy.orm import Session

from market.extensions import db, vault
from market.models.audit import AuditEntry, AuditHead
from market.models.base import Base
from market.models.merchant import Merchant
from market.services.access import Actor

PENDING = "audit_pending"
FIRST_HASH = "0" * 64
Values = Mapping[str, Any]
_CHAINED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_CONTENT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


@dataclass(frozen=True, slots=True)
class Pending:
    """An entry that is not in the chain yet; the entity's id may still be unknown."""

    actor: Actor
    action: str
    entity: str
    entity_id: int | str | None
    row: Base | None
    market_id: int | None
    content: str


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """The first place where the chain does not hold, and why."""

    entry: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """How many entries were checked, the last hash, and the first break if any."""

    count: int
    hash: str
    broken: ChainBreak | None


def record(
    actor: Actor,
    action: str,
    row: Base,
    *,
    market_id: int | None = None,
    old: Values | None = None,
    new: Values | None = None,
) -> None:
    """Note that `actor` did `action` to the entity `row`; chained when the transaction commits.

    `old` and `new` hold plain JSON values; wrap personal ones with `personal`.
    """
    _add(Pending(actor, action, row.__tablename__, None, row, market_id, _content(old, new)))


def record_by_id(
    actor: Actor,
    action: str,
    entity: str,
    entity_id: int | str,
    *,
    market_id: int | None = None,
    old: Values | None = None,
    new: Values | None = None,
) -> None:
    """Like `record` for things that have no row in the session: batches, downloads."""
    _add(Pending(actor, action, entity, entity_id, None, market_id, _content(old, new)))


def personal(merchant: Merchant, value: str | None) -> dict[str, str] | None:
    """A personal value as it may stand in an entry: sealed under the merchant's key."""
    key = merchant.wrapped_key
    if value is None or key is None:
        return None
    sealed = vault().seal_text(key, value, "audit")
    return {"sealed": b64encode(sealed).decode()}


def chain_pending(session: Session) -> None:
    """Put the waiting entries at the end of the chain; called before a commit."""
    pending: list[Pending] = session.info.pop(PENDING, [])
    if not pending:
        return
    session.flush()
    count, previous = session.execute(
        select(AuditHead.count, AuditHead.hash).where(AuditHead.id == 1).with_for_update()
    ).one()
    rows = list(_chained(pending, count=count, previous=previous))
    session.execute(insert(AuditEntry), rows)
    session.execute(
        update(AuditHead)
        .where(AuditHead.id == 1)
        .values(count=count + len(rows), hash=rows[-1]["hash"])
    )


def count_pending(session: Session) -> int:
    """How many entries wait."""
    return len(session.info.get(PENDING, ()))


def forget_pending(session: Session, *, after: int = 0) -> None:
    """Drop the entries that wait, but for the first `after`; called on a rollback."""
    del session.info.get(PENDING, [])[after:]


def verify(*, expected_count: int | None = None, expected_hash: str | None = None) -> ChainReport:
    """Recompute the whole chain.

    A chain alone does not notice a cut tail together with its head: compare with a
    count and hash noted outside the database by giving them.
    """
    previous, count = FIRST_HASH, 0
    query = select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=2000)
    with db.session.execute(query) as rows:
        for entry in rows.scalars():
            count += 1
            if reason := _what_is_wrong(entry, place=count, previous=previous):
                return ChainReport(count, entry.hash, ChainBreak(count, reason))
            previous = entry.hash
            db.session.expunge(entry)
    stored_count, stored_hash = db.session.execute(select(AuditHead.count, AuditHead.hash)).one()
    reason = _what_is_wrong_at_the_end(
        count, previous, stored=(stored_count, stored_hash), noted=(expected_count, expected_hash)
    )
    return ChainReport(count, previous, ChainBreak(count, reason) if reason else None)


def hash_of(row: Mapping[str, Any]) -> str:
    """SHA-256 over an entry's columns and the hash of the entry before, as the chain holds it."""
    at: datetime = row["at"]
    chained = [
        row["id"],
        int(at.timestamp() * 1_000_000),
        *(
            row[name]
            for name in (
                "actor_id",
                "actor",
                "authority",
                "channel",
                "address",
                "action",
                "entity",
                "entity_id",
                "market_id",
                "content",
                "previous_hash",
            )
        ),
    ]
    return hashlib.sha256(_CHAINED.encode(chained).encode()).hexdigest()


def _add(entry: Pending) -> None:
    session = db.session()
    if not session.in_transaction():
        session.begin()  # only a transaction that has begun can be given up
    session.info.setdefault(PENDING, []).append(entry)


def _content(old: Values | None, new: Values | None) -> str:
    return _CONTENT.encode({"old": old or {}, "new": new or {}})


def _chained(pending: Iterable[Pending], *, count: int, previous: str) -> Iterable[dict[str, Any]]:
    for place, entry in enumerate(pending, start=count + 1):
        row = {
            "id": place,
            "at": entry.actor.at,
            "actor_id": entry.actor.user_id,
            "actor": entry.actor.name,
            "authority": entry.actor.authority,
            "channel": entry.actor.channel,
            "address": entry.actor.address,
            "action": entry.action,
            "entity": entry.entity,
            "entity_id": _entity_id(entry),
            "market_id": entry.market_id,
            "content": entry.content,
            "previous_hash": previous,
        }
        row["hash"] = previous = hash_of(row)
        yield row


def _entity_id(entry: Pending) -> str | None:
    if entry.row is None:
        return None if entry.entity_id is None else str(entry.entity_id)
    identity = inspect(entry.row).identity
    return None if identity is None else ",".join(map(str, identity))


def _what_is_wrong(entry: AuditEntry, *, place: int, previous: str) -> str | None:
    if entry.id != place:
        return f"mục số {place} không còn"
    if entry.previous_hash != previous:
        return "không nối với mục trước"
    if entry.hash != hash_of(vars(entry)):
        return "nội dung đã bị sửa"
    return None


def _what_is_wrong_at_the_end(
    count: int,
    last_hash: str,
    *,
    stored: tuple[int, str],
    noted: tuple[int | None, str | None],
) -> str | None:
    if stored != (count, last_hash):
        return "đuôi chuỗi không khớp với đầu chuỗi đã lưu"
    expected_count, expected_hash = noted
    if expected_count is not None and count < expected_count:
        return f"chuỗi bị cắt: đã từng có {expected_count} mục"
    if expected_count is not None and expected_hash is not None:
        found = db.session.scalar(select(AuditEntry.hash).where(AuditEntry.id == expected_count))
        if (found or FIRST_HASH) != expected_hash:
            return f"mục số {expected_count} khác với mã đã ghi lại bên ngoài"
    return None
