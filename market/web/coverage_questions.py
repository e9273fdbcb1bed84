"""What the pages on shares and their files are asked: day, denominator, filters, order."""

from dataclasses import replace
from typing import TypeVar

from flask import request

from market.domain.calendar import parse_day
from market.domain.coverage import Denominator, Unit
from market.domain.errors import Invalid, Problem
from market.domain.labels import LabelledEnum
from market.domain.levels import Level
from market.domain.markets import MarketClass, MarketTrade
from market.domain.text import clean
from market.http.query import find_id, find_member
from market.http.security import current_actor
from market.services.area_coverage import Question
from market.services.market_lines import MarketChoice, ShareBelow
from market.services.missing_stalls import MissingFilter

LONGEST_TEXT = 100
MOST_PERCENT = 100
# What a page on shares was asked, besides the day: the names that links and forms carry on.
BASIS = ("denominator", "unit")
FILTERS = ("province", "commune", "class", "trade", "operator", "running", "under", "q")
MISSING_FILTERS = ("below", "level", "section", "line")
KEPT = (*BASIS, *FILTERS, *MISSING_FILTERS, "sort")

Member = TypeVar("Member", bound=LabelledEnum)


def asked_question() -> Question:
    """What the address asks; raises Invalid for a day, denominator or unit that is none."""
    written = request.args.get("as_of", "").strip()
    return Question(
        as_of=parse_day(written) if written else current_actor().today,
        denominator=_member("denominator", Denominator, "Mẫu số") or Denominator.A,
        unit=_member("unit", Unit, "Cách đếm") or Unit.MERCHANTS,
    )


def asked_choice(area: MarketChoice, question: Question) -> MarketChoice:
    """The markets of the area that the filters leave; raises Invalid for a share that is none."""
    percent = _asked_percent()
    return replace(
        area,
        province_code=area.province_code or request.args.get("province") or None,
        commune_code=area.commune_code or request.args.get("commune") or None,
        market_class=find_member("class", MarketClass),
        trade=find_member("trade", MarketTrade),
        operator_id=area.operator_id or find_id("operator"),
        is_running={"yes": True, "no": False}.get(request.args.get("running", "")),
        below=ShareBelow(percent, question.denominator, question.unit) if percent else None,
        text=clean(request.args.get("q", "")[:LONGEST_TEXT]) or None,
    )


def asked_missing(question: Question) -> MissingFilter:
    """The filters of the list of missing stalls."""
    below = find_member("below", Level) or Level.ACCEPTS
    return MissingFilter(
        on=question.as_of,
        denominator=question.denominator,
        below=below if below is not Level.NONE else Level.ACCEPTS,
        level=find_member("level", Level),
        section_id=find_id("section"),
        line_code=request.args.get("line") or None,
    )


def _member(name: str, members: type[Member], words: str) -> Member | None:
    """The member asked for; another figure than the one asked for must not be shown.

    The code of the problem is the name in the address.
    """
    written = request.args.get(name, "").strip()
    if not written:
        return None
    for member in members:
        if member == written:
            return member
    known = ", ".join(f"{member} ({member.label})" for member in members)
    message = f"{words} “{written[:20]}” không có. Hãy chọn một trong: {known}."
    raise Invalid(message, (Problem(message, code=name),))


def _asked_percent() -> int | None:
    written = request.args.get("under", "").strip()
    if not written:
        return None
    is_percent = written.isascii() and written.isdigit() and len(written) <= len(str(MOST_PERCENT))
    if not is_percent or not 0 < int(written) <= MOST_PERCENT:
        message = f"“{written[:20]}” không phải tỷ lệ. Hãy viết số nguyên từ 1 đến 100."
        raise Invalid(message, (Problem(message, code="under"),))
    return int(written)
