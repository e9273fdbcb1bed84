"""The form of how an operator's stickers look; its files come beside it."""

from marshmallow import ValidationError, validates

from market.schemas.base import FormSchema
from market.schemas.fields import Number, Text, Tick
from market.schemas.keys import MOST_VERSIONS

LEAST_DIGITS = 3
PHONE_SIGNS = frozenset("0123456789 +.()-")


class BrandingForm(FormSchema):
    """A look; `template` is only what the preview is shown on, `version` 0 before the first."""

    accent = Text(longest=7, required=True)
    hotline = Text(longest=20)
    remove_bank = Tick()
    remove_programme = Tick()
    template = Text(longest=32)
    version = Number(least=0, most=MOST_VERSIONS, required=True)

    @validates("hotline")
    def check_hotline(self, text: str | None, **_: object) -> None:
        """A telephone number as it is printed: digits, and what stands between them."""
        if not text:
            return
        if not PHONE_SIGNS.issuperset(text) or sum(map(str.isdigit, text)) < LEAST_DIGITS:
            raise ValidationError("Hãy nhập số điện thoại, ví dụ 0203 123 456.")
