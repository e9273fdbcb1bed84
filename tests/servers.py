"""The servers that tests start for themselves: PostgreSQL and the service under gunicorn."""

import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
POSTGRES_BINARIES = Path("/usr/lib/postgresql/15/bin")
POSTGRES_USER = "postgres"
# A slow machine, shared with others, is no fault of a server.
PATIENCE_SECONDS = 120
START_TRIES = 3

# What is lost when the power goes is lost with the test; so no waiting for the disk.
POSTGRES_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
}


class ServerDidNotStart(RuntimeError):
    """The message ends with what the server last said."""


class PostgresCluster:
    """One PostgreSQL of a test session, started by whichever process first needs it.

    All processes of the session name the same folder; the one that made the folder
    stops the cluster.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._address = folder / "address"
        self._log = folder / "log"

    @classmethod
    def in_new_folder(cls) -> "PostgresCluster":
        """A place for a cluster that nobody has started yet."""
        folder = Path(tempfile.mkdtemp(prefix="cho-postgresql-"))
        if _is_root():
            owner = pwd.getpwnam(POSTGRES_USER) if _has_postgres_user() else None
            if owner:
                os.chown(folder, owner.pw_uid, owner.pw_gid)
        return cls(folder)

    @property
    def folder(self) -> Path:
        """Where it lives; enough to find it from another process."""
        return self._folder

    def address(self) -> str:
        """`host:port` of the cluster, which runs from now on."""
        with _locked(self._folder / "lock"):
            if not self._address.exists():
                self._address.write_text(self._start())
            return self._address.read_text()

    def stop(self) -> None:
        """End the cluster, if anybody started it, and remove its folder."""
        if self._data.exists():
            self._control("stop", "--mode=immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> str:
        self._run(
            "initdb",
            f"--pgdata={self._data}",
            "--username=cho",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        settings = " ".join(f"-c {name}={value}" for name, value in POSTGRES_SETTINGS.items())
        for _ in range(START_TRIES):  # another program may take the port before us
            port = _free_port()
            options = f"-p {port} -k {self._folder} {settings}"
            started = self._control("start", f"--log={self._log}", f"--options={options}")
            if started.returncode == 0:
                return f"127.0.0.1:{port}"
        raise ServerDidNotStart(f"PostgreSQL: {_tail(self._log)}")

    def _control(self, action: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return self._run(
            "pg_ctl",
            action,
            f"--pgdata={self._data}",
            "--wait",
            f"--timeout={PATIENCE_SECONDS}",
            *arguments,
            check=False,
        )

    def _run(
        self, program: str, *arguments: str, check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        path = POSTGRES_BINARIES / program
        if not path.exists():
            raise ServerDidNotStart(f"{path} is missing; `make test` installs it")
        # No pipes: the server would inherit them and keep us waiting for their end.
        # PostgreSQL refuses to run as root.
        as_user: dict[str, Any] = (
            {"user": POSTGRES_USER, "group": POSTGRES_USER, "extra_groups": []}
            if _is_root()
            else {}
        )
        return subprocess.run(
            [path, *arguments],
            check=check,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **as_user,
        )


@contextmanager
def serving(settings: Mapping[str, str], *, log: Path, workers: int = 1) -> Iterator[str]:
    """Serve wsgi:app under gunicorn with these settings; yields `http://127.0.0.1:PORT`.

    Raises ServerDidNotStart when it does not answer.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn"),
                *("--bind", f"fd://{listener.fileno()}"),
                *("--workers", str(workers)),
                "wsgi:app",
            ],
            cwd=ROOT,
            env={**os.environ, **settings},
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(address, process, log)
        yield address
    finally:
        process.terminate()
        try:
            # Longer than gunicorn itself waits for its workers: killed, it would leave them
            # running in a folder that is being removed.
            process.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=PATIENCE_SECONDS):
                return
        except OSError:
            time.sleep(0.1)
    raise ServerDidNotStart(f"gunicorn: {_tail(log)}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:] if log.exists() else "it said nothing"


def _is_root() -> bool:
    return os.geteuid() == 0


def _has_postgres_user() -> bool:
    return any(entry.pw_name == POSTGRES_USER for entry in pwd.getpwall())
