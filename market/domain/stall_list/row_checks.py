"""One row of a list → a record, or what keeps it from being imported."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from market.domain.accounts import check_number, check_phone, check_registration_code
from market.domain.banks import BankDirectory
from market.domain.business_lines import BusinessLines
from market.domain.errors import Invalid, Problem
from market.domain.stall_list.headings import Field
from market.domain.stall_list.problems import bank_unknown, line_unknown, problem
from market.domain.stall_list.records import StallRecord
from market.domain.stall_list.rows import StallRow, has_word
from market.domain.stall_list.states import find_placement, find_state
from market.domain.stalls import Placement, StallState
from market.domain.text import clean, fold, to_ascii
from market.domain.workbook import Cell, CellKind

# Hyphens and strokes stand inside codes: D-1, 12/A. "B10/B11" is two whole codes.
_BETWEEN_CODES = re.compile(r"[,;+&]|\s+và\s+", re.IGNORECASE)
_TWO_WHOLE_CODES = re.compile(r"[^\W\d_]+\d+[^\W\d_]?(?:\s*/\s*[^\W\d_]+\d+[^\W\d_]?)+")
_AREA = re.compile(r"(\d{1,5}(?:[.,]\d{1,3})?) *(?:m2|m²|m|mét vuông)?")
# What people write into a cell instead of leaving it empty.
_ABSENT = frozenset(
    {
        "khong",
        "khong co",
        "chua",
        "chua co",
        "chua mo",
        "khong co tai khoan",
        "chua co tai khoan",
        "chua mo tai khoan",
        "khong co tk",
        "chua co tk",
        "tien mat",
    }
)
_TITLES = re.compile(r"(?:hkd|ho kinh doanh|ho kd|chu ho|ong|ba|anh|chi|mr|mrs|ms) +")


@dataclass(slots=True)
class CheckedRow:
    """A row with what was found; it can be imported where `errors` stays empty.

    `record.stalls` are its codes even then: they count as taken for later rows.
    `has_personal_code` tells that its registration code is a personal number.
    """

    source: StallRow
    record: StallRecord
    errors: list[Problem]
    warnings: list[Problem]
    has_personal_code: bool = False

    @property
    def row(self) -> int:
        return self.record.row


@dataclass(slots=True)
class _Findings:
    """What is wrong with the row that is being checked."""

    source: StallRow
    headings: Mapping[Field, str]
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def row(self) -> int:
        return self.source.row.number

    def error(self, code: str, about: Field) -> None:
        self.errors.append(problem(code, self.row, about, column=self.headings.get(about)))

    def warning(self, code: str, about: Field) -> None:
        self.warnings.append(problem(code, self.row, about, column=self.headings.get(about)))

    def refused(self, refusal: Invalid, about: Field) -> None:
        column = self.headings.get(about)
        self.errors += (
            replace(found, field=about, row=self.row, column=column) for found in refusal.problems
        )


class RowChecker:
    """Checks rows one by one, each for itself; what rows do to each other comes later."""

    def __init__(
        self,
        banks: BankDirectory,
        lines: BusinessLines,
        headings: Mapping[Field, str],
        *,
        is_text: bool,
    ) -> None:
        self._banks = banks
        self._lines = lines
        self._headings = headings
        self._is_text = is_text
        # The same few words stand in thousands of rows.
        self._bins: dict[str, str | None] = {}
        self._line_codes: dict[str, str | None] = {}

    def check(self, source: StallRow) -> CheckedRow:
        found = _Findings(source, self._headings)
        stalls = stall_codes(source.text(Field.STALL))
        if not stalls:
            found.error("stall_missing", Field.STALL)
        state = _state(source)
        section = source.text(Field.SECTION) or source.section
        line = source.text(Field.LINE)
        line_code = self._line_code(found, line) if line else None
        person = {} if state is StallState.VACANT else self._person(found, state)
        record = StallRecord(
            row=found.row,
            stalls=stalls,
            state=state,
            placement=_placement(source.text(Field.PLACEMENT), section),
            section=section,
            area=_area(source.cell(Field.AREA)),
            note=source.cell(Field.NOTE).text or None,
            line_text=line or None,
            line_code=line_code,
            **person,
        )
        is_personal = any(warning.code == "id_private" for warning in found.warnings)
        return CheckedRow(source, record, found.errors, found.warnings, is_personal)

    def _person(self, found: _Findings, state: StallState) -> dict[str, Any]:
        """Who trades there, as fields of a record."""
        source = found.source
        name = _merchant_name(source)
        account = self._account(found)
        if not name and (state is StallState.TRADING or account):
            found.error("merchant_missing", Field.MERCHANT)
        holder = source.text(Field.HOLDER)
        if account and holder and _bare(holder) != _bare(name):
            found.warning("name_differs", Field.HOLDER)
        bank_bin, number = account or (None, None)
        written_code = source.text(Field.REGISTRATION_CODE)
        code = _registration_code(found, written_code) if written_code else None
        return {
            "merchant_name": name or None,
            "phone": self._phone(found),
            "registration_code": code,
            "bank_bin": bank_bin,
            "account_number": number,
            "holder": holder or None if account else None,
            "account_from_number": bool(account) and _is_number(source.cell(Field.ACCOUNT)),
        }

    def _line_code(self, found: _Findings, written: str) -> str | None:
        if written not in self._line_codes:
            line = self._lines.find(written)
            self._line_codes[written] = line.code if line else None
        code = self._line_codes[written]
        if code is None:
            found.warnings.append(line_unknown(found.row, written, self._headings.get(Field.LINE)))
        return code

    def _account(self, found: _Findings) -> tuple[str, str] | None:
        """BIN and number, None where there is no account or something is wrong with it."""
        cell = found.source.cell(Field.ACCOUNT)
        bank = found.source.text(Field.BANK)
        if _is_absent(cell.text) and _is_absent(bank):
            return None
        number = _number(found, cell)
        bank_bin = self._bin(found, bank)
        if number is None or bank_bin is None:
            return None
        if _is_number(cell):
            found.warning("account_from_number", Field.ACCOUNT)
        return bank_bin, number

    def _bin(self, found: _Findings, written: str) -> str | None:
        if not written:
            found.error("bank_missing", Field.BANK)
            return None
        if written not in self._bins:
            bank = self._banks.find(written)
            self._bins[written] = bank.bin if bank else None
        bank_bin = self._bins[written]
        if bank_bin is None:
            found.errors.append(bank_unknown(found.row, written, self._headings.get(Field.BANK)))
        return bank_bin

    def _phone(self, found: _Findings) -> str | None:
        written = found.source.text(Field.PHONE)
        if not written:
            return None
        loses_zeros = self._is_text or _is_number(found.source.cell(Field.PHONE))
        try:
            return check_phone(written, restore_zero=loses_zeros)
        except Invalid as refusal:
            found.refused(refusal, Field.PHONE)
            return None


def _number(found: _Findings, cell: Cell) -> str | None:
    if not cell.text:
        found.error("account_missing", Field.ACCOUNT)
        return None
    if not _can_be_account(cell):
        found.error("account_invalid", Field.ACCOUNT)
        return None
    try:
        return check_number(cell.text)
    except Invalid as refusal:
        found.refused(refusal, Field.ACCOUNT)
        return None


def _registration_code(found: _Findings, written: str) -> str | None:
    try:
        return check_registration_code(written)
    except Invalid as refusal:
        # Only a personal number is told; what is no code at all is left out.
        if any(problem.code == "id_private" for problem in refusal.problems):
            found.warning("id_private", Field.REGISTRATION_CODE)
        return None


def stall_codes(written: str) -> tuple[str, ...]:
    """The codes in one cell: two in "B10, B11", one in "D-1", none guessed from a range."""
    if _TWO_WHOLE_CODES.fullmatch(written):
        written = written.replace("/", ",")
    codes = [clean(part) for part in _BETWEEN_CODES.split(written)]
    return tuple(dict.fromkeys(code for code in codes if has_word(code)))


def _state(source: StallRow) -> StallState:
    written = source.text(Field.STATE)
    if written:
        return find_state(written) or StallState.TRADING
    # Without a word in its own column, the name or the remark may say that nobody trades.
    told = source.text(Field.MERCHANT) or source.text(Field.NOTE)
    says_vacant = find_state(told) is StallState.VACANT
    return StallState.VACANT if says_vacant else StallState.TRADING


def _merchant_name(source: StallRow) -> str:
    name = source.text(Field.MERCHANT)
    # Where the list has no word on the state, such a name has settled it already.
    if source.text(Field.STATE) and find_state(name) is StallState.VACANT:
        return ""
    return name


def _placement(written: str, section: str | None) -> Placement:
    told = find_placement(written)
    if told is None and section and find_placement(section) is Placement.MOBILE:
        return Placement.MOBILE
    return told or Placement.FIXED


def _area(cell: Cell) -> Decimal | None:
    """Square metres, None for anything that is not one plain number."""
    found = _AREA.fullmatch(cell.text.lower())
    area = Decimal(found[1].replace(",", ".")) if found else Decimal(0)
    return area or None


def _can_be_account(cell: Cell) -> bool:
    """Whether the text is what was typed: a fraction or a date would lose its signs."""
    if cell.kind is CellKind.NUMBER:
        return cell.text.isdecimal() or "E+" in cell.text
    return cell.kind is CellKind.TEXT


def _is_number(cell: Cell) -> bool:
    return cell.kind in (CellKind.NUMBER, CellKind.DATE)


def _is_absent(text: str) -> bool:
    return not has_word(text) or (text[0].isalpha() and fold(text) in _ABSENT)


def _bare(name: str) -> str:
    """A name as banks show it, without what stands before it on signs and lists."""
    return _TITLES.sub("", to_ascii(name).casefold(), count=1)
