"""Settings from the environment, checked once at start-up.

Every setting is named `CHO_…`; docs/settings.md lists them for operators.
"""

import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DATA_KEY_BYTES = 32


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can differ between two installations of the same release."""

    database_url: str
    secret_key: str
    data_key: bytes
    instance: Path
    production: bool = False
    redis_url: str | None = None
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
    proxy_count: int = 0
    stale_days: int = 180
    cool_off_hours: int = 24
    log_format: str = "text"

    @classmethod
    def from_environment(cls, env: Mapping[str, str], instance: Path) -> "Settings":
        """Read and check; raises SettingsError naming the variable at fault.

        Outside production, keys that are not set are read from `instance`, or made
        there once with mode 0600.
        """
        production = _flag(env, "CHO_PRODUCTION")
        return cls(
            database_url=_database_url(env, instance),
            secret_key=_key(env, "CHO_SECRET_KEY", instance, production=production),
            data_key=_data_key(_key(env, "CHO_DATA_KEY", instance, production=production)),
            instance=instance,
            production=production,
            redis_url=env.get("CHO_REDIS_URL") or None,
            hosts=_hosts(env, production=production),
            proxy_count=_integer(env, "CHO_PROXY_COUNT", default=0, at_least=0),
            stale_days=_integer(env, "CHO_STALE_DAYS", default=180, at_least=1),
            cool_off_hours=_integer(env, "CHO_COOL_OFF_HOURS", default=24, at_least=0),
            log_format=_choice(env, "CHO_LOG_FORMAT", ("text", "json")),
        )

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database_url.startswith("sqlite")


def load_settings() -> Settings:
    """Settings of this process: its environment and the project's `instance/`."""
    instance = Path(os.environ.get("CHO_INSTANCE") or PROJECT_ROOT / "instance")
    return Settings.from_environment(os.environ, instance)


def _database_url(env: Mapping[str, str], instance: Path) -> str:
    url = env.get("CHO_DATABASE_URL", "")
    if not url:
        instance.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{instance / 'cho.sqlite3'}"
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingsError("CHO_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://")
    return url


def _key(env: Mapping[str, str], name: str, instance: Path, *, production: bool) -> str:
    if value := env.get(name):
        return value
    if path := env.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}_FILE cannot be read: {error}") from error
    if production:
        raise SettingsError(f"{name} (or {name}_FILE) must be set in production")
    return _kept_key(instance / name.removeprefix("CHO_").lower())


def _kept_key(path: Path) -> str:
    """Read the key kept there, or make it: whole or not at all, also when two start at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        made = urlsafe_b64encode(secrets.token_bytes(DATA_KEY_BYTES))
        with NamedTemporaryFile(dir=path.parent) as draft:
            draft.write(made)
            draft.flush()
            with suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text(encoding="ascii").strip()


def _data_key(text: str) -> bytes:
    try:
        key = urlsafe_b64decode(text)
    except ValueError as error:
        raise SettingsError("CHO_DATA_KEY must be 32 bytes in URL-safe base64") from error
    if len(key) != DATA_KEY_BYTES:
        raise SettingsError("CHO_DATA_KEY must be 32 bytes in URL-safe base64")
    return key


def _hosts(env: Mapping[str, str], *, production: bool) -> tuple[str, ...]:
    hosts = tuple(host.strip() for host in env.get("CHO_HOSTS", "").split(",") if host.strip())
    if production and not hosts:
        raise SettingsError(
            "CHO_HOSTS must name the hosts served in production, e.g. cho.example.vn"
        )
    return hosts or ("localhost", "127.0.0.1")


def _integer(env: Mapping[str, str], name: str, *, default: int, at_least: int) -> int:
    text = env.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < at_least:
        raise SettingsError(f"{name} must be a whole number of {at_least} or more, not {text!r}")
    return int(text)


def _flag(env: Mapping[str, str], name: str) -> bool:
    return _choice(env, name, ("0", "1")) == "1"


def _choice(env: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = env.get(name) or allowed[0]
    if value not in allowed:
        raise SettingsError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value
