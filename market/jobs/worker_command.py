"""`flask worker`: the process that does background work."""

import signal
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext

from market.jobs.kinds import KINDS, SWEEPERS
from market.jobs.worker import Worker


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due, then end.")
@with_appcontext
def worker(*, once: bool) -> None:
    """Do background work: imports, large print runs, what falls due.

    Ends on TERM or INT; a job it was doing is given back and loses nothing.
    Example: flask worker --once
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    worker = Worker(app, KINDS, sweepers=SWEEPERS)

    def stop(signal_number: int, frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if not once:
        worker.run()
        return
    worker.sweep_if_due()
    while worker.work_once():
        pass
