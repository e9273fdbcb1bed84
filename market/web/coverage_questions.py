"""What the pages on shares and their files are asked: day, denominator, filters, order."""

from dataclasses import replace
from functools import partial

from flask import request

from market.domain.calendar import parse_day
from market.domain.coverage import Denominator, Unit
from market.domain.labels import LabelledEnum
from market.domain.levels import Level
from market.domain.markets import MarketClass, MarketTrade
from market.domain.text import clean
from market.http.query import asked_code, asked_id, asked_member, refusal
from market.http.security import current_actor
from market.models.market import Market
from market.services import covered_areas, directory, sections
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


class Running(LabelledEnum):
    """Whether the programme runs in the markets asked for."""

    YES = "yes", "Đã triển khai"
    NO = "no", "Chưa triển khai"


def asked_question() -> Question:
    """What the address asks; raises Invalid for a day, denominator or unit that is none."""
    written = request.args.get("as_of", "").strip()
    return Question(
        as_of=parse_day(written) if written else current_actor().today,
        denominator=asked_member("denominator", Denominator, "Mẫu số") or Denominator.A,
        unit=asked_member("unit", Unit, "Cách đếm") or Unit.MERCHANTS,
    )


def asked_choice(area: MarketChoice, question: Question) -> MarketChoice:
    """The markets of the area that the filters leave; raises Invalid for one that is none."""
    percent, actor = _asked_percent(), current_actor()
    running = asked_member("running", Running, "Tình trạng triển khai")
    return replace(
        area,
        province_code=area.province_code
        or asked_code("province", "Tỉnh", partial(covered_areas.get_province, actor=actor)),
        commune_code=area.commune_code
        or asked_code("commune", "Xã, phường", partial(covered_areas.get_commune, actor=actor)),
        market_class=asked_member("class", MarketClass, "Hạng chợ"),
        trade=asked_member("trade", MarketTrade, "Loại chợ"),
        operator_id=area.operator_id
        or asked_id("operator", "Đơn vị quản lý", partial(covered_areas.get_operator, actor=actor)),
        is_running=None if running is None else running is Running.YES,
        below=ShareBelow(percent, question.denominator, question.unit) if percent else None,
        text=clean(request.args.get("q", "")[:LONGEST_TEXT]) or None,
    )


def asked_missing(market: Market, question: Question) -> MissingFilter:
    """The filters of the market's list of missing stalls; raises Invalid for one that is none."""
    below = asked_member("below", Level, "Bậc chưa đạt") or Level.ACCEPTS
    return MissingFilter(
        on=question.as_of,
        denominator=question.denominator,
        below=below if below is not Level.NONE else Level.ACCEPTS,
        level=asked_member("level", Level, "Bậc"),
        section_id=asked_id("section", "Khu", partial(sections.get_section, market)),
        line_code=asked_code("line", "Ngành hàng", directory.get_line),
    )


def _asked_percent() -> int | None:
    written = request.args.get("under", "").strip()
    if not written:
        return None
    is_percent = written.isascii() and written.isdigit() and len(written) <= len(str(MOST_PERCENT))
    if not is_percent or not 0 < int(written) <= MOST_PERCENT:
        raise refusal(
            "under", f"“{written[:20]}” không phải tỷ lệ. Hãy viết số nguyên từ 1 đến 100."
        )
    return int(written)
