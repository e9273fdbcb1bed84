"""An uploaded list → what it wants of the register, with the hashes that tell sameness."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from market.documents.workbooks import read_workbook
from market.domain.accounts import mask
from market.domain.banks import BankDirectory
from market.domain.business_lines import BusinessLines
from market.domain.errors import Problem
from market.domain.import_rows import WantedAccount, WantedMerchant, WantedRow, WantedStall
from market.domain.stall_list.headings import Field, read_heading
from market.domain.stall_list.problems import stall_duplicate
from market.domain.stall_list.reading import read_list
from market.domain.stall_list.records import BadRow, StallList, StallRecord, heading_of
from market.domain.stall_list.row_checks import stall_codes
from market.domain.stall_list.table import Column, find_table, guess_table
from market.domain.stalls import Placement, StallState
from market.domain.text import clean, fold
from market.domain.workbook import Workbook
from market.services import directory
from market.services.accounts import number_hash
from market.services.bulk import uncollected
from market.services.import_changes import Words
from market.services.merchants import phone_hash
from market.services.stalls import LONGEST_CODE, code_key

SAMPLES = 5
LONGEST_NAME = 200
CITIZEN_ID_DIGITS = 12
CENTI = Decimal("0.01")
ACCOUNT_FIELDS = (Field.ACCOUNT, Field.BANK, Field.HOLDER)


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column of the list as people map it: its heading, its field, what stands under it.

    Of a private column nothing is shown: it is never read.
    """

    heading: str
    field: Field | None
    is_private: bool
    is_ordinal: bool
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Directories:
    """What banks and lines are called, as the register has them."""

    banks: BankDirectory
    lines: BusinessLines

    @classmethod
    def load(cls) -> "Directories":
        """As they are now; two queries."""
        return cls(directory.bank_directory(), directory.business_lines())

    @property
    def words(self) -> Words:
        """For people."""
        return Words(
            {line.code: line.name for line in self.lines},
            {bank.bin: bank.short_name for bank in self.banks},
        )


@dataclass(frozen=True, slots=True)
class WantedList:
    """A list that was read: its rows, warnings about the whole of it, its columns."""

    workbook: Workbook
    sheet: str
    header_row: int
    columns: tuple[ColumnView, ...]
    rows: tuple[WantedRow, ...]
    notes: tuple[Problem, ...]
    bad_rows: tuple[BadRow, ...]
    indexes: tuple[int, ...]


@uncollected()
def read_wanted(
    data: bytes,
    filename: str,
    *,
    mapping: Mapping[str, str],
    directories: Directories,
    without_accounts: bool = False,
) -> WantedList:
    """Read and check a list; nothing of the register is looked at.

    `mapping` is what was settled by hand, heading → value of Field or "". With
    `without_accounts` the columns of accounts are left out: whoever may not enter
    accounts cannot import them either. Raises what `read_workbook` and `read_list` do.
    """
    workbook = read_workbook(data, filename)
    if without_accounts:
        mapping = _leave_out_accounts(workbook, mapping)
    found = read_list(workbook, banks=directories.banks, lines=directories.lines, mapping=mapping)
    rows = tuple(_Rows(found, directories.banks).all())
    numbers = {row.number for row in rows}
    return WantedList(
        workbook=workbook,
        sheet=found.sheet,
        header_row=found.header_row,
        columns=_views(workbook, found.sheet, found.columns, [row.number for row in rows]),
        rows=rows,
        notes=tuple(warning for warning in found.warnings if warning.row not in numbers),
        bad_rows=found.bad_rows,
        indexes=tuple(column.index for column in found.columns),
    )


def guess_columns(data: bytes, filename: str, mapping: Mapping[str, str]) -> tuple[ColumnView, ...]:
    """The columns of the row most like a header, to be mapped by hand."""
    workbook = read_workbook(data, filename)
    table = guess_table(workbook, mapping)
    if table is None:
        return ()
    numbers = [row.number for row, _ in zip(table.rows(), range(SAMPLES), strict=False)]
    return _views(workbook, table.sheet.name, table.columns, numbers)


def count_rows(workbook: Workbook) -> int:
    """How many rows the longest sheet has."""
    return max((len(sheet.rows) for sheet in workbook.sheets), default=0)


def _leave_out_accounts(workbook: Workbook, mapping: Mapping[str, str]) -> Mapping[str, str]:
    settled = dict(mapping)
    while True:
        # With one column left out, another may be taken for the same field.
        found = [
            column.heading
            for column in find_table(workbook, settled).columns
            if column.field in ACCOUNT_FIELDS
        ]
        if not found:
            return settled
        settled |= dict.fromkeys(found, "")


class _Rows:
    """The rows of a checked list, merchants shared between the rows that name them."""

    def __init__(self, found: StallList, banks: BankDirectory) -> None:
        self._found = found
        self._banks = banks
        self._fields = {column.field for column in found.columns}
        self._stall_heading = heading_of(found.columns, Field.STALL)
        self._merchants: dict[int, WantedMerchant] = {}
        self._first: dict[str, tuple[str, int]] = {}
        self._warnings = _by_row(found.warnings)
        self._errors = _by_row(found.errors)

    def all(self) -> Iterator[WantedRow]:
        """Good and bad ones in the order of the sheet."""
        records = {record.row: record for record in self._found.records}
        bad = {row.number: row for row in self._found.bad_rows if row.reason}
        for number in sorted({*records, *bad}):
            yield self._row(records[number]) if number in records else self._bad_row(bad[number])

    def _row(self, record: StallRecord) -> WantedRow:
        errors = tuple(self._late_errors(record))
        merchant = None if errors else self._merchant(record)
        return WantedRow(
            record.row,
            record.merchant_name,
            tuple(self._stall(record, code, merchant) for code in record.stalls),
            errors=errors,
            warnings=tuple(self._warnings[record.row]),
        )

    def _bad_row(self, row: BadRow) -> WantedRow:
        cells = dict(zip((column.field for column in self._found.columns), row.cells, strict=False))
        stall, name = cells.get(Field.STALL), cells.get(Field.MERCHANT)
        codes = stall_codes(clean(stall.text)) if stall else ()
        return WantedRow(
            row.number,
            clean(name.text) if name else None,
            tuple(WantedStall(code, code_key(code)) for code in codes),
            errors=tuple(self._errors[row.number]),
        )

    def _late_errors(self, record: StallRecord) -> Iterator[Problem]:
        """What the register could not hold: codes it takes for one, texts that are too long."""
        for code in record.stalls:
            spelt, earlier = self._first.setdefault(code_key(code), (code.casefold(), record.row))
            if spelt != code.casefold():
                yield stall_duplicate(record.row, code, earlier, self._stall_heading)
            if len(code) > LONGEST_CODE:
                yield _too_long("Số điểm", LONGEST_CODE, record.row)
        for words, text in (
            ("Tên hộ", record.merchant_name),
            ("Tên khu", record.section),
            ("Tên chủ tài khoản", record.holder),
        ):
            if text is not None and len(text) > LONGEST_NAME:
                yield _too_long(words, LONGEST_NAME, record.row)

    def _stall(
        self, record: StallRecord, code: str, merchant: WantedMerchant | None
    ) -> WantedStall:
        says_state = Field.STATE in self._fields or record.state is not StallState.TRADING
        says_place = Field.PLACEMENT in self._fields or record.placement is Placement.MOBILE
        return WantedStall(
            code=code,
            code_key=code_key(code),
            state=record.state if says_state else None,
            section=record.section,
            line_code=record.line_code,
            placement=record.placement if says_place else None,
            area_m2=None if record.area is None else record.area.quantize(CENTI),
            note=record.note,
            merchant=merchant,
        )

    def _merchant(self, record: StallRecord) -> WantedMerchant | None:
        """The merchant of the row, completed with what this row knows of them."""
        if record.merchant is None or record.merchant_name is None:
            return None
        merchant = self._merchants.get(record.merchant)
        if merchant is None:
            name = record.merchant_name
            merchant = self._merchants[record.merchant] = WantedMerchant(name, fold(name))
        if record.phone and merchant.phone is None:
            merchant.phone, merchant.phone_hash = record.phone, phone_hash(record.phone)
        merchant.registration_code = merchant.registration_code or record.registration_code
        merchant.account = merchant.account or self._account(record)
        return merchant

    def _account(self, record: StallRecord) -> WantedAccount | None:
        if record.account is None:
            return None
        bin_, number = record.account
        needs_own = record.account_from_number or self._banks.get(bin_).needs_confirmation
        return WantedAccount(
            bin=bin_,
            number=number,
            hash=number_hash(bin_, number),
            holder=record.holder,
            is_from_number_cell=record.account_from_number,
            needs_own_decision=needs_own,
        )


def _by_row(problems: Sequence[Problem]) -> defaultdict[int, list[Problem]]:
    found: defaultdict[int, list[Problem]] = defaultdict(list)
    for problem in problems:
        found[problem.row or 0].append(problem)
    return found


def _too_long(words: str, limit: int, row: int) -> Problem:
    return Problem(f"{words} dài quá {limit} ký tự. Hãy viết ngắn lại.", code="too_long", row=row)


def _views(
    workbook: Workbook, sheet_name: str, columns: Sequence[Column], numbers: Sequence[int]
) -> tuple[ColumnView, ...]:
    sheet = next(sheet for sheet in workbook.sheets if sheet.name == sheet_name)
    wanted = set(numbers[:SAMPLES])
    rows = [row for row in sheet.rows if row.number in wanted]
    return tuple(
        ColumnView(
            column.heading,
            column.field,
            column.is_private,
            column.is_ordinal,
            tuple(_sample(clean(row.cell(column.index).text), column) for row in rows),
        )
        for column in columns
    )


def _sample(text: str, column: Column) -> str:
    """A cell as it may be shown to whoever maps columns; numbers of people only by their end."""
    if column.is_private:
        return ""
    fields = (column.field, read_heading(column.heading).field)
    is_personal = text.isdecimal() and len(text) == CITIZEN_ID_DIGITS
    return mask(text) if Field.ACCOUNT in fields or is_personal else text
