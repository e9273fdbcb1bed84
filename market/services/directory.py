"""The bank directory and the list of business lines, as this installation keeps them."""

from functools import lru_cache

from sqlalchemy import select

from market.domain.banks import Bank, BankDirectory
from market.domain.business_lines import BusinessLine, BusinessLines, packaged_lines
from market.domain.errors import NotFound
from market.domain.text import sort_key
from market.extensions import db
from market.models import stall
from market.models.account import BankEntry


def bank_directory() -> BankDirectory:
    """The banks as the operator corrected them; one query, indexed anew only after a change."""
    rows = db.session.scalars(select(BankEntry).order_by(BankEntry.bin))
    return _directory_of(tuple(_bank(row) for row in rows))


def list_banks() -> list[tuple[str, str]]:
    """BIN and name of each bank and wallet, by name, for choosing one."""
    banks = sorted(bank_directory(), key=lambda bank: (sort_key(bank.short_name), bank.bin))
    return [(bank.bin, f"{bank.short_name} – {bank.full_name}") for bank in banks]


def business_lines() -> BusinessLines:
    """The lines in the order of their names; what people write for them comes with the release."""
    rows = db.session.execute(
        select(stall.BusinessLine.code, stall.BusinessLine.name, stall.BusinessLine.mcc)
    )
    by_name = sorted(rows, key=lambda row: (sort_key(row.name), row.code))
    return _lines_of(tuple((row.code, row.name, row.mcc) for row in by_name))


def get_line(code: str) -> stall.BusinessLine:
    """The line of that code; raises NotFound where the list has none."""
    line = db.session.get(stall.BusinessLine, code)
    if line is None:
        raise NotFound("Ngành hàng này không có trong danh mục.")
    return line


def _bank(row: BankEntry) -> Bank:
    return Bank(
        bin=row.bin,
        code=row.code,
        short_name=row.short_name,
        full_name=row.full_name,
        kind=row.kind,
        aliases=tuple(row.aliases.splitlines()),
        payer_app_can_scan=row.payer_app_can_scan,
        name_lookup=row.name_lookup,
        notes=row.notes,
    )


@lru_cache(maxsize=4)
def _directory_of(banks: tuple[Bank, ...]) -> BankDirectory:
    return BankDirectory(banks)


@lru_cache(maxsize=4)
def _lines_of(rows: tuple[tuple[str, str, str], ...]) -> BusinessLines:
    written = {line.code: line.aliases for line in packaged_lines()}
    return BusinessLines(
        BusinessLine(code, name, mcc, written.get(code, ())) for code, name, mcc in rows
    )
