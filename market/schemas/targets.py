"""Forms of targets: set, changed, ended."""

from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields

from market.domain.coverage import Unit
from market.domain.errors import Invalid
from market.domain.targets import PlaceKind, parse_percent
from market.schemas.base import FormSchema
from market.schemas.fields import REQUIRED, Choice, Day, Text
from market.schemas.keys import Version

LONGEST_CODE = 32
CHOOSE_PLACE = "Hãy chọn nơi đặt chỉ tiêu."


class Percent(fields.Field[Decimal]):
    """A share as people write it: 86,5 or 86.5, with or without the sign."""

    def __init__(self) -> None:
        super().__init__(required=True, error_messages={"required": REQUIRED})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not str(value).strip():
            raise ValidationError(REQUIRED)
        try:
            return parse_percent(str(value))
        except Invalid as error:
            raise ValidationError(error.message) from error


class PlaceName(fields.Field[tuple[PlaceKind, str]]):
    """A kind of place and its official code, written `market:QN-DAMHA`."""

    def __init__(self) -> None:
        super().__init__(required=True, error_messages={"required": CHOOSE_PLACE})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        kind, _, code = str(value).partition(":")
        if kind not in list(PlaceKind) or not 0 < len(code) <= LONGEST_CODE:
            raise ValidationError(CHOOSE_PLACE)
        return PlaceKind(kind), code


class TargetForm(FormSchema):
    """What both forms of a target ask."""

    from_day = Day(required=True)
    from_percent = Percent()
    to_day = Day(required=True)
    to_percent = Percent()
    unit = Choice(Unit, required=True)
    decision = Text(longest=100)


class NewTarget(TargetForm):
    """A target to set."""

    place = PlaceName()


class ChangeTarget(TargetForm):
    """What takes the place of a target, from its first day on."""

    version = Version()


class EndTarget(FormSchema):
    """From which day on a target no longer holds."""

    ended_on = Day(required=True)
    version = Version()
