"""Fields that recur in forms: cleaned text, days as people write them, closed sets."""

from datetime import date
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields, validate

from market.domain.calendar import parse_day
from market.domain.errors import Invalid
from market.domain.text import clean

REQUIRED = "Hãy điền ô này."
# A longer password is not looked at: hashing it would cost the server, not the guesser.
LONGEST_PASSWORD = 128


class Text(fields.String):
    """Cleaned, NFC text of at most `longest` characters; an empty one is None unless required."""

    def __init__(self, *, longest: int = 200, required: bool = False, **known: Any) -> None:
        super().__init__(
            required=required,
            error_messages={"required": REQUIRED, "invalid": "Phải là chữ."},
            **known,
        )
        self.longest = longest
        if not required:
            self.load_default = None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = clean(super()._deserialize(value, attr, data, **kwargs) or "")
        if not text and self.required:
            raise ValidationError(REQUIRED)
        if len(text) > self.longest:
            raise ValidationError(f"Nhiều nhất {self.longest} ký tự.")
        return text or None


class Day(fields.Field[date]):
    """A day written 2026-09-30 or 30/9/2026; an empty one is None unless required."""

    def __init__(self, *, required: bool = False) -> None:
        super().__init__(required=required, error_messages={"required": REQUIRED})
        if not required:
            self.load_default = None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not value:
            if self.required:
                raise ValidationError(REQUIRED)
            return None
        try:
            return parse_day(str(value))
        except Invalid as error:
            raise ValidationError(error.message) from error


class Choice(fields.Field[StrEnum]):
    """A member of a closed set, by its value; an empty one is None unless required."""

    def __init__(self, members: type[StrEnum], *, required: bool = False) -> None:
        super().__init__(required=required, error_messages={"required": REQUIRED})
        self.members = members
        if not required:
            self.load_default = None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not value:
            if self.required:
                raise ValidationError(REQUIRED)
            return None
        try:
            return self.members(value)
        except ValueError as error:
            raise ValidationError("Hãy chọn một mục trong danh sách.") from error


class Number(fields.Integer):
    """A whole number written in digits, within limits."""

    def __init__(self, *, least: int, most: int, required: bool = False, **known: Any) -> None:
        message = f"Phải là số nguyên từ {least} đến {most}."
        super().__init__(
            required=required,
            validate=validate.Range(least, most, error=message),
            error_messages={"required": REQUIRED, "invalid": message, "too_large": message},
            **known,
        )


class Tick(fields.Boolean):
    """A check box: ticked or not sent."""

    def __init__(self) -> None:
        super().__init__(load_default=False, truthy={"1", "on", "true"}, falsy={"", "0", "false"})


class Password(fields.String):
    """Taken as typed: a password is not cleaned. An empty one is None unless required."""

    def __init__(self, *, required: bool = True) -> None:
        least = 1 if required else 0
        super().__init__(
            required=required,
            error_messages={"required": REQUIRED},
            validate=validate.Length(least, LONGEST_PASSWORD, error="Mật khẩu không hợp lệ."),
        )
        if not required:
            self.load_default = None
