"""The directory of banks and wallets: found by BIN or by what people write."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from market.domain.errors import NotFound
from market.domain.labels import LabelledEnum
from market.domain.text import clean, fold

_WORD = re.compile(r"[a-z0-9]+")
_PART_BREAK = re.compile(r"[()\[\]/;,]|\s[-–—]\s")
_CONFLICT = "CONFLICT"

# What says "bank" or its legal form, and so names no bank. Longest first.
_EMPTY_PHRASES = tuple(
    tuple(phrase.split())
    for phrase in (
        "trach nhiem huu han mot thanh vien",
        "tnhh mot thanh vien",
        "thuong mai co phan",
        "ngan hang",
        "tnhh mtv",
        "nhtm cp",
        "tm cp",
        "nhtmcp",
        "tmcp",
        "nh",
    )
)
_BRANCH_PHRASES = (
    ("phong", "giao", "dich"),
    ("chi", "nhanh"),
    ("p", "giao", "dich"),
    ("pgd",),
    ("cn",),
)
_COUNTRY_ENDINGS = (("viet", "nam"), ("vn",))


class BankKind(LabelledEnum):
    """What sort of house holds the account."""

    BANK = "bank", "Ngân hàng"
    DIGITAL = "digital", "Ngân hàng số"
    FINANCE = "finance", "Công ty tài chính"
    WALLET = "wallet", "Ví điện tử"
    MOBILE_MONEY = "mobile_money", "Mobile Money"


@dataclass(frozen=True, slots=True)
class Bank:
    """One row of the directory.

    `payer_app_can_scan` says whether the bank's own app reads VietQR, nothing about
    receiving money; `name_lookup` whether others can look up its holders' names. None of
    either is unknown.
    """

    bin: str
    code: str
    short_name: str
    full_name: str
    kind: BankKind
    aliases: tuple[str, ...] = ()
    payer_app_can_scan: bool | None = None
    name_lookup: bool | None = None
    notes: str = ""

    @property
    def is_in_conflict(self) -> bool:
        """Whether sources give the same house another BIN: only the BIN itself is sure."""
        return _CONFLICT in self.notes

    @property
    def needs_confirmation(self) -> bool:
        """Whether an account here takes an approval of its own, never one in bulk."""
        return self.kind is BankKind.FINANCE or self.is_in_conflict


class BankDirectory:
    """Rows of the directory, looked up by exact names only, never by likeness."""

    def __init__(self, banks: Iterable[Bank]) -> None:
        self._by_bin = {bank.bin: bank for bank in banks}
        named = [bank for bank in self._by_bin.values() if not bank.is_in_conflict]
        self._tiers = tuple(
            _index((bank.bin, name) for bank in named for name in names(bank))
            for names in (_codes, _short_names, _aliases, _full_names)
        )

    def __iter__(self) -> Iterator[Bank]:
        return iter(self._by_bin.values())

    def __len__(self) -> int:
        return len(self._by_bin)

    def get(self, bin: str) -> Bank:
        """The bank of this BIN; raises NotFound."""
        try:
            return self._by_bin[bin]
        except KeyError:
            raise NotFound(
                f"Không có ngân hàng nào mang mã BIN {bin}. Hãy kiểm tra lại mã BIN."
            ) from None

    def find(self, written: str) -> Bank | None:
        """The bank that a list means by this, None where none fits or two do.

        A name that stands beside another of the same bank, as in "Nông nghiệp (Agribank)",
        is found; two names of two banks are not.
        """
        whole = self._find_one(written)
        if whole is not None:
            return whole
        parts = [part for part in _PART_BREAK.split(written) if _naming_words(part)]
        found = {self._find_one(part) for part in parts}
        return found.pop() if len(found) == 1 else None

    def _find_one(self, written: str) -> Bank | None:
        for key in _keys(written):
            if key in self._by_bin:
                return self._by_bin[key]
            for tier in self._tiers:
                if bins := tier.get(key):
                    return self._by_bin[next(iter(bins))] if len(bins) == 1 else None
        return None


@cache
def packaged_banks() -> tuple[Bank, ...]:
    """The rows that come with the release, in the order of their BINs."""
    aliases: dict[str, list[str]] = defaultdict(list)
    for row in _read("bank_aliases.csv"):
        aliases[row["bin"]].append(row["alias"])
    return tuple(
        Bank(
            bin=row["bin"],
            code=row["code"],
            short_name=row["short_name"],
            full_name=clean(row["full_name"]),
            kind=BankKind(row["kind"]),
            aliases=tuple(aliases[row["bin"]]),
            payer_app_can_scan=_flag(row["payer_app_can_scan"]),
            name_lookup=_flag(row["name_lookup"]),
            notes=row["notes"],
        )
        for row in _read("banks.csv")
    )


def _read(name: str) -> list[dict[str, str]]:
    text = files("market.domain").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _flag(written: str) -> bool | None:
    return None if written == "" else written == "1"


def _codes(bank: Bank) -> tuple[str, ...]:
    return (bank.code,)


def _short_names(bank: Bank) -> tuple[str, ...]:
    return (bank.short_name,)


def _aliases(bank: Bank) -> tuple[str, ...]:
    return bank.aliases


def _full_names(bank: Bank) -> tuple[str, ...]:
    return (bank.full_name,)


def _index(named: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    index: dict[str, set[str]] = defaultdict(set)
    for bin_, name in named:
        for key in _keys(name):
            index[key].add(bin_)
    return dict(index)


def _keys(written: str) -> tuple[str, ...]:
    """How a name is compared: whole, without its empty words, without its country.

    Spaces, punctuation, case and diacritics never count.
    """
    whole = _WORD.findall(fold(written))
    naming = _naming_words(written)
    forms = (whole, naming, _without_country(naming))
    return tuple(dict.fromkeys(key for key in map("".join, forms) if key))


def _naming_words(written: str) -> list[str]:
    return _without_empty_words(_before_branch(_WORD.findall(fold(written))))


def _before_branch(words: list[str]) -> list[str]:
    for at in range(len(words)):
        if any(_stands_at(words, at, phrase) for phrase in _BRANCH_PHRASES):
            return words[:at]
    return words


def _without_empty_words(words: list[str]) -> list[str]:
    kept: list[str] = []
    at = 0
    while at < len(words):
        empty = next((p for p in _EMPTY_PHRASES if _stands_at(words, at, p)), None)
        if empty is None:
            kept.append(words[at])
        at += len(empty or words[at : at + 1])
    return kept


def _without_country(words: list[str]) -> list[str]:
    for ending in _COUNTRY_ENDINGS:
        if tuple(words[-len(ending) :]) == ending:
            return words[: -len(ending)]
    return words


def _stands_at(words: list[str], at: int, phrase: tuple[str, ...]) -> bool:
    return tuple(words[at : at + len(phrase)]) == phrase
