"""A market by section and line of business, and why stalls do not accept, on any day."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import aliased

from market.domain.coverage import Coverage, Ladder, Unit
from market.domain.levels import LADDER, Level
from market.domain.proofs import BY_STRENGTH, Proof, ProofCounts
from market.domain.shares import Share
from market.domain.text import sort_key
from market.domain.visits import NonAcceptReason
from market.extensions import db
from market.models.market import Market, Section
from market.models.merchant import Tenancy
from market.models.stall import BusinessLine, Stall
from market.models.visit import Visit
from market.services import coverage
from market.services.area_coverage import Question
from market.services.dated_facts import holds_on
from market.services.missing_stalls import is_counted
from market.services.proofs import strength_on
from market.services.stall_levels import rank_of_tenancy

Key = str | int | None


@dataclass(frozen=True, slots=True)
class Part:
    """A section or a line of business; without key and name the stalls that have none."""

    key: Key
    name: str | None
    counts: Coverage


@dataclass(frozen=True, slots=True)
class Refusals:
    """Stalls that do not accept, by the reason last given; None: nobody noted one."""

    counts: Mapping[NonAcceptReason | None, int]

    @property
    def stalls(self) -> int:
        """All that do not accept."""
        return sum(self.counts.values())

    def lines(self) -> list[tuple[NonAcceptReason | None, Share]]:
        """The reasons by how often they were given, those without one last."""
        ordered = sorted(self.counts.items(), key=lambda pair: (pair[0] is None, -pair[1]))
        return [(reason, Share(number, self.stalls)) for reason, number in ordered]


@dataclass(frozen=True)
class Breakdown:
    """The counted stalls of a market on a day, a row for each who trades at them."""

    rows: Sequence[Any]

    @cached_property
    def by_section(self) -> list[Part]:
        """The sections as one walks; a merchant with stalls in two counts in each of them."""
        return _parts(self.rows, lambda row: (row.section_id, row.section))

    @cached_property
    def by_line(self) -> list[Part]:
        """The lines of business by name; a merchant with two counts in each of them."""
        keys = {name: sort_key(name or "") for name in {row.line for row in self.rows}}
        ordered = sorted(self.rows, key=lambda row: (row.line_code is None, keys[row.line]))
        return _parts(ordered, lambda row: (row.line_code, row.line))

    @cached_property
    def refusals(self) -> Refusals:
        """Why stalls do not accept, as whoever trades there said when last asked."""
        ranks = _best(self.rows, lambda row: row.stall_id)
        reasons = {row.stall_id: row.reason for row in self.rows}
        missing = (stall_id for stall_id, rank in ranks.items() if rank < Level.ACCEPTS.rank)
        return Refusals(Counter(reasons[stall_id] for stall_id in missing))

    def proofs(self, unit: Unit) -> ProofCounts:
        """On what proof those stand that accept: each stall or merchant on their best."""
        best: dict[int, int] = {}
        for row in self.rows:
            if (row.rank or 0) >= Level.ACCEPTS.rank:
                one = row.stall_id if unit is Unit.STALLS else row.merchant_id
                best[one] = max(best.get(one, 0), row.strength or 0)
        found = Counter(BY_STRENGTH[strength] for strength in best.values())
        return ProofCounts({proof: found[proof] for proof in Proof})


def of_market(market: Market, question: Question) -> Breakdown:
    """The market on the day; one query."""
    return Breakdown(db.session.execute(_query(market, question)).all())


def _query(market: Market, question: Question) -> Select[Any]:
    on = question.as_of
    answer = aliased(Visit)
    return (
        select(
            Stall.id.label("stall_id"),
            Section.id.label("section_id"),
            Section.name.label("section"),
            BusinessLine.code.label("line_code"),
            BusinessLine.name.label("line"),
            Tenancy.merchant_id,
            rank_of_tenancy(on).label("rank"),
            strength_on(on).label("strength"),
            answer.reason,
        )
        .select_from(Stall)
        .join(Market, Market.id == Stall.market_id)
        .outerjoin(Section, Section.id == Stall.section_id)
        .outerjoin(BusinessLine, BusinessLine.code == Stall.line_code)
        .outerjoin(Tenancy, and_(Tenancy.stall_id == Stall.id, holds_on(Tenancy, on)))
        .outerjoin(answer, answer.id == _last_answer(on))
        .where(Market.id == market.id, coverage.is_open(on), is_counted(on, question.denominator))
        .order_by(Section.id.is_(None), Section.walking_order, Section.name_key)
    )


def _parts(rows: Iterable[Any], place_of: Callable[[Any], tuple[Key, str | None]]) -> list[Part]:
    places: defaultdict[tuple[Key, str | None], list[Any]] = defaultdict(list)
    for row in rows:
        places[place_of(row)].append(row)
    return [
        Part(
            key,
            name,
            Coverage(
                _ladder(_best(here, lambda row: row.stall_id)),
                _ladder(_best(here, lambda row: row.merchant_id)),
            ),
        )
        for (key, name), here in places.items()
    ]


def _best(rows: Iterable[Any], one_of: Callable[[Any], int | None]) -> dict[int, int]:
    """The highest rank of each stall or merchant; nobody trades at an empty stall."""
    best: dict[int, int] = {}
    for row in rows:
        one = one_of(row)
        if one is not None:
            best[one] = max(best.get(one, 0), row.rank or 0)
    return best


def _ladder(ranks: Mapping[int, int]) -> Ladder:
    by_rank = Counter(ranks.values())
    return Ladder(
        *(sum(by_rank[rank] for rank in range(level.rank, len(LADDER))) for level in LADDER)
    )


def _last_answer(on: date) -> ColumnElement[int]:
    """The last visit that asked one who trades at the stall on the day."""
    visit, asked = aliased(Visit), aliased(Tenancy)
    return (
        select(visit.id)
        .join(asked, asked.id == visit.tenancy_id)
        .where(
            visit.stall_id == Stall.id,
            visit.day <= on,
            or_(visit.accepts.is_not(None), visit.test_transfer_acknowledged.is_(True)),
            holds_on(asked, on),
        )
        .order_by(visit.phone_at.desc(), visit.id.desc())
        .limit(1)
        .correlate(Stall)
        .scalar_subquery()
    )
