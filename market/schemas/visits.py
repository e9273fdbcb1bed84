"""Forms of visits, incidents and codes of banks and wallets."""

from typing import Any

from marshmallow import ValidationError, fields

from market.domain.visits import NonAcceptReason, VisitResult
from market.schemas.base import FormSchema
from market.schemas.fields import REQUIRED, Choice, Day, Text
from market.schemas.keys import Key

LONGEST_SCAN = 7_100
ANSWERS = {"": None, "yes": True, "no": False}


class Scanned(fields.String):
    """Text of a code as it was read: nothing in it is cleaned, its checksum counts all of it."""

    def __init__(self, *, required: bool = False) -> None:
        super().__init__(
            required=required, error_messages={"required": REQUIRED, "invalid": "Phải là chữ."}
        )
        if not required:
            self.load_default = None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        if not text and self.required:
            raise ValidationError(REQUIRED)
        if len(text) > LONGEST_SCAN:
            raise ValidationError("Dài hơn mọi mã QR. Hãy dán nội dung của một mã.")
        return text or None


class Answer(fields.Field[bool]):
    """Yes, no, or None where nothing was asked."""

    def __init__(self) -> None:
        super().__init__(load_default=None)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if value not in ANSWERS:
            raise ValidationError("Hãy chọn Có, Không hoặc Không hỏi.")
        return ANSWERS[value]


class RecordVisit(FormSchema):
    """One look at a stall; `uuid` was made with the form, so that sending twice keeps one."""

    uuid = fields.UUID(required=True, error_messages={"invalid_uuid": "Hãy mở lại biểu mẫu."})
    day = Day()
    tenancy_id = Key()
    scanned = Scanned()
    result = Choice(VisitResult)
    accepts = Answer()
    test_transfer_acknowledged = Answer()
    use_shown = Answer()
    reason = Choice(NonAcceptReason)
    note = Text(longest=500)


class CloseIncident(FormSchema):
    """What was done about an incident."""

    resolution = Text(longest=2000, required=True)


class RegisterForeignCode(FormSchema):
    """A code that a bank or wallet issued, as it was scanned."""

    payload = Scanned(required=True)
    tenancy_id = Key()
    note = Text(longest=500)
