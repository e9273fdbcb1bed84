"""Demonstration data: repeatable, complete, and counted like any other."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.domain.coverage import Denominator
from market.domain.errors import Conflict
from market.domain.roles import Role
from market.domain.shares import percent
from market.models.coverage import CoverageDay
from market.models.market import Market
from market.models.sticker import Sticker
from market.models.visit import Visit
from market.services import audit, coverage
from market.services.access import Actor
from market.services.demo import loading
from market.services.demo.plan import Scale
from tests.factories import NOW, TODAY, make_market

SYSTEM = Actor.system(NOW)


def test_one_market_is_loaded_with_its_history(session: Session) -> None:
    loaded = loading.load(Scale.MARKET, seed=1, actor=SYSTEM)
    session.commit()

    assert loaded.markets == 1
    assert session.scalar(select(func.count()).select_from(Visit))
    assert session.scalar(select(func.count()).select_from(Sticker))
    assert audit.verify().broken is None


def test_there_is_a_sign_in_for_every_role(session: Session) -> None:
    loaded = loading.load(Scale.MARKET, seed=1, actor=SYSTEM)

    assert {sign_in.role for sign_in in loaded.sign_ins} == set(Role)


def test_passwords_differ_from_one_installation_to_the_next(session: Session) -> None:
    loaded = loading.load(Scale.MARKET, seed=1, actor=SYSTEM)

    assert len({sign_in.password for sign_in in loaded.sign_ins}) == len(loaded.sign_ins)


def test_a_register_that_holds_markets_is_left_alone(session: Session) -> None:
    make_market()

    with pytest.raises(Conflict, match="sổ còn trống"):
        loading.load(Scale.MARKET, seed=1, actor=SYSTEM)


def test_counting_the_loaded_market_again_changes_nothing(session: Session) -> None:
    loading.load(Scale.MARKET, seed=1, actor=SYSTEM)
    market_id = session.scalars(select(Market.id)).one()
    rows = select(CoverageDay.__table__).order_by(CoverageDay.day)
    before = session.execute(rows).all()

    coverage.recompute_market(market_id)

    assert session.execute(rows).all() == before


def test_new_rows_are_numbered_on_from_the_loaded_ones(session: Session) -> None:
    loading.load(Scale.MARKET, seed=1, actor=SYSTEM)

    assert make_market().id > 1


@pytest.mark.only_sqlite
def test_the_province_has_the_markets_and_the_share_that_are_promised(session: Session) -> None:
    loading.load(Scale.PROVINCE, seed=2026, actor=SYSTEM)

    markets = coverage.list_counts(SYSTEM, TODAY)
    ladder = coverage.pool(markets).of(Denominator.A).merchants
    share = percent(ladder.accepting, ladder.counted, 2)

    assert len(markets) == 135
    assert sum(coverage.is_running(each.market, TODAY) for each in markets) == 120
    assert share is not None
    assert 86 <= share < 87
    assert 25_000 <= coverage.pool(markets).points.total <= 30_000
    assert session.scalar(select(func.count()).select_from(Sticker)) == len(
        set(session.scalars(select(Sticker.serial)))
    )
