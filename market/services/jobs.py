"""Background work: asked for, taken up under a lease, finished once; the row is the truth.

A worker that dies loses nothing: when its lease runs out the job is taken up again. The
effect of a job and the word that it is finished are one transaction, and only the
holder of the newest lease may write that word, so doing it twice changes nothing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select, update
from sqlalchemy.orm import selectinload

from market.domain.errors import Conflict, NotFound
from market.domain.jobs import JobState
from market.domain.roles import Permission
from market.extensions import db
from market.models.job import Job
from market.models.market import Market
from market.models.user import User
from market.services import audit
from market.services.access import Actor, market_condition

LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 30
TRIED_TOO_OFTEN = "Việc này bị ngắt quá nhiều lần nên đã dừng. Hãy báo người quản trị hệ thống."
PENDING = (JobState.WAITING, JobState.RUNNING)

Progress = Callable[[int, int, str], None]


class LeaseLost(Exception):
    """The job was stopped, or another worker has it: what was done here must not be kept."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job as the worker that holds it sees it; `attempt` tells its lease from older ones."""

    id: int
    kind: str
    attempt: int
    asked_by_id: int | None
    market_id: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


def silent(done: int, total: int, step: str) -> None:
    """Progress that nobody watches."""


def ask(
    kind: str, arguments: Mapping[str, Any], *, actor: Actor, market_id: int | None = None
) -> Job:
    """Ask for a piece of work; the same one that still waits or runs is given instead.

    `arguments` are ids and options, never personal values.
    """
    same = find_pending(kind, arguments, market_id=market_id)
    if same is not None and same.asked_by_id == actor.user_id:
        return same
    job = Job(
        kind=kind,
        arguments=dict(arguments),
        market_id=market_id,
        state=JobState.WAITING,
        asked_at=actor.at,
        asked_by_id=actor.user_id,
    )
    db.session.add(job)
    db.session.flush()
    return job


def find_pending(
    kind: str, arguments: Mapping[str, Any], *, market_id: int | None = None
) -> Job | None:
    """The same work where it still waits or runs."""
    of_market = Job.market_id.is_(None) if market_id is None else Job.market_id == market_id
    pending = db.session.scalars(
        select(Job).where(Job.kind == kind, of_market, Job.state.in_(PENDING)).order_by(Job.id)
    )
    return next((job for job in pending if job.arguments == dict(arguments)), None)


def list_pending(kinds: Collection[str], *, market_id: int | None, actor: Actor) -> Sequence[Job]:
    """What of these kinds this user asked for in a market and is not done yet."""
    return db.session.scalars(
        select(Job)
        .where(
            Job.kind.in_(kinds),
            Job.market_id == market_id,
            Job.asked_by_id == actor.user_id,
            Job.state.in_(PENDING),
        )
        .order_by(Job.id)
        .limit(100)
    ).all()


def get_job(job_id: int, *, actor: Actor) -> Job:
    """A job that this user asked for, or of a market whose register they keep.

    For everybody else it does not exist (NotFound).
    """
    keeps = and_(Job.market_id.is_not(None), market_condition(actor, Permission.WRITE_REGISTRY))
    job = db.session.scalar(
        select(Job)
        .outerjoin(Market, Market.id == Job.market_id)
        .where(Job.id == job_id, or_(Job.asked_by_id == actor.user_id, keeps))
        .execution_options(populate_existing=True)
    )
    if job is None:
        raise NotFound("Không tìm thấy việc này.")
    return job


def cancel(job: Job, *, actor: Actor) -> None:
    """Stop a job that waits or runs: nobody takes it up again, and nothing of it is kept.

    Whoever works on it finds the lease lost at the next step, at the latest when it wants to
    write that it is done. Raises Conflict where it ended before.
    """
    old = str(job.state)
    stopped = db.session.execute(
        update(Job)
        .where(Job.id == job.id, Job.state.in_(PENDING))
        .values(state=JobState.CANCELLED, leased_until=None, finished_at=actor.at)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    db.session.refresh(job)
    if stopped is None:
        state = job.state.label
        raise Conflict(f"Không dừng được: việc này {state[0].lower()}{state[1:]} từ trước.")
    new = {"state": str(job.state), "done": job.done, "total": job.total}
    audit.record(actor, "cancel", job, market_id=job.market_id, old={"state": old}, new=new)


def has_due(at: datetime) -> bool:
    """Whether there is anything to take up; only reads."""
    return db.session.scalar(select(Job.id).where(_is_due(at)).limit(1)) is not None


def claim(at: datetime, *, lease: timedelta = LEASE) -> Claim | None:
    """Take up the oldest job that waits or whose holder has gone silent.

    Workers that ask at once get different jobs. The caller commits.
    """
    job = db.session.scalar(
        select(Job)
        .where(_is_due(at))
        .order_by(Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if job is None:
        return None
    if job.attempts >= MOST_ATTEMPTS:
        job.state, job.error, job.finished_at = JobState.FAILED, TRIED_TOO_OFTEN, at
        job.leased_until = None
        db.session.flush()
        return None
    job.state = JobState.RUNNING
    job.attempts += 1
    job.leased_until = at + lease
    db.session.flush()
    return Claim(job.id, job.kind, job.attempts, job.asked_by_id, job.market_id, job.arguments)


def renew(
    held: Claim, *, at: datetime, lease: timedelta = LEASE, done: int, total: int, step: str
) -> None:
    """Hold the job for longer and say how far it has come; that number never goes back.

    For a short transaction of its own. Raises LeaseLost.
    """
    is_further = Job.done <= done
    renewed = db.session.execute(
        update(Job)
        .where(*_held_by(held))
        .values(
            leased_until=at + lease,
            done=case((is_further, done), else_=Job.done),
            total=case((is_further, total), else_=Job.total),
            step=case((is_further, step), else_=Job.step),
        )
        .returning(Job.id)
    ).scalar()
    if renewed is None:
        raise _lost(held)


def finish(held: Claim, result: Mapping[str, Any], *, at: datetime) -> None:
    """Write that the job is done, within the transaction that did it.

    Raises LeaseLost where another worker holds it by now; the caller rolls back.
    """
    _close(
        held,
        state=JobState.FINISHED,
        done=Job.total,
        result=dict(result),
        error=None,
        finished_at=at,
    )


def fail(held: Claim, message: str, *, at: datetime) -> None:
    """Write that the job cannot be done; `message` is fit to be shown. Raises LeaseLost."""
    _close(held, state=JobState.FAILED, error=message, finished_at=at)


def give_back(held: Claim) -> None:
    """Let another worker take the job up at once; nothing happens where one has it already."""
    db.session.execute(
        update(Job).where(*_held_by(held)).values(state=JobState.WAITING, leased_until=None)
    )


def actor_for(held: Claim, at: datetime) -> Actor:
    """Who the job acts for, with the grants that user holds now.

    Raises NotFound where the user was disabled since.
    """
    if held.asked_by_id is None:
        return Actor.system(at, channel="job")
    user = db.session.scalar(
        select(User)
        .where(User.id == held.asked_by_id, User.disabled_at.is_(None))
        .options(selectinload(User.grants))
    )
    if user is None:
        raise NotFound("Người yêu cầu việc này không còn hoạt động.")
    return Actor.of_user(user, at, "job")


def _is_due(at: datetime) -> ColumnElement[bool]:
    return or_(
        Job.state == JobState.WAITING,
        and_(Job.state == JobState.RUNNING, Job.leased_until <= at),
    )


def _held_by(held: Claim) -> tuple[ColumnElement[bool], ...]:
    return (Job.id == held.id, Job.state == JobState.RUNNING, Job.attempts == held.attempt)


def _close(held: Claim, **values: Any) -> None:
    closed = db.session.execute(
        update(Job).where(*_held_by(held)).values(leased_until=None, **values).returning(Job.id)
    ).scalar()
    if closed is None:
        raise _lost(held)


def _lost(held: Claim) -> LeaseLost:
    return LeaseLost(f"job {held.id}, attempt {held.attempt}")
