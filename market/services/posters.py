"""A market's poster: its share of households on a day, in the look of its operator."""

from dataclasses import replace
from datetime import date

from market.documents.poster import Poster
from market.domain.calendar import check_as_of
from market.domain.coverage import Denominator, Unit
from market.domain.errors import NotFound
from market.models.market import Market
from market.services import branding, coverage
from market.services.access import Actor


def poster_of(market: Market, *, on: date | None, actor: Actor) -> Poster:
    """What stands on the poster of a day, today's where none is given.

    Raises Invalid for a day to come. A day without households to count gives a poster that
    cannot be written: `printed` says so.
    """
    day = on or actor.today
    check_as_of(day, today=actor.today)
    here = Market.id == market.id
    ladders = coverage.ladders_of_days([day], Denominator.A, Unit.MERCHANTS, markets=here)
    poster = Poster(market.name, ladders[day].share(), day)
    return _in_look_of_operator(poster, market, actor.today)


def _in_look_of_operator(poster: Poster, market: Market, today: date) -> Poster:
    try:
        operator = branding.operator_of(market, on=today)
    except NotFound:
        return poster
    look = branding.branding_of(operator)
    return replace(
        poster,
        operator_name=operator.name,
        hotline=operator.hotline,
        accent=look.accent,
        logos=branding.logo_files(look),
    )
