"""Background work: how far it is, stopped where it is not wanted any more, what came of it."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from market.domain.jobs import JobState
from market.domain.roles import Permission
from market.extensions import db
from market.http.security import current_actor, requires
from market.models.job import Job
from market.services import imports, jobs, printing

bp = Blueprint("jobs", __name__)

# Where one goes when work of a kind is done, or failed and can be tried again.
RESULT_PAGES: dict[str, Callable[[Job], str]] = {
    **dict.fromkeys(
        imports.JOBS,
        lambda job: url_for(
            "imports.show", market_code=job.arguments["market"], batch_id=job.arguments["batch"]
        ),
    ),
    printing.PRINT_JOB: lambda job: url_for(
        "stickers.runs.show", market_code=job.arguments["market"], number=job.arguments["run"]
    ),
}


@bp.get("/jobs/<int:job_id>")
@requires(Permission.READ_OWN_ACCOUNT)
def show(job_id: int) -> ResponseReturnValue:
    """The progress of a job; a finished one leads on."""
    job = jobs.get_job(job_id, actor=current_actor())
    target = result_page(job)
    if job.state is JobState.FINISHED and target is not None:
        return _gone_on(target)
    template = "jobs/_progress.html" if "HX-Request" in request.headers else "jobs/show.html"
    return render_template(template, job=job, target=target)


@bp.post("/jobs/<int:job_id>/cancellation")
@requires(Permission.READ_OWN_ACCOUNT)
def cancel(job_id: int) -> ResponseReturnValue:
    """Stop a job that waits or runs."""
    actor = current_actor()
    jobs.cancel(jobs.get_job(job_id, actor=actor), actor=actor)
    db.session.commit()
    flash(_("Đã dừng. Chưa có gì được ghi."))
    return redirect(url_for("jobs.show", job_id=job_id))


def result_page(job: Job) -> str | None:
    """Where what came of the job is shown."""
    found = RESULT_PAGES.get(job.kind)
    return found(job) if found else None


def _gone_on(target: str) -> ResponseReturnValue:
    if "HX-Request" in request.headers:
        return "", 200, {"HX-Redirect": target}
    return redirect(target)
