"""Forms of signing in."""

from marshmallow import fields, validate

from market.schemas.fields import REQUIRED, Text
from market.schemas.base import FormSchema

# A longer password is not looked at: hashing it would cost the server, not the guesser.
LONGEST_PASSWORD = 128


class Password(fields.String):
    """Taken as typed: a password is not cleaned."""

    def __init__(self) -> None:
        super().__init__(
            required=True,
            error_messages={"required": REQUIRED},
            validate=validate.Length(min=1, max=LONGEST_PASSWORD, error="Mật khẩu không hợp lệ."),
        )


class SignIn(FormSchema):
    """Email and password."""

    email = Text(longest=254, required=True)
    password = Password()


class ConfirmPassword(FormSchema):
    """The password once more."""

    password = Password()


class ChangePassword(FormSchema):
    """The password now and the new one."""

    password = Password()
    new_password = Password()
