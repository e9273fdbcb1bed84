"""On what proof a share stands: whose code was scanned, how lately, and whether it was tried."""

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.coverage import Denominator, Unit
from market.domain.levels import Level
from market.domain.proofs import BY_STRENGTH, PROOF_DAYS, Proof
from market.domain.stalls import StallState
from market.domain.stickers import ForeignCodeKind, StickerState
from market.extensions import vault
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Tenancy
from market.models.sticker import ForeignCode, Sticker
from market.services import breakdowns, coverage, proofs
from market.services.area_coverage import Question
from tests.factories import TODAY, make_market
from tests.ladders import hand_out, make_at, merchant_of, moment, see

LATELY = TODAY - timedelta(days=PROOF_DAYS)
AGES_AGO = TODAY - timedelta(days=PROOF_DAYS + 1)


def proved(market: Market, on: date = TODAY, unit: Unit = Unit.STALLS) -> dict[Proof, int]:
    """How many stand on each proof; without those on which nobody stands."""
    coverage.recompute_market(market.id)
    found = proofs.of_markets(Question(on, unit=unit), Market.id == market.id)
    return {proof: number for proof, number in found.counts.items() if number}


def make_foreign(session: Session, market: Market, *, on: date) -> tuple[Tenancy, ForeignCode]:
    """A trader who accepts by a bank's own code."""
    tenancy = make_at(market, Level.NONE, since=on)
    code = ForeignCode(
        stall_id=tenancy.stall_id,
        tenancy_id=tenancy.id,
        kind=ForeignCodeKind.TRANSFER,
        payee_hash=vault().sameness("account", "970436", f"88001{tenancy.id}"),
        registered_at=moment(on, 1),
        checked_at=moment(on, 1),
    )
    session.add(code)
    session.flush()
    see(tenancy, on=on, accepts=True, foreign_code_id=code.id)
    return tenancy, code


@pytest.mark.parametrize(("seen", "proof"), [(LATELY, Proof.CONFIRMED), (AGES_AGO, Proof.AGED)])
def test_a_right_scan_proves_for_so_many_days(session: Session, seen: date, proof: Proof) -> None:
    market = make_market()
    make_at(market, Level.ACCEPTS, since=seen)

    assert proved(market) == {proof: 1}


def test_a_test_transfer_is_the_strongest_proof(session: Session) -> None:
    market = make_market()
    tenancy = make_at(market, Level.ACCEPTS, since=LATELY)
    see(tenancy, on=TODAY, test_transfer_acknowledged=True)

    assert proved(market) == {Proof.TRANSFER: 1}
    assert proved(market, TODAY - timedelta(days=1)) == {Proof.CONFIRMED: 1}


def test_a_code_issued_elsewhere_proves_less_until_it_is_tried(session: Session) -> None:
    market = make_market()
    tenancy, code = make_foreign(session, market, on=LATELY)

    assert proved(market) == {Proof.FOREIGN: 1}

    see(tenancy, on=TODAY, test_transfer_acknowledged=True, foreign_code_id=code.id)
    assert proved(market) == {Proof.TRANSFER: 1}


def test_a_transfer_to_a_sticker_that_is_void_now_proves_nothing(session: Session) -> None:
    market = make_market()
    tenancy = make_at(market, Level.EQUIPPED, since=LATELY)
    old = session.query(Sticker).filter_by(stall_id=tenancy.stall_id).one()
    see(tenancy, on=LATELY, test_transfer_acknowledged=True, sticker_id=old.id)
    old.void_at, old.state = moment(TODAY, 1), StickerState.VOID
    new = hand_out(tenancy, session.get_one(PaymentAccount, old.account_id), on=TODAY)
    see(tenancy, on=TODAY, accepts=True, sticker_id=new.id)

    assert proved(market) == {Proof.CONFIRMED: 1}
    assert proved(market, TODAY - timedelta(days=1)) == {Proof.TRANSFER: 1}


@pytest.mark.parametrize("names_the_sticker", [True, False])
def test_a_scan_of_the_payment_code_proves_what_hung_then(
    session: Session, names_the_sticker: bool
) -> None:
    market = make_market()
    tenancy = make_at(market, Level.EQUIPPED, since=LATELY)
    old = session.query(Sticker).filter_by(stall_id=tenancy.stall_id).one()
    see(tenancy, on=LATELY, accepts=True, test_transfer_acknowledged=True)
    assert proved(market) == {Proof.TRANSFER: 1}

    old.void_at, old.state = moment(TODAY, 1), StickerState.VOID
    new = hand_out(tenancy, session.get_one(PaymentAccount, old.account_id), on=TODAY)
    see(tenancy, on=TODAY, accepts=True, sticker_id=new.id if names_the_sticker else None)

    assert proved(market) == {Proof.CONFIRMED: 1}
    assert proved(market, TODAY - timedelta(days=1)) == {Proof.TRANSFER: 1}


@pytest.mark.parametrize(("hour", "proof"), [(16, Proof.TRANSFER), (17, Proof.AGED)])
def test_a_scan_of_the_payment_code_proves_what_was_handed_out_that_day(
    session: Session, hour: int, proof: Proof
) -> None:
    market = make_market()
    tenancy = make_at(market, Level.EQUIPPED, since=LATELY - timedelta(days=30))
    sticker = session.query(Sticker).filter_by(stall_id=tenancy.stall_id).one()
    see(tenancy, on=LATELY - timedelta(days=1), accepts=True, sticker_id=sticker.id)
    see(tenancy, on=LATELY, test_transfer_acknowledged=True)
    second = hand_out(tenancy, session.get_one(PaymentAccount, sticker.account_id), on=LATELY)
    second.handed_out_at = moment(LATELY, hour)
    sticker.void_at, sticker.state = moment(TODAY, 1), StickerState.VOID
    coverage.recompute_market(market.id)

    strength = session.scalar(select(proofs.strength_on(TODAY)).select_from(Tenancy))

    assert BY_STRENGTH[strength or 0] is proof


def test_a_household_stands_on_the_best_of_its_stalls(session: Session) -> None:
    market = make_market()
    first = make_at(market, Level.ACCEPTS, since=AGES_AGO)
    merchant = merchant_of(session, first)
    make_at(market, Level.ACCEPTS, since=LATELY, merchant=merchant)

    assert proved(market) == {Proof.AGED: 1, Proof.CONFIRMED: 1}
    assert proved(market, unit=Unit.MERCHANTS) == {Proof.CONFIRMED: 1}


def test_the_proofs_add_up_to_the_numerator_of_the_share(session: Session) -> None:
    dice = random.Random(11)
    markets = [make_market(), make_market()]
    tenancies: list[Tenancy] = []
    for market in markets:
        for _ in range(25):
            again = dice.choice(tenancies) if tenancies and dice.random() < 0.3 else None
            tenancy = make_at(
                market,
                dice.choice(list(Level)),
                since=TODAY - timedelta(days=dice.randrange(150) if again is None else 0),
                state=dice.choice([StallState.TRADING, StallState.RESTING]),
                merchant=merchant_of(session, again) if again else None,
            )
            if session.query(PaymentAccount).filter_by(merchant_id=tenancy.merchant_id).count():
                tenancies.append(tenancy)
        coverage.recompute_market(market.id)
    own = Market.id.in_([market.id for market in markets])

    for day in (TODAY, TODAY - timedelta(days=40)):
        for denominator in Denominator:
            for unit in Unit:
                question = Question(day, denominator, unit)
                ladder = coverage.ladders_of_days([day], denominator, unit, markets=own)[day]
                pooled = proofs.of_markets(question, own)
                each = [breakdowns.of_market(market, question).proofs(unit) for market in markets]
                assert pooled.accepting == ladder.accepting
                for proof in Proof:
                    assert pooled.counts[proof] == sum(found.counts[proof] for found in each)


def test_nobody_who_accepts_leaves_nothing_to_prove(session: Session) -> None:
    market = make_market()
    make_at(market, Level.DISPLAYED, since=LATELY)
    coverage.recompute_market(market.id)

    found = proofs.of_markets(Question(TODAY), Market.id == market.id)

    assert (found.accepting, found.recent.percent()) == (0, None)
