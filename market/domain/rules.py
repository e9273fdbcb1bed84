"""The figures an installation may set that change what is counted or allowed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """`stale_days`: a displayed code not seen again for longer falls back to level 3.

    `cool_off_hours`: how long a changed account waits after approval before it takes force.
    """

    stale_days: int = 180
    cool_off_hours: int = 24
