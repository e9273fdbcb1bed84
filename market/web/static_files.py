"""Style sheets, scripts and pictures, served once and then kept by the browser."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, request, send_from_directory
from flask.typing import ResponseReturnValue

from market.config import PROJECT_ROOT
from market.http.security import public

FOLDER = PROJECT_ROOT / "static"
A_YEAR = 365 * 24 * 3600
AN_HOUR = 3600


def add_to(app: Flask) -> None:
    """Serve `static` under its usual name and put the file's fingerprint into its address."""
    app.add_url_rule("/static/<path:filename>", "static", static)
    app.url_defaults(_add_fingerprint)


@public()
def static(filename: str) -> ResponseReturnValue:
    """A static file; for a year where the address carries its fingerprint."""
    answer = send_from_directory(
        FOLDER, filename, max_age=A_YEAR if "v" in request.args else AN_HOUR
    )
    answer.cache_control.public = True
    answer.cache_control.immutable = "v" in request.args
    return answer


def _add_fingerprint(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "v" not in values:
        path = FOLDER / values["filename"]
        if path.is_file():
            values["v"] = _fingerprint(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _fingerprint(path: Path, changed_at: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
