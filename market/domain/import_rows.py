"""What a checked list wants of the register, row by row, and what it would change there."""

from dataclasses import dataclass, field
from decimal import Decimal

from market.domain.errors import Problem
from market.domain.imports import RowKind
from market.domain.labels import LabelledEnum
from market.domain.stalls import Placement, StallState


class Part(LabelledEnum):
    """A part of the register that a row of a list can change."""

    STATE = "state", "Tình trạng"
    MERCHANT = "merchant", "Hộ kinh doanh"
    NAME = "name", "Tên hộ"
    PHONE = "phone", "Điện thoại"
    REGISTRATION_CODE = "registration_code", "Mã số hộ"
    ACCOUNT = "account", "Tài khoản"
    SECTION = "section", "Khu"
    LINE = "line", "Ngành hàng"
    PLACEMENT = "placement", "Cố định hay không"
    AREA = "area", "Diện tích"
    NOTE = "note", "Ghi chú"


@dataclass(frozen=True, slots=True)
class WantedAccount:
    """An account as the list gives it; `hash` is the keyed hash of BIN and number.

    `holder` is None where the list has none.
    """

    bin: str
    number: str
    hash: str
    holder: str | None = None
    is_from_number_cell: bool = False
    needs_own_decision: bool = False


@dataclass(eq=False, slots=True)
class WantedMerchant:
    """One merchant of the list, over all rows that name them."""

    name: str
    name_key: str
    phone: str | None = None
    phone_hash: str | None = None
    registration_code: str | None = None
    account: WantedAccount | None = None


@dataclass(frozen=True, slots=True)
class WantedStall:
    """One point of a row; None wherever the list says nothing."""

    code: str
    code_key: str
    state: StallState | None = None
    section: str | None = None
    line_code: str | None = None
    placement: Placement | None = None
    area_m2: Decimal | None = None
    note: str | None = None
    merchant: WantedMerchant | None = None


@dataclass(frozen=True, slots=True)
class WantedRow:
    """A row with its points; `errors` keep it out. `name` is for people to recognise it by."""

    number: int
    name: str | None = None
    stalls: tuple[WantedStall, ...] = ()
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One part of the register, as it is and as it would be; both fit to be shown."""

    part: Part
    old: str | None
    new: str | None


@dataclass(slots=True)
class RowPlan:
    """What a row would do, as people see it before they decide."""

    number: int
    kind: RowKind
    codes: tuple[str, ...]
    merchant: str | None = None
    changes: list[Change] = field(default_factory=list)
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
