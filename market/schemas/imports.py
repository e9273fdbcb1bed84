"""Forms of importing lists."""

from typing import Any

from marshmallow import ValidationError, fields, validate

from market.domain.stall_list.headings import Field
from market.schemas.base import FormSchema
from market.schemas.fields import Day, Tick
from market.schemas.keys import Version

MOST_COLUMNS = 200
LONGEST_HEADING = 2_000


class FieldChoice(fields.Field[str]):
    """What a column holds: a value of Field, or nothing to leave it out."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value and value not in set(Field):
            raise ValidationError("Hãy chọn một mục trong danh sách.")
        return str(value)


class SettleColumns(FormSchema):
    """The headings of a list with what each holds, in one order; the day the list holds from."""

    heading = fields.List(
        fields.String(validate=validate.Length(max=LONGEST_HEADING)),
        load_default=list,
        validate=validate.Length(max=MOST_COLUMNS),
    )
    field = fields.List(
        FieldChoice(), load_default=list, validate=validate.Length(max=MOST_COLUMNS)
    )
    effective_on = Day(required=True)
    version = Version()


class ApplyImport(FormSchema):
    """Do what the preview says; `skip_bad_rows` leaves the rows with errors out."""

    skip_bad_rows = Tick()
    version = Version()
