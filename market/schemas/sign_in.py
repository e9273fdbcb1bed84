"""Forms of signing in."""

from market.schemas.base import FormSchema
from market.schemas.fields import Password, Text


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
