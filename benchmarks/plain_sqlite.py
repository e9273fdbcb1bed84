"""The peer of bench_database: SQLAlchemy's engine on SQLite as it comes, nothing of this project.

`plain_sqlite.py make PATH`, `write PATH THREADS ROUNDS` (0: until standard input ends) or
`read PATH TIMES`; what happened is printed as JSON.
"""

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine, text

READ = text("SELECT value FROM counters")
WRITE = text("UPDATE counters SET value = :value")


def make(path: str) -> None:
    with create_engine(f"sqlite:///{path}").begin() as connection:
        connection.execute(text("CREATE TABLE counters (value INTEGER)"))
        connection.execute(text("INSERT INTO counters VALUES (0)"))


def write(path: str, threads: str, rounds: str) -> dict[str, int]:
    """Add one to the counter, again and again."""
    engine = create_engine(f"sqlite:///{path}")
    ended = threading.Event()
    if rounds == "0":
        threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()

    def work(_: int) -> tuple[int, int]:
        written = errors = 0
        while not ended.is_set() and (rounds == "0" or written + errors < int(rounds)):
            try:
                with engine.begin() as connection:
                    value = connection.execute(READ).scalar_one()
                    connection.execute(WRITE, {"value": value + 1})
            except Exception:
                errors += 1
            else:
                written += 1
        return written, errors

    with ThreadPoolExecutor(int(threads)) as pool:
        written, errors = zip(*pool.map(work, range(int(threads))), strict=True)
    return {"written": sum(written), "errors": sum(errors)}


def read(path: str, times: str) -> dict[str, object]:
    """Read the counter, each time from the pool."""
    engine = create_engine(f"sqlite:///{path}")
    taken, failed, value = [], 0, 0
    for _ in range(int(times)):
        start = time.perf_counter()
        try:
            with engine.connect() as connection:
                value = connection.execute(READ).scalar_one()
        except Exception:
            failed += 1
        taken.append((time.perf_counter() - start) * 1000)
    return {"milliseconds": taken, "failed": failed, "value": value}


if __name__ == "__main__":
    ways = {"make": make, "write": write, "read": read}
    print(json.dumps(ways[sys.argv[1]](*sys.argv[2:])))
