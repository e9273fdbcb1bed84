"""The merchants and accounts of an applied list, written many at a time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from market.domain.accounts import (
    AccountProof,
    AccountSource,
    AccountState,
    HolderRelation,
    kind_at,
)
from market.domain.banks import BankKind
from market.domain.errors import Conflict
from market.domain.import_rows import Part, WantedAccount
from market.domain.markets import MerchantKind
from market.domain.stickers import VoidReason
from market.domain.text import fold, sort_key, to_ascii
from market.extensions import db, vault
from market.models.account import BankEntry, PaymentAccount
from market.models.import_batch import ImportBatch
from market.models.merchant import Merchant
from market.models.sticker import Sticker
from market.services import accounts, merchants, sticker_states
from market.services.access import Actor
from market.services.bulk import insert_giving, lock, update_many
from market.services.import_ledger import Act, Ledger, seal_before
from market.services.import_plan import MerchantPlan
from market.services.versions import CHANGED_MEANWHILE

CHANGEABLE = (
    Merchant.id,
    Merchant.version,
    Merchant.display_name,
    Merchant.name_key,
    Merchant.sort_key,
    Merchant.phone_sealed,
    Merchant.phone_hash,
    Merchant.phone_last3,
    Merchant.phone_set_at,
    Merchant.registration_code,
)
# Not given back when an import is undone: a phone that came back has not been there before.
KEPT_BY_UNDO = frozenset({"version", "phone_set_at"})
WITHDRAWN = "Được thay bằng tài khoản mới trong danh sách nhập sau."


class People:
    """Writes the merchants of a plan; afterwards each has an id and a key to seal with."""

    def __init__(self, batch: ImportBatch, ledger: Ledger, actor: Actor) -> None:
        self._batch = batch
        self._ledger = ledger
        self._actor = actor
        self._ids: dict[MerchantPlan, int] = {}
        self._keys: dict[MerchantPlan, Merchant] = {}

    def id_of(self, plan: MerchantPlan) -> int:
        """The id of a merchant that was written."""
        return self._ids[plan]

    def key_of(self, plan: MerchantPlan) -> Merchant:
        """A merchant with nothing but the key that seals their values."""
        return self._keys[plan]

    def write(self, plans: Sequence[MerchantPlan]) -> None:
        """Enter the new merchants, change the known ones, enter accounts."""
        for plan in plans:
            key = plan.known.wrapped_key if plan.known else vault().new_key()
            self._keys[plan] = Merchant(wrapped_key=key)
            if plan.known is not None:
                self._ids[plan] = plan.known.id
        self._insert([plan for plan in plans if plan.known is None])
        self._change([plan for plan in plans if plan.known is not None and plan.parts])
        self._withdraw([plan for plan in plans if plan.withdrawn is not None])
        self._enter_accounts([plan for plan in plans if plan.account is not None])

    def _insert(self, plans: Sequence[MerchantPlan]) -> None:
        if not plans:
            return
        by_key = {self._keys[plan].wrapped_key: plan for plan in plans}
        rows = [
            {
                "market_id": self._batch.market_id,
                "kind": MerchantKind.HOUSEHOLD_BUSINESS,
                "wrapped_key": self._keys[plan].wrapped_key,
                "version": 1,
                **self._name(plan.wanted.name),
                **self._phone(plan),
                "registration_code": plan.wanted.registration_code,
            }
            for plan in plans
        ]
        made = insert_giving(Merchant, rows, Merchant.id, Merchant.wrapped_key)
        for merchant_id, key in made:
            plan = by_key[bytes(key)]
            self._ids[plan] = merchant_id
            self._ledger.note(plan.row, Merchant.__tablename__, merchant_id, Act.MADE, version=1)

    def _change(self, plans: Sequence[MerchantPlan]) -> None:
        if not plans:
            return
        by_id = {self._ids[plan]: plan for plan in plans}
        changed = [
            self._changed(by_id[row.id], row._asdict())
            for row in lock(Merchant, by_id, *CHANGEABLE)
        ]
        if len(changed) != len(plans):
            raise Conflict(CHANGED_MEANWHILE)
        update_many(Merchant, changed)
        self._void_old_names([plan for plan in plans if Part.NAME in plan.parts])

    def _changed(self, plan: MerchantPlan, row: dict[str, Any]) -> dict[str, Any]:
        """The row as it is to be; what was there is noted, sealed where it is personal."""
        if plan.known is None or row["version"] != plan.known.version:
            raise Conflict(CHANGED_MEANWHILE)
        values = dict(row, version=row["version"] + 1)
        if Part.NAME in plan.parts:
            values |= self._name(plan.wanted.name)
        if Part.PHONE in plan.parts:
            values |= self._phone(plan)
        if Part.REGISTRATION_CODE in plan.parts:
            values["registration_code"] = plan.wanted.registration_code
        changed = {name for name in row if values[name] != row[name]}
        was = {name: row[name] for name in row if name in changed - KEPT_BY_UNDO}
        self._ledger.note(
            plan.row,
            Merchant.__tablename__,
            row["id"],
            Act.CHANGED,
            before=seal_before(was, self._keys[plan]),
            version=values["version"],
        )
        return values

    def _void_old_names(self, plans: Sequence[MerchantPlan]) -> None:
        """Stickers show the name: those of merchants who got another one are void."""
        ids = [self._ids[plan] for plan in plans]
        shown = db.session.scalars(
            select(PaymentAccount.merchant_id)
            .join(Sticker, Sticker.account_id == PaymentAccount.id)
            .where(PaymentAccount.merchant_id.in_(ids), Sticker.state.in_(sticker_states.LIVE))
            .distinct()
        ).all()
        for merchant in db.session.scalars(
            select(Merchant)
            .where(Merchant.id.in_(shown))
            .order_by(Merchant.id)
            .execution_options(populate_existing=True)
        ):
            sticker_states.void_for_merchant(
                merchant, reason=VoidReason.NAME_CHANGED, actor=self._actor
            )

    def _withdraw(self, plans: Sequence[MerchantPlan]) -> None:
        """A waiting account of the same number gives way to the one that names another holder."""
        by_id = {plan.withdrawn.id: plan for plan in plans if plan.withdrawn}
        columns = (PaymentAccount.id, PaymentAccount.state, PaymentAccount.version)
        waiting = [
            row
            for row in lock(PaymentAccount, by_id, *columns)
            if row.state is AccountState.AWAITING_APPROVAL
        ]
        if len(waiting) != len(by_id):
            raise Conflict(CHANGED_MEANWHILE)
        for row in waiting:
            self._ledger.note(
                by_id[row.id].row,
                PaymentAccount.__tablename__,
                row.id,
                Act.WITHDRAWN,
                version=row.version + 1,
            )
        update_many(
            PaymentAccount,
            [
                {
                    "id": row.id,
                    "state": AccountState.REJECTED,
                    "decided_at": self._actor.at,
                    "decision_reason": WITHDRAWN,
                    "version": row.version + 1,
                }
                for row in waiting
            ],
        )

    def _enter_accounts(self, plans: Sequence[MerchantPlan]) -> None:
        if not plans:
            return
        kinds = dict(db.session.execute(select(BankEntry.bin, BankEntry.kind)).tuples().all())
        rows_of = {self._ids[plan]: plan.row for plan in plans}
        rows = [
            self._account(plan, plan.account, kinds[plan.account.bin])
            for plan in plans
            if plan.account is not None
        ]
        made = insert_giving(PaymentAccount, rows, PaymentAccount.id, PaymentAccount.merchant_id)
        for account_id, merchant_id in made:
            self._ledger.note(
                rows_of[merchant_id], PaymentAccount.__tablename__, account_id, Act.MADE, version=1
            )

    def _account(
        self, plan: MerchantPlan, account: WantedAccount, kind: BankKind
    ) -> dict[str, Any]:
        sealed = accounts.seal_number(self._keys[plan], account.bin, account.number)
        is_own = account.holder is None or fold(account.holder) == plan.wanted.name_key
        return {
            "merchant_id": self._ids[plan],
            "kind": kind_at(kind),
            "bin": account.bin,
            "number_sealed": sealed.sealed,
            "number_hash": sealed.hash,
            "number_last4": sealed.last4,
            "holder_name": account.holder or to_ascii(plan.wanted.name).upper(),
            "relation": HolderRelation.SELF if is_own else HolderRelation.OTHER,
            "source": AccountSource.IMPORTED,
            "opened_with_help": False,
            "came_from_number_cell": account.is_from_number_cell,
            "needs_own_decision": account.needs_own_decision,
            "state": AccountState.AWAITING_APPROVAL,
            "is_preferred": False,
            "becomes_preferred": True,
            "proof": AccountProof.NONE,
            "entered_at": self._actor.at,
            "entered_by_id": self._actor.user_id,
            "changed_by_id": self._actor.user_id,
            "import_batch_id": self._batch.id,
            "version": 1,
        }

    def _name(self, name: str) -> dict[str, str]:
        return {"display_name": name, "name_key": fold(name), "sort_key": sort_key(name)}

    def _phone(self, plan: MerchantPlan) -> dict[str, Any]:
        phone, key = plan.wanted.phone, self._keys[plan].wrapped_key
        if phone is None or key is None:
            return dict.fromkeys(("phone_sealed", "phone_hash", "phone_last3", "phone_set_at"))
        return {
            "phone_sealed": vault().seal_text(key, phone, merchants.PHONE_PURPOSE),
            "phone_hash": plan.wanted.phone_hash,
            "phone_last3": phone[-3:],
            "phone_set_at": self._actor.at,
        }
