"""What the pages on shares and their files are asked: day, denominator, filters, order."""

from dataclasses import replace

from flask import request

from market.domain.calendar import parse_day
from market.domain.coverage import Denominator, Unit
from market.domain.labels import LabelledEnum
from market.domain.levels import Level
from market.domain.markets import MarketClass, MarketTrade
from market.domain.text import clean
from market.http.query import asked_id, asked_member, refusal
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
    percent = _asked_percent()
    running = asked_member("running", Running, "Tình trạng triển khai")
    return replace(
        area,
        province_code=area.province_code or request.args.get("province") or None,
        commune_code=area.commune_code or request.args.get("commune") or None,
        market_class=asked_member("class", MarketClass, "Hạng chợ"),
        trade=asked_member("trade", MarketTrade, "Loại chợ"),
        operator_id=area.operator_id or asked_id("operator", "Đơn vị quản lý"),
        is_running=None if running is None else running is Running.YES,
        below=ShareBelow(percent, question.denominator, question.unit) if percent else None,
        text=clean(request.args.get("q", "")[:LONGEST_TEXT]) or None,
    )


def asked_missing(question: Question) -> MissingFilter:
    """The filters of the list of missing stalls; raises Invalid for one that is none."""
    below = asked_member("below", Level, "Bậc chưa đạt") or Level.ACCEPTS
    return MissingFilter(
        on=question.as_of,
        denominator=question.denominator,
        below=below if below is not Level.NONE else Level.ACCEPTS,
        level=asked_member("level", Level, "Bậc"),
        section_id=asked_id("section", "Khu"),
        line_code=request.args.get("line") or None,
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
