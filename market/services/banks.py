"""The bank directory as administrators keep it: rows added and corrected, used at once."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from market.domain.banks import Bank, BankDirectory, BankKind
from market.domain.errors import Conflict, Invalid, NotFound, Problem
from market.domain.pages import Page
from market.domain.text import clean, fold
from market.extensions import db
from market.models.account import BankEntry
from market.services import audit, directory
from market.services.access import Actor
from market.services.paging import entities_page
from market.services.uniqueness import unique_or
from market.services.versions import CHANGED_MEANWHILE

BIN_DIGITS = 6
FIELDS = (
    "code",
    "short_name",
    "full_name",
    "kind",
    "aliases",
    "payer_app_can_scan",
    "name_lookup",
    "notes",
)


@dataclass(frozen=True, slots=True)
class BankValues:
    """What is kept of a bank; `aliases` is how people write it, None is unknown."""

    code: str
    short_name: str
    full_name: str
    kind: BankKind
    aliases: tuple[str, ...] = ()
    payer_app_can_scan: bool | None = None
    name_lookup: bool | None = None
    notes: str = ""


def page_of(number: int, *, search: str = "") -> Page[BankEntry]:
    """A page of the directory in the order of the BINs, found by any of its names."""
    query = select(BankEntry).order_by(BankEntry.bin)
    if words := fold(search):
        query = query.where(BankEntry.bin.in_(_matching(words)))
    return entities_page(query, number)


def get_bank(bin: str) -> BankEntry:
    """The row of that BIN; raises NotFound."""
    row = db.session.get(BankEntry, bin)
    if row is None:
        raise NotFound("Danh mục không có ngân hàng này.")
    return row


def add_bank(bin: str, *, values: BankValues, actor: Actor) -> BankEntry:
    """Add a row; raises Invalid for a BIN in use and for names of other banks."""
    bin = clean(bin)
    if not (len(bin) == BIN_DIGITS and bin.isascii() and bin.isdigit()):
        raise _invalid("bin", "Mã BIN gồm đúng 6 chữ số.")
    taken = _invalid("bin", "Danh mục đã có mã BIN này. Hãy sửa dòng đã có.")
    if db.session.get(BankEntry, bin) is not None:
        raise taken
    checked = _checked(bin, values)
    row = BankEntry(bin=bin, **_columns(checked))
    with unique_or(taken):
        db.session.add(row)
    audit.record(actor, "create", row, new=_facts(row))
    return row


def change_bank(row: BankEntry, *, values: BankValues, seen: str, actor: Actor) -> BankEntry:
    """Correct a row; `seen` is the fingerprint of the row that the form was filled in for.

    Raises Conflict where somebody changed it meanwhile, Invalid for names of other banks.
    """
    db.session.refresh(row, with_for_update=True)
    if fingerprint(row) != seen:
        raise Conflict(CHANGED_MEANWHILE)
    checked = _checked(row.bin, values)
    old = _facts(row)
    for name, value in _columns(checked).items():
        setattr(row, name, value)
    new = _facts(row)
    changed = {name for name in new if new[name] != old[name]}
    if changed:
        db.session.flush()
        audit.record(
            actor,
            "change",
            row,
            old={name: old[name] for name in changed},
            new={name: new[name] for name in changed},
        )
    return row


def fingerprint(row: BankEntry) -> str:
    """Tells whether two looks at a row saw the same values."""
    return hashlib.sha256(repr(sorted(_facts(row).items())).encode()).hexdigest()[:16]


def _matching(words: str) -> list[str]:
    """BINs of the banks with these words in a name; the directory is small and cached."""
    return [
        bank.bin
        for bank in directory.bank_directory()
        if any(
            words in fold(name)
            for name in (bank.bin, bank.code, bank.short_name, bank.full_name, *bank.aliases)
        )
    ]


def _checked(bin: str, values: BankValues) -> BankValues:
    checked = BankValues(
        code=clean(values.code),
        short_name=clean(values.short_name),
        full_name=clean(values.full_name),
        kind=values.kind,
        aliases=tuple(dict.fromkeys(filter(None, map(clean, values.aliases)))),
        payer_app_can_scan=values.payer_app_can_scan,
        name_lookup=values.name_lookup,
        notes=clean(values.notes),
    )
    problems = [
        Problem("Hãy điền ô này.", field=name)
        for name in ("code", "short_name", "full_name")
        if not getattr(checked, name)
    ]
    problems += _names_of_others(bin, checked)
    if problems:
        raise Invalid("Hãy sửa các ô được đánh dấu.", tuple(problems))
    return checked


def _names_of_others(bin: str, values: BankValues) -> Iterable[Problem]:
    """A name that two banks bear finds neither: lists that use it could not be read."""
    bank = Bank(bin, **{name: getattr(values, name) for name in FIELDS})
    if bank.is_in_conflict:
        return
    others = [row for row in directory.bank_directory() if row.bin != bin]
    with_it, without = BankDirectory([*others, bank]), BankDirectory(others)
    fields = [("code", values.code), ("short_name", values.short_name)]
    for field, name in [*fields, *(("aliases", alias) for alias in values.aliases)]:
        found, before = with_it.find(name), without.find(name)
        if before is not None or found is None or found.bin != bin:
            whose = f" ({before.short_name})" if before else ""
            message = f"“{name}” đã là tên của ngân hàng khác{whose}. Hãy bỏ hoặc viết rõ hơn."
            yield Problem(message, field=field)


def _columns(values: BankValues) -> dict[str, Any]:
    known = {name: getattr(values, name) for name in FIELDS}
    return {**known, "aliases": "\n".join(values.aliases)}


def _facts(row: BankEntry) -> dict[str, Any]:
    facts = {name: getattr(row, name) for name in FIELDS}
    return {**facts, "kind": str(row.kind), "aliases": row.aliases.splitlines()}


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(message, (Problem(message, field=name),))
