"""What a run would be, before it is made: which stickers, on how many sheets, from which label."""

from dataclasses import dataclass

from market.documents.sheets import Template, check_start, get_template
from market.domain.print_runs import next_slot
from market.models.market import Market
from market.models.sticker import PrintRun
from market.services import print_runs, sticker_needs
from market.services.access import Actor
from market.services.run_making import RunValues
from market.services.sticker_needs import Needs, Selection


@dataclass(frozen=True, slots=True)
class Cell:
    """A label of the first sheet: millimetres from its top left corner, and what it is for."""

    x: float
    y: float
    width: float
    height: float
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class RunPreview:
    """The stickers of a run to be, laid out; `next_start` is the free label it leaves."""

    template: Template
    needs: Needs
    start: int
    has_test_cell: bool

    @property
    def pages(self) -> int:
        """How many sheets."""
        used = self.start - 1 + self.has_test_cell + self.needs.stickers
        return -(-used // self.template.labels_per_page)

    @property
    def next_start(self) -> int:
        used = self.needs.stickers + self.has_test_cell
        return next_slot(self.start, used, self.template.labels_per_page)

    @property
    def first_sheet(self) -> list[Cell]:
        """The labels of the first sheet."""
        texts = ["Ô thử"] * self.has_test_cell + self.needs.labels
        planned = dict(enumerate(texts, start=self.start))
        return [
            Cell(*self.template.slot_of(slot - 1), *self.template.label, *_use(slot, self, planned))
            for slot in range(1, self.template.labels_per_page + 1)
        ]


def preview(market: Market, values: RunValues, *, actor: Actor) -> RunPreview:
    """What the run would hold; raises as making it does, but for an empty one."""
    template = get_template(values.template)
    check_start(template, values.start)
    needs = sticker_needs.list_needs(market, values.selection, actor=actor)
    return RunPreview(template, needs, values.start, values.has_test_cell)


def due_by_section(market: Market, *, actor: Actor) -> dict[int | None, int]:
    """How many stickers each section of the market needs."""
    return dict(sticker_needs.list_needs(market, Selection(), actor=actor).by_section())


def part_used_sheet(
    market: Market, template: Template, *, actor: Actor
) -> tuple[PrintRun, int] | None:
    """The run whose last sheet of that kind has room, and its first free label."""
    run = print_runs.find_last_run(market, template.name, actor=actor)
    if run is None:
        return None
    slot = print_runs.free_slot_after(run)
    return None if slot == 1 else (run, slot)


def _use(slot: int, sheet: RunPreview, planned: dict[int, str]) -> tuple[str, str]:
    if slot < sheet.start:
        return "used", ""
    return ("planned", planned[slot]) if slot in planned else ("free", "")
