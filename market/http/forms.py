"""Loading input through a schema, with refusals in the words of the domain."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError

from market.domain.errors import Invalid, Problem

CSRF_FIELD = "csrf_token"
FIX_FIELDS = "Hãy sửa các ô được đánh dấu rồi gửi lại."


def load_form(schema: Schema) -> dict[str, Any]:
    """The posted form, checked; a field sent several times becomes a list where one is due.

    Raises Invalid with a problem for each field at fault.
    """
    many = {name for name, field in schema.fields.items() if hasattr(field, "inner")}
    form = {
        name: request.form.getlist(name) if name in many else request.form[name]
        for name in request.form
        if name not in (CSRF_FIELD, "next")
    }
    return load(schema, form)


def load(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, checked; raises Invalid with a problem for each field at fault."""
    try:
        loaded: dict[str, Any] = schema.load(values)
    except ValidationError as error:
        raise Invalid(FIX_FIELDS, tuple(_problems(error.messages))) from error
    return loaded


def _problems(messages: Any, field: str | None = None) -> Iterator[Problem]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _problems(inner, field or str(name))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _problems(inner, field)
    else:
        yield Problem(str(messages), field=field)
