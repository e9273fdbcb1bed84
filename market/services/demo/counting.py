"""Levels and counts of a market whose rows are still in memory."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from market.domain.calendar import Span
from market.domain.counts import StallFacts, TenancyLevels, count_days
from market.domain.coverage import FIGURE_NAMES
from market.domain.levels import CodeFact, CodeKey, CodeKind, TenancyFacts, VisitFact, steps
from market.domain.levels import Tenancy as TenancyOfLevels
from market.extensions import rules
from market.models.account import PaymentAccount
from market.models.coverage import CoverageDay, CoverageMonth, TenancyLevel
from market.models.merchant import Tenancy
from market.models.stall import Stall, StallStateSpan
from market.models.sticker import ForeignCode, Sticker
from market.models.visit import Visit
from market.services.coverage_facts import account_span, code_fact, confirmed, order_of, scanned
from market.services.coverage_rows import months_of
from market.services.demo.rows import Rows


def add_counts(rows: Rows, market_id: int) -> None:
    """Add the rows that counting this market from the database would write."""
    stale_days = rules().stale_days
    tenancies = [
        TenancyLevels(facts.tenancy, steps(facts, stale_days=stale_days))
        for facts in _tenancies(rows)
    ]
    rows.add_unnumbered(
        TenancyLevel,
        (
            {"tenancy_id": each.tenancy.id, "day": day, "market_id": market_id, "level": level}
            for each in tenancies
            for day, level in each.steps
        ),
    )
    days = count_days(_stalls(rows), tenancies)
    rows.add_unnumbered(
        CoverageDay,
        ({**_figures(market_id, entry.counts.figures), "day": entry.day} for entry in days),
    )
    rows.add_unnumbered(
        CoverageMonth,
        (
            {**_figures(market_id, figures), "month": month}
            for month, figures in months_of(days).items()
        ),
    )


def _figures(market_id: int, figures: tuple[int, ...]) -> dict[str, Any]:
    return {"market_id": market_id, **dict(zip(FIGURE_NAMES, figures, strict=True))}


def _stalls(rows: Rows) -> Iterator[StallFacts]:
    states = {
        span["stall_id"]: ((span["from_day"], span["state"]),) for span in rows.of(StallStateSpan)
    }
    for stall in rows.of(Stall):
        yield StallFacts(stall["id"], stall["placement"], states[stall["id"]])


def _tenancies(rows: Rows) -> Iterator[TenancyFacts]:
    accounts, codes, visits = _accounts(rows), _codes(rows), _visits(rows)
    for row in rows.of(Tenancy):
        tenancy = TenancyOfLevels(
            row["id"], row["stall_id"], row["merchant_id"], Span(row["from_day"], row["to_day"])
        )
        yield TenancyFacts(
            tenancy=tenancy,
            accounts=tuple(accounts.get(tenancy.merchant_id, ())),
            codes=tuple(codes.get(tenancy.stall_id, ())),
            visits=tuple(visits.get(tenancy.id, ())),
        )


def _accounts(rows: Rows) -> dict[int, list[Span]]:
    found: defaultdict[int, list[Span]] = defaultdict(list)
    for row in rows.of(PaymentAccount):
        if row["in_force_from"] is not None:
            span = account_span(row["in_force_from"], row["retired_at"])
            found[row["merchant_id"]].append(span)
    return found


def _codes(rows: Rows) -> dict[int, list[CodeFact]]:
    """By stall: in these data a stall has one merchant."""
    found: defaultdict[int, list[CodeFact]] = defaultdict(list)
    for row in rows.of(Sticker):
        key = CodeKey(CodeKind.STICKER, row["id"])
        code = code_fact(key, row["handed_out_at"], row["void_at"])
        found[row["stall_id"]].append(code)
    for row in rows.of(ForeignCode):
        key, payee = CodeKey(CodeKind.FOREIGN, row["id"]), row["payee_hash"]
        code = code_fact(key, row["checked_at"], row["removed_at"], payee=payee)
        found[row["stall_id"]].append(code)
    return found


def _visits(rows: Rows) -> dict[int, list[VisitFact]]:
    found: defaultdict[int, list[VisitFact]] = defaultdict(list)
    for row in rows.of(Visit):
        found[row["tenancy_id"]].append(
            VisitFact(
                day=row["day"],
                order=order_of(row["phone_at"]),
                result=row["result"],
                code=scanned(row["sticker_id"], row["foreign_code_id"]),
                confirmed=confirmed(row["accepts"], row["test_transfer_acknowledged"]),
                use_shown=row["use_shown"],
            )
        )
    return found
