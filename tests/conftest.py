"""What tests ask for: a fresh migrated database, the app on it, a client, a served copy."""

import os
import signal
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.config import Settings
from tests.databases import POSTGRESQL, SQLITE, Databases
from tests.isolation import close_network, fail_instead_of_skipping, forget_outer_settings
from tests.servers import PostgresCluster, serving

SERVICE_TESTS = Path(__file__).parent / "services"
KINDS_BY_MARK = {
    "both_databases": (SQLITE, POSTGRESQL),
    "only_sqlite": (SQLITE,),
    "only_postgresql": (POSTGRESQL,),
}
CLUSTER = pytest.StashKey[PostgresCluster]()

# Neither a slow example nor slow making of examples is a fault: the machine may be busy.
hypothesis.settings.register_profile(
    "here",
    deadline=None,
    max_examples=100,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "ci", hypothesis.settings.get_profile("here"), derandomize=True, database=None
)
# For `make nightly`; state machines choose their own length by it.
hypothesis.settings.register_profile(
    "nightly", hypothesis.settings.get_profile("here"), max_examples=2000
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_configure(config: pytest.Config) -> None:
    """Close this process off, and give the session's PostgreSQL its folder."""
    forget_outer_settings()
    close_network()
    workerinput = getattr(config, "workerinput", None)
    if workerinput:
        config.stash[CLUSTER] = PostgresCluster(Path(workerinput["cluster"]))
        return
    config.stash[CLUSTER] = PostgresCluster.in_new_folder()
    config.add_cleanup(config.stash[CLUSTER].stop)
    # A time limit must end the servers too, so it ends the session in the orderly way.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process of pytest-xdist where the session's PostgreSQL is."""
    node.workerinput["cluster"] = str(node.config.stash[CLUSTER].folder)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests of services on both databases, others on SQLite unless marked."""
    if "database_url" not in metafunc.fixturenames:
        return
    marked = [
        kinds
        for mark, kinds in KINDS_BY_MARK.items()
        if metafunc.definition.get_closest_marker(mark)
    ]
    if marked:
        metafunc.parametrize("database_url", marked[0], indirect=True)
    elif metafunc.definition.path.is_relative_to(SERVICE_TESTS):
        metafunc.parametrize("database_url", (SQLITE, POSTGRESQL), indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Count a skipped test as failed."""
    report: Any = yield
    fail_instead_of_skipping(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """Count a skipped module as failed."""
    report: Any = yield
    fail_instead_of_skipping(report)
    return report


# `tests.running` imports the whole service, so it is imported by the fixtures that run
# it: tests of the domain start at once.


@pytest.fixture(scope="session")
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Databases:
    """Where databases of either kind come from, migrated or empty."""
    from tests import running

    def migrate(address: str) -> None:
        running.migrate(running.make_settings(address, tmp_path_factory.mktemp("instance")))

    process = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return Databases(
        process=process,
        folder=tmp_path_factory.mktemp("sqlite"),
        cluster=request.config.stash[CLUSTER],
        migrate=migrate,
    )


@pytest.fixture
def database_url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """Address of a new migrated database, gone after the test."""
    with databases.migrated(getattr(request, "param", SQLITE)) as address:
        yield address


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings on the test's database, with a folder of its own as instance."""
    from tests import running

    return running.make_settings(database_url, tmp_path)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The app on the test's database; no context is pushed."""
    from tests import running

    with running.running(settings) as running_app:
        yield running_app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without cookies; `app.test_client()` gives another one."""
    return app.test_client()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """For tests of services: an app context and its session, given up at the end."""
    from tests import running

    with running.writing(app) as open_session:
        yield open_session


@pytest.fixture
def transaction(app: Flask) -> Callable[[], AbstractContextManager[Session]]:
    """For tests that ask for pages: `with transaction() as session:` commits at its end.

    Use it to put things into the database before a request and to look afterwards.
    """
    from tests import running

    @contextmanager
    def committed() -> Iterator[Session]:
        with running.writing(app) as open_session:
            yield open_session
            open_session.commit()

    return committed


@pytest.fixture
def live_server(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """Address of the service, served by gunicorn on the test's database."""
    environment = {
        "CHO_DATABASE_URL": settings.database_url,
        "CHO_INSTANCE": str(settings.instance),
        "CHO_SECRET_KEY": settings.secret_key,
        "CHO_DATA_KEY": urlsafe_b64encode(settings.data_key).decode(),
    }
    with serving(environment, log=tmp_path / "gunicorn.log") as address:
        yield address
