"""Forms of the bank directory."""

from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields

from market.domain.banks import BankKind
from market.domain.text import clean
from market.schemas.base import FormSchema
from market.schemas.fields import Choice, Text


class Known(StrEnum):
    """An answer that may be unknown."""

    YES = "yes"
    NO = "no"


class Lines(fields.Field[tuple[str, ...]]):
    """Cleaned texts, one a line, of at most `longest` characters together."""

    def __init__(self, *, longest: int) -> None:
        super().__init__(load_default=())
        self.longest = longest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if len(str(value)) > self.longest:
            raise ValidationError(f"Nhiều nhất {self.longest} ký tự.")
        return tuple(filter(None, map(clean, str(value).splitlines())))


class BankForm(FormSchema):
    """What both forms of a bank ask; `aliases` one a line."""

    code = Text(longest=32, required=True)
    short_name = Text(longest=60, required=True)
    full_name = Text(longest=200, required=True)
    kind = Choice(BankKind, required=True)
    aliases = Lines(longest=4000)
    payer_app_can_scan = Choice(Known)
    name_lookup = Choice(Known)
    notes = Text(longest=1000)


class AddBank(BankForm):
    """A bank to add."""

    bin = Text(longest=6, required=True)


class ChangeBank(BankForm):
    """A bank to correct; `seen` is what the form was filled in for."""

    seen = Text(longest=64, required=True)
