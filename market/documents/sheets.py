"""Label sheets as data: pages, labels, and what stands where on a sticker.

The data is `data/sheets.toml`; lengths are millimetres, down and right from the top left corner,
text sizes points. Everything is checked when it is read (`sheet_checks`).
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from math import floor
from typing import Any

from market.documents.label_layouts import Box, Layout, read_layout
from market.documents.qr_code import QUIET_ZONE
from market.documents.sheet_checks import TOLERANCE, layout_problems
from market.domain.errors import Invalid, NotFound, Problem

SMALLEST_MODULE = 0.4


@dataclass(frozen=True, slots=True)
class Position:
    """A label's place: page and slot count from 1, slots row by row."""

    page: int
    slot: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Template:
    """A sheet of labels.

    `slug` is the paper around the finished page that carries crop marks; `note` is the foot of
    the run's number, `ruler` the left end of the 100 mm ruler, both on the finished page.
    """

    name: str
    title: str
    page: tuple[float, float]
    label: tuple[float, float]
    layout: Layout
    note: tuple[float, float]
    ruler: tuple[float, float]
    columns: int = 1
    rows: int = 1
    margin: tuple[float, float] = (0.0, 0.0)
    gap: tuple[float, float] = (0.0, 0.0)
    slug: float = 0.0
    bleed: float = 0.0
    crop_marks: bool = False

    @property
    def labels_per_page(self) -> int:
        return self.columns * self.rows

    def module_millimetres(self, symbol_size: int) -> float:
        """Side of a printed module for a symbol of that many modules; Invalid under 0.4 mm."""
        modules = symbol_size + 2 * QUIET_ZONE
        side = self.layout.qr.width / modules
        if side < SMALLEST_MODULE:
            raise Invalid(
                f"Mẫu {self.name} quá nhỏ cho nội dung này: mã QR có {modules} module mỗi cạnh"
                f" (kể cả vùng trắng) trong ô {_number(self.layout.qr.width)} mm, mỗi module chỉ"
                f" còn {_number(side)} mm, ít nhất phải {_number(SMALLEST_MODULE)} mm."
                " Hãy chọn mẫu lớn hơn."
            )
        return side

    def slot_of(self, number: int) -> tuple[float, float]:
        """Top left corner of a slot counted from 0 on its page."""
        row, column = divmod(number, self.columns)
        return (
            self.margin[0] + column * (self.label[0] + self.gap[0]),
            self.margin[1] + row * (self.label[1] + self.gap[1]),
        )


def positions(template: Template, start: int, count: int | None = None) -> Iterator[Position]:
    """Where `count` labels (or any number) go, the first sheet used from slot `start` (from 1) on.

    Raises Invalid at once where the sheet has no such slot.
    """
    check_start(template, start)
    return islice(_all_positions(template, start - 1), count)


def check_start(template: Template, start: int) -> None:
    """Raise Invalid, with the numbers, for a start outside the sheet."""
    if not 1 <= start <= template.labels_per_page:
        raise Invalid(
            f"Vị trí bắt đầu {start} không có trên tờ: mẫu {template.name} có"
            f" {template.labels_per_page} ô, đánh số từ 1 đến {template.labels_per_page}."
        )


def list_templates() -> list[Template]:
    """All templates in the order of the file."""
    return list(_templates().values())


def get_template(name: str) -> Template:
    """Raises NotFound, naming the templates there are."""
    try:
        return _templates()[name]
    except KeyError:
        known = ", ".join(_templates())
        raise NotFound(f"Không có mẫu tờ in “{name}”. Các mẫu có sẵn: {known}.") from None


def read_templates(text: str) -> dict[str, Template]:
    """Templates of a TOML text written as `data/sheets.toml` is.

    Raises Invalid with everything that is wrong with a template and its layout.
    """
    data = tomllib.loads(text)
    layouts = {name: read_layout(table) for name, table in data["layouts"].items()}
    templates = {name: _template(name, table, layouts) for name, table in data["templates"].items()}
    for template in templates.values():
        _check(template)
    return templates


@cache
def _templates() -> dict[str, Template]:
    sheets = files("market.documents").joinpath("data", "sheets.toml")
    return read_templates(sheets.read_text(encoding="utf-8"))


def _all_positions(template: Template, first: int) -> Iterator[Position]:
    number = first
    while True:
        page, slot = divmod(number, template.labels_per_page)
        yield Position(page + 1, slot + 1, *template.slot_of(slot))
        number += 1


def _template(name: str, table: dict[str, Any], layouts: dict[str, Layout]) -> Template:
    rest = dict(table)
    layout = layouts[rest.pop("layout")].times(rest.pop("scale", 1))
    pairs = {key: tuple(value) for key, value in rest.items() if isinstance(value, list)}
    return Template(name=name, layout=layout, **(rest | pairs))


def _check(template: Template) -> None:
    found = [*_grid_problems(template), *layout_problems(template.layout)]
    if found:
        problems = tuple(Problem(message, code="template") for message in found)
        raise Invalid(f"Mẫu {template.name} chưa dùng được: {'; '.join(found)}.", problems)


def _grid_problems(template: Template) -> Iterator[str]:
    label = Box(0, 0, *template.label)
    last = template.slot_of(template.labels_per_page - 1)
    if not Box(0, 0, *template.page).holds(Box(*last, *template.label)):
        yield f"ô cuối tại {last} mm vượt ra ngoài trang {template.page} mm"
    width, height = template.layout.width - TOLERANCE, template.layout.height - TOLERANCE
    if not label.holds(Box(0, 0, width, height)):
        yield f"bố cục lớn hơn ô {template.label} mm"


def _number(value: float) -> str:
    # Rounded down: what is under the limit must not read as the limit.
    return f"{floor(value * 100 + 1e-6) / 100:.2f}".rstrip("0").rstrip(".").replace(".", ",")
