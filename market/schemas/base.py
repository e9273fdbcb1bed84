"""The base of all input schemas."""

from marshmallow import RAISE, Schema


class FormSchema(Schema):
    """Base of all input: unknown fields are refused."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "Ô này không thuộc biểu mẫu."}  # noqa: RUF012 - marshmallow's own
