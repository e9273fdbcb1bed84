"""Forms of stalls."""

from market.domain.stalls import Placement, StallState
from market.schemas.base import FormSchema
from market.schemas.decimals import Fraction
from market.schemas.fields import Choice, Day, Text
from market.schemas.keys import Key, Version

MOST_SQUARE_METRES = 100_000


class StallForm(FormSchema):
    """What both forms of a stall ask; `new_section` names one that is not in the list yet."""

    code = Text(longest=40, required=True)
    section = Key()
    new_section = Text(longest=200)
    placement = Choice(Placement, required=True)
    form = Text(longest=60)
    area_m2 = Fraction(least=0, most=MOST_SQUARE_METRES, places=2)
    line_code = Text(longest=32)
    note = Text(longest=2000)


class NewStall(StallForm):
    """A stall to enter, with what it does since when."""

    state = Choice(StallState, required=True)
    since = Day()


class ChangeStall(StallForm):
    """A stall to change."""

    version = Version()


class ChangeState(FormSchema):
    """What the stall does from a day on."""

    state = Choice(StallState, required=True)
    on = Day(required=True)


class CloseStall(FormSchema):
    """From which day the stall is closed."""

    on = Day(required=True)
