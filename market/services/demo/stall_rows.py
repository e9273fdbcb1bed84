"""The stalls of a demonstration market, section by section."""

from market.domain.stalls import Placement, StallState
from market.domain.text import fold, natural_key
from market.models.market import Section
from market.models.stall import Stall, StallStateSpan
from market.services.demo.world import Site
from market.services.stalls import code_key

PER_SECTION = 90
LETTERS = "ABCDEGHKLMNPQ"


class StallRows:
    """Adds stalls to a market, and remembers their codes by id."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._section_id = 0
        self.codes: dict[int, str] = {}

    def add(
        self, number: int, state: StallState, placement: Placement = Placement.FIXED
    ) -> list[int]:
        """Add so many stalls that have been in this state since the first day; their ids."""
        return [self._add(state, placement) for _ in range(number)]

    def _add(self, state: StallState, placement: Placement) -> int:
        rows, world = self._site.rows, self._site.world
        section, place = divmod(len(self.codes), PER_SECTION)
        if place == 0:
            self._section_id = self._add_section(section)
        code = f"{_letters(section)}{place + 1:02}"
        stall_id = rows.add(
            Stall,
            market_id=self._site.market_id,
            section_id=self._section_id,
            code=code,
            code_key=code_key(code),
            sort_key=natural_key(code),
            placement=placement,
            line_code=world.random.choice(world.lines),
            version=1,
        )
        span = {"state": state, "from_day": world.first_day, "to_day": None}
        rows.add(StallStateSpan, stall_id=stall_id, **span)
        self.codes[stall_id] = code
        return stall_id

    def _add_section(self, number: int) -> int:
        name = f"Khu {_letters(number)}"
        return self._site.rows.add(
            Section,
            market_id=self._site.market_id,
            name=name,
            name_key=fold(name),
            walking_order=number + 1,
        )


def _letters(section: int) -> str:
    """A, B, … Q, AA, AB, …"""
    first, last = divmod(section, len(LETTERS))
    return LETTERS[last] if first == 0 else LETTERS[first - 1] + LETTERS[last]
