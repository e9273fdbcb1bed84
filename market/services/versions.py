"""Changing what somebody has looked at: refused once another person changed it meanwhile."""

from typing import Protocol

from market.domain.errors import Conflict

CHANGED_MEANWHILE = "Dữ liệu vừa được người khác thay đổi. Hãy tải lại trang, xem lại rồi làm lại."


class Versioned(Protocol):
    """A row that counts its changes."""

    version: int


def check_version(row: Versioned, seen: int | None) -> None:
    """Raise Conflict where the row is no longer the version the form showed; None skips it."""
    if seen is not None and row.version != seen:
        raise Conflict(CHANGED_MEANWHILE)
