"""What the register of one market holds, read whole and as plain values, for comparing lists."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from market.domain.accounts import AccountState
from market.domain.stalls import Placement, StallState
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.import_batch import ImportBatch
from market.models.market import Market, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.services.bulk import chunks

# Folded name, kind of mark, its value.
Mark = tuple[str, str, str]
WAITING_OR_USED = (AccountState.AWAITING_APPROVAL, AccountState.APPROVED)


@dataclass(frozen=True, slots=True)
class KnownTenancy:
    """A tenancy without end."""

    id: int
    merchant_id: int
    from_day: date


@dataclass(slots=True)
class KnownStall:
    """A stall with the state and the tenancies that hold without end."""

    id: int
    version: int
    code: str
    code_key: str
    section_key: str | None
    section: str | None
    line_code: str | None
    placement: Placement
    area_m2: Decimal | None
    note: str | None
    state: StallState | None = None
    state_id: int | None = None
    state_from: date | None = None
    tenancies: list[KnownTenancy] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account by its keyed hash; the number stays sealed."""

    id: int
    bin: str
    hash: str
    last4: str
    holder: str
    state: AccountState


@dataclass(slots=True)
class KnownMerchant:
    """A merchant; `wrapped_key` seals what is added to them."""

    id: int
    version: int
    name: str
    name_key: str
    phone_hash: str | None
    phone_last3: str | None
    registration_code: str | None
    wrapped_key: bytes
    accounts: list[KnownAccount] = field(default_factory=list)


class Register:
    """The stalls of a market by code key, and the merchants a list may mean.

    Merchants are those who trade or traded in the market, or were entered there; a record
    merged into another stands for the one it points to. `left_after` names merchants who
    left a stall after the day asked about, with the day they left: (stall, merchant) ids.
    """

    def __init__(
        self,
        stalls: dict[str, KnownStall],
        merchants: dict[int, KnownMerchant],
        merged_into: Mapping[int, int],
        left_after: Mapping[tuple[int, int], date],
    ) -> None:
        self.stalls = stalls
        self.left_after = left_after
        self._merchants = merchants
        self._merged_into = merged_into
        self._by_mark: dict[Mark, KnownMerchant] = {}
        for merchant_id in sorted(merchants):
            target = self.find_merchant(merchant_id)
            if target is not None:
                for mark in _marks(merchants[merchant_id]):
                    self._by_mark.setdefault(mark, target)

    def find_merchant(self, merchant_id: int) -> KnownMerchant | None:
        """The merchant of that id, or the one it was merged into."""
        return self._merchants.get(self.id_of(merchant_id))

    def id_of(self, merchant_id: int) -> int:
        """The id of the record that stands for that one, after merges."""
        while merchant_id in self._merged_into:
            merchant_id = self._merged_into[merchant_id]
        return merchant_id

    def find_by_marks(
        self, name_key: str, *, code: str | None, phone: str | None, account: str | None
    ) -> KnownMerchant | None:
        """The merchant of that folded name with an equal code, or hash of phone or account.

        The strongest mark decides, then the oldest record. A name alone never joins.
        """
        for kind, value in (("code", code), ("phone", phone), ("account", account)):
            found = self._by_mark.get((name_key, kind, value)) if value else None
            if found is not None:
                return found
        return None

    def tenants_of(self, stall: KnownStall) -> Iterator[KnownMerchant]:
        """Who trades at the stall now."""
        for tenancy in stall.tenancies:
            merchant = self.find_merchant(tenancy.merchant_id)
            if merchant is not None:
                yield merchant


def read_register(market: Market, *, on: date) -> Register:
    """The market's register as it stands; six queries however large it is.

    `on` is the day from which a list is to hold.
    """
    stalls = _stalls(market)
    by_id = {stall.id: stall for stall in stalls.values()}
    _add_states(market, by_id)
    _add_tenancies(market, by_id)
    merchants, merged_into = _merchants(market)
    _add_accounts(market, merchants)
    return Register(stalls, merchants, merged_into, _left_after(market, on))


def find_holders(hashes: Collection[str]) -> dict[str, set[int]]:
    """The merchants of the whole register with these accounts in use or waiting, by hash."""
    found: dict[str, set[int]] = {}
    for chunk in chunks(sorted(hashes)):
        rows = db.session.execute(
            select(PaymentAccount.number_hash, PaymentAccount.merchant_id).where(
                PaymentAccount.number_hash.in_(chunk), PaymentAccount.state.in_(WAITING_OR_USED)
            )
        )
        for hash_, merchant_id in rows:
            found.setdefault(hash_, set()).add(merchant_id)
    return found


def of_market(market: Market) -> ColumnElement[bool]:
    """Merchants who trade or traded in the market, or were entered there."""
    traders = (
        select(Tenancy.merchant_id)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(Stall.market_id == market.id)
    )
    return or_(Merchant.market_id == market.id, Merchant.id.in_(traders))


def _stalls(market: Market) -> dict[str, KnownStall]:
    rows = db.session.execute(
        select(
            Stall.id,
            Stall.version,
            Stall.code,
            Stall.code_key,
            Section.name_key,
            Section.name,
            Stall.line_code,
            Stall.placement,
            Stall.area_m2,
            Stall.note,
        )
        .outerjoin(Section, Section.id == Stall.section_id)
        .where(Stall.market_id == market.id)
        .order_by(Stall.sort_key, Stall.id)
    )
    return {row.code_key: KnownStall(*row) for row in rows}


def _add_states(market: Market, stalls: Mapping[int, KnownStall]) -> None:
    rows = db.session.execute(
        select(
            StallStateSpan.stall_id,
            StallStateSpan.id,
            StallStateSpan.state,
            StallStateSpan.from_day,
        )
        .join(Stall, Stall.id == StallStateSpan.stall_id)
        .where(Stall.market_id == market.id, StallStateSpan.to_day.is_(None))
    )
    for stall_id, span_id, state, from_day in rows:
        stall = stalls[stall_id]
        stall.state_id, stall.state, stall.state_from = span_id, state, from_day


def _add_tenancies(market: Market, stalls: Mapping[int, KnownStall]) -> None:
    rows = db.session.execute(
        select(Tenancy.stall_id, Tenancy.id, Tenancy.merchant_id, Tenancy.from_day)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(Stall.market_id == market.id, Tenancy.to_day.is_(None))
        .order_by(Tenancy.id)
    )
    for stall_id, tenancy_id, merchant_id, from_day in rows:
        stalls[stall_id].tenancies.append(KnownTenancy(tenancy_id, merchant_id, from_day))


def _left_after(market: Market, on: date) -> dict[tuple[int, int], date]:
    rows = db.session.execute(
        select(Tenancy.stall_id, Tenancy.merchant_id, Tenancy.to_day)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(Stall.market_id == market.id, Tenancy.to_day > on)
    )
    return {
        (stall_id, merchant_id): to_day
        for stall_id, merchant_id, to_day in rows
        if to_day is not None
    }


def _merchants(market: Market) -> tuple[dict[int, KnownMerchant], dict[int, int]]:
    rows = db.session.execute(
        select(
            Merchant.id,
            Merchant.version,
            Merchant.display_name,
            Merchant.name_key,
            Merchant.phone_hash,
            Merchant.phone_last3,
            Merchant.registration_code,
            Merchant.wrapped_key,
            Merchant.merged_into_id,
        ).where(of_market(market), Merchant.erased_at.is_(None), Merchant.wrapped_key.is_not(None))
    ).all()
    merchants = {row.id: KnownMerchant(*row[:-1]) for row in rows}
    merged_into = {row.id: row.merged_into_id for row in rows if row.merged_into_id is not None}
    return merchants, merged_into


def _add_accounts(market: Market, merchants: Mapping[int, KnownMerchant]) -> None:
    """What is on record of each merchant; accounts of an undone import count as never there."""
    undone = aliased(ImportBatch)
    rows = db.session.execute(
        select(
            PaymentAccount.merchant_id,
            PaymentAccount.id,
            PaymentAccount.bin,
            PaymentAccount.number_hash,
            PaymentAccount.number_last4,
            PaymentAccount.holder_name,
            PaymentAccount.state,
        )
        .join(Merchant, Merchant.id == PaymentAccount.merchant_id)
        .outerjoin(undone, undone.id == PaymentAccount.import_batch_id)
        .where(
            of_market(market),
            PaymentAccount.state != AccountState.RETIRED,
            or_(PaymentAccount.state != AccountState.REJECTED, undone.undone_at.is_(None)),
        )
        .order_by(PaymentAccount.id)
    )
    for merchant_id, *values in rows:
        if merchant_id in merchants:
            merchants[merchant_id].accounts.append(KnownAccount(*values))


def _marks(merchant: KnownMerchant) -> Iterator[Mark]:
    if merchant.registration_code:
        yield merchant.name_key, "code", merchant.registration_code
    if merchant.phone_hash:
        yield merchant.name_key, "phone", merchant.phone_hash
    for account in merchant.accounts:
        yield merchant.name_key, "account", account.hash
