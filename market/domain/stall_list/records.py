"""What a list gives: stalls with their merchants and accounts, and what is wrong with rows."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from market.domain.errors import Problem
from market.domain.stall_list.headings import Field
from market.domain.stall_list.table import Column
from market.domain.stalls import Placement, StallState
from market.domain.workbook import Cell


@dataclass(frozen=True, slots=True)
class StallRecord:
    """One row that can be imported.

    `stalls` are the codes as written, two for "B10, B11". `merchant` numbers the merchants
    of the file from 0: rows of one merchant bear one number; None where nobody trades.
    `line_code` is None where the written line is not known. `account_from_number` tells
    that the account stood in a number cell, which loses leading zeros.
    """

    row: int
    stalls: tuple[str, ...]
    state: StallState = StallState.TRADING
    placement: Placement = Placement.FIXED
    section: str | None = None
    area: Decimal | None = None
    note: str | None = None
    line_code: str | None = None
    line_text: str | None = None
    merchant: int | None = None
    merchant_name: str | None = None
    phone: str | None = None
    registration_code: str | None = None
    bank_bin: str | None = None
    account_number: str | None = None
    holder: str | None = None
    account_from_number: bool = False

    @property
    def account(self) -> tuple[str, str] | None:
        """BIN and number, which together say which account it is."""
        if self.bank_bin is None or self.account_number is None:
            return None
        return self.bank_bin, self.account_number


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row to correct: its cells under the headings of the list, and why.

    A title that gave the section comes before the first bad row below it, without a
    reason. Cells of private columns and personal numbers are left empty.
    """

    number: int
    cells: tuple[Cell, ...]
    reason: str = ""


@dataclass(frozen=True)
class StallList:
    """A list that was read and checked; nothing of it is written anywhere yet."""

    sheet: str
    header_row: int
    columns: tuple[Column, ...]
    records: tuple[StallRecord, ...]
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    bad_rows: tuple[BadRow, ...]

    @cached_property
    def stalls(self) -> int:
        return len({stall_key(code) for record in self.records for code in record.stalls})

    @cached_property
    def merchants(self) -> int:
        return len({record.merchant for record in self.records if record.merchant is not None})

    @cached_property
    def vacant(self) -> int:
        return sum(
            len(record.stalls) for record in self.records if record.state is StallState.VACANT
        )

    @cached_property
    def accounts(self) -> int:
        """Merchants given an account."""
        return len({record.merchant for record in self.records if record.account is not None})


def stall_key(code: str) -> str:
    """A stall code as it is compared inside one market: b12a and B12A are one stall."""
    return " ".join(code.split()).casefold()


def heading_of(columns: tuple[Column, ...], field: Field) -> str | None:
    return next((column.heading for column in columns if column.field is field), None)
