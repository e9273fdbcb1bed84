"""Of which days figures can be asked for: from the first record of the markets until today."""

from datetime import date

from sqlalchemy import ColumnElement, func, select

from market.domain.calendar import check_as_of, format_day
from market.domain.errors import Invalid
from market.extensions import db
from market.models.market import Market
from market.services import coverage


def check_day(markets: ColumnElement[bool], on: date, *, today: date) -> None:
    """Raise Invalid for a day to come, or one by which nothing of these markets was on record.

    Today can always be asked about. Markets of which nothing is counted yet are on record
    from the day they opened or began the programme. Where there is no market, none is missing.
    """
    check_as_of(on, today=today)
    if on == today:
        return
    first = coverage.find_first_day(markets, by=on)
    check_as_of(on, today=today, first=first)
    if first is None and _are_unknown(markets, on):
        raise Invalid(
            f"Chưa có số liệu cho ngày {format_day(on)}: đến ngày đó chưa ghi nhận gì. "
            "Hãy xem ngày hôm nay, hoặc nhập danh sách điểm kinh doanh trước."
        )


def _are_unknown(markets: ColumnElement[bool], on: date) -> bool:
    """Whether there are markets, and none of them had opened or begun by the day."""
    query = select(
        func.count(), func.min(Market.opened_on), func.min(Market.programme_start)
    ).where(markets)
    number, *began = db.session.execute(query).one()
    return number > 0 and not any(day is not None and day <= on for day in began)
