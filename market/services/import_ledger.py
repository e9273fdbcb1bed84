"""What an applied list did, change by change: for undo, and for the audit log row by row."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from market.domain.import_rows import Change, Part
from market.extensions import vault
from market.models.account import PaymentAccount
from market.models.import_batch import ImportBatch, ImportChange
from market.models.merchant import Merchant
from market.models.stall import Stall
from market.services import audit
from market.services.access import Actor
from market.services.bulk import insert_many
from market.services.import_plan import MerchantPlan

# Notes may name people, so the log says only that one changed.
UNTOLD = "…"
BEFORE_PURPOSE = "import"
PERSONAL = {Part.NAME, Part.PHONE, Part.REGISTRATION_CODE}


class Act(StrEnum):
    """What happened to a row of the register."""

    MADE = "made"
    CHANGED = "changed"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class Ledger:
    """Collects the changes of one batch and writes them all at once."""

    def __init__(self, batch: ImportBatch, actor: Actor) -> None:
        self._batch = batch
        self._actor = actor
        self._changes: list[dict[str, Any]] = []
        self._ids: defaultdict[int, dict[str, list[int]]] = defaultdict(dict)

    def note(
        self,
        row: int,
        entity: str,
        entity_id: int,
        act: Act,
        *,
        before: Mapping[str, Any] | None = None,
        version: int | None = None,
    ) -> None:
        """Note one change; `before` is what undo needs, `version` the row's after it."""
        self._changes.append(
            {
                "batch_id": self._batch.id,
                "row": row,
                "entity": entity,
                "entity_id": entity_id,
                "action": act,
                "before": dict(before or {}),
                "entity_version": version,
            }
        )
        self._ids[row].setdefault(f"{entity} {act}", []).append(entity_id)

    def write(self) -> None:
        """Write the changes, for undo."""
        insert_many(ImportChange, self._changes)

    def tell_stall(
        self,
        row: int,
        stall_id: int,
        changes: Sequence[Change],
        people: Sequence[tuple[MerchantPlan, Merchant]],
    ) -> None:
        """An audit entry for a row: what changed of the stall and of who the row names."""
        old, new = _told(changes)
        for person, merchant in people:
            told_old, told_new = _told_of_person(person, merchant)
            old |= told_old
            new |= told_new
        self._tell(row, Stall.__tablename__, stall_id, old, new)

    def tell_merchant(self, plan: MerchantPlan, merchant: Merchant, merchant_id: int) -> None:
        """An audit entry for a row that changes only who it names."""
        old, new = _told_of_person(plan, merchant)
        self._tell(plan.row, Merchant.__tablename__, merchant_id, old, new)

    def _tell(
        self, row: int, entity: str, entity_id: int, old: dict[str, Any], new: dict[str, Any]
    ) -> None:
        audit.record_by_id(
            self._actor,
            "import",
            entity,
            entity_id,
            market_id=self._batch.market_id,
            old=old,
            new={
                **new,
                "batch": self._batch.id,
                "row": row,
                "on": self._batch.effective_on,
                "did": self._ids[row],
            },
        )


def seal_before(values: Mapping[str, Any], merchant: Merchant) -> dict[str, str]:
    """What a merchant's record said before, sealed under their own key."""
    if merchant.wrapped_key is None:
        return {}
    plain = {
        name: {"bytes": value.hex()} if isinstance(value, bytes) else value
        for name, value in values.items()
    }
    sealed = vault().seal_text(merchant.wrapped_key, json.dumps(plain), BEFORE_PURPOSE)
    return {"sealed": sealed.hex()}


def open_before(before: Mapping[str, str], merchant: Merchant) -> dict[str, Any]:
    """What `seal_before` sealed; nothing once the merchant's key is destroyed."""
    if merchant.wrapped_key is None or "sealed" not in before:
        return {}
    sealed = bytes.fromhex(before["sealed"])
    plain = json.loads(vault().open_text(merchant.wrapped_key, sealed, BEFORE_PURPOSE))
    return {
        name: bytes.fromhex(value["bytes"]) if isinstance(value, dict) else value
        for name, value in plain.items()
    }


def _told(changes: Sequence[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Old and new values of a stall; who trades there stands as ids among what was done."""
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for change in changes:
        if change.part is Part.MERCHANT:
            continue
        is_note = change.part is Part.NOTE
        if change.old is not None:
            old[change.part] = UNTOLD if is_note else change.old
        new[change.part] = UNTOLD if is_note else change.new
    return old, new


def _told_of_person(
    plan: MerchantPlan, merchant: Merchant
) -> tuple[dict[str, Any], dict[str, Any]]:
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    if plan.known is None:
        new[Part.NAME] = audit.personal(merchant, plan.wanted.name)
    for change in plan.changes:
        if change.part in PERSONAL:
            old[change.part] = audit.personal(merchant, change.old)
            new[change.part] = audit.personal(merchant, change.new)
    if plan.account is not None:
        new[PaymentAccount.__tablename__] = {
            "bin": plan.account.bin,
            "number": audit.personal(merchant, plan.account.number),
            "holder": audit.personal(merchant, plan.account.holder),
            "source": "imported",
        }
    return old, new
