"""Numbers with a fraction as people write them: with a comma or a dot."""

import re
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields

WRITTEN = re.compile(r"-?[0-9]{1,8}(?:[.,][0-9]{1,8})?")


class Fraction(fields.Field[Decimal]):
    """A number like 6,5 or 6.5 within limits, rounded to `places`; an empty one is None."""

    def __init__(self, *, least: int, most: int, places: int) -> None:
        super().__init__(load_default=None)
        self.least, self.most, self.places = least, most, places

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = str(value).strip().replace(" ", "")
        if not text:
            return None
        number = Decimal(text.replace(",", ".")) if WRITTEN.fullmatch(text) else None
        if number is None or not self.least <= number <= self.most:
            raise ValidationError(f"Phải là số từ {self.least} đến {self.most}, ví dụ: 6,5.")
        return round(number, self.places)
