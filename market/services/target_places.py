"""Places for which targets are set: what there is to choose from, and what was set before."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from market.domain.errors import NotFound
from market.domain.markets import MarketState
from market.domain.roles import Permission, ScopeKind
from market.domain.targets import Place, PlaceKind
from market.domain.text import sort_key
from market.extensions import db
from market.models.area import Commune, Province
from market.models.market import Market
from market.models.target import Target
from market.models.user import User
from market.services.access import Actor, market_condition
from market.services.target_book import is_of

MOST_PLACES = 1000
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class PastTarget:
    """A target that was once set, and by whom; nobody where the system did."""

    target: Target
    set_by: str | None


def list_provinces(actor: Actor) -> Sequence[Province]:
    """The provinces with markets whose reports the actor reads, and those of a whole grant."""
    own = market_condition(actor, Permission.READ_REPORTS)
    with_markets = (
        select(Commune.province_code).join(Market, Market.commune_code == Commune.code).where(own)
    )
    codes = [
        grant.province_code
        for grant in actor.grants_for(Permission.READ_REPORTS)
        if grant.scope is ScopeKind.PROVINCE
    ]
    return db.session.scalars(
        select(Province)
        .where(or_(Province.code.in_(with_markets), Province.code.in_(codes)))
        .order_by(Province.sort_key, Province.code)
    ).all()


def get_province(code: str) -> Province:
    """The province of a target that was found; raises NotFound where there is none."""
    province = db.session.get(Province, code)
    if province is None:
        raise NotFound("Không tìm thấy tỉnh này.")
    return province


def list_places(province_code: str, *, actor: Actor) -> dict[PlaceKind, list[tuple[str, str]]]:
    """Codes and names of the province, its communes with markets, and its open markets."""
    rows = db.session.execute(
        select(Market.code, Market.name, Commune.code, Commune.name)
        .join(Commune, Commune.code == Market.commune_code)
        .where(
            Commune.province_code == province_code,
            market_condition(actor, Permission.SET_TARGETS),
            Market.state == MarketState.OPEN,
        )
        .order_by(Market.sort_key, Market.id)
        .limit(MOST_PLACES)
    ).all()
    communes = {code: name for _market, _name, code, name in rows}
    return {
        PlaceKind.PROVINCE: [(province_code, get_province(province_code).name)],
        PlaceKind.COMMUNE: sorted(communes.items(), key=lambda pair: sort_key(pair[1])),
        PlaceKind.MARKET: [(code, f"{name} ({code})") for code, name, *_commune in rows],
    }


def list_history(place: Place) -> list[PastTarget]:
    """Every target there ever was for the place, the newest first."""
    rows = db.session.execute(
        select(Target, User.display_name)
        .outerjoin(User, User.id == Target.set_by_id)
        .where(is_of(place))
        .order_by(Target.from_day.desc(), Target.id.desc())
        .limit(MOST_SHOWN)
    )
    return [PastTarget(target, name) for target, name in rows]
