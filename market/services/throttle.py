"""Counting tries in the database, so that every worker and a restart see the same count."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from market.domain.errors import Throttled
from market.extensions import db
from market.models.user import Throttle


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `tries` within `window`."""

    tries: int
    window: timedelta


def count(key: str, *, at: datetime, limit: Limit) -> None:
    """Count one try; raises Throttled once there were more than the limit allows.

    One statement does it, so two workers never read the same count. The caller
    commits in either case.
    """
    insert = insert_sqlite if db.engine.dialect.name == "sqlite" else insert_postgresql
    is_over = Throttle.window_started_at <= at - limit.window
    statement = (
        insert(Throttle)
        .values(key=key, window_started_at=at, tries=1)
        .on_conflict_do_update(
            index_elements=[Throttle.key],
            set_={
                "tries": case((is_over, 1), else_=Throttle.tries + 1),
                "window_started_at": case((is_over, at), else_=Throttle.window_started_at),
            },
        )
        .returning(Throttle.tries, Throttle.window_started_at)
    )
    tries, started = db.session.execute(statement).one()
    if tries > limit.tries:
        wait = max(1, round((started + limit.window - at).total_seconds()))
        minutes = -(-wait // 60)
        raise Throttled(f"Bạn đã thử quá nhiều lần. Hãy thử lại sau {minutes} phút.", wait)


def reset(key: str) -> None:
    """Forget the tries counted under the key."""
    db.session.execute(delete(Throttle).where(Throttle.key == key))
