"""Forms of print runs and stickers."""

import re
from typing import Any

from marshmallow import ValidationError, fields

from market.documents.sheet_jobs import LARGEST_OFFSET
from market.domain.print_runs import MOST_COPIES, RunOrder
from market.domain.stickers import VoidReason
from market.schemas.base import FormSchema
from market.schemas.fields import Choice, Number, Text, Tick
from market.schemas.keys import Key

MOST_LABELS = 999
LONGEST_CODES = 20_000
WRITTEN_OFFSET = re.compile(r"[+-]?\d{1,2}(\.\d{0,2})?", re.ASCII)


class Codes(fields.Field[tuple[str, ...]]):
    """Stall codes with commas, semicolons or line ends between them; spaces belong to a code."""

    def __init__(self) -> None:
        super().__init__(load_default=())

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = str(value)
        if len(text) > LONGEST_CODES:
            raise ValidationError(f"Nhiều nhất {LONGEST_CODES} ký tự.")
        for mark in ";\r\n":
            text = text.replace(mark, ",")
        return tuple(dict.fromkeys(code.strip() for code in text.split(",") if code.strip()))


class PrinterOffset(fields.Field[float]):
    """Millimetres that a printer is off, as people write them: `1,5` or `-0.5`; none is 0."""

    def __init__(self) -> None:
        super().__init__(load_default=0.0)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        written = str(value).strip().replace(",", ".").replace("−", "-")
        if not written:
            return 0.0
        if not WRITTEN_OFFSET.fullmatch(written) or abs(float(written)) > LARGEST_OFFSET:
            raise ValidationError(
                f"Ghi số milimét từ -{LARGEST_OFFSET:g} đến {LARGEST_OFFSET:g}, ví dụ 1,5."
            )
        return float(written)


class ChooseRun(FormSchema):
    """Which stalls a run is for, and on which sheets. Codes come before a section.

    `run` stands for the live stickers of an earlier run. `sheet` is the template for which
    `start` was chosen: with another one the start is chosen anew. `right` and `down` move
    the print by so many millimetres.
    """

    section = Key()
    codes = Codes()
    run = Text(longest=20)
    all = Tick()
    template = Text(longest=32)
    sheet = Text(longest=32)
    start = Number(least=1, most=MOST_LABELS, load_default=None)
    copies = Number(least=1, most=MOST_COPIES, load_default=1)
    order = Choice(RunOrder)
    right = PrinterOffset()
    down = PrinterOffset()
    ruler = Tick()
    test_cell = Tick()


class PrintRunForm(FormSchema):
    """`flagged`: the person has looked at the texts that do not fit, and prints them so."""

    flagged = Tick()


class PickStickers(FormSchema):
    """The ticked stickers of a run; `all` takes everything in stock. `reason` is of voiding."""

    sticker = fields.List(fields.String(), load_default=list)
    all = Tick()
    reason = Choice(VoidReason)


class ReprintForm(FormSchema):
    """Why a run goes onto paper again."""

    reason = Text(longest=500, required=True)
