"""The page of a job: progress for its asker, nothing for anybody else."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.domain.jobs import JobState
from market.models.job import Job
from market.models.user import User
from market.web import jobs as pages
from tests.factories import NOW, PASSWORD, make_market, make_user

Transaction = Callable[[], AbstractContextManager[Session]]
OWNER = "chu@example.vn"
OTHER = "khac@example.vn"


@pytest.fixture
def job_id(transaction: Transaction) -> int:
    """A running job of the owner's, 40 of 100 done."""
    with transaction() as session:
        owner: User = make_user(market=make_market("QN-DAMHA"), email=OWNER)
        make_user(market=make_market("QN-KHAC"), email=OTHER)
        job = Job(
            kind="count",
            state=JobState.RUNNING,
            done=40,
            total=100,
            step="Đang đọc danh sách",
            asked_at=NOW,
            asked_by_id=owner.id,
        )
        session.add(job)
        session.flush()
        return job.id


def signed_in(app: Flask, email: str) -> FlaskClient:
    """A browser of that user."""
    client = app.test_client()
    form = client.get("/sign-in").get_data(as_text=True)
    token = form.split('name="csrf_token" value="')[1].split('"')[0]
    client.post("/sign-in", data={"csrf_token": token, "email": email, "password": PASSWORD})
    return client


def end(transaction: Transaction, job_id: int, **values: Any) -> None:
    """Let the job come to its end."""
    with transaction() as session:
        job = session.get(Job, job_id)
        for name, value in values.items():
            setattr(job, name, value)


def test_the_asker_sees_how_far_it_is(app: Flask, job_id: int) -> None:
    page = signed_in(app, OWNER).get(f"/jobs/{job_id}")

    assert page.status_code == 200
    assert "Đang đọc danh sách" in page.text
    assert "40/100" in page.text


def test_the_page_asks_again_with_and_without_script(app: Flask, job_id: int) -> None:
    page = signed_in(app, OWNER).get(f"/jobs/{job_id}").text

    assert f'hx-get="/jobs/{job_id}"' in page
    assert "<noscript>" in page


def test_for_anybody_else_it_does_not_exist(app: Flask, job_id: int) -> None:
    assert signed_in(app, OTHER).get(f"/jobs/{job_id}").status_code == 404


def test_a_finished_job_leads_on_to_what_came_of_it(
    app: Flask, transaction: Transaction, job_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(pages.RESULT_PAGES, "count", lambda job: "/me")
    end(transaction, job_id, state=JobState.FINISHED)
    client = signed_in(app, OWNER)

    assert client.get(f"/jobs/{job_id}").location == "/me"
    asked_by_script = client.get(f"/jobs/{job_id}", headers={"HX-Request": "true"})
    assert asked_by_script.headers["HX-Redirect"] == "/me"


def test_a_failed_job_says_why_and_asks_no_more(
    app: Flask, transaction: Transaction, job_id: int
) -> None:
    end(transaction, job_id, state=JobState.FAILED, error="Tệp này không còn.")

    page = signed_in(app, OWNER).get(f"/jobs/{job_id}").text

    assert "Tệp này không còn." in page
    assert "hx-get" not in page
    assert "<noscript>" not in page


def stop(client: FlaskClient, job_id: int) -> Any:
    """Press the button on the page."""
    form = client.get(f"/jobs/{job_id}").get_data(as_text=True)
    token = form.split('name="csrf_token" value="')[1].split('"')[0]
    return client.post(f"/jobs/{job_id}/cancellation", data={"csrf_token": token})


def test_the_asker_stops_it(app: Flask, transaction: Transaction, job_id: int) -> None:
    client = signed_in(app, OWNER)

    answer = stop(client, job_id)

    page = client.get(answer.location).text
    assert "đã dừng" in page
    assert "hx-get" not in page
    assert "Dừng việc này" not in page
    with transaction() as session:
        assert session.get_one(Job, job_id).state is JobState.CANCELLED


def test_what_is_done_already_cannot_be_stopped(
    app: Flask, transaction: Transaction, job_id: int
) -> None:
    client = signed_in(app, OWNER)
    client.get(f"/jobs/{job_id}")
    end(transaction, job_id, state=JobState.FAILED, error="Tệp này không còn.")
    app.config["WTF_CSRF_ENABLED"] = False

    answer = client.post(f"/jobs/{job_id}/cancellation")

    assert answer.status_code == 409
    assert "Không dừng được" in answer.text


def test_nobody_else_stops_it(app: Flask, transaction: Transaction, job_id: int) -> None:
    app.config["WTF_CSRF_ENABLED"] = False

    assert signed_in(app, OTHER).post(f"/jobs/{job_id}/cancellation").status_code == 404
    with transaction() as session:
        assert session.get_one(Job, job_id).state is JobState.RUNNING
