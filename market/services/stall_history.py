"""What happened at a stall, as one dated list: states, merchants, stickers, visits, incidents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market.domain.calendar import day_of
from market.domain.labels import LabelledEnum
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.merchant import Tenancy
from market.models.stall import Stall, StallStateSpan
from market.models.sticker import ForeignCode, Sticker
from market.models.user import User
from market.models.visit import Incident, Visit

MOST_ENTRIES = 200


class Happening(LabelledEnum):
    """What an entry tells of; pages say it in words."""

    STATE = "state", "Tình trạng"
    TENANT_CAME = "tenant_came", "Hộ vào kinh doanh"
    TENANT_LEFT = "tenant_left", "Hộ rời đi"
    STICKER_PRINTED = "sticker_printed", "In tem"
    STICKER_HANDED_OUT = "sticker_handed_out", "Giao tem"
    STICKER_HUNG = "sticker_hung", "Treo tem"
    STICKER_SPOILED = "sticker_spoiled", "Tem in hỏng"
    STICKER_VOID = "sticker_void", "Hủy tem"
    STICKER_GONE = "sticker_gone", "Đã gỡ tem hủy"
    FOREIGN_CODE = "foreign_code", "Ghi mã của ngân hàng hoặc ví"
    FOREIGN_CODE_CHECKED = "foreign_code_checked", "Xác nhận mã của ngân hàng hoặc ví"
    FOREIGN_CODE_REMOVED = "foreign_code_removed", "Gỡ mã của ngân hàng hoặc ví"
    VISIT = "visit", "Kiểm tra"
    INCIDENT = "incident", "Sự cố"
    INCIDENT_CLOSED = "incident_closed", "Xử lý xong sự cố"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: when, what, about what (a word of a closed set, or a name or serial), who."""

    at: date | datetime
    kind: Happening
    word: LabelledEnum | None = None
    name: str | None = None
    bank: str | None = None
    last4: str | None = None
    who: str | None = None

    @property
    def day(self) -> date:
        """The day it belongs to."""
        return day_of(self.at) if isinstance(self.at, datetime) else self.at


def list_entries(
    stall: Stall, *, states: Sequence[StallStateSpan], tenancies: Sequence[Tenancy]
) -> list[Entry]:
    """The newest first; four queries beside the states and tenancies that are given.

    The merchants of the tenancies must be loaded.
    """
    entries = chain(
        _states(states),
        _tenancies(tenancies),
        _stickers(stall),
        _foreign_codes(stall),
        _visits(stall),
        _incidents(stall),
    )
    # Of one day, what has a time of day comes first: it is known more exactly.
    ordered = sorted(entries, key=lambda entry: (entry.day, _moment(entry)), reverse=True)
    return ordered[:MOST_ENTRIES]


def _moment(entry: Entry) -> float:
    return entry.at.timestamp() if isinstance(entry.at, datetime) else 0.0


def _states(states: Sequence[StallStateSpan]) -> Iterator[Entry]:
    before = None
    for span in states:
        if span.state is not before and span.to_day != span.from_day:
            before = span.state
            yield Entry(span.from_day, Happening.STATE, word=span.state)


def _tenancies(tenancies: Sequence[Tenancy]) -> Iterator[Entry]:
    for tenancy in tenancies:
        name = tenancy.merchant.display_name
        if tenancy.to_day == tenancy.from_day:
            continue
        yield Entry(tenancy.from_day, Happening.TENANT_CAME, name=name)
        if tenancy.to_day is not None:
            yield Entry(tenancy.to_day, Happening.TENANT_LEFT, name=name)


def _stickers(stall: Stall) -> Iterator[Entry]:
    stickers = db.session.scalars(
        select(Sticker)
        .where(Sticker.stall_id == stall.id)
        .options(joinedload(Sticker.account).joinedload(PaymentAccount.bank))
        .order_by(Sticker.id.desc())
        .limit(MOST_ENTRIES)
    )
    for sticker in stickers:
        moments = (
            (sticker.printed_at, Happening.STICKER_PRINTED),
            (sticker.handed_out_at, Happening.STICKER_HANDED_OUT),
            (sticker.hung_at, Happening.STICKER_HUNG),
            (sticker.spoiled_at, Happening.STICKER_SPOILED),
            (sticker.void_at, Happening.STICKER_VOID),
            (sticker.gone_at, Happening.STICKER_GONE),
        )
        for at, kind in moments:
            if at is not None:
                yield Entry(
                    at,
                    kind,
                    word=sticker.void_reason if kind is Happening.STICKER_VOID else None,
                    name=sticker.serial,
                    bank=sticker.account.bank.short_name,
                    last4=sticker.account.number_last4,
                )


def _foreign_codes(stall: Stall) -> Iterator[Entry]:
    codes = db.session.scalars(
        select(ForeignCode)
        .where(ForeignCode.stall_id == stall.id)
        .order_by(ForeignCode.id.desc())
        .limit(MOST_ENTRIES)
    )
    for code in codes:
        moments = (
            (code.registered_at, Happening.FOREIGN_CODE),
            (code.checked_at, Happening.FOREIGN_CODE_CHECKED),
            (code.removed_at, Happening.FOREIGN_CODE_REMOVED),
        )
        for at, kind in moments:
            if at is not None:
                yield Entry(at, kind, word=code.kind, last4=code.number_last4)


def _visits(stall: Stall) -> Iterator[Entry]:
    rows = db.session.execute(
        select(Visit.phone_at, Visit.result, User.display_name)
        .outerjoin(User, User.id == Visit.visited_by_id)
        .where(Visit.stall_id == stall.id)
        .order_by(Visit.phone_at.desc(), Visit.id.desc())
        .limit(MOST_ENTRIES)
    )
    for at, result, who in rows:
        yield Entry(at, Happening.VISIT, word=result, who=who)


def _incidents(stall: Stall) -> Iterator[Entry]:
    rows = db.session.execute(
        select(Incident.opened_at, Incident.closed_at, User.display_name)
        .outerjoin(User, User.id == Incident.closed_by_id)
        .where(Incident.stall_id == stall.id)
        .order_by(Incident.id.desc())
        .limit(MOST_ENTRIES)
    )
    for opened_at, closed_at, who in rows:
        yield Entry(opened_at, Happening.INCIDENT)
        if closed_at is not None:
            yield Entry(closed_at, Happening.INCIDENT_CLOSED, who=who)
