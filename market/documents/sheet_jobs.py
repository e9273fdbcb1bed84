"""How a run is printed: the choices that a person makes before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from market.documents.accents import ACCENT
from market.documents.label_layouts import LogoPlace
from market.documents.sheets import Template, check_start
from market.domain.errors import Invalid

LARGEST_OFFSET = 10.0


@dataclass(frozen=True, slots=True)
class SheetJob:
    """How a run is printed.

    `start` is the first free slot of the first sheet; a test cell takes it. `offset` moves
    everything right and down by so many millimetres, against a printer that does not feed true.
    `made_on` is the only date the file tells. Logos are PNG files, checked before.
    """

    template: Template
    run_number: str
    title: str
    made_on: date
    start: int = 1
    offset: tuple[float, float] = (0.0, 0.0)
    has_ruler: bool = False
    has_test_cell: bool = False
    accent: str = ACCENT
    logos: Mapping[LogoPlace, bytes] = field(default_factory=dict)


def check_job(job: SheetJob) -> None:
    """Raise Invalid, with the numbers, for what the template does not have or no printer needs."""
    check_start(job.template, job.start)
    if max(map(abs, job.offset)) > LARGEST_OFFSET:
        raise Invalid(
            f"Độ lệch máy in {job.offset[0]:g} × {job.offset[1]:g} mm quá lớn: mỗi chiều nhiều"
            f" nhất {LARGEST_OFFSET:g} mm. Hãy đo lại trên ô thử."
        )
