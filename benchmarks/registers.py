"""The register on which figures of a country are measured: one that was named, or a small one."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import func, select

from market.config import Settings, load_settings
from market.domain.markets import MarketClass
from market.extensions import db
from market.models.area import Commune
from market.models.market import Market
from market.models.stall import Stall
from market.services import areas
from market.services.access import Actor
from market.services.demo import loading
from market.services.demo.plan import ProvincePlan, plan_province
from tests import running
from tests.servers import PostgresCluster

PROVINCES = ("22", "01")
CLASSES = {MarketClass.CLASS_2: 8, MarketClass.CLASS_3: 112}
POINTS = {MarketClass.CLASS_2: (205, 390), MarketClass.CLASS_3: (40, 190)}


@contextmanager
def register() -> Iterator[Settings]:
    """Settings of the database whose address stands on the command line, or of a small one."""
    if len(sys.argv) > 1:
        os.environ["CHO_DATABASE_URL"] = sys.argv[1]
        yield load_settings()
        return
    cluster = PostgresCluster.in_new_folder()
    try:
        with tempfile.TemporaryDirectory() as folder:
            address = f"postgresql+psycopg://cho@{cluster.address()}/postgres"
            settings = running.make_settings(address, Path(folder))
            running.migrate(settings)
            load_small(settings)
            yield settings
    finally:
        cluster.stop()


def load_small(settings: Settings) -> None:
    """Two provinces of 120 markets."""
    with running.running(settings) as app, running.writing(app) as session:
        actor, random = Actor.system(datetime.now(UTC)), Random(1)
        areas.load(actor=actor)
        plans = []
        for code in PROVINCES:
            communes = session.scalars(
                select(Commune)
                .where(Commune.province_code == code, Commune.is_current)
                .order_by(Commune.code)
            ).all()
            plan = ProvincePlan(code, f"T{code}", CLASSES, running=90, share=0.7, points=POINTS)
            made = plan_province(plan, communes, last_day=actor.today, random=random)
            plans += [(code, each) for each in made]
        loading.load_plans(plans, seed=1, random=random, actor=actor)
        session.commit()


def size() -> str:
    """How much there is, and on what it is measured."""
    markets, stalls = (
        db.session.scalar(select(func.count()).select_from(each)) for each in (Market, Stall)
    )
    return f"{markets} markets, {stalls} stalls; PostgreSQL; {os.cpu_count()} cores"
