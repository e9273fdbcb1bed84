"""Sections of a market: their names, the order in which volunteers walk, closing."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, true

from market.domain.errors import Conflict, Invalid, NotFound, Problem
from market.domain.roles import Permission
from market.domain.stalls import StallState
from market.domain.text import clean, fold
from market.extensions import db
from market.models.market import Market, Section
from market.models.stall import Stall
from market.services import audit
from market.services.access import Actor, section_condition
from market.services.stall_states import is_in_state
from market.services.uniqueness import unique_or

NAME_TAKEN = "Chợ đã có khu mang tên này. Hãy chọn tên khác."


@dataclass(frozen=True, slots=True)
class SectionRow:
    """A section with the number of its stalls that are not closed."""

    section: Section
    stalls: int


def list_sections(
    market: Market, *, actor: Actor, permission: Permission = Permission.READ_REGISTRY
) -> Sequence[Section]:
    """The open sections of the market that are the actor's, in walking order."""
    return _in_walking_order(
        market, Section.closed_on.is_(None) & section_condition(actor, permission)
    )


def list_all_sections(market: Market) -> Sequence[Section]:
    """Every section of the market in walking order, closed ones too."""
    return _in_walking_order(market, true())


def list_with_counts(market: Market, *, actor: Actor) -> list[SectionRow]:
    """The actor's sections, closed ones last, with their stalls today; two queries."""
    own = section_condition(actor, Permission.READ_REGISTRY)
    counts = dict(
        db.session.execute(
            select(Stall.section_id, func.count())
            .where(Stall.market_id == market.id, ~is_in_state(StallState.CLOSED, on=actor.today))
            .group_by(Stall.section_id)
        )
        .tuples()
        .all()
    )
    rows = [
        SectionRow(section, counts.get(section.id, 0)) for section in _in_walking_order(market, own)
    ]
    return sorted(rows, key=lambda row: row.section.closed_on is not None)


def get_section(market: Market, section_id: int) -> Section:
    """A section of that market; NotFound otherwise."""
    section = db.session.scalar(
        select(Section).where(Section.id == section_id, Section.market_id == market.id)
    )
    if section is None:
        raise NotFound("Không tìm thấy khu này.")
    return section


def find_section(market: Market, name: str) -> Section | None:
    """The section of that name, whatever the accents and case; closed ones too."""
    return db.session.scalar(
        select(Section).where(Section.market_id == market.id, Section.name_key == fold(name))
    )


def create_section(market: Market, name: str, *, actor: Actor) -> Section:
    """Add a section at the end of the walk; raises Invalid where the name is taken."""
    name = _checked(name)
    last = db.session.scalar(
        select(func.max(Section.walking_order)).where(Section.market_id == market.id)
    )
    section = Section(
        market_id=market.id, name=name, name_key=fold(name), walking_order=(last or 0) + 1
    )
    with unique_or(_name_taken()):
        db.session.add(section)
    audit.record(actor, "create", section, market_id=market.id, new={"name": name})
    return section


def rename_section(section: Section, name: str, *, actor: Actor) -> None:
    """Give the section another name; raises Invalid where it is taken."""
    name, old = _checked(name), section.name
    if name == old:
        return
    with unique_or(_name_taken()):
        section.name, section.name_key = name, fold(name)
    audit.record(
        actor,
        "rename",
        section,
        market_id=section.market_id,
        old={"name": old},
        new={"name": name},
    )


def set_walking_order(market: Market, orders: dict[int, int], *, actor: Actor) -> None:
    """Number the sections anew by the places given, section id to place."""
    for section in list_all_sections(market):
        place = orders.get(section.id, section.walking_order)
        if place != section.walking_order:
            audit.record(
                actor,
                "reorder",
                section,
                market_id=market.id,
                old={"walking_order": section.walking_order},
                new={"walking_order": place},
            )
            section.walking_order = place


def close_section(section: Section, *, actor: Actor) -> None:
    """Close an empty section; raises Conflict while stalls stand in it."""
    if section.closed_on is not None:
        raise Conflict("Khu này đã đóng.")
    standing = db.session.scalar(
        select(func.count()).where(
            Stall.section_id == section.id, ~is_in_state(StallState.CLOSED, on=actor.today)
        )
    )
    if standing:
        raise Conflict(
            f"Khu {section.name} còn {standing} điểm kinh doanh. "
            "Hãy chuyển các điểm này sang khu khác hoặc đóng chúng trước."
        )
    section.closed_on = actor.today
    audit.record(
        actor, "close", section, market_id=section.market_id, new={"closed_on": actor.today}
    )


def reopen_section(section: Section, *, actor: Actor) -> None:
    """Use a closed section again."""
    if section.closed_on is None:
        return
    audit.record(
        actor,
        "reopen",
        section,
        market_id=section.market_id,
        old={"closed_on": section.closed_on},
    )
    section.closed_on = None


def _in_walking_order(market: Market, chosen: ColumnElement[bool]) -> Sequence[Section]:
    return db.session.scalars(
        select(Section)
        .where(Section.market_id == market.id, chosen)
        .order_by(Section.walking_order, Section.name_key, Section.id)
        .limit(500)
    ).all()


def _checked(name: str) -> str:
    name = clean(name)
    if name:
        return name
    message = "Hãy nhập tên khu, ví dụ: Khu A, Dãy hàng cá."
    raise Invalid(message, (Problem(message, field="name"),))


def _name_taken() -> Invalid:
    return Invalid(NAME_TAKEN, (Problem(NAME_TAKEN, "duplicate", field="name"),))
