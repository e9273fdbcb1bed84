"""The list of stalls as CSV beside PostgreSQL's own COPY of the same rows, in one run.

`make bench` measures a smaller register of its own; on one loaded by `flask demo load --scale
nation` with `bench_exports.py postgresql+psycopg://…`. COPY is given the very query whose rows
are exported, as often and for the same markets; what it sends is thrown away. Memory is the
highest that a process ever held which did nothing else, its start included.
"""

import json
import os
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from registers import register, size
from sqlalchemy import select

from market.config import Settings, load_settings
from market.documents.tables import Style
from market.extensions import db
from market.models.market import Market
from market.services import report_files, stall_reports
from market.services.access import Actor
from market.services.market_lines import MarketChoice
from market.services.report_files import FileFormat, Form
from market.services.stall_reports import MARKETS, MARKETS_AT_ONCE, StallChoice
from tests import running

SHARE_LIMIT, MEMORY_LIMIT, SPEED_LIMIT = 1 / 3, 150, 5.0
ALONE = "alone"


class Counter:
    """A file that keeps nothing."""

    def __init__(self) -> None:
        self.octets = 0

    def write(self, data: bytes) -> int:
        self.octets += len(data)
        return len(data)


def export(choice: MarketChoice) -> dict[str, float]:
    """Rows, megabytes, seconds of the list of stalls in report style."""
    actor, sink = Actor.system(datetime.now(UTC)), Counter()
    start = time.perf_counter()
    table = report_files.stall_table(actor, actor.today, choice=StallChoice(choice))
    rows = report_files.write(sink, table, Form(FileFormat.CSV, Style.REPORT), actor=actor)  # type: ignore[arg-type]
    seconds = time.perf_counter() - start
    return {"rows": rows, "megabytes": sink.octets / 1e6, "seconds": seconds, "memory": peak()}


def peak() -> float:
    """Megabytes this process held at most; what its parent held before it is not counted."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return int(status["VmHWM"].split()[0]) / 1000


def copy() -> float:
    """Seconds of COPY … TO STDOUT of the same rows."""
    actor = Actor.system(datetime.now(UTC))
    query = stall_reports._query(actor, actor.today, StallChoice(MarketChoice()))
    cursor = db.session.connection().connection.driver_connection.cursor()
    start = time.perf_counter()
    for some in batches():
        statement = query.params({MARKETS: some}).compile(
            dialect=db.engine.dialect, compile_kwargs={"literal_binds": True}
        )
        with cursor.copy(f"COPY ({statement}) TO STDOUT".replace("%%", "%")) as sent:
            for _piece in sent:
                pass
    return time.perf_counter() - start


def batches() -> Iterator[list[int]]:
    """The markets as the export takes them."""
    ids = list(db.session.scalars(select(Market.id).order_by(Market.sort_key, Market.id)))
    for first in range(0, len(ids), MARKETS_AT_ONCE):
        yield ids[first : first + MARKETS_AT_ONCE]


def in_a_process(settings: Settings, province: str) -> dict[str, float]:
    """What `export` says in a process that does nothing else."""
    environment = {
        **os.environ,
        "CHO_DATABASE_URL": settings.database_url,
        "CHO_SECRET_KEY": settings.secret_key,
        "CHO_DATA_KEY": urlsafe_b64encode(settings.data_key).decode(),
        "CHO_INSTANCE": str(settings.instance),
    }
    command = [sys.executable, __file__, ALONE, province]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def alone(province: str) -> None:
    """Export in this process and say how it went."""
    with running.running(load_settings()) as app, running.writing(app):
        print(json.dumps(export(MarketChoice(province_code=province or None))))


def main() -> None:
    """Print the table."""
    with register() as settings:
        province, country = (in_a_process(settings, code) for code in ("22", ""))
        with running.running(settings) as app, running.writing(app):
            copied = copy()
            print(f"\nList of stalls as CSV, {size()}")
        print(f"  {'':<12}{'rows':>9}{'MB':>8}{'seconds':>9}{'MB/s':>7}{'peak MB':>9}")
        for name, row in (("Quảng Ninh", province), ("everything", country)):
            speed = row["megabytes"] / row["seconds"]
            print(f"  {name:<12}{row['rows']:>9}{row['megabytes']:>8.1f}", end="")
            print(f"{row['seconds']:>9.2f}{speed:>7.1f}{row['memory']:>9.0f}")
        print(f"  COPY of everything: {copied:.2f} s; ours has", end=" ")
        print(f"{copied / country['seconds']:.2f} of its speed")
        print(f"  limits: {SPEED_LIMIT} MB/s, {MEMORY_LIMIT} MB, {SHARE_LIMIT:.2f} of COPY's speed")


if __name__ == "__main__":
    if sys.argv[1:2] == [ALONE]:
        alone(sys.argv[2])
    else:
        main()
