"""The filters of pages on shares in words, for the files that obey them."""

from collections.abc import Sequence

from sqlalchemy import select

from market.domain.roles import Permission
from market.extensions import db
from market.models.area import Commune, Province
from market.models.market import Market, MarketOperator, Operator, Section
from market.models.stall import BusinessLine
from market.services.access import Actor, market_condition
from market.services.market_lines import MarketChoice, ShareBelow
from market.services.missing_stalls import MissingFilter

Words = Sequence[tuple[str, str]]


def of_markets(area: MarketChoice, choice: MarketChoice, *, actor: Actor) -> Words:
    """What was asked beyond the area; a query for each filter that names a row."""
    words: list[tuple[str, str]] = []
    if choice.province_code != area.province_code and choice.province_code:
        words.append(("Tỉnh, thành phố", _province(choice.province_code)))
    if choice.commune_code != area.commune_code and choice.commune_code:
        words.append(("Xã, phường", _commune(choice.commune_code)))
    if choice.operator_id != area.operator_id and choice.operator_id:
        words.append(("Đơn vị quản lý", _operator(choice.operator_id, actor)))
    if choice.market_class is not None:
        words.append(("Hạng chợ", choice.market_class.label))
    if choice.trade is not None:
        words.append(("Loại chợ", choice.trade.label))
    if choice.is_running is not None:
        words.append(("Triển khai", "Đã triển khai" if choice.is_running else "Chưa triển khai"))
    if choice.below is not None:
        words.append(("Tỷ lệ chấp nhận", _below(choice.below)))
    if choice.text is not None:
        words.append(("Tìm theo tên", choice.text))
    return _named(words)


def of_missing(missing: MissingFilter, market: Market) -> Words:
    """What was asked of the list of missing stalls."""
    words = [("Chưa đạt bậc", missing.below.label)]
    if missing.level is not None:
        words.append(("Đang ở bậc", missing.level.label))
    if missing.section_id is not None:
        query = select(Section.name).where(
            Section.id == missing.section_id, Section.market_id == market.id
        )
        words.append(("Khu", db.session.scalar(query) or f"số {missing.section_id}"))
    if missing.line_code is not None:
        line = select(BusinessLine.name).where(BusinessLine.code == missing.line_code)
        words.append(("Ngành hàng", db.session.scalar(line) or missing.line_code))
    return _named(words)


def _named(words: Words) -> Words:
    return tuple((f"Bộ lọc: {name}", value) for name, value in words)


def _province(code: str) -> str:
    return db.session.scalar(select(Province.name).where(Province.code == code)) or code


def _commune(code: str) -> str:
    return db.session.scalar(select(Commune.name).where(Commune.code == code)) or code


def _operator(operator_id: int, actor: Actor) -> str:
    """Its name, where it runs, or once ran, a market of the actor's."""
    query = (
        select(Operator.name)
        .join(MarketOperator, MarketOperator.operator_id == Operator.id)
        .join(Market, Market.id == MarketOperator.market_id)
        .where(Operator.id == operator_id, market_condition(actor, Permission.READ_REPORTS))
        .limit(1)
    )
    return db.session.scalar(query) or f"số {operator_id}"


def _below(below: ShareBelow) -> str:
    return f"dưới {below.percent} % theo {below.unit.label}, mẫu số {below.denominator}"
