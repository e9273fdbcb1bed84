"""Names that provinces, districts and communes had before; what they are called today."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from market.domain.labels import LabelledEnum


class AliasKind(LabelledEnum):
    """What the old name stood for. RENAMED: the same area, whose official name changed."""

    PROVINCE = "province", "Tỉnh cũ"
    DISTRICT = "district", "Huyện cũ"
    COMMUNE = "commune", "Xã cũ"
    RENAMED = "renamed", "Tên cũ"


@dataclass(frozen=True, slots=True)
class OldName:
    """An old name and the code of today's province (two digits) or commune (five).

    An area that was divided stands here once for each of its parts.
    """

    name: str
    kind: AliasKind
    area: str


@cache
def packaged_old_names() -> tuple[OldName, ...]:
    """The names that come with the release.

    Provinces by resolution 202/2025/QH15, districts and communes of Quảng Ninh by
    resolution 1679/NQ-UBTVQH15 of 2025.
    """
    data = files("market.domain").joinpath("data", "area_aliases.csv")
    rows = csv.DictReader(data.read_text(encoding="utf-8").splitlines())
    return tuple(OldName(row["name"], AliasKind(row["kind"]), row["area"]) for row in rows)
