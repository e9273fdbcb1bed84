"""Fields that name a row: its id as a list offered it, the version a form was filled in for."""

from typing import Any

from marshmallow import ValidationError, fields

from market.schemas.fields import REQUIRED, Number

LONGEST_ID = 15
MOST_VERSIONS = 10**9


class Key(fields.Field[int]):
    """The id of a row; an empty one is None unless required."""

    def __init__(self, *, required: bool = False) -> None:
        super().__init__(required=required, error_messages={"required": REQUIRED})
        if not required:
            self.load_default = None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = str(value)
        if not text and not self.required:
            return None
        if not text:
            raise ValidationError(REQUIRED)
        if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_ID):
            raise ValidationError("Hãy chọn một mục trong danh sách.")
        return int(text)


class Version(Number):
    """Which version of the row the form was filled in for."""

    def __init__(self) -> None:
        super().__init__(least=1, most=MOST_VERSIONS, required=True)
