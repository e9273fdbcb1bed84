"""Which rows of a list are one merchant, and where that cannot be."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from market.domain.errors import Problem
from market.domain.stall_list.problems import account_conflict, account_shared
from market.domain.stall_list.records import StallRecord
from market.domain.stall_list.row_checks import CheckedRow
from market.domain.text import fold

Account = tuple[str, str]


@dataclass(slots=True)
class _Merchant:
    """One merchant as far as it is known; `joined` points on where two turned out one."""

    account: Account | None = None
    account_row: int = 0
    joined: "_Merchant | None" = None
    number: int = field(default=-1)

    def root(self) -> "_Merchant":
        merchant = self
        while merchant.joined is not None:
            merchant = merchant.joined
        return merchant


class MerchantJoiner:
    """Joins rows in their order.

    Two rows are one merchant when the folded name is equal and so is the registration
    code, the phone or BIN + number, or when they share one merged name cell.
    """

    def __init__(self, account_heading: str | None) -> None:
        self._heading = account_heading
        self._by_key: dict[tuple[str, ...], _Merchant] = {}
        self._of_row: list[tuple[CheckedRow, _Merchant]] = []

    def add(self, checked: CheckedRow) -> Problem | None:
        """Join the row to its merchant, or tell why it cannot be: two different accounts."""
        keys = list(_keys(checked))
        known = {
            id(m): m for key in keys if key in self._by_key for m in [self._by_key[key].root()]
        }
        conflict = self._conflict(checked.record, list(known.values()))
        if conflict is not None:
            return conflict
        merchant = _joined(list(known.values()))
        if merchant.account is None and checked.record.account is not None:
            merchant.account, merchant.account_row = checked.record.account, checked.row
        for key in keys:
            self._by_key[key] = merchant
        self._of_row.append((checked, merchant))
        return None

    def finish(self) -> Iterator[Problem]:
        """Number the merchants in all rows; yields accounts that two merchants share."""
        holders: dict[Account, list[tuple[_Merchant, int]]] = {}
        count = 0
        for checked, joined in self._of_row:
            merchant = joined.root()
            if merchant.number < 0:
                merchant.number, count = count, count + 1
            checked.record = replace(checked.record, merchant=merchant.number)
            if checked.record.account is None:
                continue
            earlier = holders.setdefault(checked.record.account, [])
            for other, row in earlier:
                if other is not merchant:
                    yield account_shared(checked.row, row, self._heading)
                    break
            if all(other is not merchant for other, _ in earlier):
                earlier.append((merchant, checked.row))

    def _conflict(self, record: StallRecord, merchants: list[_Merchant]) -> Problem | None:
        accounts = {merchant.account for merchant in merchants if merchant.account}
        if record.account is not None:
            accounts.add(record.account)
        if len(accounts) < 2:
            return None
        row = next(
            merchant.account_row
            for merchant in merchants
            if merchant.account and merchant.account != record.account
        )
        return account_conflict(record.row, row, self._heading)


def _keys(checked: CheckedRow) -> Iterator[tuple[str, ...]]:
    record = checked.record
    name = fold(record.merchant_name or "")
    if checked.source.merchant_anchor is not None:
        yield "merged", str(checked.source.merchant_anchor)
    if record.registration_code:
        yield "code", name, record.registration_code
    if record.phone:
        yield "phone", name, record.phone
    if record.account:
        yield "account", name, *record.account


def _joined(merchants: list[_Merchant]) -> _Merchant:
    """One merchant out of those that a row shows to be the same."""
    if not merchants:
        return _Merchant()
    first, *others = merchants
    for other in others:
        other.joined = first
        if first.account is None:
            first.account, first.account_row = other.account, other.account_row
    return first
