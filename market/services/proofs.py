"""On what proof the share of markets stands, on any day; see market.domain.proofs."""

from datetime import date, datetime, time, timedelta

from sqlalchemy import (
    ColumnElement,
    Date,
    ScalarSelect,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from market.domain.calendar import ICT
from market.domain.coverage import Unit
from market.domain.levels import Level
from market.domain.proofs import BY_STRENGTH, PROOF_DAYS, Proof, ProofCounts
from market.domain.visits import VisitResult
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.models.sticker import ForeignCode, Sticker
from market.models.visit import Visit
from market.services import area_coverage, coverage
from market.services.access import Actor
from market.services.area_coverage import AreaCoverage, Question
from market.services.covered_areas import Area, AreaKind
from market.services.missing_stalls import is_counted
from market.services.stall_levels import rank_of_tenancy


def of_markets(question: Question, markets: ColumnElement[bool]) -> ProofCounts:
    """The proofs of all that accept in these markets on the day, pooled; one query.

    A stall, or a merchant in a market, stands on the best proof of its tenancies.
    """
    on = question.as_of
    one = (Stall.id,) if question.unit is Unit.STALLS else (Stall.market_id, Tenancy.merchant_id)
    proved = (
        select(func.max(func.coalesce(strength_on(on), 0)).label("strength"))
        .select_from(Tenancy)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            markets,
            coverage.is_open(on),
            is_counted(on, question.denominator),
            rank_of_tenancy(on) >= Level.ACCEPTS.rank,
        )
        .group_by(*one)
        .subquery()
    )
    rows = db.session.execute(select(proved.c.strength, func.count()).group_by(proved.c.strength))
    found = {BY_STRENGTH[strength]: number for strength, number in rows}
    return ProofCounts({proof: found.get(proof, 0) for proof in Proof})


def of_area(area: Area, found: AreaCoverage, *, actor: Actor) -> ProofCounts:
    """The proofs of the markets that a page of the area shows."""
    is_part = found.is_filtered or area.kind is AreaKind.OPERATOR
    shown = (
        Market.id.in_([line.id for line in found.lines])
        if is_part
        else area_coverage.own_markets(area.markets, actor)
    )
    return of_markets(found.question, shown)


def strength_on(on: date) -> ScalarSelect[int]:
    """Of each tenancy's right scans of the last days, of codes that still hold, the strongest."""
    end = datetime.combine(on + timedelta(days=1), time(), ICT)
    of_scan = case(
        (Visit.test_transfer_acknowledged.is_(True), Proof.TRANSFER.strength),
        (Visit.foreign_code_id.is_not(None), Proof.FOREIGN.strength),
        else_=Proof.CONFIRMED.strength,
    )
    return (
        select(func.max(of_scan))
        .outerjoin(Sticker, Sticker.id == Visit.sticker_id)
        .outerjoin(ForeignCode, ForeignCode.id == Visit.foreign_code_id)
        .where(
            Visit.tenancy_id == Tenancy.id,
            Visit.result == VisitResult.MATCH,
            and_(Visit.day <= on, Visit.day >= on - timedelta(days=PROOF_DAYS)),
            or_(
                and_(Visit.sticker_id.is_not(None), _lasts(Sticker.void_at, end)),
                and_(Visit.foreign_code_id.is_not(None), _lasts(ForeignCode.removed_at, end)),
                and_(
                    Visit.sticker_id.is_(None),
                    Visit.foreign_code_id.is_(None),
                    _still_holds_any(end),
                ),
            ),
        )
        .correlate(Tenancy)
        .scalar_subquery()
    )


def _still_holds_any(end: datetime) -> ColumnElement[bool]:
    """That a code which was there on the day of a scan that names none still holds."""
    sticker, code = aliased(Sticker), aliased(ForeignCode)
    a_sticker = (
        exists()
        .where(
            sticker.stall_id == Tenancy.stall_id,
            sticker.account_id == PaymentAccount.id,
            PaymentAccount.merchant_id == Tenancy.merchant_id,
            _day_in_vietnam(sticker.handed_out_at) <= Visit.day,
            _lasts(sticker.void_at, end),
        )
        .correlate(Tenancy, Visit)
    )
    a_foreign_code = (
        exists()
        .where(
            code.tenancy_id == Tenancy.id,
            or_(Visit.payee_hash.is_(None), code.payee_hash == Visit.payee_hash),
            _day_in_vietnam(code.checked_at) <= Visit.day,
            _lasts(code.removed_at, end),
        )
        .correlate(Tenancy, Visit)
    )
    return or_(a_sticker, a_foreign_code)


def _lasts(until: InstrumentedAttribute[datetime | None], end: datetime) -> ColumnElement[bool]:
    return or_(until.is_(None), until >= end)


def _day_in_vietnam(moment: InstrumentedAttribute[datetime | None]) -> ColumnElement[date]:
    """The day of a moment; databases have no word for it in common."""
    if db.session().get_bind().dialect.name == "sqlite":
        return type_coerce(func.date(moment, "+7 hours"), Date)
    return cast(func.timezone("UTC", moment) + timedelta(hours=7), Date)
