"""One row of a list → a record, or what keeps it from being imported."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from market.domain.accounts import check_number, check_phone, check_registration_code
from market.domain.banks import BankDirectory
from market.domain.business_lines import BusinessLine, BusinessLines
from market.domain.errors import Invalid, Problem
from market.domain.stall_list.headings import Field
from market.domain.stall_list.problems import bank_unknown, line_unknown, problem
from market.domain.stall_list.records import StallRecord
from market.domain.stall_list.rows import StallRow
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
        "",
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

    `stalls` are its codes even then: they count as taken for later rows. `has_personal_code`
    tells that its registration code is a personal number.
    """

    source: StallRow
    record: StallRecord
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    has_personal_code: bool = False

    @property
    def row(self) -> int:
        return self.record.row


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
        self._known_lines: dict[str, BusinessLine | None] = {}

    def check(self, source: StallRow) -> CheckedRow:
        checked = CheckedRow(source, _place(source))
        if not checked.record.stalls:
            checked.errors.append(self._problem("stall_missing", source, Field.STALL))
        self._check_line(checked)
        if checked.record.state is not StallState.VACANT:
            self._check_account(checked)
            self._check_merchant(checked)
            self._check_phone(checked)
            self._check_registration_code(checked)
        return checked

    def _check_line(self, checked: CheckedRow) -> None:
        written = _said(checked.source.cell(Field.LINE))
        if not written:
            return
        if written not in self._known_lines:
            self._known_lines[written] = self._lines.find(written)
        line = self._known_lines[written]
        code = line.code if line else None
        checked.record = replace(checked.record, line_text=written, line_code=code)
        if line is None:
            heading = self._headings.get(Field.LINE)
            checked.warnings.append(line_unknown(checked.row, written, heading))

    def _check_account(self, checked: CheckedRow) -> None:
        source = checked.source
        cell = source.cell(Field.ACCOUNT)
        number = clean(cell.text)
        bank = _said(source.cell(Field.BANK))
        if _is_absent(number) and _is_absent(bank):
            return
        checked_number = self._number(checked, cell) if number else None
        if not number:
            checked.errors.append(self._problem("account_missing", source, Field.ACCOUNT))
        bin_ = self._bin(checked, bank)
        holder = _said(source.cell(Field.HOLDER)) or None
        is_number = cell.kind in (CellKind.NUMBER, CellKind.DATE)
        checked.record = replace(
            checked.record,
            bank_bin=bin_,
            account_number=checked_number,
            holder=holder,
            account_from_number=is_number,
        )
        if is_number:
            checked.warnings.append(self._problem("account_from_number", source, Field.ACCOUNT))

    def _number(self, checked: CheckedRow, cell: Cell) -> str | None:
        if not _can_be_account(cell):
            checked.errors.append(self._problem("account_invalid", checked.source, Field.ACCOUNT))
            return None
        try:
            return check_number(clean(cell.text))
        except Invalid as refused:
            checked.errors += self._placed(refused, checked, Field.ACCOUNT)
            return None

    def _bin(self, checked: CheckedRow, written: str) -> str | None:
        if not written:
            checked.errors.append(self._problem("bank_missing", checked.source, Field.BANK))
            return None
        if written not in self._bins:
            bank = self._banks.find(written)
            self._bins[written] = bank.bin if bank else None
        bin_ = self._bins[written]
        if bin_ is None:
            heading = self._headings.get(Field.BANK)
            checked.errors.append(bank_unknown(checked.row, written, heading))
        return bin_

    def _check_merchant(self, checked: CheckedRow) -> None:
        source, record = checked.source, checked.record
        name = _merchant_name(source)
        if not name and (record.state is StallState.TRADING or record.account):
            checked.errors.append(self._problem("merchant_missing", source, Field.MERCHANT))
        checked.record = replace(record, merchant_name=name or None)
        if record.account and record.holder and _bare(record.holder) != _bare(name):
            checked.warnings.append(self._problem("name_differs", source, Field.HOLDER))

    def _check_phone(self, checked: CheckedRow) -> None:
        cell = checked.source.cell(Field.PHONE)
        written = _said(cell)
        if not written:
            return
        loses_zeros = self._is_text or cell.kind is CellKind.NUMBER
        try:
            phone = check_phone(written, restore_zero=loses_zeros)
        except Invalid as refused:
            checked.errors += self._placed(refused, checked, Field.PHONE)
        else:
            checked.record = replace(checked.record, phone=phone)

    def _check_registration_code(self, checked: CheckedRow) -> None:
        written = _said(checked.source.cell(Field.REGISTRATION_CODE))
        if not written:
            return
        try:
            code = check_registration_code(written)
        except Invalid as refused:
            # Only a personal number is told: anything else that is no code is left out.
            if any(found.code == "id_private" for found in refused.problems):
                checked.has_personal_code = True
                checked.warnings.append(
                    self._problem("id_private", checked.source, Field.REGISTRATION_CODE)
                )
        else:
            checked.record = replace(checked.record, registration_code=code)

    def _problem(self, code: str, source: StallRow, about: Field) -> Problem:
        return problem(code, source.row.number, about, column=self._headings.get(about))

    def _placed(self, refused: Invalid, checked: CheckedRow, about: Field) -> list[Problem]:
        column = self._headings.get(about)
        return [
            replace(found, field=about, row=checked.row, column=column)
            for found in refused.problems
        ]


def stall_codes(written: str) -> tuple[str, ...]:
    """The codes in one cell: two in "B10, B11", one in "D-1", none guessed from a range."""
    if _TWO_WHOLE_CODES.fullmatch(written):
        written = written.replace("/", ",")
    codes = [clean(part) for part in _BETWEEN_CODES.split(written)]
    return tuple(dict.fromkeys(code for code in codes if _has_word(code)))


def _place(source: StallRow) -> StallRecord:
    """What a row says about the stall itself."""
    section = _said(source.cell(Field.SECTION)) or source.section
    note = clean(source.cell(Field.NOTE).text)
    return StallRecord(
        row=source.row.number,
        stalls=stall_codes(clean(source.cell(Field.STALL).text)),
        state=_state(source, note),
        placement=_placement(_said(source.cell(Field.PLACEMENT)), section),
        section=section,
        area=_area(source.cell(Field.AREA)),
        note=note or None,
    )


def _state(source: StallRow, note: str) -> StallState:
    written = _said(source.cell(Field.STATE))
    if written:
        return find_state(written) or StallState.TRADING
    name = _said(source.cell(Field.MERCHANT))
    # Without a word in its own column, the name or the remark may say that nobody trades.
    says_vacant = find_state(name or note) is StallState.VACANT
    return StallState.VACANT if says_vacant else StallState.TRADING


def _merchant_name(source: StallRow) -> str:
    name = _said(source.cell(Field.MERCHANT))
    return "" if find_state(name) is StallState.VACANT else name


def _placement(written: str, section: str | None) -> Placement:
    told = find_placement(written)
    if told is None and section and find_placement(section) is Placement.MOBILE:
        return Placement.MOBILE
    return told or Placement.FIXED


def _area(cell: Cell) -> Decimal | None:
    """Square metres, None for anything that is not one plain number."""
    found = _AREA.fullmatch(clean(cell.text).lower())
    area = Decimal(found[1].replace(",", ".")) if found else Decimal(0)
    return area or None


def _can_be_account(cell: Cell) -> bool:
    """Whether the text is what was typed: a fraction or a date would lose its signs."""
    if cell.kind is CellKind.NUMBER:
        return cell.text.isdecimal() or "E+" in cell.text
    return cell.kind is CellKind.TEXT


def _said(cell: Cell) -> str:
    """The text of a cell, empty where nothing but a dash or dots stands in it."""
    text = clean(cell.text)
    return text if _has_word(text) else ""


def _has_word(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _is_absent(text: str) -> bool:
    return not _has_word(text) or fold(text) in _ABSENT


def _bare(name: str) -> str:
    """A name as banks show it, without what stands before it on signs and lists."""
    return _TITLES.sub("", to_ascii(name).casefold(), count=1)
