"""Stalls: entered, changed, and what they do from which day on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market.domain.calendar import Span, format_day
from market.domain.errors import Conflict, Forbidden, Invalid, Problem
from market.domain.roles import Permission, ScopeKind
from market.domain.spans import find_slot
from market.domain.stalls import Placement, StallState
from market.domain.stickers import VoidReason
from market.domain.text import clean, fold, natural_key
from market.extensions import db
from market.models.market import Market, Section
from market.models.merchant import Tenancy
from market.models.stall import BusinessLine, Stall, StallStateSpan
from market.services import audit, coverage, sections, sticker_states
from market.services.access import Actor
from market.services.dated_facts import lasts_beyond
from market.services.uniqueness import unique_or
from market.services.versions import check_version

LONGEST_CODE = 40
CODE_TAKEN = "Chợ đã có điểm mang mã này. Hãy kiểm tra lại mã hoặc mở điểm đã có."
# States that say nobody trades there.
WITHOUT_TENANT = (StallState.VACANT, StallState.CLOSED)


@dataclass(frozen=True, slots=True)
class StallValues:
    """What is entered of a stall; `state` since `since` (today by default) only at first."""

    code: str
    section: Section | None = None
    placement: Placement = Placement.FIXED
    form: str | None = None
    area_m2: Decimal | None = None
    line_code: str | None = None
    note: str | None = None
    state: StallState = StallState.TRADING
    since: date | None = None


def code_key(code: str) -> str:
    """What makes two codes the same in a market: accents, case and doubled spaces never count."""
    return fold(code)


def create_stall(market: Market, *, values: StallValues, actor: Actor) -> Stall:
    """A new stall with its first state, added to the session; nothing is asked of the database.

    A code that is taken breaks a unique rule on flush: `add_stall` turns that into a
    refusal, whoever adds many looks first.
    """
    _check_section(market, values.section, actor)
    code = _checked_code(values.code)
    since = values.since or actor.today
    _check_day(since, actor, field="since")
    stall = Stall(
        market_id=market.id,
        section=values.section,
        code=code,
        code_key=code_key(code),
        sort_key=natural_key(code),
        placement=values.placement,
        form=values.form,
        area_m2=values.area_m2,
        line_code=values.line_code,
        note=values.note,
        states=[StallStateSpan(state=values.state, from_day=since)],
    )
    db.session.add(stall)
    coverage.touch(market.id)
    new = {**_facts(stall), "state": str(values.state), "since": since}
    audit.record(actor, "create", stall, market_id=market.id, new=new)
    return stall


def add_stall(market: Market, *, values: StallValues, actor: Actor) -> Stall:
    """Enter one stall; raises Invalid where its code is taken or its line is unknown."""
    _check_line(values.line_code)
    if _find_by_code(market, values.code) is not None:
        raise _code_taken()
    with unique_or(_code_taken()):
        return create_stall(market, values=values, actor=actor)


def change_stall(
    market: Market, stall: Stall, *, values: StallValues, version: int, actor: Actor
) -> None:
    """Change what is known of a stall; with another code its stickers are void.

    Raises Invalid where the code is taken, Conflict where somebody changed it meanwhile.
    """
    check_version(stall, version)
    _check_section(market, values.section, actor)
    _check_line(values.line_code)
    code, old = _checked_code(values.code), _facts(stall)
    is_moved = code != stall.code
    with unique_or(_code_taken()):
        stall.section = values.section
        stall.section_id = values.section.id if values.section else None
        stall.code, stall.code_key, stall.sort_key = code, code_key(code), natural_key(code)
        stall.placement, stall.line_code = values.placement, values.line_code
        stall.form, stall.area_m2 = values.form, values.area_m2
        is_noted = stall.note != values.note
        stall.note = values.note
    new = _facts(stall)
    if new == old and not is_noted:
        return
    changed = {name for name in new if new[name] != old[name]}
    audit.record(
        actor,
        "change",
        stall,
        market_id=market.id,
        old={name: old[name] for name in changed},
        new={**{name: new[name] for name in changed}, **({"note": "…"} if is_noted else {})},
    )
    coverage.touch(market.id)
    if is_moved:
        sticker_states.void_for_stall(stall, reason=VoidReason.STALL_MOVED, actor=actor)


def change_state(stall: Stall, state: StallState, *, on: date, actor: Actor) -> bool:
    """From `on` the stall is in that state, until the next change that is recorded.

    A day in the past splits the span that held then; what follows stays. Gives whether
    anything changed. Raises Invalid for a day that has not come.
    """
    _check_day(on, actor)
    spans = _lock_states(stall)
    slot = find_slot([Span(span.from_day, span.to_day) for span in spans], on)
    covering = None if slot.covering is None else spans[slot.covering]
    if covering is not None and covering.state is state:
        return False
    if slot.starting is not None:
        spans[slot.starting].state = state
        spans[slot.starting].to_day = slot.to_day
    else:
        if covering is not None:
            covering.to_day = on
        db.session.add(StallStateSpan(stall=stall, state=state, from_day=on, to_day=slot.to_day))
    audit.record(
        actor,
        "change_state",
        stall,
        market_id=stall.market_id,
        old={"state": str(covering.state) if covering is not None else None},
        new={"state": str(state), "on": on, "until": slot.to_day},
    )
    coverage.touch(stall.market_id)
    return True


def set_state(stall: Stall, state: StallState, *, on: date, actor: Actor) -> bool:
    """Like `change_state`; refused where it says nobody trades and somebody does.

    Raises Conflict that names how many merchants have to leave first.
    """
    if state in WITHOUT_TENANT and (staying := _count_tenancies_from(stall, on)):
        raise Conflict(
            f"Điểm {stall.code} còn {staying} hộ được bố trí từ ngày {format_day(on)}. "
            f"Hãy kết thúc bố trí của hộ trước rồi chuyển điểm sang “{state.label}”."
        )
    return change_state(stall, state, on=on, actor=actor)


def get_or_make_section(market: Market, name: str, *, actor: Actor) -> Section:
    """The section of that name, made or opened again where it has to be."""
    section = sections.find_section(market, name)
    if section is None:
        try:
            return sections.create_section(market, name, actor=actor)
        except Invalid:
            section = sections.find_section(market, name)
            if section is None:
                raise
    sections.reopen_section(section, actor=actor)
    return section


def list_states(stall: Stall) -> Sequence[StallStateSpan]:
    """What the stall did, in order."""
    return db.session.scalars(
        select(StallStateSpan)
        .where(StallStateSpan.stall_id == stall.id)
        .order_by(StallStateSpan.from_day)
    ).all()


def list_tenancies(stall: Stall) -> Sequence[Tenancy]:
    """Who held the stall, the latest first, merchants loaded."""
    return db.session.scalars(
        select(Tenancy)
        .where(Tenancy.stall_id == stall.id)
        .options(joinedload(Tenancy.merchant))
        .order_by(Tenancy.from_day.desc(), Tenancy.id.desc())
        .limit(200)
    ).all()


def _lock_states(stall: Stall) -> list[StallStateSpan]:
    """The spans in order; two people who change states at once take turns."""
    db.session.flush()
    db.session.execute(select(Stall.id).where(Stall.id == stall.id).with_for_update())
    return list(
        db.session.scalars(
            select(StallStateSpan)
            .where(StallStateSpan.stall_id == stall.id)
            .order_by(StallStateSpan.from_day)
            .execution_options(populate_existing=True)
        )
    )


def _count_tenancies_from(stall: Stall, day: date) -> int:
    return len(
        db.session.scalars(
            select(Tenancy.id).where(Tenancy.stall_id == stall.id, lasts_beyond(Tenancy, day))
        ).all()
    )


def _find_by_code(market: Market, code: str) -> int | None:
    return db.session.scalar(
        select(Stall.id).where(Stall.market_id == market.id, Stall.code_key == code_key(code))
    )


def _checked_code(code: str) -> str:
    code = clean(code)
    if not code:
        message = "Hãy nhập mã điểm, ví dụ: A12."
        raise Invalid(message, (Problem(message, "stall_missing", field="code"),))
    if len(code) > LONGEST_CODE:
        message = f"Mã điểm nhiều nhất {LONGEST_CODE} ký tự."
        raise Invalid(message, (Problem(message, field="code"),))
    return code


def _check_section(market: Market, section: Section | None, actor: Actor) -> None:
    """A section of another market is a slip; one outside the actor's own part is not theirs."""
    if section is not None and section.market_id != market.id:
        message = "Khu này không thuộc chợ. Hãy chọn khu trong danh sách."
        raise Invalid(message, (Problem(message, field="section"),))
    grants = actor.grants_for(Permission.WRITE_REGISTRY)
    own = {grant.section_id for grant in grants if grant.scope is ScopeKind.SECTION}
    is_narrow = bool(grants) and all(grant.scope is ScopeKind.SECTION for grant in grants)
    if is_narrow and (section is None or section.id not in own):
        raise Forbidden("Bạn chỉ được ghi điểm kinh doanh trong khu của mình.")


def _check_line(line_code: str | None) -> None:
    if line_code is not None and db.session.get(BusinessLine, line_code) is None:
        message = "Ngành hàng này không có trong danh mục. Hãy chọn lại."
        raise Invalid(message, (Problem(message, "line_unknown", field="line_code"),))


def _check_day(day: date, actor: Actor, *, field: str = "on") -> None:
    if day > actor.today:
        message = f"Ngày {format_day(day)} chưa tới. Hãy chọn hôm nay hoặc một ngày đã qua."
        raise Invalid(message, (Problem(message, field=field),))


def _code_taken() -> Invalid:
    return Invalid(CODE_TAKEN, (Problem(CODE_TAKEN, "stall_duplicate", field="code"),))


def _facts(stall: Stall) -> dict[str, Any]:
    """What stands in the audit log; a note may name people, so only that it changed does."""
    return {
        "code": stall.code,
        "section": stall.section.name if stall.section else None,
        "placement": str(stall.placement),
        "form": stall.form,
        "area_m2": stall.area_m2,
        "line": stall.line_code,
    }
