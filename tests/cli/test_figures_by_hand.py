"""What commands say of a demonstration market equals SQL that somebody wrote by hand."""

import csv
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from market.domain.rules import Rules
from market.services.access import Actor
from market.services.demo import loading
from market.services.demo.plan import Scale
from tests.factories import NOW, TODAY

Transaction = Callable[[], AbstractContextManager[Session]]
LEVELS = ("counted", "account", "equipped", "displayed", "accepting", "in_use")

# SQLite's own words for days: a day in Việt Nam is the UTC moment seven hours on.
LEVELS_BY_HAND = text(
    """
    WITH
    point AS (
      SELECT s.id FROM stalls s JOIN stall_states d ON d.stall_id = s.id
      WHERE s.placement = 'fixed' AND d.from_day <= :day
        AND (d.to_day IS NULL OR d.to_day > :day)
        AND (d.state = 'trading' OR (d.state = 'resting' AND :b))
    ),
    here AS (
      SELECT t.* FROM tenancies t JOIN point ON point.id = t.stall_id
      WHERE t.from_day <= :day AND (t.to_day IS NULL OR t.to_day > :day)
    ),
    account AS (
      SELECT id, merchant_id, date(in_force_from, '+7 hours') AS since,
             date(retired_at, '+7 hours') AS until
      FROM payment_accounts WHERE in_force_from IS NOT NULL
    ),
    code AS (
      SELECT 'ours ' || k.id AS key, h.id AS tenancy_id, h.merchant_id AS needs_account_of,
             date(k.handed_out_at, '+7 hours') AS since,
             date(k.void_at, '+7 hours') AS until, k.handed_out_at AS began_at
      FROM stickers k JOIN payment_accounts a ON a.id = k.account_id
      JOIN here h ON h.stall_id = k.stall_id AND h.merchant_id = a.merchant_id
      WHERE k.handed_out_at IS NOT NULL
      UNION ALL
      SELECT 'other ' || f.id, h.id, NULL, date(f.checked_at, '+7 hours'),
             date(f.removed_at, '+7 hours'), f.checked_at
      FROM foreign_codes f JOIN here h ON h.id = f.tenancy_id
      WHERE f.checked_at IS NOT NULL
    ),
    seen AS (
      SELECT v.*, coalesce('ours ' || v.sticker_id, 'other ' || v.foreign_code_id) AS code_key,
             row_number() OVER (PARTITION BY v.tenancy_id ORDER BY v.phone_at, v.id) AS nth
      FROM visits v JOIN here h ON h.id = v.tenancy_id
      WHERE v.day <= :day AND v.day >= h.from_day
    ),
    said AS (
      SELECT tenancy_id,
        max(CASE WHEN result IN ('other_account', 'unknown_code', 'missing', 'old_account')
            THEN nth END) AS contrary,
        max(CASE WHEN result = 'old_account' THEN phone_at END) AS old_at,
        max(CASE WHEN result = 'old_account' THEN nth END) AS old,
        max(CASE WHEN result = 'match' THEN nth END) AS matched,
        max(CASE WHEN accepts IS NOT NULL OR test_transfer_acknowledged THEN nth END) AS answer,
        max(CASE WHEN use_shown IS NOT NULL THEN nth END) AS use_answer
      FROM seen GROUP BY tenancy_id
    ),
    live AS (
      SELECT k.* FROM code k LEFT JOIN said ON said.tenancy_id = k.tenancy_id
      WHERE k.since <= :day AND (k.until IS NULL OR k.until > :day)
        AND (k.needs_account_of IS NULL
             OR EXISTS (SELECT 1 FROM account a WHERE a.merchant_id = k.needs_account_of
                        AND a.since <= :day AND (a.until IS NULL OR a.until > :day)))
        AND (said.old IS NULL OR said.old < coalesce(said.matched, 0)
             OR k.began_at > said.old_at)
    ),
    proof AS (
      SELECT v.tenancy_id, max(v.day) AS day
      FROM seen v JOIN said ON said.tenancy_id = v.tenancy_id
      JOIN live k ON k.tenancy_id = v.tenancy_id
        AND k.since <= v.day AND (v.code_key IS NULL OR v.code_key = k.key)
      WHERE v.result = 'match' AND v.nth > coalesce(said.contrary, 0)
      GROUP BY v.tenancy_id
    ),
    level AS (
      SELECT h.stall_id, h.merchant_id,
        CASE
          WHEN NOT EXISTS (SELECT 1 FROM live k WHERE k.tenancy_id = h.id) THEN
            EXISTS (SELECT 1 FROM account a WHERE a.merchant_id = h.merchant_id
                    AND a.since <= :day AND (a.until IS NULL OR a.until > :day))
          WHEN proof.day IS NULL THEN 2
          WHEN coalesce(answer.accepts, answer.test_transfer_acknowledged, 0) = 0 THEN 3
          WHEN julianday(:day) - julianday(proof.day) > :stale THEN 3
          WHEN coalesce(used.use_shown, 0) = 0 THEN 4
          WHEN julianday(:day) - julianday(used.day) > 30 THEN 4
          ELSE 5
        END AS rank
      FROM here h
      LEFT JOIN said ON said.tenancy_id = h.id
      LEFT JOIN proof ON proof.tenancy_id = h.id
      LEFT JOIN seen answer ON answer.tenancy_id = h.id AND answer.nth = said.answer
      LEFT JOIN seen used ON used.tenancy_id = h.id AND used.nth = said.use_answer
    )
    SELECT 'merchants' AS unit, rank, count(*) FROM
      (SELECT merchant_id, max(rank) AS rank FROM level GROUP BY merchant_id) GROUP BY rank
    UNION ALL
    SELECT 'stalls', rank, count(*) FROM
      (SELECT point.id, coalesce(max(level.rank), 0) AS rank
       FROM point LEFT JOIN level ON level.stall_id = point.id GROUP BY point.id) GROUP BY rank
    """
)
POINTS_BY_HAND = text(
    """
    SELECT
      sum(s.placement = 'fixed' AND d.state <> 'closed') AS stalls_total,
      sum(s.placement = 'fixed' AND d.state = 'trading') AS stalls_trading,
      sum(s.placement = 'fixed' AND d.state = 'resting') AS stalls_resting,
      sum(s.placement = 'fixed' AND d.state = 'vacant') AS stalls_vacant,
      sum(s.placement = 'mobile' AND d.state <> 'closed') AS stalls_mobile
    FROM stalls s JOIN stall_states d ON d.stall_id = s.id
    WHERE d.from_day <= :day AND (d.to_day IS NULL OR d.to_day > :day)
    """
)


@pytest.fixture
def demonstration(app: Flask, transaction: Transaction) -> Flask:
    """A market of the demonstration data, with two years of history."""
    with transaction():
        loading.load(Scale.MARKET, seed=1, actor=Actor.system(NOW))
    return app


def counted(session: Session, day: date, *, with_resting: bool) -> dict[str, dict[str, int]]:
    """How many merchants and stalls have reached each level, by the SQL above."""
    asked = {"day": day.isoformat(), "b": with_resting, "stale": Rules().stale_days}
    found = session.execute(LEVELS_BY_HAND, asked).all()
    return {
        unit: {
            name: sum(number for of, rank, number in found if of == unit and rank >= least)
            for least, name in enumerate(LEVELS)
        }
        for unit in ("merchants", "stalls")
    }


@pytest.mark.parametrize(
    ("denominator", "days_ago"), [("A", 0), ("A", 1), ("A", 45), ("A", 365), ("B", 0), ("B", 200)]
)
def test_the_figures_of_an_area_are_those_of_the_tables(
    demonstration: Flask, transaction: Transaction, denominator: str, days_ago: int
) -> None:
    day = TODAY - timedelta(days=days_ago)
    words = ["coverage", "--as-of", day.isoformat(), "--denominator", denominator, "--json"]

    said: dict[str, Any] = json.loads(demonstration.test_cli_runner().invoke(args=words).stdout)

    with transaction() as session:
        expected = counted(session, day, with_resting=denominator == "B")
    assert {unit: said[unit] for unit in ("merchants", "stalls")} == expected


def test_the_report_is_that_of_the_tables(
    demonstration: Flask, transaction: Transaction, tmp_path: Path
) -> None:
    day, out = TODAY - timedelta(days=30), tmp_path / "report.csv"
    words = ["export", "markets", "--out", str(out), "--style", "data", "--as-of", day.isoformat()]

    result = demonstration.test_cli_runner().invoke(args=words)

    assert result.exit_code == 0, result.output
    (row,) = csv.DictReader(StringIO(out.read_text("utf-8")))
    with transaction() as session:
        points = session.execute(POINTS_BY_HAND, {"day": day.isoformat()}).one()
        levels = counted(session, day, with_resting=False)
    assert {name: int(row[name]) for name in points._fields} == points._asdict()
    merchants, stalls = levels["merchants"], levels["stalls"]
    assert {name: int(row[f"merchants_{name}"]) for name in LEVELS[1:]} == {
        name: merchants[name] for name in LEVELS[1:]
    }
    assert int(row["merchants_trading"]) == merchants["counted"]
    assert int(row["stalls_accepting"]) == stalls["accepting"]
    share = 10_000 * stalls["accepting"] / stalls["counted"]
    assert row["stall_share_percent"] == f"{int(share + 0.5) / 100:.2f}"
