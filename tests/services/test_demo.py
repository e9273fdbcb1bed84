"""Demonstration data: repeatable, complete, and counted like any other."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.domain.coverage import Denominator
from market.domain.errors import Conflict
from market.domain.markets import MarketClass
from market.domain.proofs import Proof
from market.domain.roles import Role
from market.domain.serials import RANDOM_BITS, check_serial
from market.domain.shares import percent
from market.domain.visits import VisitResult
from market.models.coverage import CoverageDay
from market.models.market import Market, Section
from market.models.merchant import Merchant
from market.models.stall import Stall
from market.models.sticker import Sticker
from market.models.visit import Visit
from market.services import (
    audit,
    coverage,
    coverage_checks,
    covered_areas,
    frozen_differences,
    frozen_lists,
    market_lines,
    proofs,
    users,
)
from market.services.access import Actor
from market.services.area_coverage import Question
from market.services.area_totals import of_area
from market.services.demo import loading
from market.services.demo.plan import MarketPlan, ProvincePlan, Scale, Size, plan_province
from market.services.demo.rows import ORDER
from market.services.demo.serials import FIRST_FACTOR, MASK, SECOND_FACTOR, scattered, serial_of
from market.services.demo.writing import writing
from market.services.frozen_scope import OpenedReport
from market.services.market_lines import MarketChoice
from tests import running
from tests.databases import SQLITE, Databases
from tests.factories import NOW, TODAY, make_commune, make_market

SYSTEM = Actor.system(NOW)
# What is made anew for each installation: keys, and what they seal or hash.
KEYED = {"wrapped_key", "phone_sealed", "number_sealed", "payload_sealed"}
FEW = ProvincePlan(
    code="22",
    prefix="QN",
    classes={MarketClass.CLASS_3: 2, MarketClass.UNCLASSIFIED: 2},
    running=3,
    share=0.6,
    points={MarketClass.CLASS_3: (40, 60), MarketClass.UNCLASSIFIED: (10, 20)},
)


def load_few(seed: int) -> None:
    """Four small markets, three of which run."""
    random = Random(seed)
    communes = [make_commune("06895", "Đầm Hà"), make_commune("06896", "Quảng Tân")]
    plans = plan_province(FEW, communes, last_day=TODAY, random=random)
    loading.load_plans([("22", plan) for plan in plans], seed=seed, random=random, actor=SYSTEM)


def everything(session: Session) -> Mapping[str, list[dict[str, Any]]]:
    """All loaded rows by table, but for what differs from one installation to the next."""
    found = {}
    for entity in ORDER:
        table = entity.__table__
        rows = session.execute(select(table).order_by(*table.primary_key)).mappings()
        found[entity.__tablename__] = [
            {name: value for name, value in row.items() if name not in KEYED} for row in rows
        ]
    return found


def references(session: Session) -> list[str]:
    """What refers to what, as PostgreSQL would write it down."""
    written = "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)"
    return sorted(session.scalars(text(f"{written} FROM pg_constraint WHERE contype = 'f'")))


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


def test_one_signs_in_who_reads_the_whole_country(session: Session) -> None:
    loading.load(Scale.MARKET, seed=1, actor=SYSTEM)
    user = users.find_by_email("xemcanuoc@cho.example")
    assert user is not None
    session.refresh(user, ["grants"])

    reader = Actor.of_user(user, NOW, "web")

    assert covered_areas.covers_whole(covered_areas.COUNTRY, actor=reader)


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


@pytest.mark.only_postgresql
def test_both_databases_get_the_same_rows(
    session: Session, databases: Databases, tmp_path: Path
) -> None:
    load_few(seed=7)
    here = everything(session)

    with (
        databases.migrated(SQLITE) as address,
        running.running(running.make_settings(address, tmp_path)) as other,
        running.writing(other) as embedded,
    ):
        load_few(seed=7)
        there = everything(embedded)

    assert here == there
    assert all(here.values())


def test_what_is_counted_in_memory_is_what_a_recount_gives(session: Session) -> None:
    load_few(seed=3)
    session.commit()

    assert list(coverage_checks.deviations()) == []


def test_some_stand_on_each_proof_and_all_that_accept_on_one(session: Session) -> None:
    load_few(seed=3)

    question = Question(TODAY)
    found = proofs.of_markets(question, true())

    ladder = market_lines.pool(market_lines.list_lines(SYSTEM, TODAY, choice=MarketChoice()))
    assert all(found.counts[proof] for proof in Proof)
    assert found.accepting == ladder.of(question.denominator).ladder(question.unit).accepting


def test_another_seed_gives_other_people(session: Session) -> None:
    load_few(seed=1)
    first = set(session.scalars(select(Merchant.display_name)))
    session.rollback()
    load_few(seed=2)

    assert set(session.scalars(select(Merchant.display_name))) != first


def test_a_market_of_many_sections_has_no_code_twice(session: Session) -> None:
    commune = make_commune()
    big = MarketPlan(
        "QN-LON", "Chợ Lớn", commune.code, MarketClass.CLASS_1, Size(1400), programme_start=None
    )

    loading.load_plans([("22", big)], seed=1, random=Random(1), actor=SYSTEM)

    codes = list(session.scalars(select(Stall.code_key)))
    assert len(set(codes)) == len(codes) == 1400
    assert session.scalar(select(func.count()).select_from(Section)) == 16


def test_the_database_holds_what_was_loaded_to_its_rules(session: Session) -> None:
    load_few(seed=1)
    sticker = session.scalars(select(Sticker).limit(1)).one()

    with pytest.raises(IntegrityError):
        session.execute(
            insert(Visit).values(
                uuid="once",
                stall_id=sticker.stall_id + 100_000,
                phone_at=NOW,
                received_at=NOW,
                day=TODAY,
                result=VisitResult.MATCH,
            )
        )


@pytest.mark.only_postgresql
def test_the_references_are_there_again_as_they_were(session: Session) -> None:
    before = references(session)

    load_few(seed=1)

    assert references(session) == before
    assert len(before) > 20


@pytest.mark.only_postgresql
def test_what_refers_to_nothing_is_not_loaded(session: Session) -> None:
    before = references(session)
    session.commit()
    stray = {"id": 1, "market_id": 404, "name": "A", "name_key": "a", "walking_order": 1}

    with pytest.raises(IntegrityError, match="fk_sections_market_id"), writing(session) as put:
        put({Section: [stray]})
    session.rollback()

    assert references(session) == before


@pytest.mark.only_sqlite
def test_the_nation_is_refused_by_a_database_too_small_for_it(session: Session) -> None:
    with pytest.raises(Conflict, match="PostgreSQL"):
        loading.load(Scale.NATION, seed=1, actor=SYSTEM)


def test_no_two_stickers_get_one_serial() -> None:
    around = (0, 1 << 17, 1 << 18, (1 << 34) - 5_000, (1 << RANDOM_BITS) - 10_000)
    numbers = [start + step for start in around for step in range(10_000)]

    serials = {serial_of(number, seed=2026) for number in numbers}

    assert len(serials) == len(set(numbers))


@given(st.integers(0, (1 << RANDOM_BITS) - 1), st.integers(0, 1 << 40))
def test_where_a_number_went_leads_back_to_it(number: int, seed: int) -> None:
    bits = scattered(number, seed)
    bits ^= bits >> 18
    bits = bits * pow(SECOND_FACTOR, -1, MASK + 1) & MASK
    bits ^= bits >> 17 ^ bits >> 34
    bits = bits * pow(FIRST_FACTOR, -1, MASK + 1) & MASK

    assert (bits - seed) & MASK == number


@given(st.integers(1, 10_000_000))
def test_serials_carry_a_right_check_character(sticker_id: int) -> None:
    serial = serial_of(sticker_id, seed=2026)

    assert check_serial(serial) == serial


@pytest.mark.only_sqlite
def test_the_province_has_the_markets_and_the_share_that_are_promised(session: Session) -> None:
    loading.load(Scale.PROVINCE, seed=2026, actor=SYSTEM)

    markets = market_lines.list_lines(SYSTEM, TODAY, choice=MarketChoice())
    ladder = market_lines.pool(markets).of(Denominator.A).merchants
    share = percent(ladder.accepting, ladder.counted, 2)

    assert len(markets) == 135
    assert sum(each.is_running for each in markets) == 120
    assert share is not None
    assert 86 <= share < 87
    assert 25_000 <= market_lines.pool(markets).points.total <= 30_000
    totals = of_area(SYSTEM, TODAY, choice=MarketChoice(province_code="22"))
    assert 0 < totals.passed < totals.running
    assert session.scalar(select(func.count()).select_from(Sticker)) == len(
        set(session.scalars(select(Sticker.serial)))
    )


def test_the_last_months_were_reported_and_the_last_one_adjusted(session: Session) -> None:
    loading.load(Scale.MARKET, seed=2026, actor=SYSTEM)

    rows = frozen_lists.page_of(SYSTEM, 1).items
    assert [row.FrozenReport.as_of for row in rows] == [
        date(2026, 8, 31),
        date(2026, 7, 31),
        date(2026, 6, 30),
    ]
    assert {row.FrozenReport.frozen_by for row in rows} == {"Cán bộ Sở mẫu"}
    adjusted = [
        frozen_differences.compare(OpenedReport(row.FrozenReport, is_whole=True), actor=SYSTEM)
        for row in rows
    ]
    assert [each.total.accepting for each in adjusted] == [3, 0, 0]
