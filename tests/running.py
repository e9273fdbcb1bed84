"""The service as tests run it: known settings, no context around its client."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.app import create_app
from market.config import Settings
from market.extensions import db, reads_only


class ContextFreeClient(FlaskClient):
    """Refuses to be used inside an app context.

    With one pushed, a request shares the test's database session, and a view that
    forgets to commit goes unnoticed.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Like the client's; raises AssertionError inside an app context."""
        assert not has_app_context(), "ask for pages outside of app contexts"
        return super().open(*args, **kwargs)


def make_settings(database_url: str, instance: Path) -> Settings:
    """Settings as a test needs them: known keys, nothing from the environment."""
    return Settings(
        database_url=database_url,
        secret_key="a secret for tests only",
        data_key=b"a data key of 32 bytes for tests",
        instance=instance,
    )


@contextmanager
def running(settings: Settings) -> Iterator[Flask]:
    """The app with these settings; its connections are closed afterwards."""
    # A request of an app before it may have declared this thread as reading.
    reads_only.set(False)
    app = create_app(settings)
    app.testing = True
    app.test_client_class = ContextFreeClient
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


def migrate(settings: Settings) -> None:
    """Bring the database of these settings up to date with the real migrations."""
    with running(settings) as app, app.app_context():
        flask_migrate.upgrade()


@contextmanager
def writing(app: Flask) -> Iterator[Session]:
    """A session in an app context; nothing is committed by itself."""
    # The last request of this thread may have declared itself as reading.
    declared = reads_only.set(False)
    try:
        with app.app_context():
            session = db.session()
            yield session
            session.rollback()
    finally:
        reads_only.reset(declared)
