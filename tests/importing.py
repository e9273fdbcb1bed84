"""Lists as tests import them: rows of words, uploaded, previewed and applied in one go."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from market.domain.errors import DomainError
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.import_batch import ImportBatch
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.services import import_files, import_runs, imports
from market.services.access import Actor
from tests.factories import NOW

HEADINGS = (
    "Số ki ốt",
    "Họ và tên",
    "Số điện thoại",
    "Ngành hàng",
    "Số tài khoản",
    "Ngân hàng",
    "Tình trạng",
)
LAN = ("A01", "Nguyễn Thị Lan", "0900000001", "Thịt lợn", "8800100001", "BIDV", "")
DUNG = ("A02", "Trần Văn Dũng", "0900000002", "Quần áo", "8800100002", "Agribank", "")
EMPTY = ("A03", "", "", "", "", "", "Trống")
SYSTEM = Actor.system(NOW)

Row = tuple[str, ...]


def csv_of(*rows: Row, headings: Row = HEADINGS) -> bytes:
    """A list as a CSV file."""
    return "\n".join(";".join(row) for row in (headings, *rows)).encode()


def changed(row: Row, **values: str) -> Row:
    """The row with other words in some places: stall, name, phone, line, account, bank, state."""
    places = ("stall", "name", "phone", "line", "account", "bank", "state")
    return tuple(values.get(place, old) for place, old in zip(places, row, strict=True))


def preview_of(
    market: Market,
    *rows: Row,
    actor: Actor = SYSTEM,
    on: date | None = None,
    headings: Row = HEADINGS,
) -> ImportBatch:
    """An uploaded list with its preview."""
    batch = imports.upload(market, "danh-sach.csv", csv_of(*rows, headings=headings), actor=actor)
    batch.effective_on = on or actor.today
    imports.preview_batch(batch, market=market, actor=actor)
    db.session.flush()
    return batch


def apply_rows(
    market: Market,
    *rows: Row,
    actor: Actor = SYSTEM,
    on: date | None = None,
    headings: Row = HEADINGS,
) -> ImportBatch:
    """An applied list; rows with errors are skipped."""
    batch = preview_of(market, *rows, actor=actor, on=on, headings=headings)
    return import_runs.apply_batch(batch.id, market=market, skip_bad_rows=True, actor=actor)


def kinds_of(batch: ImportBatch) -> dict[str, int]:
    """How many rows are of each kind that occurs."""
    return {
        kind: batch.counts[kind]
        for kind in ("new", "same", "changed", "error")
        if batch.counts[kind]
    }


def changes_of(batch: ImportBatch, row: int) -> dict[str, tuple[str | None, str | None]]:
    """What the preview says of a row, part → old and new."""
    (found,) = (each for each in rows_of(batch) if each["row"] == row)
    return {part: (old, new) for part, old, new in found["changes"]}


def problems_of(batch: ImportBatch) -> list[tuple[int, str]]:
    """Row and code of every error, then of every warning."""
    kept = import_files.kept_preview(batch)
    assert kept is not None
    found = [*kept.problems("errors"), *kept.problems("warnings")]
    return [(problem["row"], problem["code"]) for problem in found]


def rows_of(batch: ImportBatch) -> list[dict[str, Any]]:
    """All rows of the kept preview."""
    kept = import_files.kept_preview(batch)
    assert kept is not None
    return kept.rows(kept.places("all"))


def later(days: int = 1) -> Actor:
    """The system, some days later."""
    return replace(SYSTEM, at=NOW + timedelta(days=days))


def moment(hours: int) -> datetime:
    """Some hours after the import."""
    return NOW + timedelta(hours=hours)


def stall_named(market: Market, code: str) -> Stall:
    """A stall of the market."""
    return db.session.scalars(
        select(Stall)
        .where(Stall.market_id == market.id, Stall.code == code)
        .execution_options(populate_existing=True)
    ).one()


def states_of(market: Market, code: str) -> list[tuple[str, date, date | None]]:
    """What a stall did: state, from, to."""
    rows = db.session.execute(
        select(StallStateSpan.state, StallStateSpan.from_day, StallStateSpan.to_day)
        .join(Stall, Stall.id == StallStateSpan.stall_id)
        .where(Stall.market_id == market.id, Stall.code == code)
        .order_by(StallStateSpan.from_day)
    )
    return [(str(state), from_day, to_day) for state, from_day, to_day in rows]


def tenants_of(market: Market, code: str) -> list[tuple[str, date, date | None]]:
    """Who traded at a stall: name, from, to."""
    rows = db.session.execute(
        select(Merchant.display_name, Tenancy.from_day, Tenancy.to_day)
        .join(Tenancy, Tenancy.merchant_id == Merchant.id)
        .join(Stall, Stall.id == Tenancy.stall_id)
        .where(Stall.market_id == market.id, Stall.code == code)
        .order_by(Tenancy.id)
    )
    return [(name, from_day, to_day) for name, from_day, to_day in rows]


def merchants_of(market: Market) -> list[Merchant]:
    """All merchants entered at the market."""
    return list(
        db.session.scalars(
            select(Merchant)
            .where(Merchant.market_id == market.id)
            .order_by(Merchant.id)
            .execution_options(populate_existing=True)
        )
    )


def accounts_of(name: str) -> list[PaymentAccount]:
    """The accounts of the merchants of that name, the oldest first."""
    return list(
        db.session.scalars(
            select(PaymentAccount)
            .join(Merchant, Merchant.id == PaymentAccount.merchant_id)
            .where(Merchant.display_name == name)
            .order_by(PaymentAccount.id)
            .execution_options(populate_existing=True)
        )
    )


def refusal_of(error: DomainError) -> list[str]:
    """The words of its problems."""
    return [problem.message for problem in error.problems]
