"""Background work: one holder at a time, one effect, progress that never goes back."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from market.domain.errors import Conflict, NotFound
from market.domain.jobs import JobState
from market.domain.roles import Role
from market.models.job import Job
from market.services import jobs
from market.services.access import Actor
from market.services.jobs import LEASE, Claim, LeaseLost
from tests.factories import NOW, actor_of, make_actor, make_market, make_user
from tests.print_shop import entries_of

SYSTEM = Actor.system(NOW)
SECOND = timedelta(seconds=1)


def asked(kind: str = "count", **arguments: object) -> Job:
    """A job of the system's."""
    return jobs.ask(kind, arguments, actor=SYSTEM)


def claimed(at_offset: timedelta = timedelta(0)) -> Claim:
    """The next job, taken up."""
    held = jobs.claim(NOW + at_offset)
    assert held is not None
    return held


def state_of(session: Session, held: Claim) -> Job:
    """The job's row as it stands in the database."""
    session.expire_all()
    row = session.get(Job, held.id)
    assert row is not None
    return row


def test_jobs_are_taken_up_in_the_order_they_were_asked_for(session: Session) -> None:
    first, second = asked(n=1), asked(n=2)

    assert [claimed().id, claimed().id] == [first.id, second.id]


def test_the_same_work_asked_for_twice_is_one_job(session: Session) -> None:
    assert asked(batch=1) is asked(batch=1)


def test_other_arguments_are_other_work(session: Session) -> None:
    assert asked(batch=1) is not asked(batch=2)


def test_work_that_ended_can_be_asked_for_again(session: Session) -> None:
    first = asked(batch=1)
    jobs.finish(claimed(), {}, at=NOW)

    assert asked(batch=1).id != first.id


def test_a_held_job_is_not_taken_up_by_another(session: Session) -> None:
    asked()
    claimed()

    assert jobs.claim(NOW + LEASE - SECOND) is None


def test_a_job_whose_lease_ran_out_is_taken_up_again(session: Session) -> None:
    job = asked()
    claimed()

    assert claimed(LEASE).id == job.id


def test_a_renewed_lease_holds_longer(session: Session) -> None:
    asked()
    jobs.renew(claimed(), at=NOW + LEASE - SECOND, done=1, total=2, step="Đọc")

    assert jobs.claim(NOW + LEASE) is None


def test_a_given_back_job_is_taken_up_at_once(session: Session) -> None:
    job = asked()
    jobs.give_back(claimed())

    assert claimed().id == job.id


def test_progress_never_goes_back(session: Session) -> None:
    asked()
    jobs.renew(claimed(), at=NOW, done=70, total=100, step="Ghi")
    again = claimed(LEASE)
    jobs.renew(again, at=NOW + LEASE, done=10, total=100, step="Đọc")

    row = state_of(session, again)
    assert (row.done, row.step) == (70, "Ghi")


def test_whoever_lost_the_lease_cannot_finish_the_job(session: Session) -> None:
    asked()
    lost = claimed()
    claimed(LEASE)

    with pytest.raises(LeaseLost):
        jobs.finish(lost, {}, at=NOW + LEASE)


def test_whoever_lost_the_lease_cannot_prolong_it(session: Session) -> None:
    asked()
    lost = claimed()
    claimed(LEASE)

    with pytest.raises(LeaseLost):
        jobs.renew(lost, at=NOW + LEASE, done=1, total=1, step="")


def test_giving_back_a_lost_job_leaves_it_with_its_new_holder(session: Session) -> None:
    asked()
    lost = claimed()
    again = claimed(LEASE)
    jobs.give_back(lost)

    assert state_of(session, again).state is JobState.RUNNING


def test_a_finished_job_keeps_its_result_and_is_whole(session: Session) -> None:
    asked()
    held = claimed()
    jobs.renew(held, at=NOW, done=40, total=100, step="Ghi")
    jobs.finish(held, {"rows": 100}, at=NOW)

    row = state_of(session, held)
    assert (row.state, row.result, row.done) == (JobState.FINISHED, {"rows": 100}, 100)


def test_a_failed_job_is_not_taken_up_again(session: Session) -> None:
    asked()
    jobs.fail(claimed(), "Không đọc được tệp.", at=NOW)

    assert not jobs.has_due(NOW + LEASE)


def test_a_job_that_kills_its_workers_is_given_up_in_the_end(session: Session) -> None:
    asked()
    held = claimed()
    for turn in range(1, jobs.MOST_ATTEMPTS + 1):
        jobs.claim(NOW + turn * LEASE)

    row = state_of(session, held)
    assert (row.state, row.error) == (JobState.FAILED, jobs.TRIED_TOO_OFTEN)


def test_a_job_exists_for_who_asked_and_who_keeps_the_market(session: Session) -> None:
    market = make_market()
    owner = make_actor(Role.VOLUNTEER, market=market)
    job = jobs.ask("count", {}, actor=owner, market_id=market.id)

    assert jobs.get_job(job.id, actor=owner) is job
    assert jobs.get_job(job.id, actor=make_actor(market=market)) is job
    for stranger in (
        make_actor(Role.VOLUNTEER, market=market),
        make_actor(Role.AUDITOR, market=market),
        make_actor(market=make_market()),
    ):
        with pytest.raises(NotFound):
            jobs.get_job(job.id, actor=stranger)


def test_a_job_of_no_market_exists_only_for_who_asked(session: Session) -> None:
    job = jobs.ask("count", {}, actor=make_actor(Role.PROVINCE_OFFICER))

    with pytest.raises(NotFound):
        jobs.get_job(job.id, actor=make_actor(Role.PROVINCE_OFFICER))


def test_a_job_that_was_stopped_is_not_taken_up_again(session: Session) -> None:
    running, waiting = asked(n=1), asked(n=2)
    claimed()

    jobs.cancel(waiting, actor=SYSTEM)
    jobs.cancel(running, actor=SYSTEM)

    assert jobs.claim(NOW + 2 * LEASE) is None
    assert {waiting.state, running.state} == {JobState.CANCELLED}
    assert running.finished_at == NOW


def test_who_held_a_stopped_job_can_neither_go_on_nor_end_it(session: Session) -> None:
    job = asked()
    held = claimed()
    jobs.cancel(job, actor=SYSTEM)

    with pytest.raises(LeaseLost):
        jobs.renew(held, at=NOW, done=1, total=2, step="Đọc")
    with pytest.raises(LeaseLost):
        jobs.finish(held, {}, at=NOW)
    with pytest.raises(LeaseLost):
        jobs.fail(held, "Không được", at=NOW)
    jobs.give_back(held)
    assert state_of(session, held).state is JobState.CANCELLED


def test_what_ended_before_cannot_be_stopped(session: Session) -> None:
    job = asked()
    jobs.finish(claimed(), {}, at=NOW)

    with pytest.raises(Conflict, match="xong từ trước"):
        jobs.cancel(job, actor=SYSTEM)
    assert job.state is JobState.FINISHED


def test_stopping_is_in_the_audit_log(session: Session) -> None:
    owner = make_actor()
    job = jobs.ask("count", {}, actor=owner)

    jobs.cancel(job, actor=owner)

    (entry,) = entries_of("cancel")
    assert (entry.actor_id, entry.entity, entry.entity_id) == (owner.user_id, "jobs", str(job.id))


def test_work_that_was_stopped_can_be_asked_for_again(session: Session) -> None:
    first = asked(batch=1)
    jobs.cancel(first, actor=SYSTEM)

    assert asked(batch=1).id != first.id


def test_a_job_acts_with_the_rights_its_asker_has_when_it_runs(session: Session) -> None:
    user = make_user(Role.BOARD_MANAGER, market=make_market())
    jobs.ask("count", {}, actor=actor_of(user))
    user.grants[0].revoked_at = NOW
    session.flush()

    assert jobs.actor_for(claimed(), NOW).grants == ()


def test_a_job_of_a_disabled_user_is_refused(session: Session) -> None:
    user = make_user(Role.BOARD_MANAGER, market=make_market())
    jobs.ask("count", {}, actor=actor_of(user))
    user.disabled_at = NOW
    session.flush()

    with pytest.raises(NotFound):
        jobs.actor_for(claimed(), NOW)
