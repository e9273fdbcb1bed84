"""Where a form may send people afterwards: paths of this service, nothing else."""

from urllib.parse import urlsplit

from flask import request


def safe_next() -> str | None:
    """The `next` of the request where it is a path of our own; None otherwise."""
    target = request.values.get("next", "")
    parts = urlsplit(target)
    is_ours = (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and not parts.scheme
        and not parts.netloc
        and "\\" not in target
        and target.isprintable()
    )
    return target if is_ours else None
