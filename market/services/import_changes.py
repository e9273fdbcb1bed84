"""What a row of a list would change of a stall, a merchant or an account, old against new."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from market.domain.accounts import AccountState, last_four
from market.domain.import_rows import Change, Part, WantedAccount, WantedMerchant, WantedStall
from market.domain.stalls import Placement
from market.domain.text import fold
from market.services.import_register import KnownAccount, KnownMerchant, KnownStall


@dataclass(frozen=True, slots=True)
class Words:
    """Names of lines by code and of banks by BIN, as people read them."""

    lines: Mapping[str, str]
    banks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AccountChange:
    """An account to enter; `withdrawn` is the waiting one whose place it takes."""

    change: Change
    withdrawn: KnownAccount | None


def changes_of_stall(
    wanted: WantedStall, known: KnownStall | None, words: Words
) -> Iterator[Change]:
    """What the row says otherwise of the stall itself; what it leaves out stays."""
    line = known.line_code if known else None
    if wanted.section and (known is None or fold(wanted.section) != known.section_key):
        yield Change(Part.SECTION, known.section if known else None, wanted.section)
    if wanted.line_code and wanted.line_code != line:
        old = words.lines.get(line, line) if line else None
        yield Change(Part.LINE, old, words.lines.get(wanted.line_code, wanted.line_code))
    placement = known.placement if known else Placement.FIXED
    if wanted.placement and wanted.placement is not placement:
        yield Change(
            Part.PLACEMENT, known.placement.label if known else None, wanted.placement.label
        )
    if wanted.area_m2 is not None and wanted.area_m2 != (known.area_m2 if known else None):
        yield Change(
            Part.AREA,
            _square_metres(known.area_m2 if known else None),
            _square_metres(wanted.area_m2),
        )
    if wanted.note and wanted.note != (known.note if known else None):
        yield Change(Part.NOTE, known.note if known else None, wanted.note)


def _square_metres(area: Decimal | None) -> str | None:
    return None if area is None else f"{area.normalize():f} m²".replace(".", ",")


def changes_of_merchant(wanted: WantedMerchant, known: KnownMerchant | None) -> Iterator[Change]:
    """What the list says otherwise of the merchant; what it leaves out stays."""
    if known is not None and _is_renamed(known.name, wanted.name):
        yield Change(Part.NAME, known.name, wanted.name)
    if wanted.phone and wanted.phone_hash != (known.phone_hash if known else None):
        old = f"••• {known.phone_last3}" if known and known.phone_last3 else None
        yield Change(Part.PHONE, old, wanted.phone)
    code = known.registration_code if known else None
    if wanted.registration_code and wanted.registration_code != code:
        yield Change(Part.REGISTRATION_CODE, code, wanted.registration_code)


def _is_renamed(old: str, new: str) -> bool:
    """Whether the name is written otherwise; capitals and missing accents are no other name."""
    return (
        fold(old) == fold(new) and old.casefold() != new.casefold() and new.casefold() != fold(new)
    )


def change_of_account(
    account: WantedAccount | None, known: Sequence[KnownAccount], words: Words
) -> AccountChange | None:
    """Whether the account is another than those on record of the merchant.

    One that was rejected is on record too: the same list does not bring it in again.
    """
    same = [each for each in known if account and each.hash == account.hash]
    if account is None or any(_is_held_by(each, account.holder) for each in same):
        return None
    current = _current(known)
    old = _account_label(words, current.bin, current.last4) if current else None
    new = _account_label(words, account.bin, last_four(account.number))
    if old == new:
        new += f" ({account.holder})" if same and account.holder else " (số khác)"
    waiting = (each for each in same if each.state is AccountState.AWAITING_APPROVAL)
    return AccountChange(Change(Part.ACCOUNT, old, new), next(waiting, None))


def _is_held_by(account: KnownAccount, holder: str | None) -> bool:
    return holder is None or fold(holder) == fold(account.holder)


def _current(accounts: Sequence[KnownAccount]) -> KnownAccount | None:
    """The account a list's one is set against: the newest in use, else the newest waiting."""
    for state in (AccountState.APPROVED, AccountState.AWAITING_APPROVAL):
        found = [account for account in accounts if account.state is state]
        if found:
            return found[-1]
    return None


def _account_label(words: Words, bin: str, last4: str) -> str:
    return f"{words.banks.get(bin, bin)} •••• {last4}"
