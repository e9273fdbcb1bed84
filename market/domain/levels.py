"""The acceptance ladder: the level of a tenancy on every day, from its dated facts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from market.domain.calendar import Span
from market.domain.labels import LabelledEnum
from market.domain.visits import VisitResult

STALE_DAYS = 180
USE_DAYS = 30


class Level(LabelledEnum):
    """How far a stall has come. Compare by `rank`: the values compare as plain text."""

    NONE = "none", "Chưa có gì"
    ACCOUNT = "account", "Có tài khoản"
    EQUIPPED = "equipped", "Có mã QR"
    DISPLAYED = "displayed", "Đã treo, đã kiểm tra"
    ACCEPTS = "accepts", "Chấp nhận thanh toán"
    IN_USE = "in_use", "Có sử dụng"

    @property
    def rank(self) -> int:
        """From 0 (`none`) to 5 (`in_use`)."""
        return _RANKS[self]


LADDER = tuple(Level)
_RANKS = {level: rank for rank, level in enumerate(LADDER)}

Steps = tuple[tuple[date, Level], ...]


class CodeKind(StrEnum):
    """Whose code hangs there: ours, or one a bank or wallet issued."""

    STICKER = "sticker"
    FOREIGN = "foreign"


class CodeKey(NamedTuple):
    """Names one code; stickers and foreign codes are numbered apart."""

    kind: CodeKind
    id: int


class Moment(NamedTuple):
    """A place in time as exact as the facts are: the day, then the order within it."""

    day: date
    order: int


@dataclass(frozen=True, slots=True)
class Tenancy:
    """A merchant at a stall; `span` ends on the first day they are no longer there."""

    id: int
    stall_id: int
    merchant_id: int
    span: Span


@dataclass(frozen=True, slots=True)
class CodeFact:
    """A code given to this merchant for this stall.

    Its span runs from hand-out (sticker) or check (foreign code) to the day it was void
    or removed. `order` places the hand-out among the visits of the same day; 0 is
    before all of them. `payee` says whom a foreign code pays; one of ours pays the
    merchant's account, and is void when that changes.
    """

    key: CodeKey
    span: Span
    order: int = 0
    payee: str | None = None

    @property
    def since(self) -> Moment:
        return Moment(self.span.from_day, self.order)


@dataclass(frozen=True, slots=True)
class VisitFact:
    """What one visit found out about this tenancy.

    `code` is the matched code where it is known; a scan of a payment code may only tell
    the `payee`, then every code live on that day matched that may pay it. `confirmed`
    is True where the trader confirmed taking payments or acknowledged a test transfer,
    False where a reason for not accepting was noted; `use_shown` says whether use
    within the last 30 days was declared or shown. None means that nothing was asked.
    """

    day: date
    order: int
    result: VisitResult
    code: CodeKey | None = None
    payee: str | None = None
    confirmed: bool | None = None
    use_shown: bool | None = None

    @property
    def moment(self) -> Moment:
        return Moment(self.day, self.order)

    def shows(self, code: CodeFact) -> bool:
        """Whether the code that was found right may have been this one."""
        if self.code is not None:
            return self.code == code.key
        return None in (self.payee, code.payee) or self.payee == code.payee


@dataclass(frozen=True, slots=True)
class TenancyFacts:
    """All that decides the level of one tenancy, in any order.

    `accounts` are the days on which the merchant had an approved account in force.
    `codes` are this merchant's codes at this stall, not those of a former tenant.
    """

    tenancy: Tenancy
    accounts: tuple[Span, ...] = ()
    codes: tuple[CodeFact, ...] = ()
    visits: tuple[VisitFact, ...] = ()

    def has_account(self, day: date) -> bool:
        return any(span.covers(day) for span in self.accounts)

    def list_live_codes(self, day: date) -> list[CodeFact]:
        """Codes that count on the day: a sticker needs an account in force besides."""
        has_account = self.has_account(day)
        return [
            code
            for code in self.codes
            if code.span.covers(day) and (has_account or code.key.kind is CodeKind.FOREIGN)
        ]


@dataclass(slots=True)
class _Findings:
    """What the visits up to a day have shown and no later visit has taken back."""

    matched: dict[CodeFact, date] = field(default_factory=dict)
    old_account_at: Moment | None = None
    confirmed: bool = False
    used_on: date | None = None

    def take(self, visit: VisitFact, live: list[CodeFact]) -> None:
        """Add the next visit; `live` are the codes that counted on its day."""
        if visit.result is VisitResult.MATCH:
            self.old_account_at = None
            for code in live:
                if visit.shows(code):
                    self.matched[code] = visit.day
        elif visit.result not in (VisitResult.UNREADABLE, VisitResult.STALL_SHUT):
            self.matched.clear()
            if visit.result is VisitResult.OLD_ACCOUNT:
                self.old_account_at = visit.moment
        if visit.confirmed is not None:
            self.confirmed = visit.confirmed
        if visit.use_shown is not None:
            self.used_on = visit.day if visit.use_shown else None


def steps(facts: TenancyFacts, *, stale_days: int = STALE_DAYS, use_days: int = USE_DAYS) -> Steps:
    """Return the days on which the level changes, each with its new level.

    Before the first of them the level is `none`. Expiries are written ahead, on the day
    they take effect: a match of day d carries `accepts` through d + stale_days, use
    carries `in_use` through d + use_days.
    """
    if not (facts.accounts or facts.codes):
        return ()
    found: list[tuple[date, Level]] = []
    level = Level.NONE
    findings = _Findings()
    visits = _visits_in_order(facts)
    visit = next(visits, None)
    for day in _days_to_look_at(facts, stale_days, use_days):
        while visit is not None and visit.day <= day:
            findings.take(visit, facts.list_live_codes(visit.day))
            visit = next(visits, None)
        new = _level(facts, findings, day, stale_days=stale_days, use_days=use_days)
        if new is not level:
            found.append((day, new))
            level = new
    return tuple(found)


def _visits_in_order(facts: TenancyFacts) -> Iterator[VisitFact]:
    """Yield the visits within the tenancy: what was seen before or after is not its own."""
    own = (visit for visit in facts.visits if facts.tenancy.span.covers(visit.day))
    return iter(sorted(own, key=lambda visit: visit.moment))


def _days_to_look_at(facts: TenancyFacts, stale_days: int, use_days: int) -> list[date]:
    span = facts.tenancy.span
    spans = [span, *facts.accounts, *(code.span for code in facts.codes)]
    days = {bound.from_day for bound in spans}
    days.update(bound.to_day for bound in spans if bound.to_day is not None)
    for visit in facts.visits:
        days.add(visit.day)
        if visit.result is VisitResult.MATCH:
            days.add(visit.day + timedelta(days=stale_days + 1))
        if visit.use_shown:
            days.add(visit.day + timedelta(days=use_days + 1))
    return sorted(day for day in days if span.covers(day) or day == span.to_day)


def _level(
    facts: TenancyFacts, findings: _Findings, day: date, *, stale_days: int, use_days: int
) -> Level:
    if not facts.tenancy.span.covers(day):
        return Level.NONE
    live = facts.list_live_codes(day)
    old_account_at = findings.old_account_at
    if not any(old_account_at is None or code.since > old_account_at for code in live):
        return Level.ACCOUNT if facts.has_account(day) else Level.NONE
    matches = [findings.matched[code] for code in live if code in findings.matched]
    if not matches:
        return Level.EQUIPPED
    if not findings.confirmed or (day - max(matches)).days > stale_days:
        return Level.DISPLAYED
    if findings.used_on is None or (day - findings.used_on).days > use_days:
        return Level.ACCEPTS
    return Level.IN_USE
