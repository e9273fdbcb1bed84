"""Visits: one stall seen once, kept for good, with everything that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import joinedload

from market.domain.calendar import ICT, day_of, format_day
from market.domain.errors import Conflict, Invalid, Problem
from market.domain.levels import Level
from market.domain.text import clean
from market.domain.visits import NonAcceptReason, VisitResult
from market.extensions import db
from market.models.merchant import Tenancy
from market.models.stall import Stall, StallStateSpan
from market.models.visit import Visit
from market.services import audit, coverage, hanging, incidents, scans
from market.services.access import Actor
from market.services.dated_facts import holds_on
from market.services.scans import Finding, Scan
from market.services.uniqueness import unique_or

# What a person may say without a scan; whose a code is only a comparison can tell.
RESULTS_BY_HAND = (
    VisitResult.MATCH,
    VisitResult.MISSING,
    VisitResult.UNREADABLE,
    VisitResult.STALL_SHUT,
)
# A phone's clock may be ahead of ours by so much.
CLOCK_SKEW = timedelta(minutes=10)
NOON = time(12)
# Put together once: a volunteer waits for each of these at every stall.
_KEPT = select(Visit).where(Visit.uuid == bindparam("uuid"))
_FIRST_DAY = select(func.min(StallStateSpan.from_day)).where(
    StallStateSpan.stall_id == bindparam("stall_id")
)
_TENANCIES = (
    select(Tenancy)
    .where(
        Tenancy.stall_id == bindparam("stall_id"),
        holds_on(Tenancy, bindparam("on")),
    )
    .options(joinedload(Tenancy.merchant))
    .order_by(Tenancy.from_day, Tenancy.id)
)


@dataclass(frozen=True, slots=True)
class VisitValues:
    """What one look at a stall brought.

    `uuid` is the client's; `scanned` a payload or a serial, else `result` is chosen by
    hand. `tenancy_id` says who was meant at a shared stall. The three answers are None
    where nothing was asked.
    """

    uuid: str
    phone_at: datetime
    scanned: str | None = None
    result: VisitResult | None = None
    tenancy_id: int | None = None
    accepts: bool | None = None
    test_transfer_acknowledged: bool | None = None
    use_shown: bool | None = None
    reason: NonAcceptReason | None = None
    level_seen: Level | None = None
    note: str | None = None


def record_visit(stall: Stall, *, values: VisitValues, actor: Actor) -> Visit:
    """Keep a visit; what was scanned decides its result, and an incident opens at once.

    The same uuid again gives the visit that is kept already. Raises Invalid with a
    problem for each field at fault: a day to come or before the merchant was there, a
    mistyped serial, answers that contradict each other.
    """
    kept = _find_kept(values.uuid, stall)
    if kept is not None:
        return kept
    _check(values)
    day = _checked_day(stall, values.phone_at, actor)
    tenancies = _tenancies_on(stall, day)
    scan = scans.read(values.scanned) if values.scanned else None
    finding = _find(scan, stall, values, tenancies)
    tenancy = finding.tenancy or _chosen(values, stall, tenancies, day=day)
    visit = _visit(values, stall, tenancy, scan=scan, finding=finding)
    visit.day, visit.received_at, visit.visited_by_id = day, actor.at, actor.user_id
    taken = Conflict("Lượt kiểm tra này đang được ghi. Hãy gửi lại.")
    try:
        with unique_or(taken):
            db.session.add(visit)
    except Conflict:
        kept = _find_kept(values.uuid, stall)
        if kept is None:
            raise
        return kept
    _note(visit, stall, actor)
    hanging.follow(visit, stall, scan=scan, tenancies=tenancies, actor=actor)
    incidents.open_for(visit, stall, actor=actor)
    coverage.touch_stall(stall.market_id, stall.id)
    return visit


def moment_of(day: date | None, actor: Actor) -> datetime:
    """When a visit that was written down by hand took place: now, or at noon of its day."""
    if day is None or day == actor.today:
        return actor.at
    return datetime.combine(day, NOON, ICT)


def find_last(stall: Stall) -> Visit | None:
    """The latest visit to the stall."""
    return db.session.scalar(
        select(Visit)
        .where(Visit.stall_id == stall.id)
        .order_by(Visit.phone_at.desc(), Visit.id.desc())
        .limit(1)
    )


def list_tenancies(stall: Stall, on: date) -> Sequence[Tenancy]:
    """Who trades at the stall on that day, merchants loaded."""
    return _tenancies_on(stall, on)


def _find_kept(uuid: str, stall: Stall) -> Visit | None:
    kept = db.session.scalar(_KEPT, {"uuid": uuid})
    if kept is not None and kept.stall_id != stall.id:
        raise Conflict("Mã lượt kiểm tra này đã dùng cho điểm khác. Hãy mở lại biểu mẫu.")
    return kept


def _check(values: VisitValues) -> None:
    problems: list[Problem] = []
    by_hand = values.result
    if values.scanned:
        if by_hand not in (None, VisitResult.MATCH):
            told = "Đã có mã quét được thì để máy so, không chọn kết quả khác."
            problems.append(Problem(told, field="result"))
    elif by_hand is None:
        told = "Hãy nhập mã quét được, hoặc chọn điều đã thấy."
        problems.append(Problem(told, field="result"))
    elif by_hand not in RESULTS_BY_HAND:
        told = "Kết quả này chỉ ghi được khi có mã quét được để so."
        problems.append(Problem(told, field="result"))
    answers = (values.accepts, values.test_transfer_acknowledged, values.use_shown)
    says_yes = any(answers)
    is_shut = by_hand is VisitResult.STALL_SHUT
    if is_shut and (values.reason or any(answer is not None for answer in answers)):
        told = "Điểm đóng cửa thì không hỏi được hộ. Hãy để “Không hỏi”."
        problems.append(Problem(told, field="accepts"))
    elif values.reason and says_yes:
        told = "Hộ có nhận thì không ghi lý do không nhận."
        problems.append(Problem(told, field="reason"))
    elif values.accepts is False and says_yes:
        told = "Hộ không nhận thì không thể đã nhận chuyển thử hoặc có dùng."
        problems.append(Problem(told, field="accepts"))
    if problems:
        raise Invalid("Hãy sửa các ô được đánh dấu.", tuple(problems))


def _checked_day(stall: Stall, phone_at: datetime, actor: Actor) -> date:
    """The day on which the visit counts; not to come, not before the stall was there."""
    if phone_at > actor.at + CLOCK_SKEW:
        raise _invalid("day", "Ngày giờ kiểm tra chưa tới. Hãy chọn hôm nay hoặc ngày đã qua.")
    day = day_of(min(phone_at, actor.at))
    first = db.session.scalar(_FIRST_DAY, {"stall_id": stall.id})
    if first is not None and day < first:
        raise _invalid("day", f"Điểm này có từ ngày {format_day(first)}, không kiểm tra trước đó.")
    return day


def _tenancies_on(stall: Stall, day: date) -> Sequence[Tenancy]:
    return db.session.scalars(_TENANCIES, {"stall_id": stall.id, "on": day}).all()


def _find(
    scan: Scan | None, stall: Stall, values: VisitValues, tenancies: Sequence[Tenancy]
) -> Finding:
    if scan is None:
        if values.result is None:
            raise ValueError("a visit without a scan has a result")
        return Finding(values.result)
    return scans.compare(scan, stall, tenancies=tenancies, at=values.phone_at)


def _chosen(
    values: VisitValues, stall: Stall, tenancies: Sequence[Tenancy], *, day: date
) -> Tenancy | None:
    """Whom the visit is about where the scan does not tell; None where nobody trades there."""
    if values.tenancy_id is not None:
        chosen = next((row for row in tenancies if row.id == values.tenancy_id), None)
        if chosen is None:
            raise _invalid("tenancy_id", f"Ngày {format_day(day)} hộ này không ở điểm này.")
        return chosen
    if len(tenancies) > 1:
        raise _invalid("tenancy_id", "Điểm này có nhiều hộ. Hãy chọn hộ đã kiểm tra.")
    if tenancies:
        return tenancies[0]
    later = db.session.scalar(
        select(func.min(Tenancy.from_day)).where(
            Tenancy.stall_id == stall.id, Tenancy.from_day > day
        )
    )
    if later is not None:
        raise _invalid("day", f"Hộ vào điểm này từ ngày {format_day(later)}, sau ngày kiểm tra.")
    return None


def _visit(
    values: VisitValues,
    stall: Stall,
    tenancy: Tenancy | None,
    *,
    scan: Scan | None,
    finding: Finding,
) -> Visit:
    merchant = tenancy.merchant if tenancy is not None else None
    sticker = scan.sticker if scan is not None else None
    # Another stall's sticker tells the account alone: of this one's it names none.
    if sticker is not None and finding.result is VisitResult.MATCH:
        sticker = sticker if sticker.stall_id == stall.id else None
    return Visit(
        uuid=values.uuid,
        stall_id=stall.id,
        tenancy_id=tenancy.id if tenancy is not None else None,
        sticker_id=sticker.id if sticker is not None else None,
        foreign_code_id=finding.foreign_code.id if finding.foreign_code is not None else None,
        phone_at=values.phone_at,
        result=finding.result,
        scanned_sealed=scans.seal_text(scan.text, merchant) if scan is not None else None,
        payee_hash=scan.payee_hash if scan is not None else None,
        level_seen=values.level_seen,
        accepts=False if values.reason else values.accepts,
        test_transfer_acknowledged=values.test_transfer_acknowledged,
        use_shown=values.use_shown,
        reason=values.reason,
        note=clean(values.note or "") or None,
    )


def _note(visit: Visit, stall: Stall, actor: Actor) -> None:
    new: dict[str, Any] = {
        name: getattr(visit, name)
        for name in (
            "stall_id",
            "tenancy_id",
            "day",
            "result",
            "sticker_id",
            "foreign_code_id",
            "accepts",
            "test_transfer_acknowledged",
            "use_shown",
            "reason",
        )
    }
    told = {name: value for name, value in new.items() if value is not None}
    audit.record(actor, "record", visit, market_id=stall.market_id, new=told)


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, (Problem(message, field=field),))
